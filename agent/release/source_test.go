package release

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/hostile"
)

// Whoever imports without building is told what is missing, and gets no release.
func TestSourceIsNoRelease(t *testing.T) {
	for want, entries := range map[string][]hostile.Entry{
		"npm ci": {{Name: "package.json", Body: `{"scripts":{"start":"node server.js"},"dependencies":{"express":"5"}}`},
			{Name: "package-lock.json", Body: "{}"}, {Name: "server.js"}},
		"only what is deployed is built: run make first": {{Name: "index.html"},
			{Name: ManifestName, Body: "static.folder = \".\"\nbuild.command = \"make\""}},
	} {
		s := openStore(t, testLimits())
		path := writeZip(t, hostile.Zip(t, entries...))
		if _, err := s.Import(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if left := leftovers(t, s); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		src, err := s.Source(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if b, ok := src.Build(); !ok || b.Output != "." {
			t.Errorf("%+v", b)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Source passes the checks of every package before anything of it is written.
func TestHostileSource(t *testing.T) {
	s := openStore(t, testLimits())
	path := writeZip(t, hostile.Zip(t, hostile.Entry{Name: "../x"},
		hostile.Entry{Name: ManifestName, Body: `build.command = "make"`}))
	if src, err := s.Source(t.Context(), path); err == nil {
		t.Errorf("%v is taken", src.Close())
	}
}

// The time of a file is nothing that decides what a build makes; its content, name and mode are.
func TestSumOfASource(t *testing.T) {
	s := openStore(t, testLimits())
	sum := func(entries ...hostile.Entry) string {
		entries = append(entries, hostile.Entry{Name: ManifestName, Body: `build.command = "make"`})
		src, err := s.Source(t.Context(), writeZip(t, hostile.Zip(t, entries...)))
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		b, _ := src.Build()
		text, err := src.Sum(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	a, b := hostile.Entry{Name: "a", Body: "1"}, hostile.Entry{Name: "b", Body: "2"}
	first := sum(a, b)
	if sum(b, a) != first {
		t.Error("the order in the zip makes another sum")
	}
	for _, other := range [][]hostile.Entry{
		{a}, {a, {Name: "b", Body: "3"}}, {a, {Name: "c", Body: "2"}}, {{Name: "ab", Body: "12"}},
	} {
		if sum(other...) == first {
			t.Errorf("%v has the same sum", other)
		}
	}
}

// What runs with the host's libraries does so still where nobody builds, in apps.d.
func TestAProcfileNeedsNoBuild(t *testing.T) {
	s := openStore(t, testLimits())
	path := writeZip(t, hostile.Zip(t, hostile.Entry{Name: "Procfile", Body: "web: gunicorn app:app\n"},
		hostile.Entry{Name: "requirements.txt", Body: "flask\n"}))
	if r, err := s.Import(t.Context(), path); err != nil || !r.Runs {
		t.Errorf("%+v, %v", r, err)
	}
	src, err := s.Source(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, ok := src.Build(); !ok {
		t.Error("it is not built where it is deployed")
	}
}
