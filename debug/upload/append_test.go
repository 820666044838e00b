package upload

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

func TestAppendResumesWhereItWasCut(t *testing.T) {
	b := file(commitEvery*2 + 12345)
	dir := t.TempDir()
	s := openStore(t, dir)
	if err := s.Create(testID, Header{Length: int64(len(b)), SHA256: shahex(b)}); err != nil {
		t.Fatal(err)
	}
	at := int64(0)
	for _, end := range []int{10, 10, 5000, commitEvery + 7, len(b) - 1} {
		st, err := s.Append(testID, at, -1, true, cutAfter(b[at:end], end-int(at)))
		if !errors.Is(err, errCut) || st.Offset != int64(end) || st.Completed {
			t.Fatalf("cut at %d: offset %d, %v", end, st.Offset, err)
		}
		at = st.Offset
		s = openStore(t, dir)
	}
	st, err := s.Append(testID, at, int64(len(b)), true, bytes.NewReader(b[at:]))
	if err != nil || !st.Completed || st.Offset != int64(len(b)) {
		t.Fatalf("got %+v, %v", st, err)
	}
	checkArrived(t, s, b)
	if _, err := s.Append(testID, st.Offset, -1, false, bytes.NewReader(nil)); !errors.Is(err, ErrCompleted) {
		t.Errorf("got %v, want ErrCompleted", err)
	}
	checkArrived(t, openStore(t, dir), b)
}

// A piece that cannot be made durable takes the one behind it back, which arrived
// meanwhile: the offset names only what is on disk.
func TestAppendGoesBackToWhatIsDurable(t *testing.T) {
	b := file(commitEvery + 12345)
	dir := t.TempDir()
	s := openStore(t, dir)
	if err := s.Create(testID, Header{Length: -1}); err != nil {
		t.Fatal(err)
	}
	one, err := s.find(testID)
	if err != nil {
		t.Fatal(err)
	}
	if err := one.journal.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		st, err := s.Append(testID, 0, -1, true, bytes.NewReader(b))
		if !errors.Is(err, os.ErrClosed) || st.Offset != 0 || st.Completed {
			t.Fatalf("got offset %d, completed %v, %v", st.Offset, st.Completed, err)
		}
	}
	again := openStore(t, dir)
	if st, err := again.Append(testID, 0, -1, true, bytes.NewReader(b)); err != nil || !st.Completed {
		t.Fatalf("got %+v, %v", st, err)
	}
	checkArrived(t, again, b)
}

func TestAppendRefusals(t *testing.T) {
	s := openStore(t, t.TempDir())
	if _, err := s.Append(testID, 0, -1, false, bytes.NewReader(nil)); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if err := s.Create(testID, Header{Length: -1}); err != nil {
		t.Fatal(err)
	}
	var offset *OffsetError
	if _, err := s.Append(testID, 5, -1, false, bytes.NewReader(nil)); !errors.As(err, &offset) || offset.Expected != 0 {
		t.Errorf("got %v, want OffsetError", err)
	}
	if _, err := s.Append(testID, 0, 10, false, bytes.NewReader([]byte("12345"))); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"other length":    func() error { _, err := s.Append(testID, 5, 11, false, bytes.NewReader(nil)); return err },
		"more than that":  func() error { _, err := s.Append(testID, 5, 10, true, bytes.NewReader(make([]byte, 6))); return err },
		"complete before": func() error { _, err := s.Append(testID, 5, 10, true, bytes.NewReader(nil)); return err },
	} {
		if err := call(); !errors.Is(err, ErrLength) {
			t.Errorf("%s: got %v, want ErrLength", name, err)
		}
	}
	var large *TooLargeError
	if err := s.Create(testID, Header{Length: 65 << 20}); !errors.As(err, &large) {
		t.Errorf("got %v, want TooLargeError", err)
	}
}

func TestPauseEndsAHangingAppend(t *testing.T) {
	s := openStore(t, t.TempDir())
	if err := s.Create(testID, Header{Length: -1}); err != nil {
		t.Fatal(err)
	}
	hung := newHanging()
	failed := make(chan error)
	go func() {
		_, err := s.Append(testID, 0, -1, false, hung)
		failed <- err
	}()
	<-hung.begun
	s.Pause(testID)
	if err := <-failed; err == nil {
		t.Error("the append ended well")
	}
	if st, err := s.Status(testID); err != nil || st.Offset != 0 {
		t.Errorf("got %+v, %v", st, err)
	}
}

// A client that appends byte by byte would have each remembered, in memory and on disk.
func TestAppendIsBoundedInPieces(t *testing.T) {
	s, err := Open(t.TempDir(), Limits{MaxSize: 1000, MaxChunks: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Create(testID, Header{Length: -1}); err != nil {
		t.Fatal(err)
	}
	for at := range int64(3) {
		if _, err := s.Append(testID, at, -1, false, bytes.NewReader([]byte("x"))); err != nil {
			t.Fatal(err)
		}
	}
	st, err := s.Append(testID, 3, -1, true, bytes.NewReader([]byte("x")))
	var many *TooManyError
	if !errors.As(err, &many) || st.Offset != 3 {
		t.Errorf("got %+v, %v, want TooManyError", st, err)
	}
}
