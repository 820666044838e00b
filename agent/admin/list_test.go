package admin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	idA = "11111111-1111-4111-8111-111111111111"
	idB = "22222222-2222-4222-8222-222222222222"
)

func entry(id, host string) string {
	return `{"instanceId":"` + id + `","appId":"a","displayName":"A","hostName":"` + host + `"}`
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, raw string
		apps      int
		complete  bool
		fails     bool
	}{
		{"two", `{"applications":[` + entry(idA, "A.test:8443") + "," + entry(idB, "b.test") + `]}`, 2, true, false},
		{"explicitly none", `{"applications":[]}`, 0, true, false},
		{"unknown fields are somebody's future", `{"applications":[],"next":1}`, 0, true, false},
		{"no list is no answer", `{}`, 0, false, true},
		{"null is no answer", `{"applications":null}`, 0, false, true},
		{"an error page is no answer", `<html>`, 0, false, true},
		{"cut off", `{"applications":[` + entry(idA, "a.test"), 0, false, true},
		{"something behind", `{"applications":[]}{}`, 0, false, true},
		{"a bad id is left out", `{"applications":[` + entry("x", "a.test") + "," + entry(idB, "b.test") + `]}`, 1, false,
			false},
		{"a bad host is left out", `{"applications":[` + entry(idA, "a..test") + `]}`, 0, false, false},
		{"an id twice", `{"applications":[` + entry(idA, "a.test") + "," + entry(idA, "b.test") + `]}`, 1, false, false},
		{"more than there may be", `{"applications":[` + strings.Repeat(entry(idA, "a.test")+",", 2) + `{}]}`, 0, false,
			true},
		{"bad ones count, too", `{"applications":[{},{},{}]}`, 0, false, true},
		{"a list that a second one takes away", `{"applications":[` + entry(idA, "a.test") + `],"applications":null}`, 0,
			false, true},
		{"an endless app id is left out", `{"applications":[` +
			strings.Replace(entry(idA, "a.test"), `"a"`, `"`+strings.Repeat("a", 257)+`"`, 1) + `]}`, 0, false, false},
		{"a host twice", `{"applications":[` + entry(idA, "a.test") + "," + entry(idB, "A.test") + `]}`, 1, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := parse([]byte(tt.raw), 2)
			if (err != nil) != tt.fails || len(l.Applications) != tt.apps || err == nil && l.Complete() != tt.complete {
				t.Errorf("parse = %+v, %v", l, err)
			}
		})
	}
}

func TestParseIsCanonical(t *testing.T) {
	l, _ := parse([]byte(`{"applications":[`+entry(strings.ToUpper(idA), "Shop.Test:8443")+`]}`), 1)
	if a := l.Applications[0]; a.InstanceID != idA || a.HostName != "shop.test" {
		t.Errorf("application = %+v", a)
	}
}

// A name that is cut in the middle of a character, and grows when it is made plain.
func TestDisplayNameIsCut(t *testing.T) {
	for _, name := range []string{strings.Repeat("a", 255) + "\u00e9", strings.Repeat(`\u001b`, 300),
		strings.Repeat("\u00e9", 1<<16)} {
		l, err := parse([]byte(strings.Replace(`{"applications":[`+entry(idA, "a.test")+`]}`, `"A"`, `"`+name+`"`, 1)), 1)
		if err != nil || len(l.Applications) != 1 {
			t.Fatalf("parse = %+v, %v", l, err)
		}
		if n := len(l.Applications[0].DisplayName); n < 250 || n > maxText {
			t.Errorf("%d bytes", n)
		}
	}
}

func TestClient(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.RequestURI())
		h := r.Header
		if h.Get("X-Application-Id") != idB || h.Get("Authorization") != "Bearer s" || h.Get("X-Internal-Secret") != "s" {
			t.Errorf("headers = %v", h)
		}
		switch r.URL.Path {
		case "/api/applications":
			io.WriteString(w, `{"applications":[`+entry(idA, "a.test")+`]}`)
		case "/api/poll":
			if r.URL.Query().Get("e") == "6" {
				io.WriteString(w, `{"id":9,"version":1}`)
				return
			}
			w.WriteHeader(http.StatusNotModified)
		}
	}))
	defer s.Close()
	c := NewClient(s.URL+"/", idB, "s", 10, http.DefaultTransport)
	if l, err := c.Applications(t.Context()); err != nil || len(l.Applications) != 1 {
		t.Errorf("Applications = %+v, %v", l, err)
	}
	if latest, news, err := c.Poll(t.Context(), 5); latest != 9 || !news || err != nil {
		t.Errorf("Poll = %d, %v, %v; want news", latest, news, err)
	}
	if latest, news, err := c.Poll(t.Context(), 9); latest != 9 || news || err != nil {
		t.Errorf("Poll = %d, %v, %v; want none", latest, news, err)
	}
	if want := "/api/applications /api/poll?e=6 /api/poll?e=10"; strings.Join(got, " ") != want {
		t.Errorf("asked %v, want %s", got, want)
	}
}

func TestClientTakesNothingElseForAnAnswer(t *testing.T) {
	for _, status := range []int{302, 401, 404, 500, 503} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			io.WriteString(w, `{"applications":[]}`)
		}))
		c := NewClient(s.URL, idB, "s", 10, http.DefaultTransport)
		if l, err := c.Applications(t.Context()); err == nil {
			t.Errorf("status %d: Applications = %+v, want an error", status, l)
		}
		if _, news, err := c.Poll(t.Context(), 1); err == nil || news {
			t.Errorf("status %d: Poll = %v, %v, want an error", status, news, err)
		}
		s.Close()
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"applications":[` + entry(idA, "a.test") + `]}`))
	f.Add([]byte(`{"applications":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := parse(raw, 10)
		if err != nil {
			return
		}
		for _, a := range l.Applications {
			if b, err := canonical(a); err != nil || a != b {
				t.Errorf("application %+v is not canonical", a)
			}
		}
	})
}
