package journal

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/problem"
)

// DefaultLines is what a query without lines= gets.
const DefaultLines = 50

// maxPattern bounds grep=.
const maxPattern = 1000

// ParseRequest reads a query from a request's parameters and its Last-Event-ID. The
// error is a *problem.Problem of status 400 that lists everything that is wrong.
func ParseRequest(r *http.Request, instance string) (Query, Format, error) {
	p := parser{values: r.URL.Query()}
	q := p.query(instance, r.Header.Get("Last-Event-ID"))
	f := p.format(r.Header.Get("Accept"))
	p.unknown()
	if len(p.faults) > 0 {
		return Query{}, "", &problem.Problem{
			Type: "urn:nexushub:problem:malformed", Title: "malformed request", Status: http.StatusBadRequest,
			Detail: p.faults[0].Pointer + ": " + p.faults[0].Detail, Errors: p.faults,
		}
	}
	return q, f, nil
}

// parser collects faults, so that one answer names all of them.
type parser struct {
	values url.Values
	faults []problem.Fault
}

func (p *parser) fault(key, format string, args ...any) {
	p.faults = append(p.faults, problem.Fault{Pointer: key, Detail: fmt.Sprintf(format, args...)})
}

func (p *parser) query(instance, lastEventID string) Query {
	q := Query{Instance: instance, Since: p.time("since"), Until: p.time("until"), Priority: 7, Grep: p.pattern("grep")}
	q.Previous = p.flag("previous", false)
	q.Job = p.job(instance)
	q.Follow = p.flag("follow", q.Until.IsZero() && !q.Previous)
	q.Lines = p.lines(q)
	q.Process, q.Replica = p.process(q.Previous && q.Job == "")
	if q.Job != "" && q.Process != "" {
		p.fault("process", "cannot be combined with job")
	}
	if p.flag("build", false) {
		p.builds(&q, instance)
	}
	if s := p.values.Get("priority"); s != "" {
		q.Priority = p.priority(s)
	}
	if q.After = lastEventID; q.After == "" {
		q.After = p.values.Get("cursor")
	}
	if _, err := parsePosition(q.After); q.After != "" && err != nil {
		p.fault("cursor", "invalid cursor %q", q.After)
	}
	if q.Job != "" && q.Previous {
		p.fault("previous", "cannot be combined with job")
	}
	if q.Follow && (q.Previous || !q.Until.IsZero()) {
		p.fault("follow", "cannot be combined with until or previous")
	}
	return q
}

// jobForm is how jobs can be called.
var jobForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

func (p *parser) job(instance string) string {
	job := p.values.Get("job")
	switch {
	case job != "" && instance == "":
		p.fault("job", "needs the application whose job it is")
	case job != "" && !jobForm.MatchString(job):
		p.fault("job", "%q cannot be the name of a job", job)
	}
	return job
}

var processForm = regexp.MustCompile(`^([a-z][a-z0-9]*)(?:\.([1-9][0-9]{0,3}))?$`)

// process is one of the application, or one replica of it. Only that has a run before this one.
func (p *parser) process(previous bool) (name string, replica int) {
	s := p.values.Get("process")
	m := processForm.FindStringSubmatch(s)
	switch {
	case s == "" && !previous:
		return "", 0
	case s == "":
		return firstProcess, 1
	case m == nil || !manifest.IsProcessName(m[1]):
		p.fault("process", "%q must be the name of a process such as worker, or one replica of it such as worker.2", s)
		return "", 0
	}
	if m[2] != "" {
		replica, _ = strconv.Atoi(m[2]) // four digits
	} else if previous {
		replica = 1
	}
	return m[1], replica
}

// builds asks for what the builds of an instance have printed.
func (p *parser) builds(q *Query, instance string) {
	q.Instance = BuildsOf(instance)
	if instance == "" {
		p.fault("build", "needs an application")
	}
	if q.Job != "" || q.Process != "" || q.Previous {
		p.fault("build", "cannot be combined with job, process or previous")
	}
}

