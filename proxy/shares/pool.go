package shares

import "sync"

// kinds of holders that one pool may know: of the client, and of what it wants.
const kinds = 2

// Pool is a bounded number of seats. It is safe for concurrent use; every call takes
// the same short time, whoever holds how much.
type Pool struct {
	limit int

	mu  sync.Mutex // guards the fields that follow
	all group
	by  [kinds]ranking
}

// NewPool returns a pool of limit seats.
func NewPool(limit int) *Pool {
	p := &Pool{limit: limit, all: group{at: kinds}}
	for i := range p.by {
		p.by[i] = ranking{at: i, groups: map[Key]*group{}}
	}
	return p
}

// Seat is what a member has of a pool.
type Seat struct {
	pool   *Pool
	member Member
	places [kinds + 1]place
}

// Taken is the outcome of Take: the seat, nil when the member was refused; and whose seat
// it was before, who therefore has to give way, nil when one was free. Pressed is who
// holds most, when none was free, and how much.
type Taken struct {
	Seat    *Seat
	Victim  Member
	Worth   Worth // of the victim
	Pressed Key
	Holds   int
}

// Take gives m a seat, as one of client and, where that matters too, of subject; several
// pools without subjects pass the zero Key.
func (p *Pool) Take(m Member, client, subject Key) (t Taken) {
	p.mu.Lock()
	defer p.mu.Unlock()
	groups := p.groups(client, subject)
	if p.all.size() >= p.limit {
		victim := p.yielding(groups)
		t.Pressed, t.Holds = p.pressed(victim, client)
		if victim == nil {
			return t
		}
		t.Victim, t.Worth = victim.member, victim.member.Worth()
		p.remove(victim)
		groups = p.groups(client, subject) // one may have become empty
	}
	t.Seat = &Seat{pool: p, member: m}
	p.all.add(t.Seat)
	for i, g := range groups {
		if g != nil {
			p.by[i].add(g, t.Seat)
		}
	}
	return t
}

// groups that a newcomer belongs to, nil where there is no subject.
func (p *Pool) groups(client, subject Key) [kinds]*group {
	if subject == (Key{}) {
		return [kinds]*group{p.by[0].of(client)}
	}
	return [kinds]*group{p.by[0].of(client), p.by[1].of(subject)}
}

// Relieve takes a seat from the biggest holder for nobody: what the seats stand for has
// run out before they did.
func (p *Pool) Relieve() (victim Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	big := p.by[0].biggest()
	if big == nil {
		return nil
	}
	s := big.least(anySeat)
	p.remove(s)
	return s.member
}

// yielding returns the seat that is taken for a newcomer, nil for none.
func (p *Pool) yielding(of [kinds]*group) *Seat {
	client := share(of[0])
	if big := p.by[0].biggest(); big != nil && big.size() > client+1 {
		return big.least(anySeat)
	}
	if big := p.by[1].biggest(); big != nil && of[1] != nil && big.size() > share(of[1])+1 {
		if s := big.least(func(s *Seat, _ Worth) bool { return s.share() > client }); s != nil {
			return s
		}
	}
	if s := of[0].least(func(_ *Seat, w Worth) bool { return w.Spare }); s != nil {
		return s
	}
	return p.all.least(func(s *Seat, w Worth) bool { return w.Spare && s.share() > client })
}

func anySeat(*Seat, Worth) bool { return true }

// share is what counts of what a holder has.
func share(g *group) int {
	if g.key == (Key{}) {
		return 0
	}
	return g.size()
}

// share is that of the seat's client; an exempt one counts as one that has a single seat.
func (s *Seat) share() int { return max(1, share(s.places[0].group)) }

// pressed names who holds most.
func (p *Pool) pressed(victim *Seat, client Key) (Key, int) {
	if victim != nil {
		g := victim.places[0].group
		return g.key, g.size()
	}
	return client, p.by[0].of(client).size()
}

func (p *Pool) remove(s *Seat) {
	for i := range p.by {
		if g := s.places[i].group; g != nil {
			p.by[i].remove(g, s)
		}
	}
	p.all.remove(s)
}

// Leave gives the seat back. A seat that was taken, or none, is fine.
func (s *Seat) Leave() {
	if s == nil {
		return
	}
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	if s.places[0].group != nil {
		s.pool.remove(s)
	}
}

// Len is how many seats are taken.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.size()
}
