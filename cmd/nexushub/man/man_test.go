package man

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestWriteSaysEverythingOnce(t *testing.T) {
	root := &cobra.Command{Use: "nexushub", Short: "short", Long: "first\n\nsecond .line\n.dot", Example: "  nexushub x"}
	root.PersistentFlags().BoolP("quiet", "q", false, "say less")
	group := &cobra.Command{Use: "secret"}
	set := &cobra.Command{
		Use:     "set APP",
		Short:   "set one",
		Aliases: []string{"put"},
		Run:     func(*cobra.Command, []string) {},
	}
	set.Flags().String("kind", "", "which kind")
	group.AddCommand(set)
	root.AddCommand(group, &cobra.Command{Use: "ghost", Hidden: true, Run: func(*cobra.Command, []string) {}})
	var out bytes.Buffer
	if err := Write(&out, root); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		".TH NEXUSHUB 1", "\n\\&.dot\n", `.B \-q, \-\-quiet`, `.SS \fBsecret set APP\fR`, "Set one.", "Also: put.", `.B \-\-kind=\fISTRING\fR`, ".SH EXIT STATUS",
	} {
		if strings.Count(out.String(), want) != 1 {
			t.Errorf("%q is there %d times", want, strings.Count(out.String(), want))
		}
	}
	if strings.Contains(out.String(), "ghost") {
		t.Error("a hidden command is shown")
	}
}
