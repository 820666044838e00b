package logging

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketPath is journald's native protocol (systemd.journal-fields(7),
// https://systemd.io/JOURNAL_NATIVE_PROTOCOL).
const socketPath = "/run/systemd/journal/socket"

// underJournal says whether w is the stream that systemd connected to the journal:
// JOURNAL_STREAM holds its device and inode (systemd.exec(5)).
func underJournal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// journalHandler writes each record as one native datagram.
type journalHandler struct {
	level  slog.Leveler
	conn   *net.UnixConn
	prefix string // of open groups
	fields []byte // encoded attributes of With
}

func dialJournal(level slog.Leveler) (*journalHandler, error) {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socketPath, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("logging: journal: %w", err)
	}
	return &journalHandler{level: level, conn: conn}, nil
}

func (h *journalHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

func (h *journalHandler) WithGroup(name string) slog.Handler {
	c := *h
	c.prefix += name + "_"
	return &c
}

func (h *journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.fields = append([]byte(nil), h.fields...)
	for _, a := range attrs {
		c.fields = appendAttr(c.fields, h.prefix, a)
	}
	return &c
}

func (h *journalHandler) Handle(_ context.Context, r slog.Record) error {
	buf := make([]byte, 0, 512)
	var text strings.Builder
	text.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		buf = appendAttr(buf, h.prefix, a)
		appendText(&text, a)
		return true
	})
	buf = appendField(buf, "MESSAGE", text.String())
	buf = appendField(buf, "PRIORITY", priority(r.Level))
	return h.send(append(buf, h.fields...))
}

// appendText makes the line readable without the fields: `journalctl -u` and
// `systemctl status` show MESSAGE alone.
func appendText(text *strings.Builder, a slog.Attr) {
	switch v := a.Value.Resolve(); {
	case absent(v):
	case a.Key == "error":
		fmt.Fprintf(text, ": %v", v)
	case v.Kind() != slog.KindGroup && !strings.ContainsAny(v.String(), " \n\""):
		fmt.Fprintf(text, " %s=%v", a.Key, v)
	case v.Kind() != slog.KindGroup:
		fmt.Fprintf(text, " %s=%q", a.Key, v.String())
	}
}

// send writes one datagram; what is too big for one goes by a sealed memory file, as
// the protocol asks.
func (h *journalHandler) send(datagram []byte) error {
	_, err := h.conn.Write(datagram)
	if !errors.Is(err, syscall.EMSGSIZE) && !errors.Is(err, syscall.ENOBUFS) {
		return err
	}
	fd, err := unix.MemfdCreate("nexushub-log", unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "nexushub-log")
	defer f.Close()
	if _, err := f.Write(datagram); err != nil {
		return err
	}
	seals := unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return err
	}
	return h.sendFile(fd)
}

// sendFile goes below net, which refuses to send control data alone on a connected socket.
func (h *journalHandler) sendFile(fd int) error {
	raw, err := h.conn.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	err = raw.Write(func(socket uintptr) bool {
		sent = unix.Sendmsg(int(socket), nil, unix.UnixRights(fd), nil, unix.MSG_NOSIGNAL)
		return !errors.Is(sent, unix.EAGAIN)
	})
	return errors.Join(err, sent)
}

func priority(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "3"
	case l >= slog.LevelWarn:
		return "4"
	case l >= slog.LevelInfo:
		return "6"
	}
	return "7"
}

func appendAttr(buf []byte, prefix string, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if absent(v) {
		return buf
	}
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "_"
		}
		for _, member := range v.Group() {
			buf = appendAttr(buf, prefix, member)
		}
		return buf
	}
	return appendField(buf, fieldName(prefix+a.Key), v.String())
}

// absent says whether there is nothing to say, such as an error that did not happen.
func absent(v slog.Value) bool { return v.Kind() == slog.KindAny && v.Any() == nil }

// known are the attribute keys that keep their name as a journal field.
var known = map[string]string{"message_id": "MESSAGE_ID", "trace_id": "TRACE_ID"}

// fieldName makes a legal field name: A-Z, 0-9 and '_', at most 64 characters.
func fieldName(key string) string {
	if name, ok := known[key]; ok {
		return name
	}
	name := []byte("NEXUSHUB_" + strings.ToUpper(key))
	for i, c := range name {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			name[i] = '_'
		}
	}
	return string(name[:min(len(name), 64)])
}

// appendField uses the binary form for values with line breaks.
func appendField(buf []byte, name, value string) []byte {
	buf = append(buf, name...)
	if !strings.Contains(value, "\n") {
		buf = append(buf, '=')
	} else {
		buf = append(buf, '\n')
		buf = binary.LittleEndian.AppendUint64(buf, uint64(len(value)))
	}
	buf = append(buf, value...)
	return append(buf, '\n')
}
