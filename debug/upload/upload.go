// Package upload receives files in pieces and loses nothing: what was acknowledged
// is on disk, through a lost client, a killed agent and a cut of power.
//
// Each upload is a folder:
//
//	session.json  what was promised: number of chunks, hashes; once verified, the result
//	data          the chunks, each at its place
//	chunk-N       a chunk whose place was not known when it came
//	journal       one line for each acknowledged chunk: index, length, place, CRC
//
// Chunks may come in any order, several at once, and differ in size, so the place of
// one is certain only when all before it are there. Nearly always they are equal:
// the first complete chunk fixes the stride, every later one streams to index times
// stride, and the file is finished when the last byte is. Chunks that do not fit lie
// in files of their own and are put in order at the end.
//
// Data and journal are synced side by side before a chunk is acknowledged. After a
// reboot a journal line may therefore have reached the disk before its data: such
// lines are checked against their CRC and dropped, they were never acknowledged.
//
// Hashing follows the arriving chunks as far as they are contiguous, on [Store.Run].
package upload

import (
	"errors"
	"fmt"
	"time"

	"github.com/nexushub/nexushub/internal/disk"
)

// Errors that callers decide on with errors.Is.
var (
	ErrNotFound    = errors.New("no upload")
	ErrIncomplete  = errors.New("upload is not complete")
	ErrConflict    = errors.New("conflicts with the open upload")
	ErrHash        = errors.New("the file does not match its hash")
	ErrInterrupted = errors.New("replaced by a newer request")
	ErrCompleted   = errors.New("upload is already completed")
	ErrLength      = errors.New("length contradicts an earlier request")
	ErrEmpty       = errors.New("upload is empty: a package has at least one byte")
)

// TooLargeError names the limit that was passed.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("upload is larger than the limit of %d bytes (upload.max_size)", e.Limit)
}

// TooManyError names the limit on pieces.
type TooManyError struct{ Limit int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("upload comes in more pieces than the limit of %d (upload.max_chunks)", e.Limit)
}

// OffsetError answers an append at the wrong offset.
type OffsetError struct{ Expected, Provided int64 }

func (e *OffsetError) Error() string {
	return fmt.Sprintf("append at offset %d, expected is %d", e.Provided, e.Expected)
}

// Limits bound one upload.
type Limits struct {
	MaxSize   int64         // bytes
	MaxChunks int           // pieces, however they come
	Free      disk.Room     // what must stay free on the file system
	MaxAge    time.Duration // since the last byte, then Sweep removes it

	MaxHeld     int64 // bytes of all uploads together, 0: no matter how many
	MaxHeldEach int64 // bytes of all uploads of one owner
}

// DefaultLimits are 1 GiB in at most 65536 chunks, 512 MiB and 10,000 inodes left free, a day.
func DefaultLimits() Limits {
	return Limits{
		MaxSize: 1 << 30, MaxChunks: 1 << 16, MaxAge: 24 * time.Hour,
		Free: disk.Room{Bytes: 512 << 20, Inodes: 10_000},
	}
}

// Header is what a client promises. Total is 0 for an upload by appending.
type Header struct {
	Total  int    `json:"total"`
	Length int64  `json:"length"`        // bytes, -1 while unknown
	MD5    string `json:"md5,omitempty"` // lower-case hex, empty: not promised
	SHA256 string `json:"sha256,omitempty"`
	Owner  string `json:"owner,omitempty"` // whose share of the disk it takes
}

// Status is the state of one upload.
type Status struct {
	Header
	Appending bool     // by appending, not in numbered chunks
	Received  int      // chunks acknowledged
	Missing   [][2]int // runs of missing indices, both ends included
	Offset    int64    // bytes acknowledged
	Completed bool     // all there, hashes verified
	MD5Sum    string   // of a completed file
	SHA256Sum string
	Error     string // why the last upload was discarded
	UpdatedAt time.Time
}
