package git

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/units"
)

// Hooks is the folder of the hooks that there are; those of a repository do not run.
const Hooks = "/usr/share/nexushub/git-hooks"

// prepare makes the repository at the first push, and completes one of which the making was ended. What
// git complains about is kept to be told.
const prepare = `exec 3<&2 2>complaints; git init -q --bare repository; `

// The two requests of a push. The streams of git are those of its unit, and descriptor 3 is what
// the unit has as stderr: the hook's way to us, and at the end git's own complaint.
const (
	advertise = prepare + `git receive-pack --http-backend-info-refs repository || tail -n 5 complaints >&3`
	receive   = prepare + `git receive-pack --stateless-rpc repository || tail -n 5 complaints >&3`
)

// unit runs git in the repository of the application, or of none in an empty one that nobody keeps.
func (p *push) unit(script string, its *ends) units.Git {
	size := strconv.FormatInt(p.o.MaxSize, 10)
	return units.Git{
		Name: hostname.Label(p.name), Instance: cmp.Or(p.app.ID, uuid.NewString()), Scratch: p.app.ID == "",
		Run: strings.ToLower(rand.Text()[:12]), FileSize: uint64(p.o.MaxSize) + uint64(p.o.Kept.MaxSize),
		Config: [][2]string{
			{"core.hooksPath", p.o.Hooks}, {"transfer.fsckObjects", "true"}, {"receive.maxInputSize", size},
			{"receive.denyDeletes", "true"}, {"receive.unpackLimit", "1"}, {"gc.autoDetach", "false"},
			{"core.bigFileThreshold", "16m"}, {"pack.threads", "1"}, {"pack.windowMemory", "64m"},
			{"receive.shallowUpdate", "false"}, {"receive.procReceiveRefs", ""}, {"core.alternateRefsCommand", "true"},
			{"nexushub.maxSize", strconv.FormatUint(uint64(p.o.Kept.MaxSize), 10)},
			{"nexushub.maxObjects", strconv.Itoa(p.o.Kept.MaxObjects)},
		},
		Script: script, Stdin: its.in, Stdout: its.out, Stderr: its.hook,
	}
}

// git runs the script with in and out as its streams. talk has the other end of descriptor 3.
func (p *push) git(ctx context.Context, script string, in io.Reader, out io.Writer,
	talk func(ctx context.Context, hook io.ReadWriteCloser) error) error {
	ours, theirs, err := streams()
	if err != nil {
		return err
	}
	defer ours.close()
	run := p.unit(script, theirs)
	err = p.o.Units.StartGit(ctx, run)
	theirs.close()
	if err != nil {
		return err
	}
	defer p.o.Units.StopGit(ctx, run)
	defer context.AfterFunc(ctx, ours.close)()
	return p.carry(ctx, ours, in, out, talk)
}

// carry moves what both sides say until git has ended.
func (p *push) carry(ctx context.Context, s *ends, in io.Reader, out io.Writer,
	talk func(ctx context.Context, hook io.ReadWriteCloser) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer s.in.Close()
		_, _ = io.Copy(s.in, in) // git reads as much as it wants to, and says what was wrong with it
		return nil
	})
	g.Go(func() error {
		_, err := io.Copy(out, s.out)
		return err
	})
	g.Go(func() error {
		if talk != nil {
			return talk(ctx, s.hook)
		}
		return p.complaint(s.hook)
	})
	return g.Wait()
}

// complaint logs what git said at its end, if anything.
func (p *push) complaint(r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, 8<<10))
	if len(text) > 0 {
		p.o.Log.Warn("git has failed", "app", p.name, "instance", p.app.ID, "said", string(text))
	}
	return err
}

// ends of the streams of one run, on one side.
type ends struct {
	in, out, hook *os.File
}

func (e *ends) close() {
	for _, f := range []*os.File{e.in, e.out, e.hook} {
		if f != nil {
			f.Close()
		}
	}
}

// streams are two pipes, and a pair of sockets for both directions.
func streams() (ours, theirs *ends, err error) {
	ours, theirs = &ends{}, &ends{}
	defer func() {
		if err != nil {
			ours.close()
			theirs.close()
		}
	}()
	if theirs.in, ours.in, err = os.Pipe(); err != nil {
		return ours, theirs, err
	}
	if ours.out, theirs.out, err = os.Pipe(); err != nil {
		return ours, theirs, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ours, theirs, fmt.Errorf("socketpair: %w", err)
	}
	if err := unix.SetNonblock(pair[0], true); err != nil {
		return ours, theirs, err
	}
	ours.hook, theirs.hook = os.NewFile(uintptr(pair[0]), "hook"), os.NewFile(uintptr(pair[1]), "hook of git")
	return ours, theirs, nil
}
