package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func binaryField(key, value string) string {
	return key + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(value)))) + value + "\n"
}

func TestExportReaderReadsBothForms(t *testing.T) {
	in := "__CURSOR=c1\nMESSAGE=plain = text\nPRIORITY=3\n_PID=7\n\n\n" +
		"__CURSOR=c2\n" + binaryField("MESSAGE", "two\nlines\x00\xff") +
		"PRIORITY=99\nNEXUSHUB_INSTANCE=a\nNEXUSHUB_INSTANCE=b\n\n"
	e := newExportReader(strings.NewReader(in))
	one, err := e.next()
	if err != nil || one.cursor != "c1" || one.message != "plain = text" || one.priority != 3 || one.pid != 7 {
		t.Fatalf("got %+v, %v", one, err)
	}
	two, err := e.next()
	if err != nil || two.message != "two\nlines\x00\xff" || two.priority != 6 || !two.disputed {
		t.Fatalf("got %+v, %v", two, err)
	}
	if _, err := e.next(); err != io.EOF {
		t.Fatalf("got %v, want EOF", err)
	}
}

func TestExportReaderCutsHugeMessages(t *testing.T) {
	huge := strings.Repeat("x", maxMessage+5)
	for name, field := range map[string]string{"text": "MESSAGE=" + huge + "\n", "binary": binaryField("MESSAGE", huge)} {
		e := newExportReader(strings.NewReader("__CURSOR=c\n" + field + "_PID=9\n\n"))
		r, err := e.next()
		if err != nil || len(r.message) != maxMessage || r.cut != 5 || r.pid != 9 {
			t.Errorf("%s: %d bytes, cut %d, pid %d, %v", name, len(r.message), r.cut, r.pid, err)
		}
	}
}

func TestExportReaderRefusesDamage(t *testing.T) {
	for name, in := range map[string]string{
		"end in entry":   "__CURSOR=c\n",
		"end in field":   "__CURSOR=c\nMESS",
		"short length":   "MESSAGE\nabc",
		"short binary":   "MESSAGE\n" + string(binary.LittleEndian.AppendUint64(nil, 10)) + "abc",
		"endless key":    strings.Repeat("K", 1000),
		"absurd length":  "MESSAGE\n" + string(binary.LittleEndian.AppendUint64(nil, 1<<62)),
		"no final break": "MESSAGE\n" + string(binary.LittleEndian.AppendUint64(nil, 1)) + "abc",
	} {
		if r, err := newExportReader(strings.NewReader(in)).next(); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
	}
}

func FuzzExportReader(f *testing.F) {
	f.Add([]byte("__CURSOR=s=a;i=1;b=b;m=1;t=1;x=1\nMESSAGE=hello\n_PID=1\n\n"))
	f.Add([]byte(binaryField("MESSAGE", "a\nb") + "\n"))
	f.Add([]byte("MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := newExportReader(bytes.NewReader(data))
		for range len(data) + 1 {
			r, err := e.next()
			if err != nil {
				return
			}
			if item, ok := (attribution{}).item(r); ok {
				if _, err := SSE.append(nil, item); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Fatal("more entries than bytes")
	})
}
