package proxy_test

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

// developer: what is not protected comes from the server that a debug application
// names, here another application's page; the protected areas do not.
func developer(t *testing.T, h *host) {
	token := h.CreateToken(t, "developer")
	service := ""
	for _, r := range h.routes(t).Routes {
		if r.Instance == otherID {
			service = "http://" + r.Address + "/public"
		}
	}
	created := do(t, h.h1, "POST", "admin", "/debug/application",
		fmt.Sprintf(`{"appId":"dev","hostName":"dev.%s","staticServiceUrl":%q}`, domain, service),
		"Authorization", "Bearer "+token, "Content-Type", "application/json")
	var application struct{ ID string }
	if err := json.Unmarshal([]byte(created.body), &application); err != nil ||
		created.StatusCode != http.StatusCreated {
		t.Fatalf("%s %v: %s", created.Status, err, created.body)
	}
	h.upload(t, "/debug/application/"+application.ID, token)
	h.awaitReady(t, application.ID)
	for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
		e := do(t, c, "GET", "dev", "/src/main.ts?x=1", "").echo(t)
		if e.Label != "other" || e.URI != "/public/src/main.ts?x=1" ||
			e.Host != strings.TrimSuffix(strings.TrimPrefix(service, "http://"), "/public") {
			t.Errorf("%s: %+v", protocol, e)
		}
		if a := do(t, c, "GET", "dev", "/api/x", ""); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: /api: %s", protocol, a.Status)
		}
	}
}

// closedService: with a token that has a role, a developer's server is at a public address. The proxy
// looks where the name leads when it connects.
func closedService(t *testing.T, h *host) {
	h.Sh(t, "echo 127.0.0.1 leads.inside.example >>/etc/hosts")
	var issued struct{ Token string }
	out := h.Must(t, "nexushub", "token", "create", "--json", "closed", "--role", "developer", "--app", "closed")
	if err := json.Unmarshal([]byte(out), &issued); err != nil {
		t.Fatal(err)
	}
	address := ""
	for _, r := range h.routes(t).Routes {
		if r.Instance == otherID {
			address = r.Address
		}
	}
	create := func(service string) answer {
		return do(t, h.h1, "POST", "admin", "/debug/application",
			fmt.Sprintf(`{"appId":"closed","staticServiceUrl":%q}`, service),
			"Authorization", "Bearer "+issued.Token, "Content-Type", "application/json")
	}
	if a := create("http://" + address); a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "public address") {
		t.Errorf("the address of another application: %s %s", a.Status, a.body)
	}
	_, port, _ := strings.Cut(address, ":")
	a := create("http://leads.inside.example:" + port + "/public")
	var application struct{ ID string }
	if err := json.Unmarshal([]byte(a.body), &application); err != nil || a.StatusCode != http.StatusCreated {
		t.Fatalf("%s %v: %s", a.Status, err, a.body)
	}
	h.upload(t, "/debug/application/"+application.ID, issued.Token)
	h.awaitReady(t, application.ID)
	if a := do(t, h.h1, "GET", "closed.debug", "/x", ""); a.StatusCode != http.StatusBadGateway {
		t.Errorf("what a name leads to on this host: %s %s", a.Status, a.body)
	}
}

// upload installs a package that has one file, which the developer's server comes before.
func (h *host) upload(t *testing.T, application, token string) {
	t.Helper()
	var pkg, form bytes.Buffer
	z := zip.NewWriter(&pkg)
	file, err := z.Create("static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.Write([]byte("<h1>installed</h1>"))
	m := multipart.NewWriter(&form)
	err = errors.Join(err, z.Close(), m.WriteField("chunkIndex", "0"), m.WriteField("totalChunks", "1"),
		m.WriteField("fileHash", fmt.Sprintf("%x", md5.Sum(pkg.Bytes()))))
	chunk, err2 := m.CreateFormFile("chunk", "chunk")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	_, err = chunk.Write(pkg.Bytes())
	if err := errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	for _, call := range []struct{ path, body string }{{"/upload", form.String()}, {"/install", ""}} {
		if a := do(t, h.h1, "POST", "admin", application+call.path, call.body, "Authorization", "Bearer "+token,
			"Content-Type", m.FormDataContentType()); a.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", call.path, a.Status, a.body)
		}
	}
}
