package startcmd

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var vars = map[string]string{"PORT": "4711", "HOST": "shop.example.org", "A": "$PORT ${B} $$", "EMPTY": ""}

func TestExpand(t *testing.T) {
	for _, c := range []struct{ name, in, out string }{
		{"no variable", "bin/app|--verbose", "bin/app|--verbose"},
		{"a word", "app|$PORT", "app|4711"},
		{"within a word", "app|--listen=127.0.0.1:$PORT", "app|--listen=127.0.0.1:4711"},
		{"in braces", "app|x${PORT}y", "app|x4711y"},
		{"two", "app|http://$HOST:$PORT/", "app|http://shop.example.org:4711/"},
		{"of the command", "/opt/$EMPTY/app|x", "/opt//app|x"},
		{"a dollar sign", "app|$$PORT|$$$$", "app|$PORT|$$"},
		{"dollar sign and variable", "app|$$$PORT", "app|$4711"},
		{"empty stays a word", "app|$EMPTY|x", "app||x"},
		{"not read again", "app|$A", "app|$PORT ${B} $$"},
		{"nothing that begins a name", "app|^a$|$1|$(x)|$ x|$-", "app|^a$|$1|$(x)|$ x|$-"},
		{"shell", "/bin/sh|-c|exec app --port $PORT ${X:-$1} $$|$PORT", "/bin/sh|-c|exec app --port $PORT ${X:-$1} $$|4711"},
		{"shell with more flags", "bash|--norc|-e|-o|pipefail|-uc|$X", "bash|--norc|-e|-o|pipefail|-uc|$X"},
		{"shell with flags in capitals", "bash|-Eeuo|pipefail|-Ec|$X", "bash|-Eeuo|pipefail|-Ec|$X"},
		{"another shell", "/usr/bin/fish|-c|$X", "/usr/bin/fish|-c|$X"},
		{"shell behind a wrapper", "/usr/bin/env|A=$PORT|sh|-ec|$X", "/usr/bin/env|A=4711|sh|-ec|$X"},
		{"script of a shell", "sh|start.sh|-c|$PORT", "sh|start.sh|-c|4711"},
		{"no shell", "python3|-c|$PORT", "python3|-c|4711"},
		{"flag that is no shell's", "app|-c|$PORT", "app|-c|4711"},
	} {
		t.Run(c.name, func(t *testing.T) {
			words := strings.Split(c.in, "|")
			got, err := Expand(words, vars)
			if err != nil || !reflect.DeepEqual(got, strings.Split(c.out, "|")) {
				t.Errorf("Expand(%q) = %q, %v; want %q", words, got, err, c.out)
			}
			if changed := c.in != c.out; Refers(words) != changed {
				t.Errorf("Refers(%q) = %v", words, !changed)
			}
			if strings.Join(words, "|") != c.in {
				t.Error("the words given were changed")
			}
		})
	}
}

func TestExpandRefuses(t *testing.T) {
	for _, c := range []struct {
		name, word string
		is         error
		says       string
	}{
		{"unknown", "--db=$DB", ErrUnknown, `exec: "--db=$DB": unknown variable DB, known are A, EMPTY, HOST, PORT; write $$ for a dollar sign`},
		{"the longest name", "$PORTS", ErrUnknown, "PORTS"},
		{"the first of two", "$DB$QUEUE", ErrUnknown, "unknown variable DB,"},
		{"open brace", "${PORT", ErrSyntax, "${PORT:"},
		{"empty braces", "${}", ErrSyntax, "${}"},
		{"default value", "${PORT:-80}", ErrSyntax, "${PORT:-80}: ${NAME} is all there is"},
		{"number in braces", "${1}", ErrSyntax, "${1}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Expand([]string{"app", c.word}, vars)
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v with %q", err, c.is, c.says)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	known, secrets := []string{"PORT", "TOKEN"}, []string{"TOKEN"}
	for _, c := range []struct {
		words string
		is    error
	}{
		{"app|$PORT", nil},
		{"app|$TOKEN", ErrSecret},
		{"app|${TOKEN}", ErrSecret},
		{"app|$$TOKEN", nil},
		{"sh|-c|app $TOKEN", nil},
		{"app|$HOST", ErrUnknown},
		{"app|${", ErrSyntax},
	} {
		if err := Check(strings.Split(c.words, "|"), known, secrets); !errors.Is(err, c.is) {
			t.Errorf("Check(%q) = %v, want %v", c.words, err, c.is)
		}
	}
	if got := Names([]string{"app", "$B${A}$$C$B", "${", "$1"}); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("Names = %q", got)
	}
	if err := CheckSyntax([]string{"app", "$ANYTHING"}); err != nil {
		t.Errorf("CheckSyntax refuses a name that somebody may know: %v", err)
	}
	if err := CheckSyntax([]string{"app", "${A-B}"}); !errors.Is(err, ErrSyntax) {
		t.Errorf("CheckSyntax = %v, want %v", err, ErrSyntax)
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{"app|$PORT", "sh|-c|$X", "a|${", "a|$$", "-|-c|$PORT", "|-c|x"} {
		f.Add(s, "value$PORT")
	}
	f.Fuzz(func(t *testing.T, line, value string) {
		words := strings.Split(line, "|")
		known := map[string]string{"PORT": value}
		got, err := Expand(words, known)
		if (err == nil) != (Check(words, []string{"PORT"}, nil) == nil) {
			t.Fatalf("Check and Expand do not agree on %q: %v", words, err)
		}
		if err != nil {
			return
		}
		if len(got) != len(words) {
			t.Fatalf("%q became %q", words, got)
		}
		if !Refers(words) && !slices.Equal(got, words) {
			t.Fatalf("%q refers to nothing and became %q", words, got)
		}
	})
}

func TestLook(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	if err := os.Chmod(filepath.Dir(first), 0o755); err != nil { // as /usr is, not as testing makes it
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{
		filepath.Join(first, "plain"): 0o644, filepath.Join(second, "plain"): 0o755,
		filepath.Join(first, "both"): 0o755, filepath.Join(second, "both"): 0o755,
	} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(first, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(t.TempDir(), "closed")
	inside, around := filepath.Join(closed, "bin"), filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.MkdirAll(inside, 0o755), os.WriteFile(filepath.Join(inside, "both"), nil, 0o755),
		os.Chmod(closed, 0o700), os.Symlink(inside, around)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(first)
	for _, c := range []struct{ name, path, want string }{
		{"both", first + ":" + second, filepath.Join(first, "both")},
		{"plain", first + ":" + second, filepath.Join(second, "plain")},
		{"folder", first, ""},
		{"missing", first, ""},
		{"both", "", ""},
		{"both", inside, ""},
		{"both", around, ""},
		{"both", ".:", ""},
		{"..", first, ""},
		{"../" + filepath.Base(second) + "/both", first, ""},
		{"", first, ""},
	} {
		if got := Look(c.name, c.path); got != c.want {
			t.Errorf("Look(%q, %q) = %q, want %q", c.name, c.path, got, c.want)
		}
	}
	if Look("sh", SearchPath) == "" {
		t.Errorf("no sh in %s", SearchPath)
	}
}
