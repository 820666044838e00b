package h1

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func parse(t *testing.T, raw string) (*Head, error) {
	t.Helper()
	end, _, err := End([]byte(raw), 0)
	if err != nil {
		return nil, err
	}
	if end == 0 {
		t.Fatalf("%q is not complete", raw)
	}
	h := &Head{}
	return h, h.ParseRequest([]byte(raw)[:end], DefaultLimits)
}

func TestParseRequest(t *testing.T) {
	h, err := parse(t,
		"POST /a?b=c HTTP/1.1\r\nHost: x.y:8443\r\nContent-Length:  12 \r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\nUpgrade: h2c\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if string(h.Method) != "POST" || string(h.Target) != "/a?b=c" || string(h.Host) != "x.y:8443" || h.Length != 12 ||
		h.Close {
		t.Errorf("%+v", h)
	}
	if h.Upgrade != nil {
		t.Error("Upgrade counts only when Connection names it")
	}
	for _, f := range h.Fields {
		if f.Hop != (string(f.Name) == "X-Hop") {
			t.Errorf("%s: hop %v", f.Name, f.Hop)
		}
	}
}

func TestConnectionPersists(t *testing.T) {
	for raw, ends := range map[string]bool{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n":                           false,
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n":      true,
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: x,close,y\r\n\r\n":  true,
		"GET / HTTP/1.0\r\nHost: a\r\n\r\n":                           true,
		"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n": false,
	} {
		h, err := parse(t, raw)
		if err != nil || h.Close != ends {
			t.Errorf("%q: close %v, %v", raw, h.Close, err)
		}
	}
}

func TestBodies(t *testing.T) {
	cases := []struct{ name, head, wire, want, rest string }{
		{"length", "Content-Length: 3", "abcX", "abc", "X"},
		{"none", "X: y", "X", "", "X"},
		{"chunked", "Transfer-Encoding: chunked", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nX", "abcde", "X"},
		{"trailers", "Transfer-Encoding: chunked", "1\r\na\r\n0\r\nX-A: b\r\n\r\nX", "a", "X"},
		{"empty chunked", "Transfer-Encoding: chunked", "0\r\n\r\nX", "", "X"},
		{"long chunk", "Transfer-Encoding: chunked", "9c40\r\n" + strings.Repeat("z", 40000) + "\r\n0\r\n\r\nX",
			strings.Repeat("z", 40000), "X"},
	}
	for _, c := range cases {
		raw := "POST / HTTP/1.1\r\nHost: a\r\n" + c.head + "\r\n\r\n" + c.wire
		for how, src := range map[string]io.Reader{"whole": strings.NewReader(raw),
			"bytewise": iotest.OneByteReader(strings.NewReader(raw))} {
			got, rest, h := readAll(t, src)
			if got != c.want || rest != c.rest {
				t.Errorf("%s, %s: got %d bytes, rest %q", c.name, how, len(got), rest)
			}
			if fields := h.Trailers.Fields; c.name == "trailers" &&
				(len(fields) != 1 || string(fields[0].Name) != "X-A" || string(fields[0].Value) != "b") {
				t.Errorf("%s: trailers %+v", how, h.Trailers.Fields)
			}
		}
	}
}

// TestManyChunks: a body may have any number of chunks, with extensions in proportion.
func TestManyChunks(t *testing.T) {
	signature := ";chunk-signature=" + strings.Repeat("a", 64)
	for name, c := range map[string]struct {
		chunk string
		ok    bool
	}{
		"small":                          {"1\r\na\r\n", true},
		"signed":                         {"64" + signature + "\r\n" + strings.Repeat("a", 100) + "\r\n", true},
		"little data in much of nothing": {"1" + signature + "\r\na\r\n", false},
	} {
		body, r := Body{kind: chunkedBody}, NewReader(io.MultiReader(strings.NewReader(strings.Repeat(c.chunk,
			100_000)), strings.NewReader("0\r\n\r\n")))
		var err error
		for err == nil {
			_, err = body.Next(r)
		}
		if errors.Is(err, io.EOF) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func readAll(t *testing.T, src io.Reader) (got, rest string, body *Body) {
	t.Helper()
	r := NewReader(src)
	if err := r.Wait(Small); err != nil {
		t.Fatal(err)
	}
	b, err := r.Head(Small, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	var h Head
	if err := h.ParseRequest(b, DefaultLimits); err != nil {
		t.Fatal(err)
	}
	r.Consume(len(b))
	bd := h.Body()
	var out bytes.Buffer
	for {
		p, err := bd.Next(r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		out.Write(p)
	}
	if !bd.Done() {
		t.Error("body is not done after its end")
	}
	left := string(r.Buffered())
	for len(left) == 0 {
		if err := r.Fill(Small, Large); err != nil {
			break
		}
		left = string(r.Buffered())
	}
	return out.String(), left, &bd
}

func TestCutBodies(t *testing.T) {
	for _, raw := range []string{
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
	} {
		r := NewReader(strings.NewReader(raw))
		b, err := r.Head(Small, DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		var h Head
		if err := h.ParseRequest(b, DefaultLimits); err != nil {
			t.Fatal(err)
		}
		r.Consume(len(b))
		body := h.Body()
		for err == nil {
			_, err = body.Next(r)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) || body.Done() {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestIdleReaderHoldsNoBuffer(t *testing.T) {
	r := NewReader(strings.NewReader("x"))
	if err := r.Wait(Small); err != nil || r.buf == nil {
		t.Fatal(err)
	}
	r.Consume(1)
	if err := r.Wait(Small); err == nil || r.buf != nil {
		t.Error("waits with a buffer")
	}
}

// FuzzRequest checks that what is accepted survives being written and read again:
// nobody behind this proxy can see another message than it saw.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("POST /x?y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: X-A\r\nX-A: 1\r\n\r\n"))
	f.Add([]byte("GET http://a/ HTTP/1.0\r\nHost: a\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		end, _, err := End(raw, 0)
		if err != nil || end == 0 {
			return
		}
		var h, again Head
		if h.ParseRequest(raw[:end], DefaultLimits) != nil {
			return
		}
		if h.Chunked && h.Length >= 0 {
			t.Fatal("two framings")
		}
		out := append(append([]byte(nil), h.Method...), ' ')
		out = append(append(out, h.Target...), " HTTP/1.1\r\n"...)
		if h.Host == nil {
			out = append(out, "Host: a\r\n"...)
		}
		for _, fl := range h.Fields {
			out = append(append(append(append(out, fl.Name...), ": "...), fl.Value...), "\r\n"...)
		}
		out = append(out, "\r\n"...)
		n, _, err := End(out, 0)
		if err != nil || n != len(out) {
			t.Fatalf("%q ends at %d of %d: %v", out, n, len(out), err)
		}
		if err := again.ParseRequest(out, DefaultLimits); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if again.Length != h.Length || again.Chunked != h.Chunked || !bytes.Equal(again.Target, h.Target) {
			t.Fatalf("%q became %q", raw, out)
		}
	})
}

func FuzzBody(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("0\r\nX: y\r\n\r\nrest"))
	f.Add([]byte("1;a=b\r\na\r\n00\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, whole, errWhole := decode(NewReader(bytes.NewReader(raw)))
		_, slow, errSlow := decode(NewReader(iotest.OneByteReader(bytes.NewReader(raw))))
		if !bytes.Equal(whole, slow) || (errWhole == nil) != (errSlow == nil) {
			t.Fatalf("%q: %q %v, bytewise %q %v", raw, whole, errWhole, slow, errSlow)
		}
	})
}

func decode(r *Reader) (b Body, out []byte, err error) {
	b = Body{kind: chunkedBody}
	for {
		p, err := b.Next(r)
		if errors.Is(err, io.EOF) {
			return b, out, nil
		}
		if err != nil {
			return b, out, err
		}
		out = append(out, p...)
	}
}

// TestOneEmptyLineBefore a request is skipped, in whichever pieces it arrives.
func TestOneEmptyLineBefore(t *testing.T) {
	for before, want := range map[string]error{"": nil, "\r\n": nil, "\r\n\r\n": ErrRequestLine} {
		raw := before + "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
		for how, src := range map[string]io.Reader{"whole": strings.NewReader(raw),
			"bytewise": iotest.OneByteReader(strings.NewReader(raw))} {
			var h Head
			b, err := NewReader(src).Head(Small, DefaultLimits)
			if err == nil {
				err = h.ParseRequest(b, DefaultLimits)
			}
			if !errors.Is(err, want) {
				t.Errorf("%q, %s: %v, want %v", before, how, err, want)
			}
		}
	}
}
