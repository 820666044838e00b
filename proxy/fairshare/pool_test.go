package fairshare

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

// thing is a member that says what it is priority.
type thing struct {
	name     string
	key      Key
	priority Priority
	slot     *Slot
}

func (m *thing) Priority() Priority { return m.priority }

// words makes things of "NAME:HOLDER" with marks: + busy, ~ spare, @SUBJECT.
func words(text string) (list []*thing, subjects []Key) {
	for i, w := range strings.Fields(text) {
		m := &thing{priority: Priority{Since: uint64(i)}}
		var subject, holder string
		w, subject, _ = strings.Cut(w, "@")
		if w, m.priority.Expendable = strings.CutSuffix(w, "~"); m.priority.Expendable {
			m.priority.Class = 1
		}
		var busy bool
		if w, busy = strings.CutSuffix(w, "+"); busy {
			m.priority.Class = 2
		}
		m.name, holder, _ = strings.Cut(w, ":")
		if holder != "lb" {
			m.key = Named(holder)
		}
		k := Key{}
		if subject != "" {
			k = Named(subject)
		}
		list, subjects = append(list, m), append(subjects, k)
	}
	return list, subjects
}

func TestWhoGivesWay(t *testing.T) {
	for _, c := range []struct{ name, held, comes, want string }{
		{"the biggest holder's oldest of the least priority", "1:a+ 2:a 3:a 4:b", "5:c", "2"},
		{"of the biggest holder, even what is busy", "1:a+ 2:a+ 3:b", "4:c", "1"},
		{"not for one who would then hold as much", "1:a+ 2:a+ 3:b+ 4:b+", "5:b+", "refused"},
		{"for one who then holds one less", "1:a+ 2:a+ 3:a+ 4:b+", "5:b+", "1"},
		{"nothing busy of its own", "1:a+ 2:a+ 3:b", "4:a", "refused"},
		{"what is spare of its own", "1:a+ 2:a~ 3:b", "4:a", "2"},
		{"what is spare of others who hold more", "1:a~ 2:b+", "3:c", "1"},
		{"nothing spare of others who hold as much", "1:a~ 2:b+", "3:b", "refused"},
		{"nothing of equals", "1:a 2:b 3:c", "4:d", "refused"},
		{"the exempt are not the biggest", "1:lb 2:lb 3:lb 4:a 5:a", "6:b", "4"},
		{"the exempt come first", "1:a+ 2:a+ 3:lb", "4:lb", "1"},
		{"what the exempt can spare, for one who has nothing", "1:lb+ 2:lb~ 3:a", "4:b", "2"},
		{"nothing of the exempt for one who has something", "1:lb+ 2:lb~ 3:a+", "4:a", "refused"},
		{"the bigger subject, between clients that hold one each", "1:a@x 2:b@x 3:c@x 4:d@y", "5:e@y", "1"},
		{"not the bigger subject, for a client that holds as much", "1:a@x 2:b@x 3:c@x 4:d@y", "5:d@y", "refused"},
		{"the bigger client before the bigger subject", "1:a@x 2:b@x 3:c@x 4:d@y 5:d@y", "6:e@z", "4"},
		{"not between subjects of one size", "1:a@x 2:b@y", "3:c@z", "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			held, subjects := words(c.held)
			p := NewPool(len(held))
			for i, m := range held {
				if got := p.Acquire(m, m.key, subjects[i]); got.Slot == nil || got.Victim != nil {
					t.Fatal("a free slot was not given")
				}
			}
			comes, subjects := words(c.comes)
			got := p.Acquire(comes[0], comes[0].key, subjects[0])
			name := "refused"
			if got.Victim != nil {
				name = got.Victim.(*thing).name
			}
			if name != c.want || (got.Slot == nil) != (name == "refused") {
				t.Errorf("%s, want %s", name, c.want)
			}
		})
	}
}

// TestSharesHold plays long games of holders who come, go and grasp, and asserts what the
// package promises after each move.
func TestSharesHold(t *testing.T) {
	for seed := range uint64(200) {
		g := newGame(t, seed)
		for range 400 {
			g.move()
		}
	}
}

type game struct {
	t      *testing.T
	rnd    *rand.Rand
	pool   *Pool
	limit  int
	keys   []Key
	seated map[*thing]bool
}

func newGame(t *testing.T, seed uint64) *game {
	rnd := rand.New(rand.NewPCG(seed, 1))
	g := &game{t: t, rnd: rnd, limit: 1 + rnd.IntN(30), keys: []Key{{}}, seated: map[*thing]bool{}}
	g.pool = NewPool(g.limit)
	for i := range 1 + rnd.IntN(8) {
		g.keys = append(g.keys, Address(netip.AddrFrom4([4]byte{127, 0, 0, byte(i)})))
	}
	return g
}

func (g *game) holds(k Key) (n int) {
	for m := range g.seated {
		if m.key == k {
			n++
		}
	}
	return n
}

