package shares

// group is a set of seats: those of one holder, or all.
type group struct {
	key   Key
	at    int // which of a seat's places this group is
	seats []*Seat
	next  int // where the next search begins
	rank  int // its index among the groups of its size
}

// place is where a seat is in a group.
type place struct {
	group *group
	index int
}

func (g *group) size() int { return len(g.seats) }

func (g *group) add(s *Seat) {
	s.places[g.at] = place{g, len(g.seats)}
	g.seats = append(g.seats, s)
}

func (g *group) remove(s *Seat) {
	i, last := s.places[g.at].index, len(g.seats)-1
	g.seats[i] = g.seats[last]
	g.seats[i].places[g.at].index = i
	g.seats[last] = nil
	g.seats = g.seats[:last]
	s.places[g.at] = place{}
}

// looks bounds a search, so that a holder of many costs no more than one of a few. The
// next search goes on where this one ended: in the end every seat is looked at.
const looks = 64

// least returns the seat of least worth among those that are right, nil without one.
func (g *group) least(right func(*Seat, Worth) bool) (least *Seat) {
	var worth Worth
	for range min(looks, len(g.seats)) {
		if g.next >= len(g.seats) {
			g.next = 0
		}
		s := g.seats[g.next]
		g.next++
		if w := s.member.Worth(); right(s, w) && (least == nil || w.less(worth)) {
			least, worth = s, w
		}
	}
	return least
}
