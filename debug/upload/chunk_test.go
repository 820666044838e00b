package upload

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/disk"
)

func TestChunksInAnyOrderAndSize(t *testing.T) {
	b := file(1_000_000)
	for name, pieces := range map[string][][]byte{
		"one":           cut(b),
		"equal":         cut(b, 300_000, 300_000, 300_000),
		"first shorter": cut(b, 1000, 400_000, 400_000),
		"first longer":  cut(b, 400_000, 1000, 400_000),
		"all differ":    cut(b, 7, 300_000, 1, 100_000, 0, 299_999, 12),
		"last longest":  cut(b, 10, 10, 10),
		"empty last":    cut(b, 500_000, 500_000),
	} {
		for round := range 6 {
			order := rand.New(rand.NewPCG(uint64(round), 1)).Perm(len(pieces))
			s := openStore(t, t.TempDir())
			h := header(b, len(pieces))
			for n, i := range order {
				if done := send(t, s, h, i, pieces[i]); done != (n == len(order)-1) {
					t.Errorf("%s %v: chunk %d: completed %v", name, order, i, done)
				}
			}
			checkArrived(t, s, b)
			entries, err := os.ReadDir(filepath.Join(s.dir, testID))
			if err != nil || len(entries) != 3 {
				t.Errorf("%s %v: left %v, %v; want journal, record and one file", name, order, entries, err)
			}
			checkArrived(t, openStore(t, s.dir), b) // read back
		}
	}
}

