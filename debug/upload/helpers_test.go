package upload

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
)

const testID = "0f8fad5b-d9cb-469f-a165-70867728950e"

func openStore(tb testing.TB, dir string) *Store {
	tb.Helper()
	s, err := Open(dir, Limits{MaxSize: 64 << 20, MaxChunks: 1000})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// file is content that is easy to tell apart at every place.
func file(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// cut divides b into pieces of the given sizes, the last takes the rest.
func cut(b []byte, sizes ...int) [][]byte {
	var out [][]byte
	for _, n := range sizes {
		out = append(out, b[:n])
		b = b[n:]
	}
	return append(out, b)
}

func md5hex(b []byte) string { s := md5.Sum(b); return hex.EncodeToString(s[:]) }
func shahex(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

func header(b []byte, total int) Header { return Header{Total: total, MD5: md5hex(b), Length: -1} }

// chunkOf does what a request does.
func chunkOf(s *Store, h Header, index int, body io.Reader) (bool, error) {
	if err := s.Receive(testID, h, index, body); err != nil {
		return false, err
	}
	return s.Finish(testID, h)
}

// send uploads one chunk and returns whether the upload is complete.
func send(tb testing.TB, s *Store, h Header, index int, body []byte) bool {
	tb.Helper()
	done, err := chunkOf(s, h, index, bytes.NewReader(body))
	if err != nil {
		tb.Fatalf("chunk %d: %v", index, err)
	}
	return done
}

// checkArrived compares the finished file with what was sent.
func checkArrived(tb testing.TB, s *Store, want []byte) {
	tb.Helper()
	path, st, err := s.Package(testID)
	if err != nil {
		tb.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		tb.Errorf("the file differs: %d bytes, want %d", len(got), len(want))
	}
	md5sum := md5hex(want)
	if st.Appending {
		md5sum = "" // never promised, so not computed
	}
	if !st.Completed || st.SHA256Sum != shahex(want) || st.MD5Sum != md5sum || len(st.Missing) != 0 {
		tb.Errorf("got status %+v", st)
	}
}

var errCut = errors.New("connection cut")

// cutAfter is a body whose connection breaks after n bytes.
func cutAfter(b []byte, n int) io.Reader {
	return io.MultiReader(bytes.NewReader(b[:n]), failing{})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errCut }
