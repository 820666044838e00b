package agent

import (
	"fmt"
	"testing"
)

func TestNameServers(t *testing.T) {
	for text, want := range map[string]string{
		"# made by\nsearch example.org\nnameserver 192.168.1.1\nnameserver  fe80::1%eth0\n": "[192.168.1.1 fe80::1]",
		"nameserver 127.0.0.53\noptions edns0\n":                                            "[127.0.0.53]",
		"nameserver\nnameserver x\nNAMESERVER 1.1.1.1\n":                                    "[]",
		"nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4\n":  "[1.1.1.1 1.1.1.2 1.1.1.3]",
		// Who may ask for names must not get the keys of the machine, however they are written.
		"nameserver 169.254.169.254\nnameserver ::ffff:168.63.129.16\nnameserver fd20:ce::254%eth0\n": "[]",
		"nameserver 169.254.169.253\nnameserver fd00:ec2::253\n":                                      "[169.254.169.253 fd00:ec2::253]",
		"nameserver ::ffff:10.0.0.1": "[10.0.0.1]",
	} {
		open, _ := NameServers(text)
		if got := fmt.Sprint(open); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
