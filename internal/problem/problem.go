// Package problem writes RFC 9457 problem details (application/problem+json), the
// form of every error that this project answers over HTTP.
package problem

import (
	"encoding/json"
	"net/http"
	"strings"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// Problem is one problem document. Instance carries the trace id that the journal
// has too; Errors lists every single fault where there are several.
type Problem struct {
	Type     string  `json:"type"`
	Title    string  `json:"title"`
	Status   int     `json:"status"`
	Detail   string  `json:"detail,omitempty"`
	Instance string  `json:"instance,omitempty"`
	Errors   []Fault `json:"errors,omitempty"`
}

// Fault is one entry of Problem.Errors: where (a JSON pointer, a field or a file
// position) and what.
type Fault struct {
	Pointer string `json:"pointer,omitempty"`
	Detail  string `json:"detail"`
}

// Line is the fault in one line; a file that begins the detail is not named twice.
func (f Fault) Line() string {
	if f.Pointer == "" || strings.HasPrefix(f.Detail, f.Pointer+":") {
		return f.Detail
	}
	return f.Pointer + ": " + f.Detail
}

// Error makes a Problem usable as a Go error on the client's side.
func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// Write answers with p. Title defaults to the status text, Type to about:blank.
func Write(w http.ResponseWriter, p Problem) error {
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	if p.Type == "" {
		p.Type = "about:blank"
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, err = w.Write(append(body, '\n'))
	return err
}
