package debug

import (
	"bufio"
	"fmt"
	"io"
	"mime/multipart"
	"regexp"
	"strconv"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/debug/upload"
	"github.com/nexushub/nexushub/internal/problem"
)

const (
	maxField = 4 << 10 // bytes of one field's value
	maxParts = 64
)

var (
	md5Pattern    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// form reads the fields of a chunk's multipart form as they come. The file itself is
// never in memory: when its part is reached, the caller reads it.
type form struct {
	parts  *multipart.Reader
	in     *allowance
	count  int
	values map[string]string
}

func newForm(r io.Reader, boundary string) *form {
	in := &allowance{r: r}
	in.forFields()
	parts := multipart.NewReader(bufio.NewReaderSize(in, readBuffer), boundary)
	return &form{parts: parts, in: in, values: map[string]string{}}
}

// next collects fields up to the file part; at the end of the form it is nil.
func (f *form) next() (*multipart.Part, error) {
	for {
		part, err := f.parts.NextRawPart()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, malformed("multipart form: %v", err)
		}
		if f.count++; f.count > maxParts {
			return nil, malformed("multipart form has more than %d parts", maxParts)
		}
		name := part.FormName()
		if name == "chunk" {
			f.in.forFile()
			return part, nil
		}
		if err := f.collect(name, part); err != nil {
			return nil, err
		}
	}
}

func (f *form) collect(name string, part io.Reader) error {
	value, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return malformed("field %q: %v", name, err)
	}
	if len(value) > maxField {
		return malformed("field %q is longer than %d bytes", name, maxField)
	}
	if _, twice := f.values[name]; twice {
		return malformed("field %q appears twice", name)
	}
	f.values[name] = strings.TrimSpace(string(value))
	return nil
}

// rest reads the fields behind the file part.
func (f *form) rest() error {
	f.in.forFields()
	part, err := f.next()
	if err == nil && part != nil {
		err = malformed("field %q appears twice", "chunk")
	}
	return err
}

// ready says whether the file can be received before the rest of the form is read.
func (f *form) ready() bool {
	for _, name := range []string{"chunkIndex", "totalChunks", "fileHash"} {
		if _, ok := f.values[name]; !ok {
			return false
		}
	}
	return true
}

// header checks the fields; every missing or bad one is in the error.
func (f *form) header(maxChunks int) (h upload.Header, index int, err error) {
	var faults []problem.Fault
	fault := func(field, format string, args ...any) {
		faults = append(faults, problem.Fault{Pointer: field, Detail: fmt.Sprintf(format, args...)})
	}
	number := func(field string, low, high int) int {
		n, err := strconv.Atoi(f.values[field])
		if err != nil || n < low || n > high {
			fault(field, "must be a number from %d to %d, not %q", low, high, f.values[field])
			return low
		}
		return n
	}
	h.Total = number("totalChunks", 1, maxChunks)
	index = number("chunkIndex", 0, max(h.Total-1, 0))
	h.MD5, h.SHA256 = strings.ToLower(f.values["fileHash"]), strings.ToLower(f.values["sha256"])
	if !md5Pattern.MatchString(h.MD5) {
		fault("fileHash", "must be the MD5 of the whole file in hex, not %q", f.values["fileHash"])
	}
	if h.SHA256 != "" && !sha256Pattern.MatchString(h.SHA256) {
		fault("sha256", "must be the SHA-256 of the whole file in hex, not %q", f.values["sha256"])
	}
	return h, index, faultsError(api.Malformed, faults)
}

func faultsError(code api.Code, faults []problem.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	return &api.Fault{Code: code, Detail: faults[0].Pointer + ": " + faults[0].Detail, Faults: faults}
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", fmt.Errorf(format, args...), api.Malformed)
}

var errNoChunk = &api.Fault{Code: api.Malformed, Detail: "chunk: the file part is missing",
	Faults: []problem.Fault{{Pointer: "chunk", Detail: "the file part is missing"}}}
