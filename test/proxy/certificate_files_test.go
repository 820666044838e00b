package proxy_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

//go:embed testdata/certificates.sh
var makeFiles string

// files: certificates as people have them, the good beside the bad, read at a start of the proxy.
// Every host whose pair is sound gets it; every other file has its sentence, which the agent's
// verify, run by root for the proxy's user, says as well as the proxy itself.
func files(t *testing.T, h *host) {
	h.Write(t, "/root/certificates.sh", makeFiles)
	h.Sh(t, "sh -eu /root/certificates.sh")
	h.Must(t, "systemctl", "restart", "nexushub-proxy")
	for _, name := range []string{"ecparams.example", "pkcs1.example", "ed25519.example", "crlf.example", "bom.example",
		"combined.example", "single.example", "a.wild.example", "upper.example", "UPPER.example", "xn--bcher-kva.example",
		"ipsan.example"} {
		if got := h.presented(t, name); got != "TestInt" {
			t.Errorf("%s gets a certificate of %q", name, got)
		}
	}
	for _, name := range []string{"order.example", "encrypted.example", "encpkcs1.example", "cnonly.example",
		"der.example", "perm.example", "lnk.example", "tmp.example", "b.a.wild.example"} {
		if got := h.presented(t, name); !strings.Contains(got, "NexusHub") {
			t.Errorf("%s gets a certificate of %q, want one of the local authority", name, got)
		}
	}
	said := map[string]string{
		"order.crt":     "must be the first and is number 2",
		"encrypted.crt": "openssl pkey -in", "encpkcs1.crt": "openssl pkey -in",
		"cnonly.crt": "clients ignore the common name (CN=cnonly.example)", "der.crt": "openssl x509 -inform der",
		"perm.crt":      "perm.crt (mode 0600); chgrp _nexushub-proxy",
		"lnk.crt":       "may not pass the folder /etc/letsencrypt/archive (mode 0700)",
		"tmp.crt":       "which is not there for the proxy (its /tmp is its own)",
		"fullchain.pem": "/lnk.example.crt", "privkey.pem": "/NAME.key",
	}
	h.proxySays(t, said)
	faults, _ := h.TrySh(t, "nexushub verify --json")
	var list []struct{ File, Problem string }
	if err := json.Unmarshal([]byte(faults), &list); err != nil {
		t.Fatalf("verify: %v: %s", err, faults)
	}
	same(t, "verify", said, func(yield func(file, problem string)) {
		for _, f := range list {
			yield(f.File, f.Problem)
		}
	})
	h.Must(t, "nexushub", "verify", "--skip-certificates")
	h.Must(t, "systemctl", "reload", "nexushubd") // is no business of the agent
	out := h.Sh(t, "nexushub status --system; systemctl show -P StatusText nexushub-proxy; "+
		"curl -sS --unix-socket /run/nexushub/proxy.sock http://proxy/metrics")
	for _, want := range []string{"cnonly.crt: names no host", "and 5 more problems with certificates",
		"serving, with 10 problems", "nexushub_tls_cert_faults 10"} {
		if !strings.Contains(out, want) {
			t.Errorf("missing: %s in\n%.3000s", want, out)
		}
	}
	h.Sh(t, "chgrp _nexushub-proxy /etc/nexushub/certs/perm.*; chmod 0640 /etc/nexushub/certs/perm.*")
	lab.Within(t, soon, "the pair that was closed is taken without a restart", func() error {
		if got := h.presented(t, "perm.example"); got != "TestInt" {
			return fmt.Errorf("a certificate of %q", got)
		}
		return nil
	})
	h.Sh(t, "ls -d /etc/nexushub/certs/* | grep -v /web | xargs rm")
	lab.Within(t, soon, "nothing is wrong any more", func() error {
		_, err := h.Try(t, "nexushub", "cert")
		return err
	})
}

// proxySays compares what `nexushub cert` says.
func (h *host) proxySays(t *testing.T, want map[string]string) {
	t.Helper()
	out, err := h.TrySh(t, "nexushub cert --json")
	if err == nil {
		t.Error("nexushub cert: exit code 0")
	}
	var list []api.Cert
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("cert: %v: %s", err, out)
	}
	same(t, "cert", want, func(yield func(file, problem string)) {
		for _, c := range list {
			if c.Error != "" {
				yield(c.Path, c.Error)
			}
		}
	})
}

// same compares sentences, by the name of the file.
func same(t *testing.T, who string, want map[string]string, each func(func(file, problem string))) {
	t.Helper()
	got := map[string]string{}
	each(func(file, problem string) { got[file[strings.LastIndexByte(file, '/')+1:]] = problem })
	for file, sentence := range want {
		if !strings.Contains(got[file], sentence) {
			t.Errorf("%s says of %s: %q, want %q", who, file, got[file], sentence)
		}
		delete(got, file)
	}
	if len(got) > 0 {
		t.Errorf("%s says more: %q", who, got)
	}
}
