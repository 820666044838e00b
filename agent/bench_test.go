package agent

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/agent/state"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units/fake"
)

// benchAgent is an agent with n applications on a host in memory, in real time.
func benchAgent(b *testing.B, n int, m manifest.Manifest) *Agent {
	b.Helper()
	dir := b.TempDir()
	store, err := state.Open(filepath.Join(dir, "state"))
	if err != nil {
		b.Fatal(err)
	}
	vault, err := secret.Open(filepath.Join(dir, "secrets"))
	if err != nil {
		b.Fatal(err)
	}
	c := config.Default()
	c.RunDir = dir
	for i := range n {
		c.Apps = append(c.Apps, config.App{
			InstanceID: fmt.Sprintf("%08d-1111-4111-8111-111111111111", i), AppID: "a",
			HostName: fmt.Sprintf("a%d.%s", i, c.Domain), Package: "/srv/a", Manifest: m,
		})
	}
	a, err := New(b.Context(), Options{
		Config: c, Units: fake.New(), Proxy: &fakeProxy{}, Releases: &fakeReleases{}, Journal: fixedJournal{},
		State: store, Vault: vault, BootID: "b", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	a.monitor.Ask = (&fakeHealth{}).ask
	return a
}

// BenchmarkColdStart is all of the agent's own work for the start of 500 applications.
func BenchmarkColdStart(b *testing.B) {
	for b.Loop() {
		a := benchAgent(b, 500, manifest.Manifest{})
		ctx, cancel := context.WithCancel(b.Context())
		go a.units.(*fake.Manager).Run(ctx)
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		<-a.Ready()
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReconcile is one look at 1,000 instances that are as they should be.
func BenchmarkReconcile(b *testing.B) { benchReconcile(b, manifest.Manifest{}) }

// BenchmarkReconcileProcesses is the same with three processes each.
func BenchmarkReconcileProcesses(b *testing.B) {
	benchReconcile(b, manifest.Manifest{Processes: map[string]manifest.Process{
		"clock": {Exec: []string{"bin/clock"}}, "worker": {Exec: []string{"bin/worker"}},
	}})
}

func benchReconcile(b *testing.B, m manifest.Manifest) {
	a := benchAgent(b, 1000, m)
	ctx, cancel := context.WithCancel(b.Context())
	go a.units.(*fake.Manager).Run(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	<-a.Ready()
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		a.reconcile(ctx)
	}
	b.StopTimer()
	cancel()
	<-done
}
