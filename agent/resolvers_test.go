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
		"nameserver ::ffff:10.0.0.1":                                                        "[10.0.0.1]",
	} {
		if got := fmt.Sprint(nameServers(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
