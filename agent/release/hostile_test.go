package release

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strings"
	"testing"
)

// hostile is one archive that must be refused, and a word of the reason.
type hostile struct {
	name  string
	make  func(testing.TB) []byte
	wants []string
}

func zipOf(entries ...entry) func(testing.TB) []byte {
	return func(tb testing.TB) []byte { return buildZip(tb, append([]entry{app}, entries...)...) }
}

func link(name, target string) entry {
	return entry{name: name, body: target, mode: fs.ModeSymlink | 0o777}
}

func bare(entries ...entry) func(testing.TB) []byte {
	return func(tb testing.TB) []byte { return buildZip(tb, entries...) }
}

// patched changes the finished archive.
func patched(make func(testing.TB) []byte, patch func([]byte) []byte) func(testing.TB) []byte {
	return func(tb testing.TB) []byte { return patch(make(tb)) }
}

// eachHeader calls set on every local and central header: offset of the general
// flags, the method and the CRC behind it (APPNOTE 4.3.7, 4.3.12).
func eachHeader(b []byte, set func(flags []byte)) []byte {
	for i := 0; i+30 < len(b); i++ {
		switch binary.LittleEndian.Uint32(b[i:]) {
		case 0x04034b50:
			set(b[i+6:])
		case 0x02014b50:
			set(b[i+8:])
		}
	}
	return b
}

func flip(b []byte, old, repl string) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(repl)) }

func manyEntries(n int) []entry {
	all := make([]entry, n)
	for i := range all {
		all[i] = entry{name: fmt.Sprintf("f%d", i)}
	}
	return all
}

// overlapping builds a bomb of Fifield's kind: many central entries, one local body.
func overlapping(tb testing.TB) []byte {
	body := strings.Repeat("\x00", 1<<20)
	b := buildZip(tb, entry{name: "a", body: body})
	dir := bytes.Index(b, []byte("PK\x01\x02"))
	end := bytes.Index(b, []byte("PK\x05\x06"))
	central := b[dir:end]
	out := append([]byte{}, b[:dir]...)
	for i := range 50 {
		c := append([]byte{}, central...)
		c[46] = byte('a' + i%26)
		if i >= 26 {
			c[46] = byte('0' + i - 26)
		}
		out = append(out, c...)
	}
	tail := append([]byte{}, b[end:]...)
	binary.LittleEndian.PutUint16(tail[8:], 50)
	binary.LittleEndian.PutUint16(tail[10:], 50)
	binary.LittleEndian.PutUint32(tail[12:], uint32(50*len(central)))
	return append(out, tail...)
}

