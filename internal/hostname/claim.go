package hostname

import (
	"fmt"
	"slices"
)

// Claim is a host of an application. Who may take a name at all is decided elsewhere; here it
// is decided whether two applications can have what they want beside each other.
type Claim struct {
	Host
	App     string // its instance
	Owner   string // whom the application belongs to; empty: the operator
	Granted bool   // a name that this host gives out: the owner has it by the operator's word
	Who     string // the application in words
}

// Conflict says why a claim cannot be had beside one that is held already; empty: it can. An
// exact name takes requests away from a wildcard, so only its owner, or the operator, may lay one
// below it. The paths of one host name share cookies and scripts, so they have one owner.
func (c Claim) Conflict(held Claim) string {
	overlap := c.Name == held.Name || c.Covers(held.Host) || held.Covers(c.Host)
	mine := c.Owner == held.Owner
	switch {
	case c.App == held.App || !overlap:
		return ""
	case c.At(held.Host):
		return "is taken"
	case !mine && (c.Prefix != "" || held.Prefix != ""):
		return "would share cookies with another owner's application: it is a name, or a path, of " + held.String()
	case held.Covers(c.Host) && !mine && c.Owner != "" && !c.Granted:
		return "lies under the wildcard " + held.String()
	}
	return ""
}

// Claims are those that are held.
type Claims struct{ byName, byWildcard map[string][]Claim }

// Hold adds claims.
func (s *Claims) Hold(claims ...Claim) {
	if s.byName == nil {
		s.byName, s.byWildcard = map[string][]Claim{}, map[string][]Claim{}
	}
	for _, c := range claims {
		s.byName[c.Name] = append(s.byName[c.Name], c)
		over := WildcardOf(c.Name)
		s.byWildcard[over] = append(s.byWildcard[over], c)
	}
}

// Conflict says which claim keeps from another one; empty: none does.
func (s *Claims) Conflict(c Claim) string {
	near := slices.Concat(s.byName[c.Name], s.byName[WildcardOf(c.Name)])
	if c.Wildcard() {
		near = append(near, s.byWildcard[c.Name]...)
	}
	for _, held := range near {
		switch why := c.Conflict(held); {
		case why == "":
		case c.At(held.Host):
			return fmt.Sprintf("host name %s %s by %s", c, why, held.Who)
		default:
			return fmt.Sprintf("host name %s %s of %s", c, why, held.Who)
		}
	}
	return ""
}

// GivenOut says whether a name is one of those that this host itself gives to applications:
// right below the domain, or below its debug.DOMAIN.
func GivenOut(name, domain string) bool {
	parent := WildcardOf(name)[2:]
	return parent == domain || parent == "debug."+domain
}
