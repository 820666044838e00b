package shell

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/termtext"
)

func TestCommand(t *testing.T) {
	for _, c := range []struct {
		operands []string
		want     string
	}{
		{[]string{"shop"}, "nexushub logs -f shop"},
		{[]string{"My App"}, "nexushub logs -f 'My App'"},
		{[]string{"it's"}, `nexushub logs -f 'it'\''s'`},
		{[]string{"$(reboot)"}, "nexushub logs -f '$(reboot)'"},
		{[]string{"~"}, "nexushub logs -f '~'"},
		{[]string{""}, "nexushub logs -f ''"},
		{[]string{"-f"}, "nexushub logs -f -- -f"},
		{[]string{"a", "--json"}, "nexushub logs -f -- a --json"},
		{[]string{"Bücher"}, "nexushub logs -f 'Bücher'"},
		{[]string{"a\x1b[2Jb"}, `nexushub logs -f $'a\x1b[2Jb'`},
	} {
		if got := Command("nexushub logs -f", c.operands...); got != c.want {
			t.Errorf("%q: %s, want %s", c.operands, got, c.want)
		}
	}
}

func TestLines(t *testing.T) {
	if got, want := Lines([]string{"run", "--a=b c", "x", "--d"}), "run \\\n    '--a=b c' x \\\n    --d"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A shell reads every word back, and a terminal shows it.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a b", "it's", `\`, "$x`y`", "\x1b[31m", "\n", "\u202e", "\xff", "-n", "!x", "*"} {
		f.Add(s)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		f.Skip(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") {
			return // no argument has one
		}
		quoted := Quote(s)
		if termtext.Text(quoted) != quoted {
			t.Errorf("%q: a terminal would obey %q", s, quoted)
		}
		out, err := exec.Command(bash, "-c", "printf %s "+quoted).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q: %s is read as %q, %v", s, quoted, out, err)
		}
	})
}