// liar declares one byte and holds many.
func liar(tb testing.TB) []byte {
	body := []byte(strings.Repeat("x", 5000))
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.CreateRaw(&zip.FileHeader{Name: "bin/app", Method: zip.Store,
		CRC32: crc32.ChecksumIEEE(body), CompressedSize64: uint64(len(body)), UncompressedSize64: 1})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := f.Write(body); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func hostileArchives() []hostile {
	return append(hostileNames(), hostileContents()...)
}

var raw = strings.Repeat

func hostileNames() []hostile {
	return []hostile{
		{"empty file", func(testing.TB) []byte { return nil }, []string{"not a readable zip"}},
		{"not a zip", func(testing.TB) []byte { return []byte(raw("hello ", 100)) }, []string{"not a readable zip"}},
		{"empty zip", bare(), []string{"neither bin/app"}},
		{"nothing to run", bare(entry{name: "readme"}), []string{"neither bin/app"}},
		{"static without index", bare(entry{name: "static/app.js"}), []string{"static/index.html"}},
		{"bin/app is a folder", bare(entry{name: "bin/app/", mode: fs.ModeDir | 0o755}), []string{"neither bin/app"}},
		{"truncated in the directory", patched(zipOf(), func(b []byte) []byte { return b[:len(b)-30] }), []string{"not a readable zip"}},
		{"truncated to half", patched(zipOf(), func(b []byte) []byte { return b[:len(b)/2] }), []string{"not a readable zip"}},
		{"body missing", patched(zipOf(entry{name: "z", body: raw("abc", 99)}), func(b []byte) []byte { return b[40:] }), []string{"bin/app"}},
		{"absolute path", zipOf(entry{name: "/etc/passwd"}), []string{"/etc/passwd: path is absolute"}},
		{"parent path", zipOf(entry{name: "../evil"}), []string{"path contains a \"..\" part"}},
		{"parent path in the middle", zipOf(entry{name: "a/../../evil"}), []string{"path contains a \"..\" part"}},
		{"parent path that stays inside", zipOf(entry{name: "a/../b"}), []string{"path contains a \"..\" part"}},
		{"backslash traversal", zipOf(entry{name: `..\..\evil`}), []string{"backslash"}},
		{"drive letter", zipOf(entry{name: "C:/evil"}), []string{"drive letter"}},
		{"dot part", zipOf(entry{name: "./x"}), []string{"shortest form"}},
		{"double slash", zipOf(entry{name: "a//x"}), []string{"shortest form"}},
		{"control character", zipOf(entry{name: "a\x1b[2Jx"}), []string{"control characters", `\x1b`}},
		{"NUL in the name", zipOf(entry{name: "a\x00b"}), []string{"control characters"}},
		{"name not UTF-8", zipOf(entry{name: "a\xff\xfe"}), []string{"not UTF-8"}},
		{"name too long", zipOf(entry{name: raw("d/", 600) + "x"}), []string{"1024 bytes"}},
		{"part too long", zipOf(entry{name: raw("n", 256)}), []string{"255 bytes"}},
		{"same file twice", zipOf(entry{name: "x"}, entry{name: "x", body: "other"}), []string{"x: appears more than once"}},
		{"bin/app twice", zipOf(app), []string{"bin/app: appears more than once"}},
		{"names differ in case", zipOf(entry{name: "Readme"}, entry{name: "README"}), []string{"upper and lower case"}},
		{"folders differ in case", zipOf(entry{name: "lib/a"}, entry{name: "Lib/b"}), []string{"upper and lower case"}},
		{"file is also a folder", zipOf(entry{name: "x"}, entry{name: "x/y"}), []string{"not a folder"}},
		{"link out", zipOf(link("l", "../../etc/passwd")), []string{"l: link leads out"}},
		{"absolute link", zipOf(link("l", "/etc/passwd")), []string{"l: link leads out"}},
		{"bin/app is a link out", bare(link("bin/app", "/bin/sh")), []string{"link leads out"}},
		{"link out by another link", zipOf(link("d/e/s", "../../z"), link("q", "d/e/s/../../secret"), entry{name: "z/", mode: fs.ModeDir | 0o755}), []string{"q: link leads out"}},
		{"file through a link", zipOf(link("d", "bin"), entry{name: "d/x"}), []string{"not a folder"}},
		{"link circle", zipOf(link("a", "b"), link("b", "a")), []string{"circle"}},
		{"empty link", zipOf(link("l", "")), []string{"no valid target"}},
		{"huge link", zipOf(link("l", raw("x", 5000))), []string{"cannot be read"}},
	}
}

func hostileContents() []hostile {
	return []hostile{
		{"character device", zipOf(entry{name: "null", mode: fs.ModeDevice | fs.ModeCharDevice | 0o666}), []string{"device"}},
		{"block device", zipOf(entry{name: "sda", mode: fs.ModeDevice | 0o666}), []string{"device"}},
		{"pipe", zipOf(entry{name: "fifo", mode: fs.ModeNamedPipe | 0o666}), []string{"pipe"}},
		{"socket", zipOf(entry{name: "sock", mode: fs.ModeSocket | 0o666}), []string{"socket"}},
		{"encrypted", patched(zipOf(), func(b []byte) []byte { return eachHeader(b, func(f []byte) { f[0] |= 1 }) }), []string{"bin/app: is encrypted"}},
		{"unknown compression", patched(zipOf(), func(b []byte) []byte { return eachHeader(b, func(f []byte) { f[2] = 14 }) }), []string{"compression method 14"}},
		{"AES", patched(zipOf(), func(b []byte) []byte { return eachHeader(b, func(f []byte) { f[2] = 99 }) }), []string{"encrypted"}},
		{"bad CRC", patched(zipOf(entry{name: "s", body: "storedtext", header: func(h *zip.FileHeader) { h.Method = zip.Store }}),
			func(b []byte) []byte { return flip(b, "storedtext", "stOredtext") }), []string{"s: is damaged", "checksum"}},
		{"broken deflate stream", patched(zipOf(entry{name: "s", body: raw("abcdefgh", 50)}), func(b []byte) []byte {
			at := bytes.Index(b, []byte("PK\x03\x04\x14\x00\x08\x00\x08\x00")) // the first local header
			last := bytes.LastIndex(b[:bytes.Index(b, []byte("PK\x01\x02"))], []byte("PK\x03\x04"))
			copy(b[max(at, last)+31:], "\xff\xff\xff\xff")
			return b
		}), []string{"is damaged"}},
		{"lies about its size", liar, []string{"bin/app: is"}},
		{"too many entries", zipOf(manyEntries(101)...), []string{"102 entries, the limit is 100"}},
		{"directory of a million", zipOf(manyEntries(6_000)...), []string{"more entries than the limit"}},
		{"too many bytes", zipOf(entry{name: "big", body: raw("0123456789abcdef", 300<<10)}), []string{"the limit is 4194304"}},
		{"bomb by ratio", zipOf(entry{name: "zero", body: raw("\x00", 3<<20)}), []string{"times its size"}},
		{"overlapping bomb", overlapping, []string{"the limit is 4194304"}},
		{"declares 16 exabytes", zip64Bomb, []string{"the limit is 4194304"}},
		{"manifest with unknown key", zipOf(entry{name: ManifestName, body: "nonsense = 1\nnetwork = \"radio\"\n"}),
			[]string{"nexushub.toml:1: nonsense", "nexushub.toml:2: network"}},
		{"manifest that is no TOML", zipOf(entry{name: ManifestName, body: "= ="}), []string{"nexushub.toml:1"}},
		{"manifest runs what is not there", bare(entry{name: ManifestName, body: `exec = ["bin/other"]`}), []string{`"bin/other"`}},
	}
}

// zip64Bomb declares 2^64-1 unpacked bytes in two entries.
func zip64Bomb(tb testing.TB) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range []string{"a", "b"} {
		if _, err := w.CreateRaw(&zip.FileHeader{Name: name, UncompressedSize64: 1<<64 - 1}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func TestImportRefusesHostileArchives(t *testing.T) {
	for _, h := range hostileArchives() {
		t.Run(h.name, func(t *testing.T) {
			s := openStore(t, testLimits())
			_, err := s.Import(t.Context(), writeZip(t, h.make(t)))
			var invalid *InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want an InvalidError", err)
			}
			for _, want := range h.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
			if left := leftovers(t, s); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestImportListsEveryProblem(t *testing.T) {
	s := openStore(t, testLimits())
	data := buildZip(t,
		entry{name: "../a"}, entry{name: "x"}, entry{name: "X"}, link("l", "/etc"),
		entry{name: "dev", mode: fs.ModeDevice | 0o600},
		entry{name: "s", body: "storedtext", header: func(h *zip.FileHeader) { h.Method = zip.Store }},
		entry{name: ManifestName, body: "bad = 1"},
	)
	_, err := s.Import(t.Context(), writeZip(t, flip(data, "storedtext", "stOredtext")))
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	for _, want := range []string{"path contains a \"..\" part", "upper and lower case", "leads out", "device", "damaged", "bad", "neither bin/app"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %q", want, err)
		}
	}
}

func TestInvalidErrorBoundsItsList(t *testing.T) {
	var e InvalidError
	for range 500 {
		e.add("n", "bad")
	}
	if len(e.Faults) != maxFaults || e.More != 400 || !strings.HasSuffix(e.Error(), "and 400 more") {
		t.Errorf("got %d faults, %d more", len(e.Faults), e.More)
	}
}
