package dotenv

import (
	"strconv"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"A=1":                                  `A="1"`,
		"A=1\r\nB=2\r\n":                       `A="1" B="2"`,
		"\ufeffA=1\n\n# comment\n  # more\nB=": `A="1" B=""`,
		"export A=1\nexport  B = two words ":   `A="1" B="two words"`,
		"A=a#b # comment\nB= # nothing":        `A="a#b" B=""`,
		"A=\"a # b\" # comment":                `A="a # b"`,
		`A="a\nb\t\"\\\$\q"`:                   `A="a\nb\t\"\\$\\q"`,
		`A="\\n"`:                              `A="\\n"`,
		"A='a\\n$B'\nB=`it's`":                 `A="a\\n$B" B="it's"`,
		"A=\"one\ntwo\"\nB='x\ny'":             `A="one\ntwo" B="x\ny"`,
		"A=pa$$word=":                          `A="pa$$word="`,
		"URL=postgres://u:p@h/d?x=1&y=2":       `URL="postgres://u:p@h/d?x=1&y=2"`,
		"A=it's":                               `A="it's"`,
	} {
		list, notes, err := Parse(".env", []byte(text))
		var got []string
		for _, v := range list {
			got = append(got, v.Name+"="+strconv.Quote(v.Value))
		}
		if s := strings.Join(got, " "); err != nil || s != want || len(notes) > 0 {
			t.Errorf("%q is %s (%v, %v), want %s", text, s, err, notes, want)
		}
	}
}

// Faults name lines and variables, never what could be a value.
func TestFaultsHoldNoValue(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\nhidden\nB=2":                      ".env:2: must be NAME=VALUE",
		"hidden value=1":                        ".env:1: must be NAME=VALUE, with a name made of letters, digits and '_'",
		"=hidden":                               ".env:1: must be NAME=VALUE, with a name made of letters, digits and '_'",
		"A=1\nB=2\nA=hidden":                    ".env:3: A: is set in line 1 already",
		"A='hidden\nhidden=hidden\nhidden":      ".env:1: A: its quote is not closed",
		`A="hidden" hidden`:                     ".env:1: A: there is text after its closing quote",
		"A=\"hidden\\\"":                        ".env:1: A: its quote is not closed",
		"K=-----BEGIN\nhidden\nhidden+=\n-----": ".env:2: must be NAME=VALUE\n.env:3: must be NAME=VALUE, with a name made of letters, digits and '_'\n.env:4: must be NAME=VALUE",
		"A=hidden\xff":                          ".env: must be text in UTF-8",
	} {
		if _, _, err := Parse(".env", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestVariablesInValuesAreNoted(t *testing.T) {
	_, notes, err := Parse(".env", []byte("HOST=h\nURL=http://${HOST}/$PATH\nA='$HOST'"))
	const want = ".env:2: URL: variables are not filled in, so $HOST stays as it is written"
	if err != nil || len(notes) != 1 || notes[0] != want {
		t.Errorf("got %q, %v", notes, err)
	}
}

// What was read is read the same when it is written with quotes.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"A=1\nB='x' # y\nexport C=\"a\\nb\"", "A=`\n`", "A=\"\\\\\"", "=", "A", "'=\"", "#"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, _, err := Parse("f", data)
		if err != nil {
			return
		}
		var b strings.Builder
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		for _, v := range list {
			b.WriteString(v.Name + `="` + quoted.Replace(v.Value) + "\"\n")
		}
		again, _, err := Parse("f", []byte(b.String()))
		if err != nil || len(again) != len(list) {
			t.Fatalf("%q: %v", b.String(), err)
		}
		for i := range list {
			if again[i].Name != list[i].Name || again[i].Value != list[i].Value {
				t.Errorf("%q became %q", list[i].Value, again[i].Value)
			}
		}
	})
}
