package bridge

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]Target{
		"ssh://box":                     {Host: "box"},
		"ssh://box/":                    {Host: "box"},
		"ssh://ops@box.example.org:222": {"ops", "box.example.org", "222"},
		"ssh://a.b-c_d@[2001:db8::1]":   {"a.b-c_d", "2001:db8::1", ""},
		"ssh://me@corp@box":             {"me@corp", "box", ""},
	} {
		if got, err := Parse(in); got != want || err != nil {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
}

// Whoever names the host (a script, a colleague's message) gets no option and no command in.
func TestParseRefusesWhatSshWouldObey(t *testing.T) {
	for _, in := range []string{
		"ssh://-oProxyCommand=touch x", "ssh://-oProxyCommand=x", "ssh://-box", "ssh://-l@box", "ssh://-oX=y@box", "ssh://",
		"ssh://@box", "ssh://box;id", "ssh://box$(id)", "ssh://`id`@box", "ssh://$(id)@box", "ssh://a b@box", "ssh://b'ox",
		"ssh://box|id", "ssh://box%0aid", "ssh://u%0a@box", "ssh://box:22;id", "ssh://box:-1", "ssh://box/x", "ssh://box?x", "ssh://box#x",
		"ssh://%2doX@box", "ssh://%2dbox", "ssh:box", "http://box", "ssh://u:secret@box", "ssh://bo\u0445",
	} {
		target, err := Parse(in)
		if err == nil {
			t.Errorf("%s: %q", in, target.Command(false, "nexushub"))
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the password is shown: %v", in, err)
		}
	}
}

// The words of a command are the same words at the other end, and none is an option of ssh.
func TestCommand(t *testing.T) {
	got := Target{"ops", "box", "222"}.Command(true, "nexushub exec", "my app", "sh", "-c", "echo $HOME; id")
	want := []string{"ssh", "-t", "-x", "-a", "-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none",
		"-o", "ServerAliveInterval=15", "-l", "ops", "-p", "222", "--", "box",
		`nexushub exec -- 'my app' sh -c 'echo $HOME; id'`}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"ssh://a@b:1", "ssh://[::1]", "ssh://-o", "ssh://a:b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := Parse(s)
		if err != nil {
			return
		}
		words := target.Command(false, "nexushub")
		at := slices.Index(words, "--")
		if at < 0 || at+3 != len(words) || strings.HasPrefix(target.Host, "-") || strings.HasPrefix(target.User, "-") ||
			strings.ContainsAny(target.User+target.Host+target.Port, " '\"$`;|&<>()\\\n\x00") {
			t.Errorf("%q: %q", s, words)
		}
	})
}