func (p *parser) lines(q Query) int {
	s := p.values.Get("lines")
	switch {
	case s == "all", s == "" && !q.Since.IsZero():
		return All
	case s == "":
		return DefaultLines
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > MaxLines {
		p.fault("lines", "%q must be a number from 0 to %d, or all", s, MaxLines)
	}
	return n
}

func (p *parser) flag(key string, absent bool) bool {
	switch s := strings.ToLower(p.values.Get(key)); s {
	case "":
		return absent
	case "1", "true", "yes":
		return true
	case "0", "false", "no":
		return false
	default:
		p.fault(key, "%q must be 1 or 0", s)
		return absent
	}
}

// levels are the names that journalctl takes, and those that entries have here.
var levels = map[string]int{
	"emerg": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warning": 4, "warn": 4, "notice": 5, "info": 6, "debug": 7,
}

func (p *parser) priority(s string) int {
	if n, ok := levels[strings.ToLower(s)]; ok {
		return n
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 7 {
		p.fault("priority", "%q must be 0 to 7, or one of emerg alert crit error warning notice info debug", s)
	}
	return n
}

// pattern is a regular expression (RE2); without capitals it ignores case, as
// journalctl does.
func (p *parser) pattern(key string) *regexp.Regexp {
	s := p.values.Get(key)
	if s == "" {
		return nil
	}
	if len(s) > maxPattern {
		p.fault(key, "is longer than %d characters", maxPattern)
		return nil
	}
	if strings.ToLower(s) == s {
		s = "(?i)" + s
	}
	re, err := regexp.Compile(s)
	if err != nil {
		p.fault(key, "%v", err)
	}
	return re
}

func (p *parser) time(key string) time.Time {
	s := p.values.Get(key)
	if s == "" {
		return time.Time{}
	}
	t, err := ParseTime(s, time.Now())
	if err != nil {
		p.fault(key, "%v", err)
	}
	return t
}

// format prefers the parameter to the Accept header.
func (p *parser) format(accept string) Format {
	switch f := Format(p.values.Get("format")); f {
	case SSE, NDJSON, Text:
		return f
	case "":
	default:
		p.fault("format", "%q must be sse, ndjson or text", f)
	}
	switch {
	case strings.HasPrefix(accept, "application/x-ndjson"), strings.HasPrefix(accept, "application/json"):
		return NDJSON
	case strings.HasPrefix(accept, "text/plain"):
		return Text
	}
	return SSE
}

// unknown parameters are mistakes: a filter that does not filter misleads.
func (p *parser) unknown() {
	for key := range p.values {
		switch key {
		case "lines", "follow", "since", "until", "priority", "grep", "format", "cursor", "previous", "job", "process",
			"build":
		default:
			p.fault(key, "unknown parameter")
		}
	}
}

// ParseTime reads RFC 3339, "2006-01-02 15:04:05", "2006-01-02", "15:04", "@seconds",
// "now", "today", "yesterday", and spans before now: "10m", "-2h30m".
func ParseTime(s string, now time.Time) (time.Time, error) {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch s {
	case "now":
		return now, nil
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.AddDate(0, 0, -1), nil
	}
	if sec, err := strconv.ParseFloat(strings.TrimPrefix(s, "@"), 64); err == nil && strings.HasPrefix(s, "@") {
		return time.UnixMicro(int64(sec * 1e6)), nil
	}
	if d, err := time.ParseDuration(strings.TrimSuffix(strings.TrimPrefix(s, "-"), " ago")); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04",
		time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	if t, err := time.ParseInLocation("15:04", s, now.Location()); err == nil {
		return midnight.Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute), nil
	}
	return time.Time{}, fmt.Errorf("invalid time %q: write 2006-01-02T15:04:05Z, \"2006-01-02 15:04:05\", @seconds, or a span before now like 10m", s)
}
