// Package listening says where the programs of a user listen, as the kernel tells everybody in
// /proc/net/tcp: nobody has to look into their processes for that.
package listening

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// tables are those of the caller's own network: IPv4 and IPv6. The kernel makes them, and nobody else can
// put a file there.
var tables = []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"}

// Of are the addresses at which programs of a user accept TCP connections, the lowest port first.
func Of(uid uint32) (list []netip.AddrPort, err error) {
	for _, path := range tables {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) { // a kernel without IPv6
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := parse(f, uid)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, found...)
	}
	slices.SortFunc(list, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(a.Port(), b.Port()), a.Compare(b))
	})
	return slices.Compact(list), nil
}

// The columns of a line, and the state that matters, see proc_net_tcp in the kernel's documentation.
const (
	local   = 1
	state   = 3
	owner   = 7
	columns = 8
	listens = "0A"
)

// parse reads a table. What is not of its form is an error: half an answer would be taken for a whole one.
func parse(r io.Reader, uid uint32) (list []netip.AddrPort, err error) {
	lines := bufio.NewScanner(r)
	lines.Scan() // the names of the columns
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < columns {
			return nil, fmt.Errorf("line %q has %d columns", lines.Text(), len(f))
		}
		if f[state] != listens || f[owner] != strconv.FormatUint(uint64(uid), 10) {
			continue
		}
		a, err := address(f[local])
		if err != nil {
			return nil, fmt.Errorf("address %q: %w", f[local], err)
		}
		list = append(list, a)
	}
	return list, lines.Err()
}

// address reads "0100007F:1F90": words of 32 bits as the processor has them, and the port.
func address(s string) (netip.AddrPort, error) {
	ip, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(ip)
	if err != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, errors.Join(err, errors.New("no address"))
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	a, ok := netip.AddrFromSlice(raw)
	if !ok {
		return netip.AddrPort{}, errors.New("no address")
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}
