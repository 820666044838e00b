package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/hostname"
)

func TestCertNames(t *testing.T) {
	deployed := func(owner, name string, more ...hostname.Host) AppState {
		return AppState{Desired: &Desired{Instance: Instance{Kind: KindDeployed, Owner: owner, HostName: name, Hosts: more}}}
	}
	static := deployed("", "static.example.org")
	static.Kind = KindStatic // says acme = true itself
	apps := []AppState{static,
		deployed("token:1", "shop.example.org", hostname.Host{Name: "shop.example.org"},
			hostname.Host{Name: "*.shop.example.org"}, hostname.Host{Name: "www.example.net", Redirect: true},
			hostname.Host{Name: "example.net", Prefix: "/docs"}),
		deployed("", "blog.yesterday.localhost"), deployed("", "intranet"),
		deployed("", "wiki.example.org", hostname.Host{Name: "wiki.example.org"},
			hostname.Host{Name: "wiki.example.net", Owner: "token:2"}), // that a developer gave it
	}
	public := config.ACME{Email: "ops@example.org", Directory: config.LetsEncrypt}
	own := config.ACME{Email: "ops@example.org", Directory: "https://ca.example.org/dir"}
	for _, c := range []struct {
		acme config.ACME
		want string
	}{
		{public, "[{shop.example.org token:1} {www.example.net token:1} {example.net token:1} {wiki.example.org } {wiki.example.net token:2}]"},
		{own, "[{shop.example.org token:1} {www.example.net token:1} {example.net token:1} {blog.yesterday.localhost } " +
			"{wiki.example.org } {wiki.example.net token:2}]"},
		{config.ACME{Directory: config.LetsEncrypt}, "[]"},
	} {
		var got []struct{ name, owner string }
		for _, n := range CertNames(apps, c.acme) {
			got = append(got, struct{ name, owner string }{n.Name, n.Owner})
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%+v: %v, want %s", c.acme, got, c.want)
		}
	}
}

// A token cannot use up what the authority gives a domain: neither at once, nor by deploying and
// removing; and what has its certificate keeps it, whatever others do.
func TestNoTokenExhaustsTheAuthority(t *testing.T) {
	most := config.CertPolicy{Names: 5, NamesEach: 3}
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	wish := func(owner string, names ...string) (list []CertName) {
		for _, n := range names {
			list = append(list, CertName{Name: n, Owner: owner})
		}
		return list
	}
	var in []CertName
	step := func(wanted []CertName, refused ...string) {
		t.Helper()
		var not []CertName
		in, not = Certify(in, wanted, most, now)
		var got []string
		for _, c := range not {
			got = append(got, c.Name)
		}
		if !slices.Equal(got, refused) {
			t.Errorf("refused %v, want %v", got, refused)
		}
	}
	a := wish("token:a", "a1", "a2", "a3", "a4")
	step(a, "a4")
	step(a, "a4")                                                         // asking again makes no difference
	step(wish("token:a", "a4", "a5"), "a4", "a5")                         // nor does removing the others
	step(slices.Concat(a, wish("token:b", "b1", "b2", "b3")), "a4", "b3") // all tokens together
	step(slices.Concat(a, wish("", "o1", "o2", "o3", "o4")), "a4")        // operators are not counted
	step(slices.Concat(a[:3], wish("token:b", "b4")), "b4")

	now = now.Add(certWindow)
	step(slices.Concat(a, wish("token:b", "b1", "b4"))) // a week later; a1 to a3 and b1 are kept and not new
	step(slices.Concat(a, wish("token:b", "b1", "b4"), wish("token:c", "c1", "c2", "c3", "c4")), "c4")
	for _, c := range in {
		if c.Name == "o1" || c.Name == "b2" {
			t.Errorf("%s is remembered although nobody wants it any more", c.Name)
		}
	}
}
