package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
)

// upload sends a body without a look at the answer, as fast as the windows allow. It returns
// the status and what came with it.
func (c *rawHTTP2) upload(method, host, path string, size int) (status, answer string, err error) {
	c.host = host
	stream, err := c.begin(false, method, path)
	if err != nil {
		return "", "", err
	}
	windows := map[uint32]int{0: 65535, stream: 65535}
	complete, sent := false, false
	piece := make([]byte, 16<<10)
	for !complete || !sent {
		n := min(len(piece), size, windows[0], windows[stream])
		if !sent && n > 0 {
			sent = n == size
			if err := c.WriteData(stream, sent, piece[:n]); err != nil {
				return status, answer, err
			}
			size, windows[0], windows[stream] = size-n, windows[0]-n, windows[stream]-n
			continue
		}
		frame, err := c.ReadFrame()
		if err != nil {
			return status, answer, err
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if v, ok := frame.Value(http2.SettingInitialWindowSize); ok {
				windows[stream] += int(v) - 65535
			}
		case *http2.WindowUpdateFrame:
			windows[frame.StreamID] += int(frame.Increment)
		case *http2.MetaHeadersFrame:
			status = frame.PseudoValue("status")
		case *http2.DataFrame:
			answer += string(frame.Data())
			c.WriteWindowUpdate(0, frame.Length)
			c.WriteWindowUpdate(stream, frame.Length)
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return status, answer, fmt.Errorf("%v with %d bytes to send", frame, size)
		}
		h := frame.Header()
		complete = complete || h.StreamID == stream && h.Flags.Has(http2.FlagDataEndStream) &&
			(h.Type == http2.FrameData || h.Type == http2.FrameHeaders)
	}
	return status, answer, nil
}

// TestEarlyAnswersOverHTTP2 reach who sends first and reads later, while other streams of the
// connection go on.
func TestEarlyAnswersOverHTTP2(t *testing.T) {
	f := start(t, func(o *Options) { o.AccessLog = false })
	f.apply(table(earlyRoutes(t)...))
	for _, ask := range earlyAnswers {
		if ask.status == 421 {
			continue // a client has no reason to ask there
		}
		t.Run(ask.name, func(t *testing.T) {
			f.t = t
			c := f.rawHTTP2()
			c.t = t
			method, path, _ := strings.Cut(ask.head, " ")
			for i := range 21 {
				size := 2 << 20
				if i == 0 {
					size = 30 << 20
				}
				status, answer, err := c.upload(method, ask.host, path, size)
				if err != nil || status != fmt.Sprint(ask.status) || answer == "" {
					t.Fatalf("%d: %s %d bytes, %v", i, status, len(answer), err)
				}
			}
			served := c.served(f)
			eventually(t, "no stream lingers that has ended", func() bool { return !served.frames.lingering.any() })
		})
	}
	f.t = t
}

// served is the proxy's side of the only connection of HTTP/2.
func (c *rawHTTP2) served(f *fixture) (conn *h2Conn) {
	for _, w := range f.server.deadlines.all() {
		if w, ok := w.(*h2Conn); ok && w.frames.RemoteAddr().String() == c.conn.LocalAddr().String() {
			return w
		}
	}
	c.t.Fatal("it is closed")
	return nil
}

// refusedUpload begins one and reads its answer.
func (c *rawHTTP2) refusedUpload() (stream uint32) {
	c.t.Helper()
	stream, err := c.begin(false, "POST", "/api/x")
	if err != nil {
		c.t.Fatal(err)
	}
	for {
		frame, err := c.ReadFrame()
		if err != nil {
			c.t.Fatal(err)
		}
		if w, ok := frame.(*http2.WindowUpdateFrame); ok && w.StreamID == stream {
			return stream
		}
		if _, ok := frame.(*http2.RSTStreamFrame); ok {
			c.t.Fatal("it is reset at once")
		}
	}
}

