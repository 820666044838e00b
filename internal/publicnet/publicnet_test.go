package publicnet

import (
	"net/netip"
	"testing"
)

// What PID 1 makes of the list is tested in package units, address by address.
func TestHas(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "2a00:1450::1": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true,
		"127.0.0.1": false, "::1": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "64:ff9b::a9fe:a9fe": false,
		"fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "::10.0.0.1": false, "2002:a00:1::1": false,
	} {
		if got := Has(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is public: %v", addr, got)
		}
	}
	if Has(netip.Addr{}) {
		t.Error("no address at all is public")
	}
}
