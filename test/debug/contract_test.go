package debug_test

import (
	_ "embed"
	"testing"
)

//go:embed contract.sh
var contractScript []byte

// The contract and nothing else: curl, through the proxy, for the three kinds of
// applications that people bring.
func TestContractByCurl(t *testing.T) {
	packages := map[string][]byte{"hello": hello(t), "site": site(t), "node": node(t)}
	onSuites(t, func(t *testing.T, h *host) {
		h.WriteMode(t, "/root/contract.sh", contractScript, 0o755)
		for name, data := range packages {
			h.WriteMode(t, "/root/"+name+".zip", data, 0o600)
		}
		for _, c := range [][5]string{ // package, host, path, answer, line in the log
			{"hello", "hello.debug", "/public/time", "Hello from hello.debug", "GET /public/time"},
			{"site", "site.debug.yesterday.localhost", "/", "<html", ""},
			{"node", "node.debug", "/public/visit", `"visits":`, `/public/visit`},
		} {
			t.Run(c[0], func(t *testing.T) {
				t.Log(h.Must(t, "/root/contract.sh", h.token, "/root/"+c[0]+".zip", c[1], c[2], c[3], c[4]))
			})
		}
	})
}
