package fairshare

// ranking keeps the groups of one kind by their size, so that the biggest is at hand
// however many there are.
type ranking struct {
	at     int
	groups map[Key]*group
	bySize [][]*group // index: size; the last entry is not empty
}

// of returns the group of a key, an empty one that is not kept when there is none.
func (r *ranking) of(k Key) *group {
	if g := r.groups[k]; g != nil {
		return g
	}
	return &group{key: k, at: r.at}
}

func (r *ranking) add(g *group, s *Slot) {
	r.drop(g)
	g.add(s)
	r.groups[g.key] = g
	r.keep(g)
}

func (r *ranking) remove(g *group, s *Slot) {
	r.drop(g)
	g.remove(s)
	if g.size() == 0 {
		delete(r.groups, g.key)
		return
	}
	r.keep(g)
}

func (r *ranking) keep(g *group) {
	if g.key == (Key{}) {
		return
	}
	for len(r.bySize) <= g.size() {
		r.bySize = append(r.bySize, nil)
	}
	g.rank = len(r.bySize[g.size()])
	r.bySize[g.size()] = append(r.bySize[g.size()], g)
}

func (r *ranking) drop(g *group) {
	if g.key == (Key{}) || g.size() == 0 {
		return
	}
	same := r.bySize[g.size()]
	last := len(same) - 1
	same[g.rank] = same[last]
	same[g.rank].rank = g.rank
	same[last] = nil
	r.bySize[g.size()] = same[:last]
	for n := len(r.bySize); n > 0 && len(r.bySize[n-1]) == 0; n-- {
		r.bySize = r.bySize[:n-1]
	}
}

// biggest returns one of the biggest holders, nil when there is none.
func (r *ranking) biggest() *group {
	if len(r.bySize) == 0 {
		return nil
	}
	return r.bySize[len(r.bySize)-1][0]
}
