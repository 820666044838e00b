package fairshare

// group is a set of slots: those of one holder, or all.
type group struct {
	key   Key
	at    int // which of a slot's places this group is
	slots []*Slot
	next  int // where the next search begins
	rank  int // its index among the groups of its size
}

// place is where a slot is in a group.
type place struct {
	group *group
	index int
}

func (g *group) size() int { return len(g.slots) }

func (g *group) add(s *Slot) {
	s.places[g.at] = place{g, len(g.slots)}
	g.slots = append(g.slots, s)
}

func (g *group) remove(s *Slot) {
	i, last := s.places[g.at].index, len(g.slots)-1
	g.slots[i] = g.slots[last]
	g.slots[i].places[g.at].index = i
	g.slots[last] = nil
	g.slots = g.slots[:last]
	s.places[g.at] = place{}
}

// maxScan bounds a search, so that a holder of many costs no more than one of a few. The
// next search continues where this one ended: in the end every slot is considered.
const maxScan = 64

// least returns the slot of lowest priority among those that match, nil without one.
func (g *group) least(match func(*Slot, Priority) bool) (least *Slot) {
	var lowest Priority
	for range min(maxScan, len(g.slots)) {
		if g.next >= len(g.slots) {
			g.next = 0
		}
		s := g.slots[g.next]
		g.next++
		if w := s.member.Priority(); match(s, w) && (least == nil || w.less(lowest)) {
			least, lowest = s, w
		}
	}
	return least
}
