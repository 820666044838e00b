package vm

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

const (
	hello = "https://hello.yesterday.localhost:8443/public/time"
	unit  = "$(systemctl list-units --plain --no-legend 'nexushub-app-hello-*' | cut -d' ' -f1)"
	app   = `instance_id = "7d9dd7f6-6d3f-4b64-9a27-0f0c9b4f7c53"
host_name = "hello.yesterday.localhost"
package = "/srv/hello"
`
)

// The package on a machine of its own: cgroup v2, a boot, a power cut.
func TestPackageServesOverRebootAndPowerCut(t *testing.T) {
	deb := lab.MustDeb(t)
	v := Boot(t, lab.Bookworm)
	if got := v.Must(t, "stat", "-fc", "%T", "/sys/fs/cgroup"); got != "cgroup2fs" {
		t.Errorf("cgroups are %s", got)
	}
	first := v.Must(t, "cat", "/proc/sys/kernel/random/boot_id")
	v.MustInstall(t, deb)
	if err := v.CopyIn(t.Context(), filepath.Join(lab.Dist(), "examples/hello"), "/srv/hello"); err != nil {
		t.Fatal(err)
	}
	if err := v.WriteFile(t.Context(), "/etc/nexushub/apps.d/hello.toml", []byte(app), 0o644); err != nil {
		t.Fatal(err)
	}
	v.Must(t, "systemctl", "reload", "nexushubd")
	v.serves(t)
	limits := v.Must(t, "sh", "-c", "d=/sys/fs/cgroup$(systemctl show -p ControlGroup --value "+
		unit+"); cat $d/memory.max $d/pids.max")
	if limits != fmt.Sprintf("%d\n%d", 64<<20, 32) {
		t.Errorf("limits in force: %q", limits)
	}
	v.jvmSeesItsLimits(t)

	if err := v.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.serves(t)

	v.Must(t, "sync")
	uploads := v.beginUploads(t) // what is acknowledged now needs no sync
	if err := v.PowerCut(); err != nil {
		t.Fatal(err)
	}
	if err := v.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.serves(t)
	if again := v.Must(t, "cat", "/proc/sys/kernel/random/boot_id"); again == first {
		t.Error("it did not boot again")
	}
	if failed := v.Must(t, "systemctl", "--failed", "--no-legend", "--plain"); failed != "" {
		t.Errorf("failed units after the power cut:\n%s", failed)
	}
	uploads.resume(t)
}

// jvmSeesItsLimits: in the sandbox the JVM finds the limits of its control group, where there is only cgroup v2.
func (v *VM) jvmSeesItsLimits(t *testing.T) {
	t.Helper()
	jvm := strings.NewReplacer("7c53", "7c54", "hello.y", "jvm.y").Replace(app) +
		"[limits]\nmemory = \"600M\"\ncpu = 100\n[sandbox]\nwritable_code = true\n"
	if err := v.WriteFile(t.Context(), "/etc/nexushub/apps.d/jvm.toml", []byte(jvm), 0o644); err != nil {
		t.Fatal(err)
	}
	v.Must(t, "systemctl", "reload", "nexushubd")
	settings := v.Must(t, "sh", "-c", "nexushub exec jvm -- java -XshowSettings -version 2>&1")
	for _, want := range []string{"Provider: cgroupv2", "Effective CPU Count: 1\n", "Memory Limit: 600.00M",
		"Max. Heap Size (Estimated): 1"} { // a quarter of it, and not of the machine
		if !strings.Contains(settings, want) {
			t.Errorf("the JVM does not say %q:\n%s", want, settings)
		}
	}
}

// serves waits for the page as the host sees it.
func (v *VM) serves(t *testing.T) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(v.Must(t, "journalctl", "--no-pager", "-b", "-n", "60", "-u", "nexushubd", "-u", "nexushub-proxy",
				"-u", "nexushub-app-*"))
		}
	}()
	client := v.trustingClient(t)
	lab.Within(t, 2*time.Minute, hello+" is served", func() error { return page(t.Context(), client) })
}

// trustingClient trusts the machine's own certificate authority.
func (v *VM) trustingClient(t *testing.T) *http.Client {
	t.Helper()
	var ca string
	lab.Within(t, 2*time.Minute, "the proxy has an authority", func() error {
		ca = v.Must(t, "sh", "-c", "cat "+lab.RootCA+" || true")
		return lab.Unless(ca != "", "%s is empty", lab.RootCA)
	})
	client, err := v.HTTPClient([]byte(ca))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func page(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, hello, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !strings.HasPrefix(string(body), "Hello from hello.yesterday.localhost") {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return err
}
