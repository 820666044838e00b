package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Seconds returns d in seconds.
func (d Duration) Seconds() float64 { return time.Duration(d).Seconds() }

// Std returns d as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// UnmarshalText reads time.ParseDuration's form; negative is refused.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("must be a duration such as \"10s\" or \"1m30s\"")
	}
	if v < 0 {
		return fmt.Errorf("must not be negative")
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.Std().String()), nil }

var suffixes = map[byte]uint64{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}

// UnmarshalText reads "64M", "1G" (K, M, G, T, powers of 1024) or a plain number.
func (b *Bytes) UnmarshalText(text []byte) error {
	s := strings.ToUpper(strings.TrimSpace(string(text)))
	s = strings.TrimSuffix(strings.TrimSuffix(s, "B"), "I")
	factor := uint64(1)
	if s != "" {
		if f, ok := suffixes[s[len(s)-1]]; ok {
			factor, s = f, s[:len(s)-1]
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > ^uint64(0)/factor {
		return fmt.Errorf("must be a size such as \"64M\" or \"1G\"")
	}
	*b = Bytes(n * factor)
	return nil
}

// MarshalText writes the shortest exact form.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// String is the shortest exact form: 64M, 1G, 1000.
func (b Bytes) String() string {
	n, suffix := uint64(b), ""
	for _, s := range []string{"K", "M", "G", "T"} {
		if n == 0 || n%1024 != 0 {
			break
		}
		n, suffix = n/1024, s
	}
	return strconv.FormatUint(n, 10) + suffix
}
