package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

const (
	readers = 6
	rate    = 4000 // lines per second
	stages  = 5
)

// total is what one run writes; NEXUSHUB_LINES asks for more, as make soak does.
func total() int {
	if n, err := strconv.Atoi(os.Getenv("NEXUSHUB_LINES")); err == nil {
		return n
	}
	return 100_000
}

// An application writes numbered lines while readers connect, vanish and come back,
// journald is restarted and rotated, the agent is killed, and the application is
// deployed again. Every reader's union is what was written, in order, once.
func TestNothingLostNothingTwice(t *testing.T) {
	lab.EachSuite(t, func(t *testing.T, s lab.Suite) { exact(t, boot(t, s)) })
}

func exact(t *testing.T, a *talker) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	a.limitRate(t, "0", 0) // the journal takes everything
	first := a.log(t, url.Values{"lines": {"1"}})[0].ID
	written := make(chan struct{})
	all := make([]*reader, readers)
	var wg sync.WaitGroup
	for i := range all {
		all[i] = &reader{a: a, last: first, random: rand.New(rand.NewPCG(uint64(i), 7))}
		wg.Go(func() { all[i].run(ctx, written) })
	}
	a.write(ctx, t)
	close(written)
	wg.Wait()
	truth := a.truth(t)
	if len(truth) != total() {
		t.Errorf("%d lines written, %d in the journal", total(), len(truth))
	}
	for i, r := range all {
		r.compare(t, i, truth)
	}
	a.overReboot(t, all[0])
}

// write prints all lines in stages, each with its own disturbance.
func (a *talker) write(ctx context.Context, t *testing.T) {
	per := total() / stages
	for stage := range stages {
		port := a.app(t).Port
		var wg sync.WaitGroup
		wg.Go(func() {
			path := fmt.Sprintf("/lines?from=%d&to=%d&rate=%d", stage*per, (stage+1)*per, rate)
			if err := a.request(ctx, t, path, ""); err != nil {
				t.Errorf("stage %d on port %d: %v", stage, port, err)
			}
		})
		if err := pause(ctx, time.Duration(per)*time.Second/rate/3); err != nil {
			t.Error(err)
		}
		a.disturb(t, stage)
		wg.Wait()
		if stage == 2 {
			a.deploy(t, "2")
		}
	}
}

func (a *talker) disturb(t *testing.T, stage int) {
	commands := []string{
		"systemctl restart systemd-journald",
		"journalctl --rotate",
		"systemctl kill --kill-whom=main --signal=KILL nexushubd",
		"journalctl --rotate && systemctl restart systemd-journald",
		"systemctl kill --kill-whom=main --signal=KILL nexushubd && journalctl --rotate",
	}
	a.Sh(t, commands[stage])
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// truth is what the journal itself has, read by journalctl.
func (a *talker) truth(t *testing.T) (numbers []int) {
	t.Helper()
	out := a.Must(t, "journalctl", "--no-pager", "--quiet", "--all", "-o", "cat", "NEXUSHUB_INSTANCE="+a.id)
	for line := range strings.Lines(out) {
		if n, ok := number(line); ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func number(message string) (int, bool) {
	fields := strings.Fields(message)
	if len(fields) != 3 || fields[0] != "line" {
		return 0, false
	}
	n, err := strconv.Atoi(fields[1])
	return n, err == nil
}

// reader connects, reads a while, vanishes, and comes back with the last id it saw.
type reader struct {
	a       *talker
	last    string
	random  *rand.Rand
	numbers []int
	visits  int
	gaps    []string
}

// run returns after the last line, or when no line has come for half a minute.
func (r *reader) run(ctx context.Context, written <-chan struct{}) {
	progress := time.Now()
	for ctx.Err() == nil && len(r.numbers) < total() {
		before := len(r.numbers)
		r.visit(ctx)
		select {
		case <-written:
		default:
			progress = time.Now()
		}
		if len(r.numbers) > before {
			progress = time.Now()
		} else if time.Since(progress) > 30*time.Second {
			return
		}
	}
}

// visit follows for a random number of entries, at most for a second or so.
func (r *reader) visit(ctx context.Context) {
	r.visits++
	ctx, cancel := context.WithTimeout(ctx, time.Duration(300+r.random.IntN(1200))*time.Millisecond)
	defer cancel()
	left := 1 + r.random.IntN(6000)
	for e, err := range r.a.API().Logs(ctx, r.a.id, url.Values{"follow": {"1"}}, r.last) {
		if err != nil {
			return // the time is over, or the agent is away
		}
		r.see(e)
		if left--; left == 0 {
			return
		}
	}
}

func (r *reader) see(e api.LogEvent) {
	if e.Gap != nil {
		r.gaps = append(r.gaps, e.Gap.Reason)
		if e.Gap.ID != "" {
			r.last = e.Gap.ID
		}
		return
	}
	if e.Entry == nil {
		return
	}
	r.last = e.Entry.ID
	if n, ok := number(e.Entry.Message); ok {
		r.numbers = append(r.numbers, n)
	}
}

func (r *reader) compare(t *testing.T, i int, truth []int) {
	t.Helper()
	t.Logf("reader %d: %d lines in %d visits", i, len(r.numbers), r.visits)
	if !slices.Equal(r.numbers, truth) {
		at := 0
		for at < min(len(truth), len(r.numbers)) && truth[at] == r.numbers[at] {
			at++
		}
		t.Errorf("reader %d: has %d lines, the journal %d; they differ at %d: %v, %v", i,
			len(r.numbers), len(truth), at,
			r.numbers[at:min(at+5, len(r.numbers))], truth[at:min(at+5, len(truth))])
	}
	if !slices.IsSorted(r.numbers) {
		t.Errorf("reader %d: not in order", i)
	}
	if len(r.gaps) > 0 {
		t.Errorf("reader %d: gaps: %v", i, r.gaps)
	}
}

// overReboot: a reader resumes after a reboot of the machine.
func (a *talker) overReboot(t *testing.T, r *reader) {
	t.Helper()
	a.MustReboot(t)
	from := total()
	a.ask(t, fmt.Sprintf("/lines?from=%d&to=%d&rate=1000", from, from+100), "")
	r.numbers, r.gaps = nil, nil
	lab.Eventually(t, "the reader has the 100 lines of the new boot", func() error {
		if r.visit(t.Context()); len(r.numbers) < 100 {
			return fmt.Errorf("it has %d", len(r.numbers))
		}
		return nil
	})
	if r.numbers[0] != from || len(r.numbers) != 100 || len(r.gaps) != 0 {
		t.Errorf("after a reboot: %d lines from %d on, gaps %v", len(r.numbers), r.numbers[0], r.gaps)
	}
}
