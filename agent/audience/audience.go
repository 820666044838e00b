// Package audience decides which releases get a secret. A secret is for people, a
// release is the work of one: who installed a release reads what it is given. So each
// release remembers its Installer, each secret has an Audience, and Includes is all
// that there is between them. It is pure, and knows no values.
//
// Who rolls back vouches for nothing: what counts is who installed that content.
package audience

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Installer is who installed a release; empty: not known, because the release was
// installed by a version that kept no record of it.
type Installer string

// Installers that are always the same.
const (
	Unrecorded Installer = ""
	Root       Installer = "root"         // by the configuration, or over the operators' socket
	Access     Installer = "access-token" // somebody whom the login application let in
)

const (
	uidPrefix   = "uid:"
	tokenPrefix = "token:"
)

// Operator is a member of the group that may use the operators' socket.
func Operator(uid uint32) Installer {
	if uid == 0 {
		return Root
	}
	return Installer(fmt.Sprint(uidPrefix, uid))
}

// Token is the holder of an API token.
func Token(id string) Installer { return Installer(tokenPrefix + id) }

// TokenID is the token's id, where a token it was.
func (i Installer) TokenID() (id string, ok bool) { return strings.CutPrefix(string(i), tokenPrefix) }

func (i Installer) operator() bool { return i == Root || strings.HasPrefix(string(i), uidPrefix) }

// String is for people.
func (i Installer) String() string {
	switch {
	case i == Unrecorded:
		return "an unrecorded installer"
	case i == Access:
		return "the holder of an access token"
	}
	return strings.Replace(string(i), ":", " ", 1)
}

// Words of an Audience; any other is token:ID. Root and everybody of the words that a
// wider one includes are never named beside it.
const (
	OnlyRoot   = "root"
	Operators  = "operators"  // root and the group
	Developers = "developers" // everybody who may install
	Before     = "unrecorded" // releases without a record of who installed them
)

// Audience names who gets a secret. The empty one is that of a secret from before there
// were any: it is for operators, and for releases from that time.
type Audience []string

// ErrInvalid says that a word names nobody.
var ErrInvalid = errors.New("must be root, operators, developers, unrecorded, or the name or id of an API token")

// Default is the audience of a secret of which nothing is said.
func Default() Audience { return Audience{Operators} }

// New makes an audience of words. Tokens have their prefix.
func New(words []string) (Audience, error) {
	for _, w := range words {
		if !slices.Contains([]string{OnlyRoot, Operators, Developers, Before}, w) && !strings.HasPrefix(w, tokenPrefix) {
			return nil, fmt.Errorf("%q %w", w, ErrInvalid)
		}
	}
	a := slices.Clone(words)
	slices.Sort(a)
	return slices.Compact(a), nil
}

// Words names the audience in full.
func (a Audience) Words() []string {
	if len(a) == 0 {
		return []string{Operators, Before}
	}
	return slices.Clone(a)
}

// Includes says whether a release gets the secret that was installed by who.
func (a Audience) Includes(who Installer) bool {
	for _, w := range a.Words() {
		switch {
		case who == Root,
			w == Before && who == Unrecorded,
			w == Developers && who != Unrecorded,
			w != OnlyRoot && who.operator(),
			who != Unrecorded && w == string(who):
			return true
		}
	}
	return false
}

// Within says whether nobody loses the secret when b follows a.
func (a Audience) Within(b Audience) bool {
	return !slices.ContainsFunc(a.members(), func(who Installer) bool { return !b.Includes(who) })
}

// members is one installer of each sort that the audience includes.
func (a Audience) members() []Installer {
	all := []Installer{Root, Unrecorded, Access, Operator(1), Token("any")}
	for _, w := range a {
		if strings.HasPrefix(w, tokenPrefix) {
			all = append(all, Installer(w))
		}
	}
	return slices.DeleteFunc(all, func(who Installer) bool { return !a.Includes(who) })
}
