package release

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// maxFaults bounds the list: a hostile archive has millions of them.
const maxFaults = 100

// InvalidError lists everything that is wrong with a package.
type InvalidError struct {
	Faults []problem.Fault // Pointer: the entry's name, empty for the archive itself
	More   int             // faults beyond the list
	Cause  error           // of a folder's only fault, for errors.Is
}

func (e *InvalidError) Unwrap() error { return e.Cause }

func (e *InvalidError) Error() string {
	lines := make([]string, 0, len(e.Faults)+1)
	for _, f := range e.Faults {
		lines = append(lines, f.Line())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", e.More))
	}
	return "package invalid: " + strings.Join(lines, "; ")
}

func (e *InvalidError) add(name, format string, args ...any) {
	if len(e.Faults) >= maxFaults {
		e.More++
		return
	}
	e.Faults = append(e.Faults, problem.Fault{Pointer: printable(name), Detail: fmt.Sprintf(format, args...)})
}

// addManifest adds each fault of a manifest.
func (e *InvalidError) addManifest(err error) {
	var faults tomlfile.Faults
	if !errors.As(err, &faults) && err != nil {
		e.add(ManifestName, "%v", err)
	}
	for _, f := range faults {
		e.add(ManifestName, "%v", f)
	}
}

// result is nil for an empty list: a typed nil in an error would not compare to nil.
func (e *InvalidError) result() error {
	if len(e.Faults) == 0 {
		return nil
	}
	return e
}

// printable makes a hostile name safe to show.
func printable(name string) string {
	if len(name) > 200 {
		name = name[:200] + "..."
	}
	quoted := fmt.Sprintf("%+q", name)
	if quoted == `"`+name+`"` {
		return name
	}
	return quoted
}
