package hostname

import (
	"fmt"
	"slices"
	"strings"
)

// Policy decides who may take which host name. It does not know who has which already.
type Policy struct {
	Domain     string   // canonical
	Reserved   []string // besides those of every host: a word below the domain, or a whole name
	Developers []string // what developers may take besides their own: "shop.org", "*.apps.example.org"
}

// Taker is who asks for a name.
type Taker int

const (
	Tester    Taker = iota // opens the debug API alone: any name that is nobody's
	Developer              // the name of the application, and any below debug.DOMAIN
	Operator               // whatever is not NexusHub's own
)

// Verdict is Free, or why a name is refused.
type Verdict int

const (
	Free       Verdict = iota
	Own                // NexusHub's, or passes for it
	Reserved           // for operators
	NotGranted         // to developers
)

// Refusal is the error for a name that somebody may not take. It says who may.
type Refusal struct {
	Verdict
	text string
}

func (r *Refusal) Error() string { return r.text }

// Refuse is Judge as an error with a sentence; nil where the name is free.
func (p Policy) Refuse(name, app string, by Taker) error {
	const ask = "an operator may take it, or allow it to developers with [policy.hosts] in nexushub.toml"
	switch v := p.Judge(name, app, by); v {
	case Own:
		return &Refusal{v, fmt.Sprintf("host name %s is taken by NexusHub itself", name)}
	case Reserved:
		return &Refusal{v, fmt.Sprintf("host name %s is reserved by NexusHub, because programs or people trust it: %s",
			name, ask)}
	case NotGranted:
		return &Refusal{v, fmt.Sprintf("host name %s is not for developers, whose are %s.%s and what is below debug.%s: %s",
			name, app, p.Domain, p.Domain, ask)}
	}
	return nil
}

// parts of NexusHub have these names below the domain.
var parts = []string{"admin", "internal", "login"}

// special are words that programs ask for below any domain, and trust: mail programs for their
// settings, browsers for their proxy.
var special = []string{"www", "mail", "autodiscover", "autoconfig", "mta-sts", "wpad"}

// Judge says whether by may take name for the application that is named app. The name is
// canonical, with "*." before it or a path behind it where it is more than one host name.
func (p Policy) Judge(name, app string, by Taker) Verdict {
	host, _, _ := strings.Cut(name, "/")
	base, wild := strings.CutPrefix(host, "*.")
	switch {
	case p.own(base):
		return Own
	case by == Operator, !wild && slices.Contains(p.Developers, host): // by name, so it is meant
		return Free
	case p.reserved(base):
		return Reserved
	case slices.ContainsFunc(p.Developers, func(pattern string) bool { return isBelow(base, pattern) }):
		return Free
	case wild:
		return NotGranted
	case by == Tester, host == app+"."+p.Domain, isBelow(host, "*.debug."+p.Domain), isBelow(host, "*.debug"):
		return Free // clients without a domain name debug applications NAME.debug
	}
	return NotGranted
}

// own are the names of NexusHub's parts with and without the domain, also behind "www.", the
// folder of generated names, and this machine's own name.
func (p Policy) own(host string) bool {
	host = strings.TrimPrefix(host, "www.")
	word, below, _ := strings.Cut(host, ".")
	return host == "debug."+p.Domain || host == "localhost" ||
		(below == "" || below == p.Domain) && slices.Contains(parts, word)
}

// reserved are the domain itself, special words with and without it, and what a browser may
// show in other letters directly below it.
func (p Policy) reserved(host string) bool {
	bare := strings.TrimPrefix(host, "www.")
	word, below, _ := strings.Cut(bare, ".")
	direct := below == "" || below == p.Domain
	return bare == p.Domain || slices.Contains(p.Reserved, bare) ||
		direct && (slices.Contains(special, word) || slices.Contains(p.Reserved, word)) ||
		below == p.Domain && strings.HasPrefix(word, "xn--")
}

// isBelow says whether host is below example.org, however deep, for the pattern "*.example.org".
func isBelow(host, pattern string) bool {
	suffix, wild := strings.CutPrefix(pattern, "*")
	return wild && len(host) > len(suffix) && strings.HasSuffix(host, suffix)
}
