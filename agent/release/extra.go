package release

import (
	"archive/zip"
	"encoding/binary"
	"iter"
)

// Extra fields by which other readers learn something else of an entry than the
// directory says (APPNOTE 4.5, Info-ZIP's extrafld.txt).
const (
	extraZip64       = 0x0001 // its sizes
	extraPKUnix      = 0x000d // what its link leads to
	extraASiUnix     = 0x756e // its mode, and what its link leads to
	extraUnicodePath = 0x7075 // its name
)

// extraFields are the parts of an extra field. What is cut short is left out, as by
// other readers.
func extraFields(extra []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(extra) >= 4 {
			id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
			if extra = extra[4:]; n > len(extra) || !yield(id, extra[:n]) {
				return
			}
			extra = extra[n:]
		}
	}
}

// checkExtra refuses what says something else than the directory, there or before the
// contents.
func (a *archive) checkExtra(f *zip.File, extra []byte, local bool) {
	for id, data := range extraFields(extra) {
		switch id {
		case extraUnicodePath:
			if len(data) < 5 || string(data[5:]) != f.Name { // version and checksum come first
				a.faults.add(f.Name, "has another name in an extra field")
			}
		case extraPKUnix, extraASiUnix:
			a.faults.add(f.Name, "has an extra field %#04x, which may make it another file or link", id)
		case extraZip64:
			if local && !sameZip64(data, f) {
				a.faults.add(f.Name, "has another size in an extra field before its contents")
			}
		}
	}
}

// sameZip64 looks at the sizes before the contents, which are both there or both zero,
// where they follow.
func sameZip64(data []byte, f *zip.File) bool {
	if len(data) < 16 {
		return len(data) == 0
	}
	whole, packed := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
	return whole == f.UncompressedSize64 && packed == f.CompressedSize64 || whole == 0 && packed == 0
}
