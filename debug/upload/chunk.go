package upload

import (
	"fmt"
	"hash/crc32"
	"strings"
)

// elsewhere is the place of a chunk that lies in a file of its own.
const elsewhere = -1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chunk is one acknowledged piece.
type chunk struct {
	index  int
	length int64
	place  int64 // offset in the data file, or elsewhere
	crc    uint32
}

// line is the chunk in the journal, guarded by a CRC of its own against torn writes.
func (c chunk) line() string {
	text := fmt.Sprintf("chunk %d %d %d %08x", c.index, c.length, c.place, c.crc)
	return fmt.Sprintf("%s %08x\n", text, crc32.Checksum([]byte(text), castagnoli))
}

// parseLine is the reverse; ok is false for a torn or foreign line.
func parseLine(line string) (c chunk, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return c, false
	}
	var sum uint32
	if _, err := fmt.Sscanf(line[i+1:], "%08x", &sum); err != nil || sum != crc32.Checksum([]byte(line[:i]), castagnoli) {
		return c, false
	}
	_, err := fmt.Sscanf(line[:i], "chunk %d %d %d %08x", &c.index, &c.length, &c.place, &c.crc)
	return c, err == nil && c.index >= 0 && c.length >= 0
}