func (g *game) move() {
	if g.rnd.IntN(4) == 0 {
		for m := range g.seated { // whichever
			m.slot.Release()
			m.slot.Release() // twice is fine
			delete(g.seated, m)
			break
		}
		return
	}
	// The first holder is greedy.
	k := g.keys[min(len(g.keys)-1, g.rnd.IntN(2*len(g.keys)))]
	m := &thing{key: k, priority: Priority{Class: g.rnd.IntN(3), Since: g.rnd.Uint64(), Expendable: g.rnd.IntN(3) == 0}}
	full, before := len(g.seated) == g.limit, g.holds(k)
	most := 0
	for _, k := range g.keys[1:] {
		most = max(most, g.holds(k))
	}
	got := g.pool.Acquire(m, k, Key{})
	switch {
	case !full && (got.Slot == nil || got.Victim != nil):
		g.t.Fatal("a free slot was not given")
	case full && got.Victim == nil && got.Slot != nil:
		g.t.Fatal("a slot that is not there was given")
	case full && got.Victim == nil && (k == Key{} && most > 1 || k != Key{} && most > before+1):
		g.t.Fatalf("refused, though one holds %d and this one %d", most, before)
	}
	if got.Victim != nil {
		g.judge(got.Victim.(*thing), k, before, most)
	}
	if m.slot = got.Slot; m.slot != nil {
		g.seated[m] = true
	}
	if g.pool.Len() != len(g.seated) || len(g.seated) > g.limit {
		g.t.Fatalf("%d slots of %d are taken, %d members are seated", g.pool.Len(), g.limit, len(g.seated))
	}
}

// judge asserts that a victim was rightly chosen.
func (g *game) judge(v *thing, k Key, before, most int) {
	held := g.holds(v.key)
	if !g.seated[v] {
		g.t.Fatal("a victim that has no slot")
	}
	delete(g.seated, v)
	if k == (Key{}) {
		before = 0
	}
	if v.priority.Expendable && (v.key == k || v.key == (Key{}) && before == 0 || held > before) {
		return
	}
	if v.key == (Key{}) || v.key == k || held != most || held <= before+1 {
		g.t.Fatalf("one of %v was taken, who holds %d of %d, for %v, who holds %d; the biggest holds %d", v.key, held,
			g.limit, k, before, most)
	}
	for m := range g.seated {
		if m.key == v.key && m.priority.less(v.priority) {
			g.t.Fatalf("%+v was taken while %+v was there", v.priority, m.priority)
		}
	}
}

// TestManyAreSearchedInTurn: a search is bounded, and what it does not reach the next one does.
func TestManyAreSearchedInTurn(t *testing.T) {
	const many = 10 * maxScan
	p, flood := NewPool(many), Named("flood")
	var idle *thing
	for i := range many {
		m := &thing{priority: Priority{Class: 2}}
		if i == many-1 {
			m.priority.Class = 1
			idle = m
		}
		p.Acquire(m, flood, Key{})
	}
	for i := range many/maxScan + 1 {
		if p.Acquire(&thing{}, Named(fmt.Sprint(i)), Key{}).Victim == idle {
			return
		}
	}
	t.Error("what was priority least was never found")
}

func TestRelieve(t *testing.T) {
	p := NewPool(10)
	if p.EvictOne() != nil {
		t.Error("somebody gave way where nobody is")
	}
	held, _ := words("1:a 2:b+ 3:b 4:lb 5:lb 6:lb")
	for _, m := range held {
		p.Acquire(m, m.key, Key{})
	}
	if v := p.EvictOne(); v != Member(held[2]) {
		t.Errorf("%+v gave way", v)
	}
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		if same := Address(netip.MustParseAddr(c.a)) == Address(netip.MustParseAddr(c.b)); same != c.same {
			t.Errorf("%s and %s are one holder: %v", c.a, c.b, same)
		}
	}
	if k := Address(netip.MustParseAddr("2001:db8:0:1::1")); k.String() != "2001:db8:0:1::/64" {
		t.Error(k)
	}
}

// BenchmarkTake measures a newcomer's cost while one holder has everything.
func BenchmarkTake(b *testing.B) {
	const many = 20_000
	p, flood := NewPool(many), Named("flood")
	for range many {
		p.Acquire(&thing{}, flood, Key{})
	}
	other := Named("other")
	for b.Loop() {
		p.Acquire(&thing{}, other, Key{}).Slot.Release()
		p.Acquire(&thing{}, flood, Key{})
	}
}

// BenchmarkTakeFree measures what each request of HTTP/2 pays without pressure.
func BenchmarkTakeFree(b *testing.B) {
	p, k := NewPool(1000), Named("one")
	m := &thing{}
	for range 10 {
		p.Acquire(m, k, Key{})
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Acquire(m, k, Key{}).Slot.Release()
	}
}
