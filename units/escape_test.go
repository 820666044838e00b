package units

import "testing"

func TestEscape(t *testing.T) {
	if got := unitPath("nexushub-app-a_b.service"); got != "/org/freedesktop/systemd1/unit/nexushub_2dapp_2da_5fb_2eservice" {
		t.Errorf("path %s", got)
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "nexushub-app-x.service", "1st", "_", "ü", "a_2d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := unescape(escape(s)); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	})
}

func FuzzUnescape(f *testing.F) {
	f.Add("_2")
	f.Add("_zz")
	f.Fuzz(func(t *testing.T, s string) { _ = unescape(s) })
}
