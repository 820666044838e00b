package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nexushub/nexushub/cmd/nexushub/archive"
)

func quiet() (*cli, *bytes.Buffer) {
	var said bytes.Buffer
	return newCLI(strings.NewReader(""), &bytes.Buffer{}, &said), &said
}

// aHost is a folder that stands for the "/" of a host with NexusHub.
func aHost(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	if err := os.MkdirAll(filepath.Join(base, "etc/nexushub"), 0o755); err != nil {
		t.Fatal(err)
	}
	return base
}

func TestCtrlCLeavesNothing(t *testing.T) {
	c, _ := quiet()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.writeBackup(ctx, aHost(t), filepath.Join(dir, "b.tar.gz"), false, func(archive.Note) {}); err == nil {
		t.Error("no error")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestNoBackupOfAHostWithoutNexusHub(t *testing.T) {
	c, _ := quiet()
	dir := t.TempDir()
	err := c.writeBackup(t.Context(), t.TempDir(), filepath.Join(dir, "b.tar.gz"), true, func(archive.Note) {})
	if err == nil || !strings.Contains(err.Error(), "there is no NexusHub on this host") {
		t.Errorf("says %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestABackupIsNoFolder(t *testing.T) {
	c, _ := quiet()
	dir := t.TempDir()
	err := c.writeBackup(t.Context(), aHost(t), dir, false, func(archive.Note) { t.Error("it has begun") })
	if err == nil ||
		!strings.Contains(err.Error(), dir+" is a folder: name a file in it, for example "+dir+"/nexushub.tar.gz") {
		t.Errorf("says %v", err)
	}
}

// What is no file stays what it is: a device, a FIFO, a link that root has laid, and a
// folder named with a slash at its end, whether it is there or not.
func TestABackupTakesNothingElsesPlace(t *testing.T) {
	c, _ := quiet()
	dir := t.TempDir()
	for name, err := range map[string]error{
		"fifo": syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600), "link": os.Symlink("/dev/stdout", filepath.Join(dir, "link")),
		"dangling": os.Symlink("nowhere", filepath.Join(dir, "dangling")), "none/": nil, "fifo/": nil,
	} {
		if err != nil {
			t.Fatal(err)
		}
		before, _ := os.Lstat(filepath.Join(dir, name))
		err := c.writeBackup(t.Context(), aHost(t), dir+"/"+name, false, func(archive.Note) { t.Error("it has begun") })
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if after, _ := os.Lstat(filepath.Join(dir, name)); before != nil && !os.SameFile(before, after) {
			t.Errorf("%s was replaced", name)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("left %v, %v", entries, err)
	}
}

// Others can write to the folder and have put in place what root would fall over.
func TestAPreparedFolderDoesNotLeadABackup(t *testing.T) {
	c, said := quiet()
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	for _, err := range []error{
		os.Chmod(dir, 0o777), os.WriteFile(victim, []byte("mine"), 0o644),
		os.Symlink(victim, filepath.Join(dir, "b.tar.gz")), os.Symlink(victim, filepath.Join(dir, "b.tar.gz.part")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "b.tar.gz")
	if err := c.writeBackup(t.Context(), aHost(t), file, false, func(archive.Note) {}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(victim); string(got) != "mine" || err != nil {
		t.Errorf("victim = %.20q, %v", got, err)
	}
	if info, err := os.Lstat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("archive is %v, %v", info.Mode(), err)
	}
	if !strings.Contains(said.String(), "other users can write to "+dir) {
		t.Errorf("said %q", said)
	}
}

// An application with many faults must not hide those of another.
func TestNotesAreCounted(t *testing.T) {
	c, said := quiet()
	n := notes{out: c.out, counts: map[string]int{}}
	for range 1000 {
		n.add(archive.Note{Tree: "a", Name: "\x1b[2Jf\nb: g", Text: "x", Lost: true})
	}
	n.add(archive.Note{Tree: "b", Name: "g", Text: "y"})
	n.flush()
	if out := said.String(); strings.Count(out, "\n") != maxNotes+2 || !strings.Contains(out, "b: g: y") ||
		!strings.Contains(out, "a: and 990 more") ||
		strings.Contains(out, "\x1b") ||
		!n.lost {
		t.Errorf("said %q", out)
	}
}
