package hostile

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// badShapes are zips that another reader would read differently, and packages whose
// files are not what their names promise.
func badShapes() []Archive {
	const manifest = "nexushub.toml"
	folder := fs.ModeDir | 0o755
	return []Archive{
		{"manifest is a link", zipOf(Entry{Name: "m", Body: "network = 1"}, Link(manifest, "m")), []string{"nexushub.toml: must be a file"}},
		{"manifest is a link to nothing", zipOf(Link(manifest, "m")), []string{"nexushub.toml: must be a file"}},
		{"manifest is a folder", zipOf(Entry{Name: manifest + "/", Mode: folder}), []string{"nexushub.toml: must be a file"}},
		{"manifest is an implied folder", zipOf(Entry{Name: manifest + "/x"}), []string{"nexushub.toml: must be a file"}},
		{"manifest is a device", zipOf(Entry{Name: manifest, Mode: fs.ModeDevice | 0o600}), []string{"nexushub.toml: is a device"}},
		{"manifest is a pipe", zipOf(Entry{Name: manifest, Mode: fs.ModeNamedPipe | 0o600}), []string{"nexushub.toml: is a device"}},
		{"manifest is huge", zipOf(Entry{Name: manifest, Body: padding(1<<20 + 1)}), []string{"nexushub.toml: is larger than 1048576 bytes"}},
		{"manifest of endless keys", zipOf(Entry{Name: manifest, Body: "a" + raw(".a", 1<<18) + " = 1"}), []string{"more than 16 parts"}},
		{"manifest that is not UTF-8", zipOf(Entry{Name: manifest, Body: "network = \"\xff\""}), []string{"nexushub.toml:1"}},
		{"static is a file", zipOf(Entry{Name: "static"}), []string{"static: must be a folder"}},
		{"static is a link to a file", zipOf(Link("static", "bin/app")), []string{"static: must be a folder"}},
		{"static is a link out", zipOf(Link("static", "/etc")), []string{"static: link leads out", "static: must be a folder"}},
		{"bin is a file", bare(Entry{Name: "bin"}), []string{"neither bin/app"}},
		{"bin is a link", bare(Link("bin", "b"), Entry{Name: "b/app"}), []string{"neither bin/app"}},
		{"bin/app is a link to a folder", bare(Link("bin/app", "../b"), Entry{Name: "b/app"}), []string{"bin/app: must be a file", "neither bin/app"}},
		{"bin/app is a link to nothing", bare(Link("bin/app", "none")), []string{"bin/app: must be a file", "neither bin/app"}},
		{"bin/app is a pipe", bare(Entry{Name: "bin/app", Mode: fs.ModeNamedPipe | 0o600}), []string{"bin/app: is a device"}},
		{"manifest runs a folder", bare(Entry{Name: manifest, Body: `exec = ["b"]`}, Entry{Name: "b/x"}), []string{`"b"`}},
		{"only a comment", func(testing.TB) []byte { return append(end(5), "hello"...) }, []string{"neither bin/app"}},
		{"claims entries that are not there", patched(zipOf(), func(b []byte) []byte { return count(b, 2) }), []string{"not a readable zip"}},
		{"hides entries from the count", patched(zipOf(Entry{Name: "x"}), func(b []byte) []byte { return count(b, 1) }), []string{"not a readable zip"}},
		{"another name before the contents", patched(zipOf(Entry{Name: "static/AAAA"}), func(b []byte) []byte {
			return bytes.Replace(b, []byte("static/AAAA"), []byte("../../AAAAA"), 1)
		}), []string{"static/AAAA: has another name"}},
		{"another size before the contents", patched(stored, func(b []byte) []byte { return set32(b, 22, 7) }), []string{"bin/app: has another size"}},
		{"another compression before the contents", patched(stored, func(b []byte) []byte { b[8] = 8; return b }), []string{"bin/app: has another size or compression"}},
		{"another name in an extra field", zipOf(withExtra(0x7075, "\x01\x00\x00\x00\x00../../etc/evil")), []string{"static/extra: has another name in an extra field"}},
		{"a name that is cut in an extra field", zipOf(withExtra(0x7075, "\x01")), []string{"static/extra: has another name in an extra field"}},
		{"a link in an extra field", zipOf(withExtra(0x756e, "\x00\x00\x00\x00\xff\xa1\x04\x00\x00\x00\x00\x00\x00\x00/etc")), []string{"static/extra: has an extra field 0x756e"}},
		{"another link in an extra field", zipOf(withExtra(0x000d, raw("\x00", 12)+"/etc")), []string{"static/extra: has an extra field 0x000d"}},
		{"another size in an extra field", zipOf(withExtra(0x0001, raw("\x07", 16))), []string{"static/extra: has another size in an extra field"}},
		{"another name in an extra field before the contents", patched(zipOf(withExtra(0x7075, "\x01\x00\x00\x00\x07static/extra")), func(b []byte) []byte {
			return bytes.Replace(b, []byte("\x07static/extra"), []byte("\x07../../../etc"), 1)
		}), []string{"static/extra: has another name in an extra field"}},
		{"two entries share bytes", overlappingPair, []string{"b: shares bytes of the zip with a"}},
		{"damaged data descriptor", patched(zipOf(), func(b []byte) []byte {
			b[bytes.Index(b, []byte("PK\x07\x08"))+4]++
			return b
		}), []string{"bin/app: is damaged"}},
		{"contents before the beginning", patched(zipOf(), func(b []byte) []byte {
			return set32(b, bytes.Index(b, []byte("PK\x01\x02"))+42, 1<<31)
		}), []string{"bin/app"}},
		{"a directory that begins behind the end", patched(zipOf(), func(b []byte) []byte {
			return set32(b, len(b)-6, 1<<31-2)
		}), []string{"bin/app: its place in the zip cannot be read: zip: not a valid zip file"}},
		{"folders that paths imply", zipOf(impliedFolders(20, 50)...), []string{"than the limit of 100 (package.max_entries)"}},
		{"deep path", zipOf(Entry{Name: raw("d/", 100) + "x"}), []string{"more than 100 parts (package.max_depth)"}},
		{"long comments", zipOf(commented(50)...), []string{"the list of entries is larger"}},
	}
}

