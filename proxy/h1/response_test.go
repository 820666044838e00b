package h1

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readHead reads a response head as a connection delivers it.
func readHead(src io.Reader) (*Head, *Reader, error) {
	r, h := NewResponseReader(src), &Head{}
	b, err := r.Head(Large, DefaultLimits)
	if err == nil {
		err = h.ParseResponse(b)
	}
	if err != nil {
		return nil, nil, err
	}
	r.Consume(len(b))
	return h, r, nil
}

// lines are the header lines as they are sent on.
func lines(h *Head) string {
	var list []string
	for _, f := range h.Fields {
		list = append(list, string(f.Name)+": "+string(f.Value))
	}
	return strings.Join(list, "|")
}

// mendedHeads have one reading. What follows them is only read where another reader would
// end the message at the same place.
var mendedHeads = []struct {
	name, raw string
	status    int
	lines     string
	closes    bool
}{
	{"plain", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 200, "A: b", false},
	{"no reason", "HTTP/1.1 200\r\nA: b\r\n\r\n", 200, "A: b", false},
	{"empty reason", "HTTP/1.1 200 \r\n\r\n", 200, "", false},
	{"a reason with a tab", "HTTP/1.1 200 O\tK\r\n\r\n", 200, "", false},
	{"a reason in Latin-1", "HTTP/1.1 200 Gr\xfc\xdfe\r\n\r\n", 200, "", false},
	{"blanks before the status", "HTTP/1.1   200 OK\r\n\r\n", 200, "", false},
	{"an empty line before", "\r\nHTTP/1.1 200 OK\r\n\r\n", 200, "", false},
	{"HTTP/1.0", "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "Content-Length: 0", true},
	{"a later minor version", "HTTP/1.2 200 OK\r\n\r\n", 200, "", false},
	{"a status of its own", "HTTP/1.1 999 Request denied\r\n\r\n", 999, "", false},
	{"lines end with LF", "HTTP/1.1 200 OK\nA: b\nC: d\n\n", 200, "A: b|C: d", true},
	{"one line ends with LF", "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", 200, "A: b|C: d", true},
	{"the empty line is LF", "HTTP/1.1 200 OK\r\nA: b\r\n\n", 200, "A: b", true},
	{"LF, no fields", "HTTP/1.1 200 OK\n\n", 200, "", true},
	{"folded", "HTTP/1.1 200 OK\r\nA: b;\r\n  c\r\nD: e\r\n\r\n", 200, "A: b;    c|D: e", true},
	{"folded by a tab, twice", "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n d\r\n\r\n", 200, "A: b  \tc   d", true},
	{"folded, LF", "HTTP/1.1 200 OK\nA: b\n c\n\n", 200, "A: b  c", true},
	{"folded at once", "HTTP/1.1 200 OK\r\nA:\r\n b\r\n\r\n", 200, "A: b", true},
	{"folded nothing", "HTTP/1.1 200 OK\r\nA: b\r\n \r\nC: d\r\n\r\n", 200, "A: b|C: d", true},
	{"blank before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", 200, "A: b", true},
	{"a name with blanks", "HTTP/1.1 200 OK\r\nSecured By : Acme\r\nC: d\r\n\r\n", 200, "C: d", true},
	{"a name that is none", "HTTP/1.1 200 OK\r\n(A): b\r\nC: d\r\n\r\n", 200, "C: d", true},
	{"no name", "HTTP/1.1 200 OK\r\n: b\r\nC: d\r\n\r\n", 200, "C: d", true},
	{"no value", "HTTP/1.1 200 OK\r\nA:\r\n\r\n", 200, "A: ", false},
	{"UTF-8", "HTTP/1.1 200 OK\r\nA: Größe 한글\r\n\r\n", 200, "A: Größe 한글", false},
	{"a control character", "HTTP/1.1 200 OK\r\nA: b\x1b[1m\x7f\r\n\r\n", 200, "A: b [1m ", true},
	{"a length twice", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 200,
		"Content-Length: 5|Content-Length: 5", true},
	{"a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", 200, "Content-Length: 5, 5", true},
	{"a disguised length", "HTTP/1.1 200 OK\r\nContent_Length: 5\r\n\r\n", 200, "", true},
	{"names of a request", "HTTP/1.1 200 OK\r\nHost: a b\r\nHost: c\r\nExpect: x\r\n\r\n", 200,
		"Host: a b|Host: c|Expect: x", false},
	{"Connection names framing", "HTTP/1.1 200 OK\r\nConnection: keep-alive, Transfer-Encoding\r\n\r\n", 200,
		"Connection: keep-alive, Transfer-Encoding", false},
	{"many lines", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 150) + "\r\n", 200,
		strings.Repeat("A: b|", 149) + "A: b", false},
}

