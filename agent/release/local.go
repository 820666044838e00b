package release

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// localHeader is the length of what stands before an entry's name (APPNOTE 4.3.7).
const localHeader = 30

// span is where one entry lies in the zip: header and contents.
type span struct {
	name     string
	from, to int64
}

// checkHeaders compares what stands before each entry's contents with the directory at
// the end, and finds entries that share bytes. Other readers of the same zip go by the
// former, and what one unpacked would not be what another looked at.
func (a *archive) checkHeaders() {
	spans := make([]span, 0, len(a.files))
	for _, f := range a.files {
		s, err := a.checkHeader(f)
		if err != nil {
			a.faults.add(f.Name, "its place in the zip cannot be read: %v", err)
			continue
		}
		spans = append(spans, s)
	}
	slices.SortFunc(spans, func(x, y span) int { return cmp.Compare(x.from, y.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			a.faults.add(spans[i].name, "shares bytes of the zip with %s", printable(spans[i-1].name))
		}
	}
}

func (a *archive) checkHeader(f *zip.File) (span, error) {
	body, err := f.DataOffset() // reads the header, so that last is where it begins
	if err != nil {
		return span{}, err
	}
	s := span{f.Name, a.in.last, body + int64(min(f.CompressedSize64, uint64(a.zipSize)))}
	head := make([]byte, localHeader+len(f.Name))
	if _, err := a.in.ReadAt(head, s.from); err != nil {
		return s, err
	}
	if int(binary.LittleEndian.Uint16(head[26:])) != len(f.Name) || !bytes.Equal(head[localHeader:], []byte(f.Name)) {
		a.faults.add(f.Name, "has another name before its contents")
	}
	if binary.LittleEndian.Uint16(head[8:]) != f.Method || !sameSizes(head, f) {
		a.faults.add(f.Name, "has another size or compression before its contents")
	}
	extra := make([]byte, binary.LittleEndian.Uint16(head[28:]))
	if _, err := a.in.ReadAt(extra, s.from+int64(len(head))); err != nil {
		return s, err
	}
	a.checkExtra(f, f.Extra, false)
	a.checkExtra(f, extra, true)
	return s, nil
}

// sameSizes looks only at sizes that are there: with a data descriptor, or as 64-bit
// numbers, they are elsewhere.
func sameSizes(head []byte, f *zip.File) bool {
	const behind, elsewhere = 0x8, 0xffffffff
	packed, whole := binary.LittleEndian.Uint32(head[18:]), binary.LittleEndian.Uint32(head[22:])
	if (f.Flags|binary.LittleEndian.Uint16(head[6:]))&behind != 0 || packed == elsewhere || whole == elsewhere {
		return true
	}
	return uint64(packed) == f.CompressedSize64 && uint64(whole) == f.UncompressedSize64
}
