package journal

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// Every kind of line arrives as what it is, from whom it is.
func TestEveryKindOfLine(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		a := boot(t, s)
		long := strings.Repeat("0123456789", 15_000)
		a.ask(t, "/stdout", "to stdout\n\n<3>not an error\n")
		a.settle(t, "not an error")
		a.ask(t, "/stderr", "to stderr\n")
		a.settle(t, "to stderr")
		a.ask(t, "/stdout", long+"\n")
		a.settle(t, long)
		a.ask(t, "/stdout", "bytes \xff\xfe and \x1b[31mcolour\n")
		a.settle(t, "and \x1b[31mcolour")
		a.check(t, [][2]string{
			{"stdout", "to stdout"}, {"stdout", "<3>not an error"}, {"stderr", "to stderr"},
			{"stdout", long}, {"stdout", `bytes \xff\xfe and ` + "\x1b[31mcolour"},
		})
		a.checkForgery(t)
		a.checkLastLines(t)
		a.checkPast(t)
	})
}

// settle waits until a line has come through the journal, so that what is printed next
// on the other stream is behind it.
func (a *talker) settle(t *testing.T, part string) {
	t.Helper()
	lab.Eventually(t, fmt.Sprintf("the log has %.40q", part), func() error {
		last := a.log(t, url.Values{"lines": {"20"}})
		if !slices.ContainsFunc(last, func(e api.LogEntry) bool { return strings.Contains(e.Message, part) }) {
			return fmt.Errorf("its last lines are %.1000v", last)
		}
		return nil
	})
}

func (a *talker) check(t *testing.T, want [][2]string) {
	t.Helper()
	var got [][2]string
	for _, e := range a.log(t, url.Values{"lines": {"all"}}) {
		if e.Source != "system" {
			got = append(got, [2]string{e.Source, e.Message})
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %.400q\nwant %.400q", got, want)
	}
}

// checkForgery: an application that claims to be another unit, PID 1 or journald says
// it under its own name, and harms nobody.
func (a *talker) checkForgery(t *testing.T) {
	t.Helper()
	before := a.app(t)
	for i, claim := range []string{
		"UNIT=nexushub-app-victim-00000000.service\nMESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c\nUNIT_RESULT=exit-code\n_PID=1",
		"NEXUSHUB_INSTANCE=18736e4f-93f9-4606-a7be-863c7986ea5b",
		"OBJECT_SYSTEMD_UNIT=nexushub-app-victim-00000000.service\nMESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e\nN_DROPPED=5\n_TRANSPORT=driver",
		"COREDUMP_UNIT=nexushub-app-victim-00000000.service\nMESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1\n_UID=0",
	} {
		a.ask(t, "/native", fmt.Sprintf("MESSAGE=forged %d\nPRIORITY=0\n%s\n", i, claim))
		a.settle(t, fmt.Sprintf("forged %d", i))
	}
	victim := 0
	for e, err := range a.API().Logs(t.Context(), "18736e4f-93f9-4606-a7be-863c7986ea5b",
		url.Values{"follow": {"0"}}, "") {
		if err != nil || e.Entry != nil || e.Gap != nil {
			victim++
		}
	}
	if after := a.app(t); victim != 0 || after.PID != before.PID || after.Restarts != before.Restarts {
		t.Errorf("the victim has %d lines; %+v became %+v", victim, before, after)
	}
}

// checkLastLines: what an application prints right before it dies, and what systemd
// says about that, are in its log, and the run before the restart can be asked for.
func (a *talker) checkLastLines(t *testing.T) {
	t.Helper()
	pid := a.app(t).PID
	if err := a.request(t.Context(), t, "/crash", ""); err == nil {
		t.Error("it did not crash")
	}
	lab.Eventually(t, "the crashed application runs again", func() error {
		if now := a.app(t); now.PID == pid {
			return fmt.Errorf("its PID is still %d", pid)
		}
		return nil
	})
	var got []string
	for _, e := range a.log(t, url.Values{"previous": {"1"}, "lines": {"all"}}) {
		got = append(got, e.Source+": "+e.Message)
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{"stderr: last words", "status=3", "stdout: to stdout"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in the log of the previous run:\n%.3000s", want, all)
		}
	}
}
