package hostile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"
)

// overlapping builds a bomb of Fifield's kind: many central entries, one local body.
func overlapping(tb testing.TB) []byte {
	body := strings.Repeat("\x00", 1<<20)
	b := Zip(tb, Entry{Name: "a", Body: body})
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

const body = "#!/bin/sh\n# long enough to hold another entry, header and contents, within itself: ........................................................................................................................................................................................................\n"

// rawZip stores entries without compression, with sizes and checksum before the contents.
func rawZip(tb testing.TB, names ...string) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i, name := range names {
		text := body
		if len(names) == 1 && name == "b" || i > 0 {
			text = "b"
		}
		f, err := w.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(text)),
			CompressedSize64: uint64(len(text)), UncompressedSize64: uint64(len(text))})
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}
