package tomlfile

import (
	"fmt"

	"github.com/pelletier/go-toml/v2/unstable"
)

// What one file may hold: far more than any configuration has. Without bounds a
// megabyte whose one key has half a million parts asks for a hundred gigabytes.
const (
	maxBytes  = 1 << 20
	maxKeys   = 10_000
	maxDepth  = 16  // parts of a key, its tables included
	maxPart   = 256 // bytes
	maxFaults = 100
	maxShown  = 200 // bytes of a value in a fault
)

// bounds counts what a file holds before anything is made of it.
type bounds struct {
	parser unstable.Parser
	keys   int
}

// checkBounds names the first bound that data passes. Syntax is not its concern.
func checkBounds(data []byte) error {
	if len(data) > maxBytes {
		return fmt.Errorf("is larger than %d bytes", maxBytes)
	}
	var b bounds
	b.parser.Reset(data)
	table := 0
	for b.parser.NextExpression() {
		var err error
		switch e := b.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table, err = b.key(0, e.Key())
		case unstable.KeyValue:
			err = b.keyValue(table, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bounds) keyValue(depth int, e *unstable.Node) error {
	depth, err := b.key(depth, e.Key())
	if err != nil {
		return err
	}
	return b.value(depth, e.Value())
}

// value looks for the tables in a value, however deep in lists.
func (b *bounds) value(depth int, v *unstable.Node) error {
	if v.Kind != unstable.InlineTable && v.Kind != unstable.Array {
		return nil
	}
	if depth++; depth > maxDepth {
		return fmt.Errorf("is nested deeper than %d", maxDepth)
	}
	for it := v.Children(); it.Next(); {
		var err error
		if n := it.Node(); n.Kind == unstable.KeyValue {
			err = b.keyValue(depth-1, n)
		} else {
			err = b.value(depth, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// key counts one key and returns how deep it leads.
func (b *bounds) key(depth int, parts unstable.Iterator) (int, error) {
	b.keys++
	for parts.Next() {
		depth++
		if err := b.part(depth, len(parts.Node().Data)); err != nil {
			return depth, err
		}
	}
	return depth, b.count()
}

// check counts one key of one part.
func (b *bounds) check(depth int, key string) error {
	b.keys++
	if err := b.part(depth, len(key)); err != nil {
		return err
	}
	return b.count()
}

func (b *bounds) count() error {
	if b.keys > maxKeys {
		return fmt.Errorf("has more than %d keys", maxKeys)
	}
	return nil
}

func (b *bounds) part(depth, bytes int) error {
	switch {
	case depth > maxDepth:
		return fmt.Errorf("has a key of more than %d parts", maxDepth)
	case bytes > maxPart:
		return fmt.Errorf("has a key with a part of more than %d bytes", maxPart)
	}
	return nil
}

// shorten keeps a value in a fault readable.
func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return text[:maxShown] + "..."
}