func TestMendedHeads(t *testing.T) {
	for _, c := range mendedHeads {
		for how, src := range map[string]io.Reader{"whole": strings.NewReader(c.raw + "rest"),
			"bytewise": iotest.OneByteReader(strings.NewReader(c.raw + "rest"))} {
			h, r, err := readHead(src)
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, how, err)
				continue
			}
			if h.Status != c.status || lines(h) != c.lines || h.Close != c.closes {
				t.Errorf("%s, %s: %d %q, closes %v", c.name, how, h.Status, lines(h), h.Close)
			}
			if rest := string(r.Buffered()); !strings.HasPrefix("rest", rest) {
				t.Errorf("%s, %s: %q is left", c.name, how, rest)
			}
		}
	}
}

// refusedHeads have more than one reading, or none.
var refusedHeads = []struct {
	name, raw string
	err       error
}{
	{"no HTTP", "220 mail.example ESMTP\r\n", ErrStatusLine},
	{"HTML", "<html>", ErrStatusLine},
	{"TLS", "\x15\x03\x03\x00\x02\x02\x46", ErrStatusLine},
	{"ICY", "ICY 200 OK\r\n\r\n", ErrStatusLine},
	{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", ErrStatusLine},
	{"no version", "HTTP/ 200 OK\r\n\r\n", ErrStatusLine},
	{"no status", "HTTP/1.1 OK\r\n\r\n", ErrStatusLine},
	{"status too short", "HTTP/1.1 20 OK\r\n\r\n", ErrStatusLine},
	{"status too long", "HTTP/1.1 2000 OK\r\n\r\n", ErrStatusLine},
	{"status below 100", "HTTP/1.1 099 OK\r\n\r\n", ErrStatusLine},
	{"no blank", "HTTP/1.1200 OK\r\n\r\n", ErrStatusLine},
	{"CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", ErrStatusLine},
	{"content behind the status", "HTTP/1.1 200 OK\r\n<html>\r\n\r\n", ErrFieldName},
	{"first line folded", "HTTP/1.1 200 OK\r\n A: b\r\n\r\n", ErrFieldName},
	{"NUL", "HTTP/1.1 200 OK\r\nA: b\x00c\r\n\r\n", ErrFieldValue},
	{"CR in a value", "HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\n\r\n", ErrFieldValue},
	{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ErrLength},
	{"a list of two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", ErrLength},
	{"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ErrLength},
	{"empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", ErrLength},
	{"folded lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\n", ErrLength},
	{"length and coding", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ErrFraming},
	{"coding twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
		ErrCodingTwice},
	{"other coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", ErrCoding},
	{"identity", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", ErrCoding},
	{"coding of HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingVersion},
	{"too many lines", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 2000) + "\r\n", ErrTooMany},
	{"too large", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 70_000) + "\r\n\r\n", ErrTooLarge},
	{"endless reason", "HTTP/1.1 200 " + strings.Repeat("b", 70_000), ErrTooLarge},
}

func TestRefusedHeads(t *testing.T) {
	for _, c := range refusedHeads {
		for how, src := range map[string]io.Reader{"whole": strings.NewReader(c.raw),
			"bytewise": iotest.OneByteReader(strings.NewReader(c.raw))} {
			if h, _, err := readHead(src); !errors.Is(err, c.err) {
				t.Errorf("%s, %s: %+v, %v; want %v", c.name, how, h, err, c.err)
			}
		}
	}
}

// TestChunksOfResponses: what is mended, what is refused, and after what the connection may
// carry another response.
func TestChunksOfResponses(t *testing.T) {
	for _, c := range []struct {
		name, wire, want string
		ends             bool
		err              error
	}{
		{"plain", "5\r\nhello\r\n0\r\n\r\n", "hello", false, nil},
		{"extension", "5;name=\"v\"\r\nhello\r\n0\r\n\r\n", "hello", false, nil},
		{"blank before the extension", "5 ;a\r\nhello\r\n0 ;b\r\n\r\n", "hello", false, nil},
		{"blanks behind the size", "5  \r\nhello\r\n0 \r\n\r\n", "hello", false, nil},
		{"tab behind the size", "5\t\r\nhello\r\n0\t\r\n\r\n", "hello", false, nil},
		{"padded by zeros", "00000000000000000005\r\nhello\r\n000000000000000000000\r\n\r\n", "hello", false, nil},
		{"LF behind the size", "5\nhello\r\n0\r\n\r\n", "hello", true, nil},
		{"LF behind the data", "5\r\nhello\n0\r\n\r\n", "hello", true, nil},
		{"LF behind the last", "5\r\nhello\r\n0\r\n\n", "hello", true, nil},
		{"LF throughout", "5\nhello\n0\n\n", "hello", true, nil},
		{"trailer", "5\r\nhello\r\n0\r\nX: y\r\n\r\n", "hello", false, nil},
		{"folded trailer", "5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n", "hello", true, nil},
		{"trailer that frames", "5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", "hello", false, nil},
		{"no size", "\r\nhello\r\n0\r\n\r\n", "", false, ErrChunk},
		{"no chunks", "<html>hello", "", false, ErrChunk},
		{"blank before the size", " 5\r\nhello\r\n0\r\n\r\n", "", false, ErrChunk},
		{"0x", "0x5\r\nhello\r\n0\r\n\r\n", "", false, ErrChunk},
		{"something behind the size", "5 5\r\nhello\r\n0\r\n\r\n", "", false, ErrChunk},
		{"CR behind the size", "5\r\r\nhello\r\n0\r\n\r\n", "", false, ErrChunk},
		{"size too large", "fffffffffffffffff\r\nhello", "", false, ErrChunk},
		{"endless size", strings.Repeat("0", 300), "", false, ErrChunk},
		{"longer than its size", "5\r\nhello!\r\n0\r\n\r\n", "hello", false, ErrChunk},
		{"CR alone behind the data", "5\r\nhello\r0\r\n\r\n", "hello", false, ErrChunk},
		{"trailer that is none", "5\r\nhello\r\n0\r\nX\r\n\r\n", "hello", false, ErrTrailer},
		{"cut in the size", "5\r\nhello\r\n", "hello", false, io.ErrUnexpectedEOF},
		{"cut behind the last", "5\r\nhello\r\n0\r\n", "hello", false, io.ErrUnexpectedEOF},
	} {
		for how, src := range map[string]io.Reader{"whole": strings.NewReader(c.wire),
			"bytewise": iotest.OneByteReader(strings.NewReader(c.wire))} {
			b, got, err := decode(NewResponseReader(src))
			if string(got) != c.want || !errors.Is(err, c.err) || (c.err == nil && b.EndsConnection() != c.ends) {
				t.Errorf("%s, %s: %q, %v, ends %v", c.name, how, got, err, b.EndsConnection())
			}
		}
	}
}

// TestReadyNeverWaits, and says so as soon as it is true: a proxy sends what it has before it
// waits, and nothing of what turns out to be malformed.
func TestReadyNeverWaits(t *testing.T) {
	for buffered, want := range map[string]bool{
		"": false, "5": false, "5\r\n": false, "5\r\nh": true, "5 \nh": true, "0": false, "0\r\n": false,
		"0\r\n\r": false, "0\r\n\r\n": true, "0\n\n": true, "0\r\nX: y\r\n": false, "0\r\nX: y\r\n\r\n": true,
		"x": true, "5x\r\n": true, "<html>": true, strings.Repeat("0", 300): true,
	} {
		r, b := NewResponseReader(io.MultiReader(strings.NewReader(buffered), waits{})), Body{kind: chunkedBody}
		if buffered != "" {
			r.Fill(Large, Large)
		}
		if got := b.Ready(r); got != want {
			t.Errorf("%q: %v", buffered, got)
		}
		if _, err := b.Next(r); errors.Is(err, errWaits) == want {
			t.Errorf("%q: %v", buffered, err)
		}
	}
}

// waits is a connection on which nothing more comes.
type waits struct{}

var errWaits = errors.New("waits")

func (waits) Read([]byte) (int, error) { return 0, errWaits }

// FuzzResponse checks that a response that is accepted, however it was mended, is a plain one
// when it is sent on, and that it makes no difference in which pieces it came.
func FuzzResponse(f *testing.F) {
	for _, c := range mendedHeads {
		f.Add([]byte(c.raw))
	}
	for _, c := range refusedHeads {
		f.Add([]byte(c.raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, _, err := readHead(bytes.NewReader(raw))
		slow, _, errSlow := readHead(iotest.OneByteReader(bytes.NewReader(raw)))
		if (err == nil) != (errSlow == nil) {
			t.Fatalf("%q: %v, bytewise %v", raw, err, errSlow)
		}
		if err != nil {
			return
		}
		if lines(h) != lines(slow) || h.Status != slow.Status || h.Length != slow.Length || h.Close != slow.Close {
			t.Fatalf("%q: %+v, bytewise %+v", raw, h, slow)
		}
		if h.Chunked && h.Length >= 0 {
			t.Fatal("two framings")
		}
		if !all(h.Reason, valueChar) {
			t.Fatalf("reason %q", h.Reason)
		}
		for _, fl := range h.Fields {
			if len(fl.Name) == 0 || !all(fl.Name, tokenChar) || !all(fl.Value, valueChar) {
				t.Fatalf("%q: %q", fl.Name, fl.Value)
			}
		}
	})
}

func FuzzResponseBody(f *testing.F) {
	f.Add([]byte("3 \r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("003\nabc\n0\nX: y\n z\n\n"))
	f.Add([]byte("1;a=b\r\na\r\n00\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, whole, err := decode(NewResponseReader(bytes.NewReader(raw)))
		c, slow, errSlow := decode(NewResponseReader(iotest.OneByteReader(bytes.NewReader(raw))))
		if !bytes.Equal(whole, slow) || (err == nil) != (errSlow == nil) || b.EndsConnection() != c.EndsConnection() {
			t.Fatalf("%q: %q %v, bytewise %q %v", raw, whole, err, slow, errSlow)
		}
	})
}
