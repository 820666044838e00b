// Package upload sends a package to an agent in chunks and survives interruptions: a chunk
// counts once the agent has acknowledged it, the agent says which are missing, and what
// failed for a transient reason is tried again.
package upload

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/pack"
)

// ChunkSize is what existing clients use.
const ChunkSize = 2 << 20

// parallel is how many chunks travel at once: enough to fill a line with latency.
const parallel = 3

// RetryTimeout is how long an agent may be away before an upload fails. What it has
// acknowledged stays, and the same command resumes there.
const RetryTimeout = 5 * time.Minute

// Agent is the receiving side, see api.Deployments.
type Agent interface {
	UploadChunk(ctx context.Context, id string, c api.Chunk) (api.UploadAnswer, error)
	UploadStatus(ctx context.Context, id string) (api.UploadStatus, error)
}

// Progress is told of every chunk that was acknowledged, and why an upload is paused.
type Progress interface {
	Resume(bytes int64) // already, from an earlier attempt
	Add(bytes int64)
	Waiting(err error)
}

// Run uploads what the agent does not have yet. It returns when the whole file has
// been verified there.
func Run(ctx context.Context, a Agent, id string, p pack.Package, report Progress) error {
	f, err := os.Open(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	u := &run{agent: a, id: id, pkg: p, file: f, report: report, total: chunks(p.Size)}
	missing, err := u.missing(ctx)
	if err != nil {
		return err
	}
	report.Resume(u.size(0, u.total) - u.sizeOf(missing))
	return u.send(ctx, missing)
}

type run struct {
	agent  Agent
	id     string
	pkg    pack.Package
	file   *os.File
	report Progress
	total  int
}

func chunks(size int64) int { return int(max(1, (size+ChunkSize-1)/ChunkSize)) }

// missing asks what an earlier attempt with the same content left to do.
func (u *run) missing(ctx context.Context) ([]api.ChunkRange, error) {
	all := []api.ChunkRange{{From: 0, To: u.total - 1}}
	var status api.UploadStatus
	err := u.retry(ctx, func() (err error) {
		status, err = u.agent.UploadStatus(ctx, u.id)
		return err
	})
	switch {
	case errors.Is(err, api.NotFound):
		return all, nil
	case err != nil:
		return nil, err
	case status.FileHash != u.pkg.MD5 || status.TotalChunks != u.total || status.Error != "":
		return all, nil
	case status.Completed:
		return nil, nil
	}
	return status.MissingChunks, nil
}

func (u *run) send(ctx context.Context, missing []api.ChunkRange) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, r := range missing {
		for i := r.From; i <= r.To && i < u.total && ctx.Err() == nil; i++ {
			g.Go(func() error { return u.chunk(ctx, i) })
		}
	}
	return g.Wait()
}

func (u *run) chunk(ctx context.Context, i int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data := make([]byte, u.size(i, i+1))
	if _, err := u.file.ReadAt(data, int64(i)*ChunkSize); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c := api.Chunk{Index: i, Total: u.total, MD5: u.pkg.MD5, SHA256: u.pkg.SHA256, Data: data}
	err := u.retry(ctx, func() error {
		_, err := u.agent.UploadChunk(ctx, u.id, c)
		return err
	})
	if err != nil {
		return fmt.Errorf("chunk %d of %d: %w", i+1, u.total, err)
	}
	u.report.Add(int64(len(data)))
	return nil
}

// retry repeats what fails for a transient reason.
func (u *run) retry(ctx context.Context, f func() error) error {
	return Retry(ctx, u.report.Waiting, f)
}

// Retry calls f until it succeeds, fails for good, or RetryTimeout has passed.
func Retry(ctx context.Context, waiting func(error), f func() error) error {
	until, said := time.Now().Add(RetryTimeout), ""
	for delay := 200 * time.Millisecond; ; delay = min(2*delay, 5*time.Second) {
		err := f()
		if ctx.Err() != nil && err != nil {
			return ctx.Err() // nobody waits any more
		}
		if err == nil || !transient(err) || time.Now().Add(delay).After(until) {
			return err
		}
		if text := err.Error(); text != said {
			waiting(err)
			said = text
		}
		t := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// IsLasting says of a connection that failed that it will fail again: the socket is not for this
// user, or the certificate of the host not to be trusted.
func IsLasting(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.As(err, new(*tls.CertificateVerificationError))
}

// transient errors come from a connection that is interrupted or an agent that restarts.
func transient(err error) bool {
	if IsLasting(err) {
		return false
	}
	for _, code := range []api.Code{api.Unavailable, api.Timeout, api.TooMany} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

func (u *run) size(from, to int) int64 {
	return min(u.pkg.Size, int64(to)*ChunkSize) - int64(from)*ChunkSize
}

func (u *run) sizeOf(ranges []api.ChunkRange) (n int64) {
	for _, r := range ranges {
		n += u.size(r.From, r.To+1)
	}
	return n
}
