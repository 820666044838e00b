package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/config"
)

// CertName is a host name for which an authority may be asked, since some time.
type CertName struct {
	Name  string    `json:"name"`
	Owner string    `json:"owner,omitempty"` // empty: the operator
	Since time.Time `json:"since"`
}

// certWindow is what authorities count by: certificates for one domain within a week.
const certWindow = 7 * 24 * time.Hour

// CertNames are the names of deployed applications that are to have a certificate by ACME, which
// wildcards cannot have.
func CertNames(apps []AppState, a config.ACME) (names []CertName) {
	if a.Email == "" {
		return nil
	}
	for i := range apps {
		if apps[i].Kind != KindDeployed {
			continue
		}
		for _, h := range apps[i].AllHosts() {
			known := slices.ContainsFunc(names, func(c CertName) bool { return c.Name == h.Name })
			if !known && certifiable(h.Name, a.Directory != config.LetsEncrypt) {
				names = append(names, CertName{Name: h.Name, Owner: cmp.Or(h.Owner, apps[i].Owner)})
			}
		}
	}
	return names
}

// notPublic are the last parts of names that no public authority certifies.
var notPublic = []string{"localhost", "local", "internal", "test", "example", "invalid", "onion", "arpa", "debug",
	"lan", "home"}

// certifiable says whether an authority could certify a name; one of one's own certifies any.
func certifiable(name string, ownAuthority bool) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return !strings.HasPrefix(name, "*") && last != name && (ownAuthority || !slices.Contains(notPublic, last))
}

// Certify lets names in, as far as [policy.acme] does: new ones of each token and of all tokens
// within a week. Those of operators are not counted. What was let in stays so while it is wanted.
func Certify(before, wanted []CertName, most config.CertPolicy, now time.Time) (in, refused []CertName) {
	find := func(list []CertName, name string) int {
		return slices.IndexFunc(list, func(c CertName) bool { return c.Name == name })
	}
	for _, c := range before {
		if now.Sub(c.Since) < certWindow || find(wanted, c.Name) >= 0 {
			in = append(in, c)
		}
	}
	for _, c := range wanted {
		if find(in, c.Name) >= 0 {
			continue
		}
		c.Since = now
		all, own := recent(in, c.Owner, now)
		if c.Owner != "" && (all >= most.Names || own >= most.NamesEach) {
			refused = append(refused, c)
			continue
		}
		in = append(in, c)
	}
	return in, refused
}

// recent counts names of tokens, and of one of them.
func recent(list []CertName, owner string, now time.Time) (all, own int) {
	for _, c := range list {
		if c.Owner == "" || now.Sub(c.Since) >= certWindow {
			continue
		}
		all++
		if c.Owner == owner {
			own++
		}
	}
	return all, own
}
