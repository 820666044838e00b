package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/termtext"
)

// maxHookLine is more than the hook says in one line.
const maxHookLine = 512

// deploy is the other end of the hook (packaging/share/git-hooks/pre-receive): it gives the push its
// turn, takes the files of the commit, deploys them and tells how it went. Where git refuses the
// push before, the hook does not run, and there is nothing to do.
func (p *push) deploy(ctx context.Context, hook io.ReadWriteCloser) error {
	in := bufio.NewReaderSize(hook, maxHookLine)
	line, err := in.ReadSlice('\n')
	commit, begins := strings.CutPrefix(strings.TrimSpace(string(line)), "push ")
	if err != nil || !begins {
		return p.complaint(io.MultiReader(strings.NewReader(string(line)), in))
	}
	tell := teller{hook}
	done, err := p.turns.take(ctx, p.app.ID, func() { tell.say("waiting for the push before this one") })
	if err != nil {
		return err
	}
	defer done()
	defer p.drain(in, hook)
	if _, err := io.WriteString(hook, "go\n"); err != nil {
		return nil
	}
	if answer, err := in.Peek(1); err != nil || len(answer) == 0 {
		return nil // the hook has refused it
	}
	p.o.Log.Info("deploying what was pushed", "app", p.name, "instance", p.app.ID, "commit", commit, "by", p.who.String())
	if err := p.install(ctx, in, tell); err != nil {
		p.o.Log.Info("a push is refused", "app", p.name, "instance", p.app.ID, "commit", commit, "error", err)
		tell.say(api.WithoutCode(err))
		tell.end("refused")
		return nil
	}
	tell.end("deployed")
	return nil
}

// drain waits until git has ended: then the branch has moved, or not. A git that goes on writing files
// that were refused long ago is told to end.
func (p *push) drain(in io.Reader, hook io.Closer) {
	if _, err := io.CopyN(io.Discard, in, 4*p.o.MaxSize); err == nil {
		hook.Close()
	}
}

// errNotBuilt refuses a push of which no release could be built; the build has told why.
var errNotBuilt = errors.New("the branch stays where it was, because the build has failed")

// errNotHealthy refuses a push whose application did not become healthy; the reason has been told.
var errNotHealthy = errors.New("the branch stays where it was, because the application is not healthy")

func (p *push) install(ctx context.Context, files io.Reader, tell teller) error {
	content, writing := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := pack(writing, files, p.o.MaxSize, p.o.Most)
		writing.CloseWithError(err)
		packed <- err
	}()
	err := p.api.UploadPackage(ctx, p.app.ID, content)
	content.CloseWithError(errors.New("the package is not taken"))
	if fault := <-packed; fault != nil && (err == nil || errors.Is(fault, api.TooLarge)) {
		return fault
	}
	if err != nil {
		return err
	}
	stop := p.api.FollowBuild(ctx, p.app.ID, tell.say)
	answer, err := p.api.Install(ctx, p.app.ID)
	built := stop()
	if err != nil {
		return err
	}
	if answer.Status == api.NotBuilt {
		why, lines, _ := strings.Cut(answer.Message, "\n")
		if tell.say(why); !built {
			tell.say(lines)
		}
		return errNotBuilt
	}
	for _, w := range answer.Withheld {
		tell.say(w)
	}
	for _, w := range answer.Widened {
		tell.say("may do more than before: " + w)
	}
	tell.say(answer.Message)
	if answer.Status == "running" {
		return nil
	}
	for _, h := range answer.Hints {
		tell.say("hint: " + h.Means + ": " + h.Write)
	}
	return errNotHealthy
}

// teller speaks to the hook, whose lines who pushes sees. One that has gone away needs no answer.
type teller struct{ w io.Writer }

func (t teller) say(text string) {
	for line := range strings.Lines(text) {
		_, _ = fmt.Fprintf(t.w, "-%s\n", termtext.Plain(strings.TrimRight(line, "\n")))
	}
}

func (t teller) end(how string) { _, _ = io.WriteString(t.w, how+"\n") }