// resetOf waits for a reset and returns which and why.
func (c *rawHTTP2) reset() (stream uint32, code http2.ErrCode) {
	c.t.Helper()
	for {
		frame, err := c.ReadFrame()
		if err != nil && !errors.As(err, new(http2.StreamError)) {
			c.t.Fatal(err)
		}
		if rst, ok := frame.(*http2.RSTStreamFrame); ok {
			return rst.StreamID, rst.ErrCode
		}
	}
}

func TestStreamsLingerUntilTheClientIsSilent(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	c := f.rawHTTP2()
	stream := c.refusedUpload()
	served := c.served(f)
	f.tick(ticksIn(lingerSilence))
	if !served.frames.lingering.any() {
		t.Error("it lingers no more")
	}
	f.tick(2)
	if id, code := c.reset(); id != stream || code != http2.ErrCodeNo {
		t.Errorf("stream %d is reset: %v", id, code)
	}
	if _, err := c.request("GET", "/public/x"); err != nil || <-c.frames() != "404" {
		t.Error("other streams do not go on: ", err)
	}
}

func TestStreamsLingerNotForEver(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	c := f.rawHTTP2()
	stream := c.refusedUpload()
	lingering := &c.served(f).frames.lingering
	heard := func() uint64 {
		lingering.mu.Lock()
		defer lingering.mu.Unlock()
		return lingering.streams[stream].heard
	}
	ticks := 0
	for ; ticks <= ticksIn(lingerTime)-4; ticks += 4 {
		f.tick(4)
		if err := c.WriteData(stream, false, []byte("more")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is heard", func() bool { return heard() >= f.server.deadlines.clock.Load()-1 })
	}
	f.tick(ticksIn(lingerTime) - ticks + 2)
	if id, code := c.reset(); id != stream || code != http2.ErrCodeNo {
		t.Errorf("stream %d is reset: %v", id, code)
	}
}

// TestFewStreamsLinger: as many as may be in progress, and no more.
func TestFewStreamsLinger(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	c := f.rawHTTP2()
	for range connStreams {
		c.refusedUpload()
	}
	stream, err := c.begin(false, "POST", "/api/x")
	if err != nil {
		t.Fatal(err)
	}
	if id, code := c.reset(); id != stream || code != http2.ErrCodeNo {
		t.Errorf("stream %d is reset: %v", id, code)
	}
	if err := c.WriteRSTStream(1, http2.ErrCodeCancel); err != nil {
		t.Fatal(err)
	}
	c.refusedUpload() // takes its place
}

// TestTrailersAreNotAwaited: x/net would end the connection for them.
func TestTrailersAreNotAwaited(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.NotFoundHandler())))
	c := f.rawHTTP2()
	for _, headers := range [][]string{{"trailer", "x-sum"}, nil} {
		stream, err := c.begin(false, "POST", "/api/x", headers...)
		if err != nil {
			t.Fatal(err)
		}
		if id, code := c.reset(); id != stream || code != http2.ErrCodeNo {
			t.Errorf("stream %d is reset: %v", id, code)
		}
	}
}

