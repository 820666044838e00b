package journal

import "sync"

// Bounds of a follower's queue. What exceeds them is not kept: the follower is behind.
const (
	maxQueue      = 16 << 10
	maxQueueBytes = 8 << 20
)

// follower is one reader's bounded queue. The hub never waits for it.
type follower struct {
	instance string
	wake     chan struct{} // capacity 1

	mu      sync.Mutex // guards the fields that follow
	batches [][]Item   // shared with other followers, never changed
	items   int
	bytes   int
	lost    bool // the queue was full, and something was left out
}

func newFollower(instance string) *follower {
	return &follower{instance: instance, wake: make(chan struct{}, 1)}
}

func (f *follower) push(items []Item, bytes int) {
	f.mu.Lock()
	f.lost = f.lost || f.items+len(items) > maxQueue || f.bytes > maxQueueBytes
	if !f.lost {
		f.batches = append(f.batches, items)
		f.items += len(items)
		f.bytes += bytes
	}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// take empties the queue. lost says that what follows it is missing.
func (f *follower) take() (batches [][]Item, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	batches, lost = f.batches, f.lost
	f.batches, f.items, f.bytes, f.lost = nil, 0, 0, false
	return batches, lost
}

func (f *follower) overflowed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

func sizeOf(items []Item) (bytes int) {
	for _, i := range items {
		bytes += i.size()
	}
	return bytes
}

func (i Item) size() int {
	if i.Entry == nil {
		return 256
	}
	return len(i.Entry.Message) + 256
}