func TestChunksInParallel(t *testing.T) {
	b := file(3_000_000)
	pieces := cut(b, 250_000, 250_000, 250_000, 250_000, 250_001, 249_999, 250_000, 250_000, 250_000, 250_000, 250_000)
	for range 5 {
		s := openStore(t, t.TempDir())
		h := header(b, len(pieces))
		var wg sync.WaitGroup
		for i, p := range pieces {
			wg.Go(func() {
				if _, err := chunkOf(s, h, i, bytes.NewReader(p)); err != nil {
					t.Errorf("chunk %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		checkArrived(t, s, b)
	}
}

func TestChunkAgain(t *testing.T) {
	b := file(100_000)
	pieces := cut(b, 40_000, 40_000)
	s := openStore(t, t.TempDir())
	h := header(b, 3)
	send(t, s, h, 1, pieces[1])
	send(t, s, h, 1, pieces[1])
	for name, other := range map[string][]byte{"other bytes": pieces[0], "shorter": pieces[1][:39_999],
		"longer": append(bytes.Clone(pieces[1]), 0), "empty": nil} {
		if _, err := chunkOf(s, h, 1, bytes.NewReader(other)); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: got %v, want ErrConflict", name, err)
		}
	}
	send(t, s, h, 0, pieces[0])
	for _, i := range []int{2, 2, 0} {
		if !send(t, s, h, i, pieces[i]) {
			t.Errorf("chunk %d, a retry after the end, does not say completed", i)
		}
	}
	if _, err := chunkOf(s, h, 0, bytes.NewReader(pieces[1])); !errors.Is(err, ErrConflict) {
		t.Errorf("after the end: got %v, want ErrConflict", err)
	}
	checkArrived(t, s, b)
}

func TestConnectionCutInsideAChunk(t *testing.T) {
	b := file(100_000)
	pieces := cut(b, 40_000, 40_000)
	s := openStore(t, t.TempDir())
	h := header(b, 3)
	for i, p := range pieces {
		for _, n := range []int{0, 1, len(p) / 2, len(p)} {
			if _, err := chunkOf(s, h, i, cutAfter(p, n)); !errors.Is(err, errCut) {
				t.Fatalf("got %v, want the cut", err)
			}
		}
		if st, _ := s.Status(testID); st.Received != i {
			t.Errorf("%d received, want %d", st.Received, i)
		}
		send(t, s, h, i, p)
	}
	checkArrived(t, s, b)
}

func TestRestartLosesNothing(t *testing.T) {
	b := file(1_000_000)
	pieces := cut(b, 90_000, 90_000, 90_000, 90_000, 100_000, 80_000, 90_000, 90_000, 90_000)
	dir := t.TempDir()
	h := header(b, len(pieces))
	for n, i := range rand.New(rand.NewPCG(3, 4)).Perm(len(pieces)) {
		s := openStore(t, dir) // the old one is not closed: that is what kill -9 does
		if st, err := s.Status(testID); n > 0 && (err != nil || st.Received != n) {
			t.Fatalf("%d received, want %d, %v", st.Received, n, err)
		}
		_, _ = chunkOf(s, h, i, cutAfter(pieces[i], len(pieces[i])/2))
		send(t, openStore(t, dir), h, i, pieces[i])
	}
	checkArrived(t, openStore(t, dir), b)
}

func TestRestartAfterTheLastChunkBeforeItsVerification(t *testing.T) {
	b := file(1000)
	dir := t.TempDir()
	s := openStore(t, dir)
	one, err := s.enter(testID, header(b, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := one.receive(0, bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	checkArrived(t, openStore(t, dir), b)
}

// After a power cut a journal line may be there without its data.
func TestPowerCutDropsWhatWasNotAcknowledged(t *testing.T) {
	b := file(100_000)
	pieces := cut(b, 40_000, 40_000)
	dir := t.TempDir()
	s := openStore(t, dir)
	h := header(b, 3)
	send(t, s, h, 0, pieces[0])
	send(t, s, h, 1, pieces[1])
	path := filepath.Join(dir, testID, journalName)
	lines, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	lines = bytes.ReplaceAll(lines, []byte(boot), []byte("another-boot"))
	lines = append(lines, chunk{index: 2, length: 20_000, place: 80_000, crc: 1}.line()...)
	lines = append(lines, "chunk 2 20000 800"...) // torn
	if err := os.WriteFile(path, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	again := openStore(t, dir)
	if st, _ := again.Status(testID); st.Received != 2 || len(st.Missing) != 1 || st.Missing[0] != [2]int{2, 2} {
		t.Errorf("got %+v, want chunks 0 and 1", st)
	}
	send(t, again, h, 2, pieces[2])
	checkArrived(t, again, b)
}

// Hashing is never far behind what has arrived, whoever does it; what cannot be hashed
// yet keeps nobody waiting.
func TestHashingKeepsUp(t *testing.T) {
	b := file(100_000)
	const total = 20
	pieces := cut(b, slices.Repeat([]int{5_000}, total-1)...)
	for name, order := range map[string]func(int) int{
		"in order":  func(i int) int { return i },
		"backwards": func(i int) int { return total - 1 - i },
	} {
		s := openStore(t, t.TempDir())
		for n := range total {
			send(t, s, header(b, total), order(n), pieces[order(n)])
			one, err := s.find(testID)
			if err != nil {
				t.Fatal(err)
			}
			if lag := one.lag(); name == "in order" && lag > maxLag {
				t.Errorf("%d chunks behind after %d", lag, n)
			}
		}
		checkArrived(t, s, b)
	}
}

func TestHashMismatchDiscards(t *testing.T) {
	b := file(1000)
	dir := t.TempDir()
	s := openStore(t, dir)
	for _, h := range []Header{{Total: 2, MD5: md5hex(nil)}, {Total: 2, MD5: md5hex(b), SHA256: shahex(nil)}} {
		send(t, s, h, 0, b[:500])
		if _, err := chunkOf(s, h, 1, bytes.NewReader(b[500:])); !errors.Is(err, ErrHash) {
			t.Fatalf("got %v, want ErrHash", err)
		}
		for _, s := range []*Store{s, openStore(t, dir)} {
			if st, err := s.Status(testID); err != nil || st.Error == "" || st.Received != 0 || st.Completed {
				t.Errorf("got %+v, %v", st, err)
			}
			if _, _, err := s.Package(testID); !errors.Is(err, ErrIncomplete) {
				t.Errorf("got %v, want ErrIncomplete", err)
			}
		}
	}
	h := header(b, 1)
	h.SHA256 = shahex(b)
	send(t, s, h, 0, b)
	checkArrived(t, s, b)
}

func TestOtherPromiseConflictsUntilTheUploadIsComplete(t *testing.T) {
	b, other := file(1000), file(2000)
	s := openStore(t, t.TempDir())
	send(t, s, header(b, 2), 0, b[:500])
	for _, h := range []Header{header(b, 3), header(other, 2)} {
		if _, err := chunkOf(s, h, 0, bytes.NewReader(b)); !errors.Is(err, ErrConflict) {
			t.Errorf("got %v, want ErrConflict", err)
		}
	}
	send(t, s, header(b, 2), 1, b[500:])
	checkArrived(t, s, b)
	send(t, s, header(other, 1), 0, other)
	checkArrived(t, s, other)
}

func TestTooLarge(t *testing.T) {
	s, err := Open(t.TempDir(), Limits{MaxSize: 1000, MaxChunks: 10})
	if err != nil {
		t.Fatal(err)
	}
	b := file(1001)
	var large *TooLargeError
	if _, err := chunkOf(s, header(b, 1), 0, bytes.NewReader(b)); !errors.As(err, &large) || large.Limit != 1000 {
		t.Errorf("got %v, want TooLargeError", err)
	}
	if err := s.Discard(testID); err != nil {
		t.Fatal(err)
	}
	send(t, s, header(b[:1000], 1), 0, b[:1000])
}

func TestNoSpace(t *testing.T) {
	s, err := Open(t.TempDir(), Limits{MaxSize: 1000, Free: disk.Room{Bytes: 1 << 60}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chunkOf(s, header(nil, 1), 0, bytes.NewReader(nil)); !errors.Is(err, disk.ErrNoSpace) {
		t.Errorf("got %v, want ErrNoSpace", err)
	}
}

// hanging is a body whose client is gone without a word.
type hanging struct {
	begun chan struct{}
	ended chan struct{}
	once  sync.Once
}

func newHanging() *hanging { return &hanging{begun: make(chan struct{}), ended: make(chan struct{})} }

func (h *hanging) Read([]byte) (int, error) {
	close(h.begun)
	<-h.ended
	return 0, io.ErrClosedPipe
}

func (h *hanging) Interrupt() { h.once.Do(func() { close(h.ended) }) }

func TestRetryTakesOverFromAHangingRequest(t *testing.T) {
	b := file(1000)
	s := openStore(t, t.TempDir())
	hung := newHanging()
	failed := make(chan error)
	go func() {
		_, err := chunkOf(s, header(b, 1), 0, hung)
		failed <- err
	}()
	<-hung.begun
	send(t, s, header(b, 1), 0, b)
	if err := <-failed; !errors.Is(err, ErrInterrupted) {
		t.Errorf("got %v, want ErrInterrupted", err)
	}
	checkArrived(t, s, b)
}

func TestDiscardEndsAHangingRequest(t *testing.T) {
	s := openStore(t, t.TempDir())
	hung := newHanging()
	failed := make(chan error)
	go func() {
		_, err := chunkOf(s, header(nil, 1), 0, hung)
		failed <- err
	}()
	<-hung.begun
	if err := s.Discard(testID); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("a discarded upload was acknowledged")
	}
	if _, err := os.Stat(filepath.Join(s.dir, testID)); err == nil {
		t.Error("the folder is still there")
	}
}

func TestSweepRemovesAbandonedUploads(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Limits{MaxSize: 1000, MaxChunks: 10, MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, header(nil, 2), 0, []byte("x"))
	if removed, err := s.Sweep(time.Now().Add(59 * time.Minute)); len(removed) != 0 || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
	if removed, err := s.Sweep(time.Now().Add(61 * time.Minute)); len(removed) != 1 || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
}

func TestOpenRemovesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{testID, "nonsense"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(recordPath(filepath.Join(dir, name)), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openStore(t, dir).Status(testID); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
}
