package units

import (
	"context"
	"sync"

	"github.com/godbus/dbus/v5"
)

// jobTable matches JobRemoved to whoever waits for that job. The two connections are
// not ordered against each other, so a result may come before the reply that names its
// job: results nobody waits for yet are kept for a while.
type jobTable struct {
	mu      sync.Mutex // guards the fields that follow
	waiting map[dbus.ObjectPath]chan string
	early   map[dbus.ObjectPath]string
	order   []dbus.ObjectPath // of early, oldest first
	begun   map[dbus.ObjectPath]bool

	room chan struct{} // bounds begun
}

const earlyResults = 1024

func newJobTable() *jobTable {
	return &jobTable{waiting: map[dbus.ObjectPath]chan string{}, early: map[dbus.ObjectPath]string{},
		begun: map[dbus.ObjectPath]bool{}, room: make(chan struct{}, begunAtOnce)}
}

// begin queues a job that nobody waits for, as soon as few enough of those are there.
func (t *jobTable) begin(ctx context.Context, enqueue func() (dbus.ObjectPath, error)) error {
	select {
	case t.room <- struct{}{}:
	case <-ctx.Done():
		return explain(ctx.Err())
	}
	job, err := enqueue()
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, over := t.early[job]; err != nil || over {
		<-t.room
		return err
	}
	t.begun[job] = true
	return nil
}

// wait returns a channel that gets the job's result once. Call forget when done.
func (t *jobTable) wait(job dbus.ObjectPath) <-chan string {
	t.mu.Lock()
	defer t.mu.Unlock()
	ch := make(chan string, 1)
	if result, ok := t.early[job]; ok {
		ch <- result
		return ch
	}
	t.waiting[job] = ch
	return ch
}

func (t *jobTable) forget(job dbus.ObjectPath) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, job)
}

// removed records the result of a job; it never blocks.
func (t *jobTable) removed(job dbus.ObjectPath, result string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.begun[job] {
		delete(t.begun, job)
		<-t.room
		return
	}
	if ch, ok := t.waiting[job]; ok {
		delete(t.waiting, job)
		ch <- result
		return
	}
	if _, ok := t.early[job]; !ok {
		t.order = append(t.order, job)
	}
	t.early[job] = result
	if len(t.order) > earlyResults {
		delete(t.early, t.order[0])
		t.order = t.order[1:]
	}
}
