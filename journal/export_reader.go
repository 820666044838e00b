package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Bounds of what is kept of one entry; longer values are cut, and said to be.
const (
	maxMessage = 1 << 20
	maxField   = 4 << 10
	maxKey     = 128
	maxFields  = 32 // of ours
)

// exportReader parses the journal export format
// (https://systemd.io/JOURNAL_EXPORT_FORMATS): KEY=VALUE lines, or KEY, a 64-bit
// little-endian length and as many bytes; an empty line ends an entry.
type exportReader struct {
	in       *bufio.Reader
	interned map[string]string // values that come again and again, kept once
	value    []byte
}

func newExportReader(r io.Reader) *exportReader {
	return &exportReader{in: bufio.NewReaderSize(r, 256<<10), interned: map[string]string{}}
}

// next returns the next entry, io.EOF at a clean end, io.ErrUnexpectedEOF inside one.
func (e *exportReader) next() (*record, error) {
	r := &record{priority: 6}
	for fields := 0; ; {
		key, end, err := e.key()
		switch {
		case errors.Is(err, io.EOF) && fields == 0:
			return nil, io.EOF
		case err != nil:
			return nil, unexpected(err)
		case len(key) == 0 && fields == 0:
			continue // empty lines between entries
		case len(key) == 0:
			return r, nil
		}
		fields++
		if err := e.field(r, string(key), end); err != nil {
			return nil, unexpected(err)
		}
	}
}

// key reads up to and with '=' or the line break, and says which it was.
func (e *exportReader) key() ([]byte, byte, error) {
	for n := 1; n <= maxKey; {
		window, err := e.in.Peek(max(n, min(maxKey, e.in.Buffered())))
		if err != nil {
			return nil, 0, midKey(err, n)
		}
		if i := bytes.IndexAny(window, "=\n"); i >= 0 {
			_, err := e.in.Discard(i + 1)
			return window[:i], window[i], err
		}
		n = len(window) + 1
	}
	return nil, 0, fmt.Errorf("journal: export format: field name of more than %d bytes", maxKey)
}

func midKey(err error, n int) error {
	if errors.Is(err, io.EOF) && n > 1 {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (e *exportReader) field(r *record, key string, end byte) error {
	limit := maxField
	if key == "MESSAGE" {
		limit = maxMessage
	}
	cut, err := e.read(end, limit)
	if err != nil {
		return err
	}
	if key == "MESSAGE" && r.message == "" {
		r.message, r.cut = string(e.value), cut
		return nil
	}
	e.keep(r, key)
	return nil
}

// read fills e.value with at most limit bytes and returns how many there were more.
func (e *exportReader) read(end byte, limit int) (cut int, err error) {
	e.value = e.value[:0]
	if end == '=' {
		return e.readLine(limit)
	}
	var head [8]byte
	if _, err := io.ReadFull(e.in, head[:]); err != nil {
		return 0, err
	}
	return e.readBinary(binary.LittleEndian.Uint64(head[:]), uint64(limit))
}

func (e *exportReader) readLine(limit int) (cut int, err error) {
	for {
		part, err := e.in.ReadSlice('\n')
		whole := err == nil
		if whole {
			part = part[:len(part)-1]
		} else if !errors.Is(err, bufio.ErrBufferFull) {
			return cut, err
		}
		room := min(len(part), limit-len(e.value))
		e.value = append(e.value, part[:room]...)
		cut += len(part) - room
		if whole {
			return cut, nil
		}
	}
}

func (e *exportReader) readBinary(size, limit uint64) (cut int, err error) {
	const most = 1 << 30 // journald's own bound on a field is 768 MiB
	if size > most {
		return 0, fmt.Errorf("journal: export format: field of %d bytes", size)
	}
	for left := min(size, limit); left > 0; { // grows with what arrives, not with what is announced
		step := min(left, 64<<10)
		start := len(e.value)
		e.value = append(e.value, make([]byte, step)...)
		if _, err := io.ReadFull(e.in, e.value[start:]); err != nil {
			return 0, err
		}
		left -= step
	}
	cut = int(size - min(size, limit))
	if _, err := e.in.Discard(cut); err != nil {
		return 0, err
	}
	c, err := e.in.ReadByte()
	if err == nil && c != '\n' {
		err = errors.New("journal: export format: no line break after a binary field")
	}
	return cut, err
}

// keep stores the fields that are read. The first of several values counts, except
// that NEXUSHUB_INSTANCE has to be unanimous.
func (e *exportReader) keep(r *record, key string) {
	switch key {
	case "__CURSOR":
		r.cursor = string(e.value)
	case "__REALTIME_TIMESTAMP":
		r.realtime = e.number()
	case "_PID":
		r.pid = int(e.number())
	case "PRIORITY":
		if n := e.number(); len(e.value) == 1 && n <= 7 {
			r.priority = int(n)
		}
	case "N_DROPPED":
		r.dropped = e.number()
	case "EXIT_STATUS":
		r.exitStatus = int(e.number())
	case "NEXUSHUB_INSTANCE":
		v := e.intern()
		r.disputed = r.disputed || r.instance != "" && r.instance != v
		r.instance = v
	default:
		switch p := r.textField(key); {
		case p != nil && *p == "":
			*p = e.intern()
		case p == nil && isOurs(key):
			r.keepField(key, e.intern())
		}
	}
}

func isOurs(key string) bool { return strings.HasPrefix(key, "NEXUSHUB_") || key == "TRACE_ID" }

func (r *record) keepField(key, value string) {
	if r.fields == nil {
		r.fields = map[string]string{}
	}
	if _, there := r.fields[key]; !there && len(r.fields) < maxFields {
		r.fields[key] = value
	}
}

// textField is the place of a field that is kept as it is.
func (r *record) textField(key string) *string {
	switch key {
	case "_SYSTEMD_UNIT":
		return &r.unit
	case "_SYSTEMD_INVOCATION_ID":
		return &r.invocation
	case "_TRANSPORT":
		return &r.transport
	case "_EXE":
		return &r.exe
	case "_STREAM_ID":
		return &r.streamID
	case "_LINE_BREAK":
		return &r.lineBreak
	case "_UID":
		return &r.uid
	case "_MACHINE_ID":
		return &r.machine
	case "MESSAGE_ID":
		return &r.messageID
	case "UNIT":
		return &r.claimedUnit
	case "INVOCATION_ID":
		return &r.claimedInvocation
	case "OBJECT_SYSTEMD_UNIT":
		return &r.objectUnit
	case "COREDUMP_UNIT":
		return &r.coredumpUnit
	case "NEXUSHUB_UNIT":
		return &r.aboutUnit
	case "EXIT_CODE":
		return &r.exitCode
	case "UNIT_RESULT":
		return &r.result
	}
	return nil
}

func (e *exportReader) intern() string {
	if w, ok := e.interned[string(e.value)]; ok {
		return w
	}
	if len(e.interned) >= 4096 {
		clear(e.interned)
	}
	w := string(e.value)
	e.interned[w] = w
	return w
}

// number is 0 for what is none: a claimed field must not end the reading.
func (e *exportReader) number() int64 {
	n, err := strconv.ParseInt(string(e.value), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
