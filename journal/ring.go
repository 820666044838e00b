package journal

// Bounds of what the hub remembers.
const (
	maxRing      = 4096
	maxRingBytes = 8 << 20
)

// ring is the end of the live stream, without holes: a reader that comes back soon
// needs no child of its own.
type ring struct {
	items []Item // oldest first
	bytes int
}

func (r *ring) add(i Item) {
	r.items = append(r.items, i)
	r.bytes += i.size()
	drop := 0
	for len(r.items)-drop > maxRing || r.bytes > maxRingBytes {
		r.bytes -= r.items[drop].size()
		r.items[drop] = Item{}
		drop++
	}
	r.items = r.items[drop:]
}

// after returns an instance's items behind the entry at c, if that is remembered.
func (r *ring) after(instance string, c cursor) (items []Item, ok bool) {
	for n := len(r.items) - 1; n >= 0; n-- {
		if e := r.items[n].Entry; e != nil && e.at.sameEntry(c) {
			return selected(r.items[n+1:], instance), true
		}
	}
	return nil, false
}

// tail returns an instance's last n items, if as many are remembered. Lines in pieces
// are left to the journal itself.
func (r *ring) tail(instance string, n int) (items []Item, ok bool) {
	first := len(r.items)
	for left := n; left > 0; {
		first--
		if first < 0 || r.items[first].Entry != nil && r.items[first].Entry.continues {
			return nil, false
		}
		if e := r.items[first].Entry; e != nil && (instance == everyone || e.Instance == instance) {
			left--
		}
	}
	return selected(r.items[first:], instance), n > 0
}

func selected(items []Item, instance string) (out []Item) {
	for _, i := range items {
		if instance == everyone || i.instance() == instance {
			out = append(out, i)
		}
	}
	return out
}
