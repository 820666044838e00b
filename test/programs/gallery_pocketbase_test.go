package programs_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

const collection = `{"name": "notes", "type": "base", "listRule": "", "viewRule": "", "createRule": "",
	"fields": [{"name": "text", "type": "text"}, {"name": "file", "type": "file", "maxSelect": 1}]}`

func usePocketBase(t *testing.T, a app) func(*testing.T) {
	a.Must(t, "nexushub", "exec", a.name, "--", "sh", "-c",
		"./base superuser upsert ann@example.org 'of a test' --dir=$STATE_DIRECTORY")
	a.shows(t, "/_/", "PocketBase")
	signedIn := a.ask(t, http.MethodPost, "/api/collections/_superusers/auth-with-password",
		strings.NewReader(`{"identity": "ann@example.org", "password": "of a test"}`), asJSON)
	a.ask(t, http.MethodPost, "/api/collections", strings.NewReader(collection), asJSON,
		"Authorization: "+decoded[struct{ Token string }](t, signedIn).Token)
	events := a.subscribe(t)
	body, header := form(t, "file", "a.txt", "uploaded", "text", "kept")
	created := decoded[struct{ ID, File string }](t,
		a.ask(t, http.MethodPost, "/api/collections/notes/records", body, header))
	for !strings.Contains(next(t, events), `"kept"`) {
	}
	return keeps(t, func(t *testing.T) {
		a.shows(t, "/api/collections/notes/records", `"text":"kept"`)
		a.shows(t, "/api/files/notes/"+created.ID+"/"+created.File, "uploaded")
	})
}

// subscribe reads the stream of events, and asks for those of the notes.
func (a app) subscribe(t *testing.T) *bufio.Scanner {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+"/api/realtime", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	events := bufio.NewScanner(resp.Body)
	id := ""
	for id == "" {
		if data, ok := strings.CutPrefix(next(t, events), "data:"); ok {
			id = decoded[struct{ ClientID string }](t, data).ClientID
		}
	}
	a.ask(t, http.MethodPost, "/api/realtime", strings.NewReader(`{"clientId": "`+id+`", "subscriptions": ["notes/*"]}`), asJSON)
	return events
}

func next(t *testing.T, events *bufio.Scanner) string {
	t.Helper()
	if !events.Scan() {
		t.Fatalf("the events end: %v", events.Err())
	}
	return events.Text()
}
