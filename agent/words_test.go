package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/journal"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

const lastWord = "unable to open database file"

// TestErrorHasTheLastLines: of an application without a good revision, too, the status says why it
// fails, and the answer to the start that failed waits for it.
func TestErrorHasTheLastLines(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		j := &spokenJournal{lines: []string{"opening", lastWord}}
		h.journal = j
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 1} })
		h.start()
		first := h.wantState(shop, api.StateBackingOff)
		want := "exit status 1\nopening\n" + lastWord
		if first.Why != "exit status 1" || first.Error != want || first.LastExit != want {
			t.Errorf("after the first run: why %q, error %q, last exit %q; want %q", first.Why, first.Error, first.LastExit, want)
		}
		if asked := j.asked(); len(asked) != 1 || asked[0] != h.unitsOf(shop)[0].Invocation {
			t.Errorf("runs %v were asked about, want the one that ended", asked)
		}
		v, err := h.agent.StartApp(t.Context(), shop)
		if !errors.Is(err, api.Failed) || !strings.HasSuffix(v.Error, lastWord) {
			t.Errorf("a start that fails: %v, error %q", err, v.Error)
		}
		h.pass(time.Minute)
		before := len(j.asked())
		for range 100 {
			h.view(shop)
		}
		if after := len(j.asked()); after != before {
			t.Errorf("%d views read the journal %d times", 100, after-before)
		}
		h.play(nil)
		h.pass(10 * time.Minute)
		if v := h.wantState(shop, api.StateRunning); v.Error != "" {
			t.Errorf("it runs, with error %q", v.Error)
		}
	})
}

// A status shows the end of what is kept; hints are found in all of it.
func TestQuotedIsShort(t *testing.T) {
	var lines []string
	for n := range 40 {
		lines = append(lines, fmt.Sprint("line", n))
	}
	if got := quoted("why", lines); !strings.HasPrefix(got, "why\nline30\n") || !strings.HasSuffix(got, "\nline39") {
		t.Errorf("got %q", got)
	}
	lines[39] = strings.Repeat("x", shownBytes-10)
	if got := quoted("why", lines); !strings.HasPrefix(got, "why\nline38\nx") {
		t.Errorf("got %.40q", got)
	}
	onHost(t, func(t *testing.T, h *host) {
		trace := append([]string{"cannot load such file -- sinatra (LoadError)"}, lines[:30]...)
		h.journal = &spokenJournal{lines: trace}
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 1} })
		h.start()
		h.wantHint(shop, "missing-module")
	})
}

// TestWordsOfAnEarlierFailure come too late, as those that the journal is asked for at the start.
func TestWordsOfAnEarlierFailure(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.journal = &spokenJournal{lines: []string{lastWord}}
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 1} })
		h.start()
		id := h.wantState(shop, api.StateBackingOff).ID
		h.agent.hear(words{instance: id, lines: []string{"of long ago"}})
		if v := h.view(shop); !strings.HasSuffix(v.Error, lastWord) {
			t.Errorf("error %q", v.Error)
		}
	})
}

// TestLinesOfTheRunBefore stand for those of one that failed in the same way, and of which the
// journal knows no line.
func TestLinesOfTheRunBefore(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		j := &spokenJournal{lines: []string{lastWord}}
		h.journal = j
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 1} })
		h.start()
		h.wantState(shop, api.StateBackingOff)
		j.say()
		h.pass(10 * time.Second)
		if v := h.view(shop); v.Attempt < 2 || !strings.HasSuffix(v.Error, lastWord) {
			t.Errorf("after %d failures: error %q", v.Attempt, v.Error)
		}
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 2} })
		h.pass(time.Minute)
		if v := h.view(shop); strings.Contains(v.Error, lastWord) {
			t.Errorf("it failed otherwise: error %q", v.Error)
		}
	})
}

// TestErrorOfAnUnhealthyOne has the last lines of the run that is about to be ended.
func TestErrorOfAnUnhealthyOne(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		j := &spokenJournal{lines: []string{lastWord}}
		h.journal = j
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		run := h.unitsOf(shop)[0].Invocation
		h.health.set("*", true)
		h.pass(time.Minute)
		v := h.view(shop)
		if !strings.Contains(v.Error, "503") || !strings.HasSuffix(v.Error, "\n"+lastWord) {
			t.Errorf("%s: error %q, want the answer and %q", v.State, v.Error, lastWord)
		}
		if asked := j.asked(); len(asked) == 0 || asked[0] != run {
			t.Errorf("runs %v were asked about, want %s first", asked, run)
		}
	})
}

