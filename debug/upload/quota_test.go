package upload

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

const (
	secondID = "0f8fad5b-d9cb-469f-a165-70867728950f"
	thirdID  = "0f8fad5b-d9cb-469f-a165-708677289510"
)

func appendAll(s *Store, id, owner string, data []byte) error {
	if err := s.Create(id, Header{Length: -1, Owner: owner}); err != nil {
		return err
	}
	_, err := s.Append(id, 0, -1, true, bytes.NewReader(data))
	return err
}

// What is uploaded and never installed is bounded for each owner and in all, over a
// restart, and is given back with the upload.
func TestUploadsHoldNoMoreThanTheyMay(t *testing.T) {
	dir, data := t.TempDir(), file(1<<20)
	limits := Limits{MaxSize: 64 << 20, MaxChunks: 1000, MaxHeld: 3 << 20, MaxHeldEach: 2 << 20, MaxAge: time.Hour}
	open := func() *Store {
		s, err := Open(dir, limits)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if err := errors.Join(appendAll(s, testID, "token:a", data), appendAll(s, secondID, "token:a", data)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := appendAll(s, thirdID, "token:a", data); !errors.Is(err, ErrQuota) {
			t.Errorf("a third of one owner = %v", err)
		}
		if err := appendAll(s, thirdID, "token:b", file(3<<19)); !errors.Is(err, ErrQuota) {
			t.Errorf("more than all may hold = %v", err)
		}
		s = open() // a crash
	}
	if err := s.Discard(testID); err != nil {
		t.Fatal(err)
	}
	if err := appendAll(s, thirdID, "token:a", data); err != nil {
		t.Errorf("after one was discarded: %v", err)
	}
	if _, err := s.Sweep(time.Now().Add(2 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	if s.quota.all != 0 || len(s.quota.of) != 0 {
		t.Errorf("%d bytes are counted of nothing, %v", s.quota.all, s.quota.of)
	}
}

// Whatever becomes of an upload, its bytes are counted as long as they are on the disk.
func TestQuotaOfARejectedUpload(t *testing.T) {
	s, data := openStore(t, t.TempDir()), file(1000)
	h := Header{Length: -1, SHA256: shahex([]byte("another")), Owner: "token:a"}
	if err := s.Create(testID, h); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(testID, 0, -1, true, bytes.NewReader(data)); !errors.Is(err, ErrHash) {
		t.Fatalf("got %v", err)
	}
	if s.quota.all != 0 {
		t.Errorf("%d bytes are counted of a rejected upload", s.quota.all)
	}
	if err := appendAll(s, testID, "token:a", data); err != nil || s.quota.all != 1000 {
		t.Errorf("%d bytes are counted, %v", s.quota.all, err)
	}
}
