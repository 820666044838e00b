package journal

// collector decides, from the newest item to older ones, what belongs to the answer
// and when there is no need to go on.
type collector interface {
	collect(i Item) (keep, more bool)
}

// tail collects the last lines that are wanted, and the beginnings of those that came
// in pieces.
type tail struct {
	lines  int
	wants  func(*Entry) bool
	looked int             // at older ones, for beginnings
	ended  map[string]bool // streams whose older pieces belong to a line that is not wanted
}

func (t *tail) collect(i Item) (keep, more bool) {
	switch {
	case t.lines <= 0:
		t.looked++
		return t.beginning(i), t.looked < maxHeads
	case i.Entry == nil || i.Entry.continues:
		return true, true
	}
	if t.wants(i.Entry) {
		t.lines--
	}
	return true, true
}

func (t *tail) beginning(i Item) bool {
	if i.Entry == nil || i.Entry.streamID == "" || t.ended[i.Entry.streamID] {
		return false
	}
	if !i.Entry.continues {
		if t.ended == nil {
			t.ended = map[string]bool{}
		}
		t.ended[i.Entry.streamID] = true
	}
	return i.Entry.continues
}

// previousRun collects the entries of the invocation before the newest.
type previousRun struct {
	lines     int
	current   string
	previous  string
	collected int
}

func (p *previousRun) collect(i Item) (keep, more bool) {
	if i.Entry == nil || i.Entry.Invocation == "" || endsByItself(i.Entry.Unit) {
		return false, true
	}
	id := i.Entry.Invocation
	switch {
	case p.current == "":
		p.current = id
	case id != p.current && p.previous == "":
		p.previous = id
	}
	if id != p.previous {
		return false, p.previous == "" || id == p.current
	}
	p.collected++
	return true, p.lines == All || p.collected < p.lines
}
