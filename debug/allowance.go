package debug

import (
	"fmt"
	"io"
	"math"
)

// allowance bounds what a form holds beside its file: mime/multipart alone takes 10 MiB
// of headers for each part.
type allowance struct {
	r    io.Reader
	left int64
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, fmt.Errorf("fields and headers are larger than %d bytes", formOverhead)
	}
	n, err := a.r.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	return n, err
}

// forFile lets the file pass, which has a limit of its own.
func (a *allowance) forFile() { a.left = math.MaxInt64 }

// forFields begins anew for what is around the file.
func (a *allowance) forFields() { a.left = formOverhead }
