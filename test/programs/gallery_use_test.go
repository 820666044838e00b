package programs_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

const asJSON = "Content-Type: application/json"

// keeps is a use whose end is to be true now, and whenever it is asked again.
func keeps(t *testing.T, check func(*testing.T)) func(*testing.T) {
	t.Helper()
	check(t)
	return check
}

// form is the body of an upload, and its type.
func form(t *testing.T, field, file, content string, values ...string) (body *bytes.Buffer, header string) {
	t.Helper()
	body = new(bytes.Buffer)
	w := multipart.NewWriter(body)
	for i := 0; i+1 < len(values); i += 2 {
		if err := w.WriteField(values[i], values[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile(field, file)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return body, "Content-Type: " + w.FormDataContentType()
}

// match finds a part of a text that must be there.
func match(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	return found[1]
}

// decoded is a part of an answer in JSON.
func decoded[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

func useNotes(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/", "0 notes")
	a.ask(t, http.MethodPost, "/api/notes", strings.NewReader(`{"text": "kept"}`), asJSON)
	return keeps(t, func(t *testing.T) {
		a.shows(t, "/", "1 notes")
		if notes := decoded[[]string](t, a.page(t, "/api/notes")); len(notes) != 1 || notes[0] != "kept" {
			t.Errorf("it has the notes %q", notes)
		}
	})
}

func useFlask(t *testing.T, a app) func(*testing.T) {
	notes := useNotes(t, a)
	body, header := form(t, "file", "a.txt", "uploaded")
	a.ask(t, http.MethodPost, "/files", body, header)
	return keeps(t, func(t *testing.T) { notes(t); a.shows(t, "/files/a.txt", "uploaded") })
}

func useFastAPI(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/", "WebSocket")
	a.shows(t, "/docs", "openapi.json")
	a.shows(t, "/openapi.json", "/api/said")
	a.echoes(t, "/ws")
	a.ask(t, http.MethodPut, "/api/files/a.txt", strings.NewReader("uploaded"))
	return keeps(t, func(t *testing.T) {
		a.shows(t, "/api/said", `["echo"]`)
		a.shows(t, "/api/files/a.txt", "uploaded")
	})
}

func useDokuWiki(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/", "DokuWiki")
	editor := a.page(t, "/doku.php?id=start&do=edit")
	token := match(t, editor, `name="sectok" value="(\w*)"`)
	a.ask(t, http.MethodPost, "/doku.php", strings.NewReader(url.Values{
		"sectok": {token}, "id": {"start"}, "prefix": {"."}, "date": {match(t, editor, `name="date" value="(\d*)"`)},
		"wikitext": {"====== Kept ======\n{{:a.png}}"}, "summary": {"first"}, "do[save]": {"Save"},
	}.Encode()), "Content-Type: application/x-www-form-urlencoded")
	picture := picture(t)
	match(t, a.ask(t, http.MethodPost, "/lib/exe/ajax.php?call=mediaupload&qqfile=a.png&ns=&sectok="+token,
		strings.NewReader(picture), "Content-Type: application/octet-stream"), `"(success)":true`)
	return keeps(t, func(t *testing.T) {
		a.shows(t, "/doku.php?id=start", "Kept</h1>")
		a.shows(t, "/lib/exe/fetch.php?media=a.png", picture)
	})
}

func picture(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func useTomcat(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/jsp/snp/snoop.jsp", "Request Method: GET", "Server name: tomcat.")
	a.echoes(t, "/websocket/echoProgrammatic")
	const page = "/servlets/servlet/SessionExample"
	a.page(t, page+"?dataname=word&datavalue=kept")
	return keeps(t, func(t *testing.T) { a.shows(t, page, "word = kept") })
}

func usePrometheus(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/graph", "Prometheus")
	var found string
	query := func(t *testing.T, when time.Time) bool {
		found = a.page(t, "/api/v1/query?query="+url.QueryEscape(`up{job="prometheus"}`)+"&time="+when.UTC().Format(time.RFC3339))
		return strings.Contains(found, `"1"]`)
	}
	var then time.Time
	lab.Eventually(t, "it has measured itself", func() error {
		then = time.Now()
		return lab.Unless(query(t, then), "%s", found)
	})
	return keeps(t, func(t *testing.T) {
		if !query(t, then) {
			t.Errorf("it has forgotten what was at %s: %s", then, found)
		}
	})
}

func useRadicale(t *testing.T, a app) func(*testing.T) {
	const event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n" +
		"DTSTART:20260101T000000Z\r\nSUMMARY:kept\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	ann := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("ann:secret"))
	a.shows(t, "/.web/", "Radicale")
	if status, _ := a.answer(t, "PROPFIND", "/ann/", nil); status != http.StatusUnauthorized {
		t.Errorf("without a password it answers %d", status)
	}
	a.ask(t, "MKCALENDAR", "/ann/work/", nil, ann)
	a.ask(t, http.MethodPut, "/ann/work/1.ics", strings.NewReader(event), ann, "Content-Type: text/calendar")
	return keeps(t, func(t *testing.T) {
		if list := a.ask(t, "PROPFIND", "/ann/work/", nil, ann, "Depth: 1"); !strings.Contains(list, "/ann/work/1.ics") {
			t.Errorf("its calendar has\n%s", list)
		}
		if got := a.ask(t, http.MethodGet, "/ann/work/1.ics", nil, ann); !strings.Contains(got, "SUMMARY:kept") {
			t.Errorf("its event is\n%s", got)
		}
	})
}

func useVite(t *testing.T, a app) func(*testing.T) {
	return keeps(t, func(t *testing.T) {
		script := match(t, a.page(t, "/"), `src="(/assets/[^"]+\.js)"`)
		a.shows(t, script, "first")
	})
}

func useRclone(t *testing.T, a app) func(*testing.T) {
	a.ask(t, http.MethodPut, "/a.txt", strings.NewReader("uploaded"))
	return keeps(t, func(t *testing.T) {
		if list := a.ask(t, "PROPFIND", "/", nil, "Depth: 1"); !strings.Contains(list, "/a.txt") {
			t.Errorf("its folder has\n%s", list)
		}
		a.shows(t, "/a.txt", "uploaded")
	})
}
