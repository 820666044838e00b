package programs_test

import (
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// withNPM runs npm of this host in the network of the machine, where the name of the registry leads to it.
const withNPM = `cd "$(mktemp -d)"
echo "127.0.0.1 $1" >hosts; mount --bind hosts /etc/hosts
echo "//$1:8443/:_authToken=$2" >npmrc; echo "$4" >root.crt
export NODE_EXTRA_CA_CERTS="$PWD/root.crt" npm_config_userconfig="$PWD/npmrc" npm_config_cache="$PWD/cache" \
    npm_config_registry="https://$1:8443/" npm_config_cafile="$PWD/root.crt" HOME="$PWD"
eval "$3"; cd /; rm -r "$OLDPWD"`

const publish = `mkdir word; echo '{"name": "word", "version": "1.0.0"}' >word/package.json
echo 'module.exports = "kept"' >word/index.js; npm publish ./word`

const install = `mkdir user; cd user; echo '{"name": "user"}' >package.json
npm install --no-audit --no-fund word; node -p 'require("word")'; cd ..`

func useVerdaccio(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/", "Verdaccio")
	account := a.ask(t, http.MethodPut, "/-/user/org.couchdb.user:ann",
		strings.NewReader(`{"name": "ann", "password": "of a test"}`), asJSON)
	token := decoded[struct{ Token string }](t, account).Token
	a.npm(t, token, publish)
	return keeps(t, func(t *testing.T) {
		if out := a.npm(t, token, install); !strings.Contains(out, "\nkept\n") {
			t.Errorf("what was installed says\n%s", out)
		}
	})
}

func (a app) npm(t *testing.T, token, script string) string {
	t.Helper()
	host := strings.TrimSuffix(strings.TrimPrefix(a.url, "https://"), ":8443")
	cmd := exec.CommandContext(t.Context(), "nsenter", "-t", strconv.Itoa(a.PID()), "-n", "--", "unshare", "--mount", "--",
		"sh", "-ec", withNPM, "npm", host, token, script, a.Must(t, "cat", "/var/lib/nexushub-proxy/ca/root.crt"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
