package release

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/disk"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Source is a package that has passed every check which concerns its files, and may have to be
// built before it is a release.
type Source struct {
	a    *archive
	file *os.File
}

// Source opens the zip at path. Its error is that of Import where the zip itself is faulty.
func (s *Store) Source(ctx context.Context, path string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	a, err := readArchive(ctx, f, s.limits, true)
	if err == nil {
		err = a.faults.result()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("import %s: %w", path, err), f.Close())
	}
	return &Source{a, f}, nil
}

// Close lets go of the zip.
func (s *Source) Close() error { return s.file.Close() }

// Build is how it is built; not ok: it is a release as it is.
func (s *Source) Build() (b detect.Build, ok bool) { return detect.BuildOf(s.a.manifest, s.a.is) }

// Manifest is what the package itself says.
func (s *Source) Manifest() manifest.Manifest { return s.a.manifest }

// Room is what it takes on disk.
func (s *Source) Room() disk.Room { return s.a.room() }

// Sum is a hash of the names, kinds and contents of what a build gets to see, and of the manifest.
// When the files were changed is no part of it.
func (s *Source) Sum(ctx context.Context, b detect.Build) (string, error) {
	sum := sha256.New()
	files := slices.Clone(s.a.files)
	slices.SortFunc(files, func(x, y *zip.File) int { return cmp.Compare(x.Name, y.Name) })
	for _, f := range files {
		if !b.Has(strings.TrimSuffix(f.Name, "/")) && f.Name != ManifestName {
			continue
		}
		fmt.Fprintf(sum, "%q %o %d\n", f.Name, f.Mode().Type()|f.Mode().Perm()&0o111, f.UncompressedSize64)
		r, err := f.Open()
		if err != nil {
			return "", fmt.Errorf("%s: %w", printable(f.Name), err)
		}
		_, err = io.Copy(sum, &contextReader{ctx: ctx, r: r})
		if err = errors.Join(err, r.Close()); err != nil {
			return "", fmt.Errorf("%s: %w", printable(f.Name), err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// UnpackTo writes what a build gets to see below the empty folder dir.
func (s *Source) UnpackTo(ctx context.Context, dir string, b detect.Build) error {
	part := *s.a
	part.faults = InvalidError{}
	part.files, part.links = nil, map[string]*target{}
	for _, f := range s.a.files {
		if b.Has(strings.TrimSuffix(f.Name, "/")) || f.Name == ManifestName {
			part.files = append(part.files, f)
		}
	}
	for name, to := range s.a.links {
		if b.Has(name) {
			part.links[name] = to
		}
	}
	return disk.NoSpace(part.unpackTo(ctx, dir))
}

func (a *archive) isBuilt() bool {
	_, ok := detect.BuildOf(a.manifest, a.is)
	return ok
}

// checkUnbuilt refuses a package that says itself how it is built, where nobody builds.
func (a *archive) checkUnbuilt() {
	if b := a.manifest.Build; b.Command != "" && !b.IsOff() {
		a.faults.add(ManifestName, "build.command: only what is deployed is built: run %s first, and set build.enabled = false",
			printable(b.Command))
	}
}