// TestAnUnhealthyStartEnds when the time of its first run is over, though reading its last lines takes longer than the
// run is left to be.
func TestAnUnhealthyStartEnds(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.journal = &spokenJournal{lines: []string{lastWord}, takes: 5 * time.Second}
		h.app(shop, "shop.yesterday.localhost")
		h.health.set("*", true)
		h.start()
		begun := time.Now()
		v, err := h.agent.StartApp(t.Context(), shop)
		if took := time.Since(begun); !errors.Is(err, api.Failed) || took > 70*time.Second {
			t.Errorf("%s after %s: %v", v.State, took, err)
		}
		if !strings.HasSuffix(v.Error, "\n"+lastWord) {
			t.Errorf("error %q, want %q", v.Error, lastWord)
		}
	})
}

// TestErrorOfAStartThatFails: nobody has seen the run of a start that failed, so it is the last one.
func TestErrorOfAStartThatFails(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		j := &spokenJournal{lines: []string{lastWord}}
		h.journal = j
		h.app(shop, "shop.yesterday.localhost", func(a *config.App) { a.Health.Type = "notify" })
		h.play(func(units.Spec) fake.Program { return fake.Program{NotReady: true} })
		h.start()
		h.pass(2 * time.Minute)
		if v := h.view(shop); !strings.HasSuffix(v.Error, "\n"+lastWord) {
			t.Errorf("%s: error %q, want %q", v.State, v.Error, lastWord)
		}
		if asked := j.asked(); len(asked) == 0 || asked[0] != "" {
			t.Errorf("runs %v were asked about, want the last", asked)
		}
	})
}

// TestErrorOfWhatWasNeverExecuted has nothing of an earlier run.
func TestErrorOfWhatWasNeverExecuted(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		j := &spokenJournal{lines: []string{lastWord}}
		h.journal = j
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Missing: true} })
		h.start()
		if v := h.view(shop); !strings.Contains(v.Error, "cannot be executed") || strings.Contains(v.Error, lastWord) {
			t.Errorf("%s: error %q", v.State, v.Error)
		}
		if asked := j.asked(); len(asked) != 0 {
			t.Errorf("runs %q were asked about", asked)
		}
	})
}

// TestStopIsNoError: neither an operator's stop nor a word of the application about itself is one.
func TestStopIsNoError(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		if err := h.units.SetStatus(h.unitsOf(shop)[0].Unit, func(s *units.Status) { s.StatusText = "serving" }); err != nil {
			t.Fatal(err)
		}
		h.settle()
		if v := h.wantState(shop, api.StateRunning); v.Why != "serving" || v.Error != "" {
			t.Errorf("it runs: why %q, error %q", v.Why, v.Error)
		}
		if v, err := h.agent.StopApp(t.Context(), shop); err != nil || v.Why == "" || v.Error != "" {
			t.Errorf("stopped: why %q, error %q, %v", v.Why, v.Error, err)
		}
		if _, err := h.agent.StartApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		if err := h.units.StopByHand(h.unitsOf(shop)[0].Unit); err != nil {
			t.Fatal(err)
		}
		h.settle()
		if v := h.wantState(shop, api.StateStopped); v.Error != "" {
			t.Errorf("stopped by systemctl: error %q", v.Error)
		}
	})
}

// TestErrorOfAPackageThatIsAway is a sentence alone.
func TestErrorOfAPackageThatIsAway(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.releases.fail["/srv/shop.yesterday.localhost"] = errors.New("no such folder")
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		if v := h.wantState(shop, api.StateFailed); v.Error != "no such folder" {
			t.Errorf("error %q", v.Error)
		}
	})
}

// spokenJournal has the same last lines of every run, and writes down which it was asked for.
type spokenJournal struct {
	fixedJournal
	takes time.Duration // to answer

	mu    sync.Mutex // guards the fields that follow
	lines []string
	runs  []string
}

var _ Journal = (*spokenJournal)(nil)

func (j *spokenJournal) LastLines(_ context.Context, _, run string) ([]string, error) {
	time.Sleep(j.takes)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.runs = append(j.runs, run)
	return j.lines, nil
}

// say changes the lines.
func (j *spokenJournal) say(lines ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = lines
}

func (*spokenJournal) LastExit(context.Context, string) (journal.Exit, bool, error) {
	return journal.Exit{}, false, nil
}

func (j *spokenJournal) asked() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.runs)
}
