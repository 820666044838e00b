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

	mu    sync.Mutex // guards the fields that follow
	queue []Item
	bytes int
	lost  bool // the queue was full, and something was left out
}

func newFollower(instance string) *follower {
	return &follower{instance: instance, wake: make(chan struct{}, 1)}
}

func (f *follower) push(items []Item) {
	f.mu.Lock()
	for _, i := range items {
		if f.lost = f.lost || len(f.queue) >= maxQueue || f.bytes >= maxQueueBytes; f.lost {
			break
		}
		f.queue = append(f.queue, i)
		f.bytes += i.size()
	}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// take empties the queue. lost says that what follows it is missing.
func (f *follower) take() (items []Item, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	items, lost = f.queue, f.lost
	f.queue, f.bytes, f.lost = nil, 0, false
	return items, lost
}

func (i Item) size() int {
	if i.Entry == nil {
		return 256
	}
	return len(i.Entry.Message) + 256
}

func (f *follower) overflowed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}
