package proxy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/need"
)

// TestACME: the installed proxy, in its sandbox and on the sockets of PID 1, gets
// certificates from a real authority, by each challenge, and keeps them over a restart.
func TestACME(t *testing.T) {
	pebble, err := need.Tool(t.Context(), need.Pebble)
	if err != nil {
		t.Fatal(err)
	}
	onSuitesAtOnce(t, web, func(t *testing.T, h *host) {
		h.MustCopyIn(t, pebble, "/opt/pebble")
		h.openPort80(t)
		for challenge, ports := range map[string][2]int{"http-01": {80, 1}, "tls-alpn-01": {1, 8443}} {
			name := strings.ReplaceAll(challenge, "-", "")
			h.authority(t, name, ports)
			h.deploy(t, application{name: name, id: fmt.Sprintf("aaaaaaaa-0000-4000-9000-%012d", ports[1]),
				config: "static_path = \"/usr/share/common-licenses\"\nacme = true\n"})
			h.awaitIssuer(t, name)
			h.Must(t, "systemctl", "restart", "nexushub-proxy")
			h.Must(t, "systemctl", "stop", "pebble-"+name)
			h.awaitIssuer(t, name)
		}
		h.certifyDeployed(t)
	})
}

// certifyDeployed: what is deployed needs only the email. A token gets names certified as far as
// the policy lets it, and what it has got stays.
func (h *host) certifyDeployed(t *testing.T) {
	t.Helper()
	h.Write(t, "/etc/nexushub/conf.d/share.toml",
		"proxy.acme.email = \"ops@example.org\"\npolicy.acme.names_each = 1\n")
	h.Sh(t, "echo 127.0.0.1 first."+domain+" second."+domain+" >>/etc/hosts") // Pebble remembers the file
	h.authority(t, "deployed", [2]int{80, 2})
	h.Sh(t, `mkdir -p /srv/page/static; echo hello >/srv/page/static/index.html
		systemctl restart nexushubd; nexushub deploy /srv/page --name deployed
		nexushub token create dev --role developer --app first --app second >/root/token
		cat /root/token | nexushub login admin.`+domain+port+` --ca `+lab.RootCA+` --token -
		export NEXUSHUB_HOST=admin.`+domain+port+`
		nexushub deploy /srv/page --name first; nexushub deploy /srv/page --name second`)
	h.awaitIssuer(t, "deployed")
	h.awaitIssuer(t, "first")
	h.Sh(t, "journalctl -u nexushubd | grep 'too many new names' | grep -q second."+domain)
	h.Sh(t, "nexushub status second | grep -q 'host: second.*too many new names.*policy.acme'; ! nexushub status first | grep 'too many'")
	h.Must(t, "systemctl", "restart", "nexushubd")
	h.awaitIssuer(t, "first")
	if got := h.presented(t, "second."+domain); strings.Contains(got, "Pebble") {
		t.Errorf("a second name of the token is certified by %s", got)
	}
	h.Sh(t, "nexushub cert | grep second."+domain+" | grep -q 'too many new names'")
}

func (h *host) awaitIssuer(t *testing.T, name string) {
	t.Helper()
	lab.Within(t, soon, "the authority has issued a certificate for "+name, func() error {
		if got := h.presented(t, name+"."+domain); !strings.Contains(got, "Pebble") {
			return fmt.Errorf("issued by %q, %s", got, h.Must(t, "nexushub", "cert"))
		}
		return nil
	})
}

// authority runs a Pebble that looks for challenges at the given ports, and makes it
// the proxy's. Names lead to the machine by its /etc/hosts.
func (h *host) authority(t *testing.T, name string, ports [2]int) {
	t.Helper()
	dir, address := "/etc/pebble-"+name+"/", fmt.Sprintf("localhost:%d", 14000+ports[0]) // accounts are kept by address
	crt, key := pair(t, "authority", "localhost")
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": address, "certificate": dir + "crt", "privateKey": dir + "key",
		"httpPort": ports[0], "tlsPort": ports[1],
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.Write(t, dir+"key", string(key))
	h.Write(t, dir+"crt", string(crt))
	h.Write(t, dir+"json", string(config))
	h.Write(t, "/etc/nexushub/conf.d/acme.toml",
		fmt.Sprintf("[proxy.acme]\ndirectory = \"https://%s/dir\"\nca_cert = %q\n", address, dir+"crt"))
	h.Sh(t, "echo 127.0.0.1 "+name+"."+domain+" >>/etc/hosts")
	h.Must(t, "systemd-run", "--unit=pebble-"+name, "-E", "PEBBLE_VA_NOSLEEP=1", "-E", "PEBBLE_WFE_NONCEREJECT=0",
		"/opt/pebble", "-config", dir+"json")
	h.Must(t, "systemctl", "restart", "nexushub-proxy")
}
