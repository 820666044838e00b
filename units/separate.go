package units

import "strings"

// separate puts a helper before the command that opens a second stream to the journal
// for stderr and then becomes the command: same process, arguments untouched. Without
// it the journal cannot tell stderr (priority warning) from stdout (info).
func (c Capabilities) separate(argv []string, identifier string) []string {
	switch {
	case c.ExecHelper == "":
		return argv
	case strings.HasSuffix(c.ExecHelper, "/systemd-cat"):
		return append([]string{c.ExecHelper, "--identifier=" + identifier, "--stderr-priority=warning", "--level-prefix=false", "--"}, argv...)
	}
	return append([]string{c.ExecHelper, identifier}, argv...)
}
