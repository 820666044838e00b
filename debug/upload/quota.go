package upload

import (
	"errors"
	"fmt"
	"sync"
)

// ErrQuota says that uploads hold as many bytes as they may, together or of one owner.
var ErrQuota = errors.New("limit of stored uploads reached")

// quota counts the bytes that all uploads hold until they are removed, verified ones
// included, so that one client cannot fill the disk for everybody with things that it
// never installs.
type quota struct {
	most, each int64 // 0: no matter how many

	mu  sync.Mutex // guards the fields that follow
	all int64
	of  map[string]int64 // by owner
}

func newQuota(l Limits) *quota {
	return &quota{most: l.MaxHeld, each: l.MaxHeldEach, of: map[string]int64{}}
}

// take counts n bytes, or refuses them.
func (p *quota) take(owner string, n int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.each > 0 && owner != "" && p.of[owner]+n > p.each:
		return fmt.Errorf("%w: %d bytes of one owner: delete an application or wait until an upload has expired", ErrQuota, p.each)
	case p.most > 0 && p.all+n > p.most:
		return fmt.Errorf("%w: %d bytes together: delete an application or wait until an upload has expired", ErrQuota, p.most)
	}
	p.add(owner, n)
	return nil
}

// keep counts what is there already, or with a negative n what is not any more.
func (p *quota) keep(owner string, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(owner, n)
}

func (p *quota) add(owner string, n int64) {
	p.all += n
	if p.of[owner] += n; p.of[owner] == 0 {
		delete(p.of, owner)
	}
}
