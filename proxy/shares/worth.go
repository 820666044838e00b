package shares

import "cmp"

// Worth is what is lost when a member gives way.
type Worth struct {
	Class int    // the lower, the less is lost
	Since uint64 // in one class the lower goes first
	Spare bool   // it may go for an equal, too
}

func (w Worth) less(v Worth) bool {
	return cmp.Or(cmp.Compare(w.Class, v.Class), cmp.Compare(w.Since, v.Since)) < 0
}

// Member is what takes a seat. Worth is called while the pool is locked: it must neither
// wait nor call the pool.
type Member interface{ Worth() Worth }
