package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/api"
)

// maxSegments keeps the map of a file well below what readers of PAX headers take
// (1 MiB).
const maxSegments = 10_000

// segment is a part of a file that has content; what lies between is a hole.
type segment struct{ offset, length int64 }

func total(pieces []segment) (n int64) {
	for _, p := range pieces {
		n += p.length
	}
	return n
}

func dense(pieces []segment, size int64) bool { return total(pieces) == size }

func padding(n int64) int64 { return -n & 511 }

// segments finds what a file has content in. A file in too many pieces is taken with its
// smaller holes.
func segments(ctx context.Context, f *os.File, info fs.FileInfo) ([]segment, error) {
	size := info.Size()
	s, ok := info.Sys().(*syscall.Stat_t)
	if size == 0 || !ok || s.Blocks*512 >= size {
		return []segment{{0, size}}, nil
	}
	for gap := int64(0); ; gap = max(64<<10, gap*8) {
		pieces, whole, err := scan(ctx, f, size, gap, maxSegments)
		if err != nil || whole {
			return pieces, err
		}
	}
}

// scan lists the segments that are more than gap apart; whole is false when there are
// more than most.
func scan(ctx context.Context, f *os.File, size, gap int64, most int) (pieces []segment, whole bool, err error) {
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		begin, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) || begin >= size { // no content any more
			break
		}
		if err != nil {
			return nil, false, err
		}
		end, err := unix.Seek(int(f.Fd()), begin, unix.SEEK_HOLE)
		if err != nil && !errors.Is(err, unix.ENXIO) { // ENXIO: it was cut meanwhile
			return nil, false, err
		}
		if end = min(end, size); end <= begin {
			break
		}
		if at, pieces = end, join(pieces, segment{begin, end - begin}, gap); len(pieces) > most {
			return nil, false, nil
		}
	}
	return pieces, true, nil
}

func join(pieces []segment, next segment, gap int64) []segment {
	if n := len(pieces); n > 0 {
		last := &pieces[n-1]
		if next.offset-last.offset-last.length <= gap {
			last.length = next.offset + next.length - last.offset
			return pieces
		}
	}
	return append(pieces, next)
}

// sparseHeader is the header of a file with holes in the form of GNU tar, which
// archive/tar reads but does not write: an extended header with the map, and a plain one.
func sparseHeader(head *tar.Header, pieces []segment) []byte {
	if n := len(pieces); n == 0 || pieces[n-1].offset+pieces[n-1].length < head.Size {
		pieces = append(pieces[:n:n], segment{head.Size, 0}) // as GNU tar says where the file ends
	}
	var numbers []string
	for _, p := range pieces {
		numbers = append(numbers, strconv.FormatInt(p.offset, 10), strconv.FormatInt(p.length, 10))
	}
	var list []byte
	for _, r := range [][2]string{ // tar(1) wants to know how many before it reads the map
		{sparsePrefix + "size", strconv.FormatInt(head.Size, 10)}, {sparsePrefix + "numblocks", strconv.Itoa(len(pieces))},
		{sparsePrefix + "name", head.Name}, {sparsePrefix + "map", strings.Join(numbers, ",")},
		{"uid", strconv.Itoa(head.Uid)}, {"gid", strconv.Itoa(head.Gid)}, {"uname", head.Uname}, {"gname", head.Gname},
		{"size", strconv.FormatInt(total(pieces), 10)}, {"mtime", strconv.FormatInt(head.ModTime.Unix(), 10)},
	} {
		list = append(list, record(r[0], r[1])...)
	}
	out := block("PaxHeaders.0/sparse", tar.TypeXHeader, 0o644, int64(len(list)))
	out = append(out, list...)
	out = append(out, make([]byte, padding(int64(len(list))))...)
	return append(out, block("GNUSparseFile.0/sparse", tar.TypeReg, head.Mode, 0)...)
}

// record is one line of an extended header, which begins with its own length.
func record(key, value string) string {
	if value == "" {
		return ""
	}
	rest := " " + key + "=" + value + "\n"
	n := len(rest) + 1
	for len(strconv.Itoa(n))+len(rest) != n {
		n = len(strconv.Itoa(n)) + len(rest)
	}
	return strconv.Itoa(n) + rest
}

// block is a USTAR header; what does not fit is in the extended one.
func block(name string, kind byte, mode, size int64) []byte {
	b := make([]byte, 512)
	copy(b, name)
	for _, field := range []struct {
		at, width int
		value     int64
	}{{100, 8, mode}, {108, 8, 0}, {116, 8, 0}, {124, 12, size}, {136, 12, 0}} {
		copy(b[field.at:], fmt.Sprintf("%0*o\x00", field.width-1, field.value))
	}
	copy(b[148:], "        ")
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// parseMap reads the map that sparseHeader wrote. archive/tar has checked that it is in
// order and within the size.
func parseMap(list string) (pieces []segment, err error) {
	numbers := strings.Split(list, ",")
	for i := 0; i+1 < len(numbers); i += 2 {
		offset, err1 := strconv.ParseInt(numbers[i], 10, 64)
		length, err2 := strconv.ParseInt(numbers[i+1], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("sparse map: %w: %w", err, api.Invalid)
		}
		if length > 0 {
			pieces = append(pieces, segment{offset, length})
		}
	}
	return pieces, nil
}
