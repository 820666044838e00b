package release

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/hostile"
)

func TestImportRefusesHostileArchives(t *testing.T) {
	for _, h := range hostile.Archives() {
		t.Run(h.Name, func(t *testing.T) {
			s := openStore(t, testLimits())
			_, err := s.Import(t.Context(), writeZip(t, h.Make(t)))
			var invalid *InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want an InvalidError", err)
			}
			for _, want := range h.Wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
			if left := leftovers(t, s); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestImportListsEveryProblem(t *testing.T) {
	s := openStore(t, testLimits())
	data := hostile.Zip(t,
		hostile.Entry{Name: "../a"}, hostile.Entry{Name: "x"}, hostile.Entry{Name: "X"}, hostile.Link("l", "/etc"),
		hostile.Entry{Name: "dev", Mode: fs.ModeDevice | 0o600},
		hostile.Entry{Name: "s", Body: "storedtext", Header: func(h *zip.FileHeader) { h.Method = zip.Store }},
		hostile.Entry{Name: ManifestName, Body: "bad = 1"},
	)
	_, err := s.Import(t.Context(), writeZip(t, bytes.ReplaceAll(data, []byte("storedtext"), []byte("stOredtext"))))
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	for _, want := range []string{"path contains a \"..\" part", "upper and lower case", "leads out", "device", "damaged",
		"bad", "neither bin/app"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %q", want, err)
		}
	}
}

func TestAnUnknownCompressionIsNamedOnce(t *testing.T) {
	stored := func(h *zip.FileHeader) { h.Method = zip.Store }
	data := hostile.Zip(t, hostile.Entry{Name: "bin/app", Body: "bin", Header: stored})
	data[bytes.Index(data, []byte("PK\x03\x04"))+8] = 12  // the method, as the entry says it
	data[bytes.Index(data, []byte("PK\x01\x02"))+10] = 12 // and the directory
	_, err := openStore(t, testLimits()).Import(t.Context(), writeZip(t, data))
	var invalid *InvalidError
	if !errors.As(err, &invalid) || len(invalid.Faults) != 1 || !strings.Contains(err.Error(), "compression method 12") {
		t.Errorf("got %v", err)
	}
}

func TestInvalidErrorBoundsItsList(t *testing.T) {
	var e InvalidError
	for range 500 {
		e.add("n", "bad")
	}
	if len(e.Faults) != maxFaults || e.More != 400 || !strings.HasSuffix(e.Error(), "and 400 more") {
		t.Errorf("got %d faults, %d more", len(e.Faults), e.More)
	}
}
