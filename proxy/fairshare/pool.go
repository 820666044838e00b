package fairshare

import (
	"cmp"
	"sync"
)

// kinds of holders that one pool may know: the client, and what it asks for.
const kinds = 2

// Pool is a bounded number of slots. It is safe for concurrent use; every call takes
// the same short time, whoever holds how much.
type Pool struct {
	limit int

	mu  sync.Mutex // guards the fields that follow
	all group
	by  [kinds]ranking
}

// Priority says how much is lost when a member is evicted.
type Priority struct {
	Class      int    // the lowest is evicted first
	Since      uint64 // in one class the lower goes first
	Expendable bool   // it may be evicted for an equal, too
}

func (w Priority) less(v Priority) bool {
	return cmp.Or(cmp.Compare(w.Class, v.Class), cmp.Compare(w.Since, v.Since)) < 0
}

// Member is what holds a slot. Priority is called while the pool is locked: it must neither
// wait nor call the pool.
type Member interface{ Priority() Priority }

// NewPool returns a pool of limit slots.
func NewPool(limit int) *Pool {
	p := &Pool{limit: limit, all: group{at: kinds}}
	for i := range p.by {
		p.by[i] = ranking{at: i, groups: map[Key]*group{}}
	}
	return p
}

// Slot is what a member has of a pool.
type Slot struct {
	pool   *Pool
	member Member
	places [kinds + 1]place
}

// Acquired is the outcome of Acquire: the slot, nil when the member was refused; and whose slot
// it was before, who is therefore evicted, nil when one was free. Biggest is who holds most,
// when none was free, and Holds how much.
type Acquired struct {
	Slot     *Slot
	Victim   Member
	Priority Priority // of the victim
	Biggest  Key
	Holds    int
}

// Acquire gives m a slot, as one of client and, where that matters too, of subject; pools
// without subjects pass the zero Key.
func (p *Pool) Acquire(m Member, client, subject Key) (t Acquired) {
	p.mu.Lock()
	defer p.mu.Unlock()
	groups := p.groups(client, subject)
	if p.all.size() >= p.limit {
		victim := p.victimFor(groups)
		t.Biggest, t.Holds = p.biggest(victim, client)
		if victim == nil {
			return t
		}
		t.Victim, t.Priority = victim.member, victim.member.Priority()
		p.remove(victim)
		groups = p.groups(client, subject) // one may have become empty
	}
	t.Slot = &Slot{pool: p, member: m}
	p.all.add(t.Slot)
	for i, g := range groups {
		if g != nil {
			p.by[i].add(g, t.Slot)
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

// EvictOne takes a slot from the biggest holder for nobody: what the slots stand for has
// run out before they did.
func (p *Pool) EvictOne() (victim Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	big := p.by[0].biggest()
	if big == nil {
		return nil
	}
	s := big.least(anySlot)
	p.remove(s)
	return s.member
}

// victimFor returns the slot that is taken for a newcomer, nil for none.
func (p *Pool) victimFor(of [kinds]*group) *Slot {
	client := share(of[0])
	if big := p.by[0].biggest(); big != nil && big.size() > client+1 {
		return big.least(anySlot)
	}
	if big := p.by[1].biggest(); big != nil && of[1] != nil && big.size() > share(of[1])+1 {
		if s := big.least(func(s *Slot, _ Priority) bool { return s.share() > client }); s != nil {
			return s
		}
	}
	if s := of[0].least(func(_ *Slot, w Priority) bool { return w.Expendable }); s != nil {
		return s
	}
	return p.all.least(func(s *Slot, w Priority) bool { return w.Expendable && s.share() > client })
}

func anySlot(*Slot, Priority) bool { return true }

// share is what counts of what a holder has.
func share(g *group) int {
	if g.key == (Key{}) {
		return 0
	}
	return g.size()
}

// share is that of the slot's client; an exempt one counts as one that has a single slot.
func (s *Slot) share() int { return max(1, share(s.places[0].group)) }

// biggest names who holds most.
func (p *Pool) biggest(victim *Slot, client Key) (Key, int) {
	if victim != nil {
		g := victim.places[0].group
		return g.key, g.size()
	}
	return client, p.by[0].of(client).size()
}

func (p *Pool) remove(s *Slot) {
	for i := range p.by {
		if g := s.places[i].group; g != nil {
			p.by[i].remove(g, s)
		}
	}
	p.all.remove(s)
}

// Release gives the slot back. One that was taken away, or nil, is fine.
func (s *Slot) Release() {
	if s == nil {
		return
	}
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	if s.places[0].group != nil {
		s.pool.remove(s)
	}
}

// Len is how many slots are taken.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.size()
}
