package upload

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/nexushub/nexushub/internal/atomicfile"
	"github.com/nexushub/nexushub/internal/disk"
	"golang.org/x/sys/unix"
)

// checkEvery is how many bytes are written between two looks at the free space.
const checkEvery = 16 << 20

// transfer is one piece on its way to disk.
type transfer struct {
	s          *session
	index      int
	place      int64 // in the data file, or elsewhere
	room       int64 // bytes until the next place begins, -1: no end
	side       *os.File
	length     int64
	crc        uint32
	pioneer    bool   // its length will be the stride
	interrupt  func() // ends a Read that hangs
	superseded bool   // a newer request wants to do this
	done       chan struct{}
}

// copy writes body until its end. A chunk that outgrows its place moves to a file of
// its own.
func (t *transfer) copy(body io.Reader) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := fill(body, *buf)
		if e := t.write((*buf)[:n]); e != nil {
			return e
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read piece %d: %w", t.index, err)
		}
	}
}

func (t *transfer) write(p []byte) error {
	if err := t.s.reserve(int64(len(p))); err != nil {
		return err
	}
	if before := t.length / checkEvery; (t.length+int64(len(p)))/checkEvery != before {
		if err := disk.Check(t.s.dir, disk.Room{Bytes: int64(len(p))}, t.s.limits.Free); err != nil {
			t.s.free(int64(len(p)))
			return err
		}
	}
	if err := t.put(p); err != nil {
		t.s.free(int64(len(p)))
		return disk.NoSpace(err)
	}
	t.length += int64(len(p))
	t.crc = crc32.Update(t.crc, castagnoli, p)
	return nil
}

func (t *transfer) put(p []byte) error {
	if t.place != elsewhere && t.room >= 0 && t.length+int64(len(p)) > t.room {
		if err := t.moveOut(); err != nil {
			return err
		}
	}
	if t.place == elsewhere {
		_, err := t.side.WriteAt(p, t.length)
		return err
	}
	at := t.place + t.length
	_, err := t.s.data.WriteAt(p, at)
	startWriteback(t.s.data, at, len(p))
	return err
}

// startWriteback lets the disk begin with what has just been written, so that the sync
// behind the piece finds little left to wait for. It is a hint: whether the bytes
// arrived is what the sync says.
func startWriteback(f *os.File, at int64, n int) {
	_ = unix.SyncFileRange(int(f.Fd()), at, int64(n), unix.SYNC_FILE_RANGE_WRITE)
}

// moveOut copies what was written so far into a file of the chunk's own.
func (t *transfer) moveOut() error {
	if err := t.openSide(); err != nil {
		return err
	}
	written := io.NewSectionReader(t.s.data, t.place, t.length)
	t.place = elsewhere
	_, err := io.Copy(io.NewOffsetWriter(t.side, 0), written)
	return err
}

func (t *transfer) openSide() (err error) {
	t.side, err = os.OpenFile(t.s.sidePath(t.index), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	return err
}

// sync makes data and journal line durable side by side.
func (t *transfer) sync(c chunk) error {
	synced := make(chan error, 1)
	go func() { synced <- t.syncData() }()
	err := t.s.journal.append(c)
	return disk.NoSpace(errors.Join(err, <-synced))
}

func (t *transfer) syncData() error {
	f := t.s.data
	if t.place != elsewhere {
		return unix.Fdatasync(int(f.Fd()))
	}
	return errors.Join(t.side.Sync(), atomicfile.SyncDir(t.s.dir))
}

func (t *transfer) close() error {
	if t.side == nil {
		return nil
	}
	return t.side.Close()
}
