package fairshare

import "cmp"

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
