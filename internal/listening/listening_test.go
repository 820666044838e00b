package listening

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestOfThisProcess(t *testing.T) {
	for _, where := range []string{"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"} {
		l, err := net.Listen("tcp", where)
		if err != nil {
			t.Fatal(err)
		}
		want := netip.MustParseAddrPort(l.Addr().String())
		listens := func(uid uint32) bool {
			list, err := Of(uid)
			if err != nil {
				t.Fatal(err)
			}
			// A socket for both families has one line.
			return slices.Contains(list, want) ||
				want.Addr().IsUnspecified() && slices.Contains(list, netip.AddrPortFrom(netip.IPv6Unspecified(), want.Port()))
		}
		if uid := uint32(os.Getuid()); !listens(uid) || listens(uid+1) {
			t.Errorf("%s: ours %t, of the next user %t", want, listens(uid), listens(uid+1))
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if listens(uint32(os.Getuid())) {
			t.Errorf("%s is closed and listens", want)
		}
	}
}

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func TestParse(t *testing.T) {
	table := head +
		"   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000 64000        0 4171 1 0 100 0 0 10 0\n" +
		"   1: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000 64001        0 4172 1 0 100 0 0 10 0\n" +
		"   2: 0100007F:0BB8 0100007F:C350 01 00000000:00000000 00:00000000 00000000 64000        0 4173 1 0 100 0 0 10 0\n" +
		"   3: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 64000 0 4174\n"
	list, err := parse(strings.NewReader(table), 64000)
	want := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:3000"), netip.MustParseAddrPort("127.0.0.1:80")}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%v, %v", list, err)
	}
}

func TestParseRefusesOtherForms(t *testing.T) {
	for _, line := range []string{
		"0: 0100007F:0BB8 0:0", "0: 01:0BB8 0:0 0A 0:0 0:0 0 7 0", "0: 0100007F:10000 0:0 0A 0:0 0:0 0 7 0",
		"0: 0100007F 0:0 0A 0:0 0:0 0 7 0", "0: x100007F:0BB8 0:0 0A 0:0 0:0 0 7 0", "0: :0BB8 0:0 0A 0:0 0:0 0 7 0",
	} {
		if list, err := parse(strings.NewReader(head+line+"\n"), 7); err == nil {
			t.Errorf("%s is read as %v", line, list)
		}
	}
}
