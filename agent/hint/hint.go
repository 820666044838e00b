// Package hint has the failures that applications are known for. Each is a row of one table: what
// is seen of it, what that means, and what to write so that it ends. [Of] finds the rows that fit.
// It decides from its arguments alone, and says nothing about an application that is well.
package hint

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/internal/termtext"
)

// Hint is one known failure, for the one who has it.
type Hint struct {
	Name  string // of the row, for programs: read-only, port-in-use
	Means string // what is seen, explained
	Write string // what to change, and where
}

// Facts are what is known of an application.
type Facts struct {
	App string // its name; empty: the words say APP
	// Healthy: it serves as it should. Then only rows hold that say so themselves.
	Healthy bool
	// Failure is why it does not, in the agent's words: how the run that failed last ended, why it
	// could not start, or what its health check has against it.
	Failure string
	Exit    Exit     // of that run, where it has ended
	Lines   []string // what that run said last, oldest first
	Page    string   // how the last answer to its health check begins, or its front page
	// Elsewhere are the addresses at which it listens, and has for a while, where it does not listen on
	// its port. The lowest comes first.
	Elsewhere []string
	Front     int // status with which an open application answered GET /; 0: it was not asked, or did not

	Process  string            // that fails, beside web; empty: web
	Manifest manifest.Manifest // in force, of that process
	Port     int               // it is to listen on; 0: not known, or none
	Files    bool              // something else answers requests outside of /api and /public
	Literal  bool              // dollar signs in its command stand for themselves

	Job    string // one whose last run failed; empty: there is none
	JobEnd string // how that ended
}

// Exit is how a process ended. The zero value: it has not, or nobody knows.
type Exit struct {
	Exited      bool // by itself, with Status
	Status      int
	Signal      int  // that killed it; 0: none
	OutOfMemory bool // the kernel says so
	Timeout     bool // it was killed because it was too slow
}

const (
	// maxLine bounds what of a line is looked at: a row that needs more is not worth the time.
	maxLine = 1000
	// maxValue bounds what of a line is quoted.
	maxValue = 120
	// most is how many hints there are at most: who sees more reads none.
	most = 3
)

// Of returns the hints that fit, the surest first.
func Of(f Facts) []Hint {
	var hints []Hint
	for _, r := range rows() {
		if f.Healthy && !r.healthy || r.general && len(hints) > 0 || r.only != nil && !r.only(&f) {
			continue
		}
		if values, ok := r.fits(&f); ok && len(hints) < most {
			hints = append(hints, Hint{Name: r.name, Means: fill(r.means, values), Write: fill(r.write, values)})
		}
	}
	return hints
}

// sight is what is seen of a failure. Everything that is set must hold.
type sight struct {
	line    string // one of the last lines matches
	beside  string // so does another one, or the same
	failure string // Failure matches
	page    string // Page matches
	address string // one of Elsewhere does, the first if several do
	status  []int
	signals []int
	memory  bool // out of memory, says the kernel

	expressions [5]*regexp.Regexp // of the five above, nil where empty
}

// row is one known failure. It fits if one of its sights does, or if it has none and only holds.
type row struct {
	name    string
	general bool // only where nothing more precise has been found
	healthy bool // also of an application that serves in good health
	sights  []sight
	only    func(*Facts) bool

	seen  string // what the sights are, for the manual
	means string // {name} stands for what a sight has named so, or for a fact
	write string
}

// rows are the table with its expressions compiled, when they are needed first.
var rows = sync.OnceValue(func() []row {
	for i := range table {
		for k := range table[i].sights {
			s := &table[i].sights[k]
			for n, text := range []string{s.line, s.beside, s.failure, s.page, s.address} {
				if text != "" {
					s.expressions[n] = regexp.MustCompile(text)
				}
			}
		}
	}
	return table
})

// fits says whether the row does, and what its words stand for.
func (r *row) fits(f *Facts) (map[string]string, bool) {
	facts := f.values()
	if len(r.sights) == 0 {
		return facts, true
	}
	for i := range r.sights {
		if values := maps.Clone(facts); r.sights[i].fits(f, values) {
			return values, true
		}
	}
	return nil, false
}

func (s *sight) fits(f *Facts, values map[string]string) bool {
	e := &s.expressions
	line, beside, failure, page, address := e[0], e[1], e[2], e[3], e[4]
	return (s.status == nil || f.Exit.Exited && slices.Contains(s.status, f.Exit.Status)) &&
		(s.signals == nil || !f.Exit.Timeout && slices.Contains(s.signals, f.Exit.Signal)) &&
		(!s.memory || f.Exit.OutOfMemory) &&
		matches(address, values, reversed(f.Elsewhere)...) &&
		matches(failure, values, f.Failure) && matches(page, values, f.Page) &&
		matches(beside, values, f.Lines...) && matches(line, values, f.Lines...)
}

// matches says whether the newest text that can does, and adds what the expression names: as one
// word of a shell, because an application writes it and an operator may paste it, and because what
// is more than a word must not read as if it were said here. There may be no expression.
func matches(e *regexp.Regexp, values map[string]string, texts ...string) bool {
	if e == nil {
		return true
	}
	for _, text := range slices.Backward(texts) {
		m := e.FindStringSubmatch(text[:min(len(text), maxLine)])
		if m == nil {
			continue
		}
		for i, name := range e.SubexpNames() {
			if name != "" && m[i] != "" {
				values[name] = shell.Quote(shortened(m[i]))
			}
		}
		return true
	}
	return false
}

func reversed(list []string) []string {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// shortened is what may be quoted of a line: one line.
func shortened(s string) string {
	s = strings.Join(strings.Fields(termtext.Plain(s)), " ")
	if len(s) > maxValue {
		return strings.ToValidUTF8(s[:maxValue], "") + "..."
	}
	return s
}

// values are the facts that the words of every row may name.
func (f *Facts) values() map[string]string {
	m := &f.Manifest
	memory := m.Limits.Memory
	if memory == 0 {
		memory = manifest.Default().Limits.Memory
	}
	tasks := m.Limits.Tasks
	if tasks == 0 {
		tasks = manifest.Default().Limits.Tasks
	}
	v := map[string]string{
		"app": f.App, "process": f.Process, "job": f.Job, "job end": f.JobEnd,
		"port": "$PORT", "network": m.Network, "health": m.Health.Path,
		"memory": memory.String(), "more memory": (2 * memory).String(),
		"tasks": strconv.Itoa(tasks), "more tasks": strconv.Itoa(4 * tasks),
	}
	if f.Front != 0 {
		v["front"] = strconv.Itoa(f.Front)
	}
	if f.Port != 0 {
		v["port"] = strconv.Itoa(f.Port)
	}
	return v
}

var placeholder = regexp.MustCompile(`\{([a-z ]+)(?:\|([^}]*))?\}`)

// fill puts values into a sentence, or what it says itself where there is none: {name|a file}.
func fill(sentence string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(sentence, func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		return cmp.Or(values[m[1]], m[2])
	})
}
