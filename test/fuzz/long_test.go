package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The targets that run longer are named, not found: one that is renamed must be renamed
// in the list, too.
func TestLongTargetsExist(t *testing.T) {
	for _, target := range long {
		pkg, name, _ := strings.Cut(target, ".")
		files, err := filepath.Glob(filepath.Join("../..", pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(text), "\nfunc "+name+"(f *testing.F)")
		}
		if !found {
			t.Errorf("%s is to run longer and does not exist", target)
		}
	}
}
