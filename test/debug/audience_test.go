package debug_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// spy is hello, started by a line of shell that can see what the application is given.
func spy(t testing.TB, line string, more ...string) []byte {
	t.Helper()
	from := hello(t)
	r, err := zip.NewReader(bytes.NewReader(from), int64(len(from)))
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range r.File {
		if f.Name != "nexushub.toml" {
			err = w.Copy(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.Create("nexushub.toml")
	if err == nil {
		_, err = io.WriteString(f, `exec = ["/bin/sh", "-c", '''`+line+`''']`+"\n"+strings.Join(more, "\n"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const tell = `(env; cat $CREDENTIALS_DIRECTORY/* 2>/dev/null) >$STATE_DIRECTORY/seen.new; mv $STATE_DIRECTORY/seen.new $STATE_DIRECTORY/seen; exec bin/app`

// lurk looks into every process of its user, for as long as it runs.
const lurk = `(while sleep 0.05; do for p in /proc/[0-9]*; do cat $p/environ $p/root/run/credentials/*/* 2>/dev/null | grep -ao c4n4ry >>$STATE_DIRECTORY/stolen; done; done) & exec bin/app`

func (h *host) seen(t *testing.T, id string) string {
	t.Helper()
	return h.Must(t, "cat", "/var/lib/private/nexushub-apps/"+id+"/seen")
}

func (h *host) wantSeen(t *testing.T, id string, want int) {
	t.Helper()
	if got := strings.Count(h.seen(t, id), "c4n4ry"); got != want {
		t.Errorf("the application sees %d secrets, want %d", got, want)
	}
}

// refused wants a call to fail with the name of a secret, and without its value.
func (h *host) refused(t *testing.T, path, body string) {
	t.Helper()
	answer := string(h.must(t, 403, http.MethodPost, path, body))
	if !strings.Contains(answer, "PASSWORD") || !strings.Contains(answer, "nexushub secret set") ||
		strings.Contains(answer, "c4n4ry") {
		t.Errorf("refused with %s", answer)
	}
}

func (h *host) otherToken(t *testing.T, name string) *host {
	t.Helper()
	return &host{h.Host, h.CreateToken(t, name)}
}

func (h *host) deployAsRoot(t *testing.T, name string, data []byte) (id string) {
	t.Helper()
	h.WriteMode(t, "/tmp/"+name+".zip", data, 0o644)
	h.Must(t, "nexushub", "deploy", "--temporary", "/tmp/"+name+".zip", "--name", name)
	return strings.TrimSpace(h.Sh(t, `nexushub status --json `+
		name+` | grep -o '"id": *"[^"]*"' | head -n 1 | cut -d'"' -f4`))
}

func (h *host) setSecrets(t *testing.T, app string, flags string) {
	t.Helper()
	h.Sh(t, "printf c4n4ry | nexushub secret set "+flags+" "+app+" PASSWORD")
	h.Sh(t, "printf c4n4ry | nexushub secret set "+flags+" --credential "+app+" key")
	h.Must(t, "nexushub", "restart", app)
}

// Somebody who may install into an application does not get the secrets that root has set for it, unless root shares
// them.
func TestSecretsHaveAnAudience(t *testing.T) {
	mine, evil := spy(t, tell), newFile(spy(t, "true; "+tell), 2<<20)
	onSuites(t, func(t *testing.T, h *host) {
		id := h.deployAsRoot(t, "shop", mine)
		h.setSecrets(t, "shop", "")
		h.wantSeen(t, id, 2)
		release := h.status(t, id).Metadata.Release

		other := h.otherToken(t, "other")
		for _, dev := range []*host{h, other} {
			dev.upload(t, id, evil)
			dev.refused(t, "/"+id+"/install", "")
			dev.refused(t, "", `{"appId":"shop"}`)
			dev.refused(t, "", `{"appId":"shop","hostName":"elsewhere.debug"}`)
		}
		h.Must(t, "systemctl", "restart", "nexushubd")
		h.refused(t, "/"+id+"/install", "")
		if now := h.status(t, id).Metadata.Release; now != release {
			t.Errorf("release %s runs, it was %s", now, release)
		}
		h.serves(t, "shop.debug.yesterday.localhost")

		h.Must(t, "nexushub", "secret", "set", "--keep-value", "--for", "test", "shop", "PASSWORD")
		h.refusedFor(t, id, "key")
		h.Must(t, "nexushub", "secret", "set", "--keep-value", "--for", "test", "shop", "key")
		h.must(t, 200, http.MethodPost, "/"+id+"/install", "")
		h.wantSeen(t, id, 2)
		if now := h.status(t, id).Metadata.Release; now == release {
			t.Errorf("release %s still runs", now)
		}
		other.refused(t, "/"+id+"/install", "")

		h.Sh(t, "useradd -G nexushub member && runuser -u member -- nexushub deploy --temporary /tmp/shop.zip --name shop")
		h.wantSeen(t, id, 2)
		h.Must(t, "nexushub", "secret", "set", "--keep-value", "--for", "root", "shop", "key")
		h.Must(t, "nexushub", "restart", "shop")
		h.wantSeen(t, id, 1)
		list := h.Must(t, "nexushub", "secret", "list", "shop")
		if !strings.Contains(list, "root") || !strings.Contains(list, "test") || strings.Contains(list, "c4n4ry") {
			t.Errorf("secret list:\n%s", list)
		}
	})
}

func (h *host) refusedFor(t *testing.T, id, name string) {
	t.Helper()
	answer := string(h.must(t, 403, http.MethodPost, "/"+id+"/install", ""))
	if !strings.Contains(answer, "secret "+name) {
		t.Errorf("refused with %s", answer)
	}
}

// All revisions of an application run as one user. One that must not have a secret has ended
// before another that has it starts, so it cannot read it there. Guests have no user
// namespace of their own that would keep it out.
func TestNoSecretIsReadFromTheNextRevision(t *testing.T) {
	const guest = `network = "guest"`
	evil, mine := newFile(spy(t, lurk, guest), 2<<20), spy(t, tell, guest)
	onSuites(t, func(t *testing.T, h *host) {
		id := h.install(t, "shop", evil)
		h.setSecrets(t, "shop", "")
		if got := h.deployAsRoot(t, "shop", mine); got != id {
			t.Fatalf("another application: %s", got)
		}
		h.wantSeen(t, id, 2)
		if stolen := h.Sh(t, "cat /var/lib/private/nexushub-apps/"+id+"/stolen 2>/dev/null || true"); stolen != "" {
			t.Errorf("the revision before has read the secret %d times", strings.Count(stolen, "c4n4ry"))
		}
		h.rollbackVouchesForNothing(t, "shop", id)
	})
}

// rollbackVouchesForNothing: the previous release is a developer's. Even root's rollback to it is refused while it
// would lose a secret, and it gets the secrets once root has shared them.
func (h *host) rollbackVouchesForNothing(t *testing.T, app, id string) {
	t.Helper()
	before := h.status(t, id).Metadata
	out, err := h.Try(t, "nexushub", "rollback", app)
	if err == nil || !strings.Contains(err.Error(), "secret PASSWORD") || strings.Contains(err.Error(), "c4n4ry") {
		t.Errorf("rolled back: %s (%v)", out, err)
	}
	if after := h.status(t, id).Metadata; after.Unit != before.Unit || after.Release != before.Release {
		t.Errorf("%s of release %s runs, it was %s of %s", after.Unit, after.Release, before.Unit, before.Release)
	}
	for _, secret := range []string{"PASSWORD", "key"} {
		h.Must(t, "nexushub", "secret", "set", "--keep-value", "--for", "test", app, secret)
	}
	h.Must(t, "nexushub", "rollback", app)
	if after := h.status(t, id).Metadata; after.Release == before.Release {
		t.Errorf("release %s still runs", after.Release)
	}
	lab.Eventually(t, "the developer's release has the secrets that were shared", func() error {
		stolen := h.Sh(t, "cat /var/lib/private/nexushub-apps/"+id+"/stolen 2>/dev/null || true")
		return lab.Unless(stolen != "", "it has seen none")
	})
}