// withExtra is a file with an extra field.
func withExtra(id uint16, data string) Entry {
	extra := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, id), uint16(len(data)))
	return Entry{Name: "static/extra", Body: "x", Header: func(h *zip.FileHeader) { h.Extra = append(extra, data...) }}
}

// padding is comments that do not compress by much.
func padding(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "# %x\n", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	return b.String()
}

// impliedFolders is few entries that make many folders.
func impliedFolders(n, depth int) []Entry {
	all := make([]Entry, n)
	for i := range all {
		all[i] = Entry{Name: fmt.Sprintf("%d/", i) + raw("d/", depth) + "x"}
	}
	return all
}

func commented(n int) []Entry {
	all := manyEntries(n)
	for i := range all {
		all[i].Header = func(h *zip.FileHeader) { h.Comment = raw("c", 65_000) }
	}
	return all
}

// end is the end of a zip without entries.
func end(comment uint16) []byte {
	return binary.LittleEndian.AppendUint16(append([]byte("PK\x05\x06"), make([]byte, 16)...), comment)
}

// count changes the number of entries that the zip claims.
func count(b []byte, n uint16) []byte {
	at := bytes.LastIndex(b, []byte("PK\x05\x06"))
	binary.LittleEndian.PutUint16(b[at+8:], n)
	binary.LittleEndian.PutUint16(b[at+10:], n)
	return b
}

func set32(b []byte, at int, n uint32) []byte {
	binary.LittleEndian.PutUint32(b[at:], n)
	return b
}

// stored is a package with its sizes before the contents, as few writers leave them.
func stored(tb testing.TB) []byte { return rawZip(tb, "bin/app") }

// overlappingPair is two entries, of which the second begins within the first.
func overlappingPair(tb testing.TB) []byte {
	inner := rawZip(tb, "b")
	inner = inner[:bytes.Index(inner, []byte("PK\x01\x02"))]
	b := rawZip(tb, "a", "b")
	at := bytes.Index(b, []byte("PK\x03\x04")) + 31
	copy(b[at+len(body)-len(inner):], inner) // into the contents of a
	last := bytes.LastIndex(b, []byte("PK\x01\x02"))
	return set32(b, last+42, uint32(at+len(body)-len(inner)))
}
