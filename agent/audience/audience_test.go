package audience

import (
	"errors"
	"slices"
	"testing"
)

func TestIncludes(t *testing.T) {
	who := []Installer{Root, Operator(1000), Token("a"), Token("b"), Access, Unrecorded}
	for _, c := range []struct {
		words []string
		want  []Installer
	}{
		{nil, []Installer{Root, Operator(1000), Unrecorded}},
		{[]string{OnlyRoot}, []Installer{Root}},
		{[]string{Operators}, []Installer{Root, Operator(1000)}},
		{[]string{Developers}, []Installer{Root, Operator(1000), Token("a"), Token("b"), Access}},
		{[]string{"token:a"}, []Installer{Root, Operator(1000), Token("a")}},
		{[]string{"token:a", Before}, []Installer{Root, Operator(1000), Token("a"), Unrecorded}},
		{[]string{"token:"}, []Installer{Root, Operator(1000)}},
		{[]string{OnlyRoot, Before}, []Installer{Root, Operator(1000), Unrecorded}},
	} {
		a, err := New(c.words)
		if err != nil {
			t.Fatal(err)
		}
		var got []Installer
		for _, w := range who {
			if a.Includes(w) {
				got = append(got, w)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q includes %q, want %q", c.words, got, c.want)
		}
	}
}

// Nobody can pass for another by the spelling of an id.
func TestNobodyPassesForAnother(t *testing.T) {
	if Operator(0) != Root || Token("x") == Operator(1) || Token("") == Unrecorded {
		t.Error("two installers have one name")
	}
	for _, id := range []string{"root", "", "operators", "uid:0", "access-token"} {
		if Default().Includes(Token(id)) {
			t.Errorf("token %q counts as an operator", id)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		a, b Audience
		want bool
	}{
		{nil, nil, true}, {nil, Audience{Operators}, false}, {Audience{Operators}, nil, true},
		{Audience{Operators}, Audience{Developers}, true}, {Audience{Developers}, Audience{Operators}, false},
		{Audience{"token:a"}, Audience{Developers}, true}, {Audience{Developers}, Audience{"token:a"}, false},
		{Audience{"token:a"}, Audience{"token:b"}, false}, {Audience{"token:a"}, Audience{"token:a", "token:b"}, true},
		{Audience{OnlyRoot}, Audience{Operators}, true}, {Audience{Operators}, Audience{OnlyRoot}, false},
	} {
		if got := c.a.Within(c.b); got != c.want {
			t.Errorf("%q within %q = %v", c.a, c.b, got)
		}
	}
}

func TestUnknownWordsAreRefused(t *testing.T) {
	for _, w := range []string{"everybody", "", "uid:1000", "Developers"} {
		if _, err := New([]string{w}); !errors.Is(err, ErrInvalid) {
			t.Errorf("New(%q) = %v", w, err)
		}
	}
}
