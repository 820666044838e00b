package release

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/hostile"
)

const developer = 12345

// owned makes a folder of a developer with an application in it.
func owned(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	err := errors.Join(os.MkdirAll(filepath.Join(dir, "bin"), 0o755), os.Mkdir(filepath.Join(dir, "static"), 0o755),
		os.WriteFile(filepath.Join(dir, "bin/app"), []byte("#!/bin/sh\n"), 0o755), os.Lchown(dir, developer, developer))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func turn(t *testing.T, target, name string) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(name), os.Symlink(target, name),
		os.Lchown(name, developer, developer)); err != nil {
		t.Fatal(err)
	}
}

func TestDevelopersLinksDoNotLeadOut(t *testing.T) {
	s := openStore(t, testLimits())
	private := t.TempDir()
	if err := os.WriteFile(filepath.Join(private, ManifestName), []byte("private = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := owned(t)
	turn(t, private, filepath.Join(dir, "static"))
	if r, err := s.Resolve(t.Context(), dir); err != nil || r.Static || !r.Runs {
		t.Errorf("static/ that leads out: %+v, %v", r, err)
	}
	for _, target := range []string{filepath.Join(private, ManifestName),
		"../../../../../../../../" + filepath.Join(private, ManifestName)} {
		turn(t, target, filepath.Join(dir, ManifestName))
		if _, err := s.Resolve(t.Context(), dir); !errors.Is(err, beneath.ErrLink) ||
			strings.Contains(err.Error(), "private = ") {
			t.Errorf("a manifest that leads out: %v", err)
		}
	}
	turn(t, private, dir)
	if _, err := s.Resolve(t.Context(), dir); !errors.Is(err, beneath.ErrLink) {
		t.Errorf("the folder itself leads elsewhere: %v", err)
	}
	if _, err := RealFolder(dir); !errors.Is(err, beneath.ErrLink) {
		t.Errorf("a folder of files leads elsewhere: %v", err)
	}
}

func TestLinksOfOnesOwnAreFollowed(t *testing.T) {
	s := openStore(t, testLimits())
	dir := owned(t)
	turn(t, "bin", filepath.Join(dir, "static"))
	turn(t, dir, dir+"-current")
	r, err := s.Resolve(t.Context(), dir+"-current")
	if err != nil || r.Dir != dir+"-current" || !r.Static || r.StaticDir != filepath.Join(dir, "bin") {
		t.Errorf("%+v, %v", r, err)
	}
	if real, err := RealFolder(dir + "-current"); err != nil || real != dir {
		t.Errorf("RealFolder = %s, %v", real, err)
	}
	if real, err := RealFolder(dir + "-not-yet"); err != nil || real != dir+"-not-yet" {
		t.Errorf("RealFolder = %s, %v", real, err)
	}
}

func TestAFolderCannotKeepTheAgentWaiting(t *testing.T) {
	s := openStore(t, testLimits())
	dir := owned(t)
	if err := unix.Mkfifo(filepath.Join(dir, ManifestName), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), dir); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a FIFO for a manifest: %v", err)
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, ManifestName)),
		os.WriteFile(filepath.Join(dir, ManifestName), nil, 0o644), os.Truncate(filepath.Join(dir, ManifestName),
			1<<40)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), dir); !errors.Is(err, beneath.ErrTooMuch) {
		t.Errorf("a terabyte of manifest: %v", err)
	}
	zip := filepath.Join(dir, "package.zip")
	if err := errors.Join(unix.Mkfifo(zip, 0o666)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), zip); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a FIFO for a package: %v", err)
	}
	if err := errors.Join(os.Remove(zip), os.WriteFile(zip, nil, 0o644), os.Truncate(zip, 1<<40)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), zip); !errors.Is(err, beneath.ErrTooMuch) {
		t.Errorf("a terabyte of package: %v", err)
	}
}

// The zip is written to while it is imported: what lies under a hash has that hash.
func TestAZipIsImportedFromACopy(t *testing.T) {
	s := openStore(t, testLimits())
	path := writeZip(t, hostile.Zip(t, hostile.App))
	f, info, err := beneath.Named(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	own, err := os.CreateTemp(t.TempDir(), "")
	if err == nil {
		err = s.copyZip(t.Context(), own, f)
	}
	if err == nil {
		err = os.Truncate(path, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if copied, err := own.Stat(); err != nil || copied.Size() != info.Size() || os.SameFile(copied, info) {
		t.Errorf("%v, %v", copied, err)
	}
	if r, err := s.importFile(t.Context(), own, path); err != nil || !r.Runs {
		t.Errorf("%+v, %v", r, err)
	}
}
