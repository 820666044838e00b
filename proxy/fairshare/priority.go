package fairshare

import "cmp"

// Priority is what is lost when a member gives way.
type Priority struct {
	Class      int    // the lower, the less is lost
	Since      uint64 // in one class the lower goes first
	Expendable bool   // it may go for an equal, too
}

func (w Priority) less(v Priority) bool {
	return cmp.Or(cmp.Compare(w.Class, v.Class), cmp.Compare(w.Since, v.Since)) < 0
}

// Member is what takes a slot. Priority is called while the pool is locked: it must neither
// wait nor call the pool.
type Member interface{ Priority() Priority }