// TestResetsBecomeWindows: however the frames are cut into writes, and nothing else changes.
func TestResetsBecomeWindows(t *testing.T) {
	frame := func(kind http2.FrameType, flags http2.Flags, stream uint32, payload string) string {
		head := []byte{0, 0, byte(len(payload)), byte(kind), byte(flags)}
		return string(binary.BigEndian.AppendUint32(head, stream)) + payload
	}
	reset := func(stream uint32, code http2.ErrCode) string { return string(appendReset(nil, stream, code)) }
	window := func(stream, n uint32) string { return string(appendWindowUpdate(nil, stream, n)) }
	answer := func(stream uint32) string {
		return frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, stream, "head") +
			frame(http2.FrameData, http2.FlagDataEndStream, stream, "body")
	}
	in := answer(1) + reset(1, http2.ErrCodeNo) + answer(3) + reset(5, http2.ErrCodeProtocol) +
		answer(7) + reset(7, http2.ErrCodeNo) + reset(1, http2.ErrCodeStreamClosed) + answer(9) +
		reset(9, http2.ErrCodeNo) + reset(1, http2.ErrCodeFlowControl) + reset(1, http2.ErrCodeStreamClosed)
	want := answer(1) + window(1, lingerWindow) + answer(3) + reset(5, http2.ErrCodeProtocol) +
		answer(7) + reset(7, http2.ErrCodeNo) + window(1, 1) + answer(9) +
		window(9, lingerWindow) + reset(1, http2.ErrCodeFlowControl) + reset(1, http2.ErrCodeStreamClosed)
	for size := range 40 {
		c := newH2FrameConn(nil, new(atomic.Uint64))
		// The client has just ended this one: x/net has not seen that yet.
		c.in.each([]byte(http2.ClientPreface+frame(http2.FrameData, http2.FlagDataEndStream, 7, "end")), c.lingering.heard)
		var got []byte
		for rest := []byte(in); len(rest) > 0; {
			piece := rest[:min(size+1, len(rest))]
			was := bytes.Clone(piece)
			got = append(got, c.follow(piece)...)
			if !bytes.Equal(was, piece) {
				t.Fatal("the caller's bytes have changed")
			}
			rest = rest[len(piece):]
		}
		if string(got) != want {
			t.Fatalf("by %d: %q\nwant %q", size+1, got, want)
		}
	}
}

// TestWindowsOpenByWhatCame, END_STREAM included.
func TestWindowsOpenByWhatCame(t *testing.T) {
	clock := new(atomic.Uint64)
	l := h2Lingering{clock: clock}
	data := func(n byte, flags http2.Flags) {
		l.heard(frameHead{0, n, 0, byte(http2.FrameData), byte(flags), 0, 0, 0, 1})
	}
	if w := l.insteadOfReset(1, http2.ErrCodeNo); w != lingerWindow {
		t.Error(w)
	}
	data(1, 0)
	data(2, 0)
	for _, want := range []uint32{3 << 8, 1} {
		if w := l.insteadOfReset(1, http2.ErrCodeStreamClosed); w != want {
			t.Errorf("opened by %d, want %d", w, want)
		}
	}
	data(1, http2.FlagDataEndStream)
	if w := l.insteadOfReset(1, http2.ErrCodeStreamClosed); w != 1<<8 || l.any() {
		t.Errorf("at the end: %d, %v", w, l.streams)
	}
	clock.Add(uint64(lingerTime))
	if over := l.over(); len(over)+len(l.streams) > 0 {
		t.Errorf("later: %v, %v", over, l.streams)
	}
}

// TestEndedStreamsDoNotLinger: a client that has sent all takes no place, and gets no window.
func TestEndedStreamsDoNotLinger(t *testing.T) {
	l := h2Lingering{clock: new(atomic.Uint64)}
	for stream, flags := range map[uint32]http2.Flags{1: http2.FlagDataEndStream, 3: 0} {
		h := frameHead{3: byte(http2.FrameData), 4: byte(flags)}
		binary.BigEndian.PutUint32(h[5:], stream)
		l.heard(h)
		if window := l.insteadOfReset(stream, http2.ErrCodeNo); (window == 0) != h.endsStream() {
			t.Errorf("stream %d: window %d", stream, window)
		}
	}
}

// FuzzFollow: whatever frames a server sends and a client, as many bytes go out as come in,
// but for the beginning of one frame.
func FuzzFollow(f *testing.F) {
	f.Add([]byte(http2.ClientPreface), appendReset(appendReset(nil, 1, 0), 1, 5), byte(3))
	f.Add([]byte("x"), []byte(goAwayAll+ping+"12345678"), byte(0))
	f.Fuzz(func(t *testing.T, in, out []byte, size byte) {
		c := newH2FrameConn(nil, new(atomic.Uint64))
		c.in.each(in, c.lingering.heard)
		sent := 0
		for rest := out; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			sent += len(c.follow(rest[:n]))
			rest = rest[n:]
		}
		if sent+len(c.held) != len(out) || len(c.held) >= 13 || len(c.lingering.streams) > connStreams {
			t.Errorf("%d of %d bytes sent, %d held", sent, len(out), len(c.held))
		}
	})
}
