package hostile

import (
	"archive/zip"
	"bytes"
	"io/fs"
)

func badContents() []Archive {
	return []Archive{
		{"character device", zipOf(Entry{Name: "null", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o666}), []string{"device"}},
		{"block device", zipOf(Entry{Name: "sda", Mode: fs.ModeDevice | 0o666}), []string{"device"}},
		{"pipe", zipOf(Entry{Name: "fifo", Mode: fs.ModeNamedPipe | 0o666}), []string{"pipe"}},
		{"socket", zipOf(Entry{Name: "sock", Mode: fs.ModeSocket | 0o666}), []string{"socket"}},
		{"encrypted", patched(zipOf(), func(b []byte) []byte { return eachHeader(b, func(f []byte) { f[0] |= 1 }) }), []string{"bin/app: is encrypted"}},
		{"unknown compression", patched(zipOf(), func(b []byte) []byte { return eachHeader(b, func(f []byte) { f[2] = 14 }) }), []string{"compression method 14"}},
		{"AES", patched(zipOf(), func(b []byte) []byte { return eachHeader(b, func(f []byte) { f[2] = 99 }) }), []string{"encrypted"}},
		{"bad CRC", patched(zipOf(Entry{Name: "s", Body: "storedtext", Header: func(h *zip.FileHeader) { h.Method = zip.Store }}),
			func(b []byte) []byte { return flip(b, "storedtext", "stOredtext") }), []string{"s: is damaged", "checksum"}},
		{"broken deflate stream", patched(zipOf(Entry{Name: "s", Body: raw("abcdefgh", 50)}), func(b []byte) []byte {
			at := bytes.Index(b, []byte("PK\x03\x04\x14\x00\x08\x00\x08\x00")) // the first local header
			last := bytes.LastIndex(b[:bytes.Index(b, []byte("PK\x01\x02"))], []byte("PK\x03\x04"))
			copy(b[max(at, last)+31:], "\xff\xff\xff\xff")
			return b
		}), []string{"is damaged"}},
		{"lies about its size", liar, []string{"bin/app: is"}},
		{"too many entries", zipOf(manyEntries(101)...), []string{"102 entries, the limit is 100"}},
		{"directory of a million", zipOf(manyEntries(6_000)...), []string{"more entries than the limit"}},
		{"too many bytes", zipOf(Entry{Name: "big", Body: raw("0123456789abcdef", 300<<10)}), []string{"the limit is 4194304"}},
		{"bomb by ratio", zipOf(Entry{Name: "zero", Body: raw("\x00", 3<<20)}), []string{"times its size"}},
		{"overlapping bomb", overlapping, []string{"the limit is 4194304"}},
		{"declares 16 exabytes", zip64Bomb, []string{"the limit is 4194304"}},
		{"manifest with unknown key", zipOf(Entry{Name: "nexushub.toml", Body: "nonsense = 1\nnetwork = \"radio\"\n"}),
			[]string{"nexushub.toml:1: nonsense", "nexushub.toml:2: network"}},
		{"manifest that is no TOML", zipOf(Entry{Name: "nexushub.toml", Body: "= ="}), []string{"nexushub.toml:1"}},
		{"manifest runs what is not there", bare(Entry{Name: "nexushub.toml", Body: `exec = ["bin/other"]`}), []string{`"bin/other"`}},
	}
}
