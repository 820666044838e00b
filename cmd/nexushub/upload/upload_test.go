package upload

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/pack"
)

// agent keeps chunks, and fails as told.
type agent struct {
	mu    sync.Mutex
	have  map[int][]byte
	hash  string
	sent  int
	fault func(n int) error
}

func (a *agent) UploadChunk(_ context.Context, _ string, c api.Chunk) (api.UploadAnswer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent++
	if a.fault != nil {
		if err := a.fault(a.sent); err != nil {
			return api.UploadAnswer{}, err
		}
	}
	a.have[c.Index], a.hash = c.Data, c.MD5
	return api.UploadAnswer{Status: "received"}, nil
}

func (a *agent) UploadStatus(context.Context, string) (api.UploadStatus, error) {
	if len(a.have) == 0 {
		return api.UploadStatus{}, fmt.Errorf("upload: %w", api.NotFound)
	}
	s := api.UploadStatus{TotalChunks: 5, FileHash: a.hash, Completed: len(a.have) == 5}
	for i := range 5 {
		if a.have[i] == nil {
			s.MissingChunks = append(s.MissingChunks, api.ChunkRange{From: i, To: i})
		}
	}
	return s, nil
}

type progress struct {
	mu             sync.Mutex
	arrived, there int64
	waits          int
}

func (p *progress) Add(n int64)    { p.mu.Lock(); p.arrived += n; p.mu.Unlock() }
func (p *progress) Resume(n int64) { p.mu.Lock(); p.there += n; p.mu.Unlock() }
func (p *progress) Waiting(error)  { p.mu.Lock(); p.waits++; p.mu.Unlock() }

func file(t *testing.T) (pack.Package, []byte) {
	t.Helper()
	data := make([]byte, 4*ChunkSize+12345)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	path := filepath.Join(t.TempDir(), "p.zip")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return pack.Package{Path: path, Size: int64(len(data)), MD5: "m"}, data
}

func (a *agent) content() []byte {
	var out []byte
	for i := range 5 {
		out = append(out, a.have[i]...)
	}
	return out
}

func TestUploadArrivesWhole(t *testing.T) {
	p, data := file(t)
	a, seen := &agent{have: map[int][]byte{}}, &progress{}
	if err := Run(t.Context(), a, "id", p, seen); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.content(), data) || seen.arrived != p.Size {
		t.Errorf("%d bytes arrived, %d reported", len(a.content()), seen.arrived)
	}
}

func TestUploadGoesOnWhereItWas(t *testing.T) {
	p, data := file(t)
	a, seen := &agent{have: map[int][]byte{}, hash: "m"}, &progress{}
	a.have[1], a.have[4] = data[ChunkSize:2*ChunkSize], data[4*ChunkSize:]
	if err := Run(t.Context(), a, "id", p, seen); err != nil {
		t.Fatal(err)
	}
	if a.sent != 3 || !bytes.Equal(a.content(), data) || seen.there != ChunkSize+12345 ||
		seen.arrived+seen.there != p.Size {
		t.Errorf("%d chunks sent, %d and %d bytes reported", a.sent, seen.there, seen.arrived)
	}
}

func TestOtherContentStartsAfresh(t *testing.T) {
	p, data := file(t)
	a := &agent{have: map[int][]byte{0: []byte("old")}, hash: "other"}
	if err := Run(t.Context(), a, "id", p, &progress{}); err != nil || !bytes.Equal(a.content(), data) {
		t.Errorf("got %v", err)
	}
}

func TestPassingFaultsAreWaitedFor(t *testing.T) {
	p, data := file(t)
	synctest.Test(t, func(t *testing.T) {
		a, seen := &agent{have: map[int][]byte{}}, &progress{}
		a.fault = func(n int) error {
			if n%2 == 1 {
				return fmt.Errorf("connection refused: %w", api.Unavailable)
			}
			return nil
		}
		if err := Run(t.Context(), a, "id", p, seen); err != nil || !bytes.Equal(a.content(), data) || seen.waits == 0 {
			t.Errorf("got %v, %d waits", err, seen.waits)
		}
	})
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, said := 0, 0
		err := Retry(t.Context(), func(error) { said++ }, func() error { n++; return api.Unavailable })
		if !errors.Is(err, api.Unavailable) || n < 50 || said != 1 {
			t.Errorf("got %v after %d tries, of which %d were told", err, n, said)
		}
	})
}

// Who may not use the socket waits in vain, and a certificate does not mend itself.
func TestLastingFaultsAreNotWaitedFor(t *testing.T) {
	for _, cause := range []error{
		&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", unix.EACCES)},
		&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
	} {
		n := 0
		err := Retry(t.Context(), func(error) {}, func() error { n++; return fmt.Errorf("%w: %w", cause, api.Unavailable) })
		if !errors.Is(err, api.Unavailable) || n != 1 {
			t.Errorf("got %v after %d tries", err, n)
		}
	}
}

func TestFinalFaultsAreNot(t *testing.T) {
	p, _ := file(t)
	a := &agent{have: map[int][]byte{}, fault: func(int) error { return fmt.Errorf("full: %w", api.NoSpace) }}
	if err := Run(t.Context(), a, "id", p, &progress{}); !errors.Is(err, api.NoSpace) || a.sent > parallel {
		t.Errorf("got %v after %d", err, a.sent)
	}
}
