package state

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

type document struct {
	Name string         `json:"name"`
	Map  map[string]int `json:"map"`
}

func open(t *testing.T) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func TestSaveThenLoad(t *testing.T) {
	s, dir := open(t)
	want := document{Name: "<x> & y", Map: map[string]int{"a": 1}}
	if err := s.Save("doc", want); err != nil {
		t.Fatal(err)
	}
	var got document
	found, err := s.Load("doc", &got)
	if err != nil || !found || !reflect.DeepEqual(got, want) {
		t.Errorf("Load = %+v, %v, %v; want %+v", got, found, err, want)
	}
	info, err := os.Stat(filepath.Join(dir, "doc.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
}

func TestMissingIsNoError(t *testing.T) {
	s, _ := open(t)
	if found, err := s.Load("doc", &document{}); found || err != nil {
		t.Errorf("Load = %v, %v; want false, nil", found, err)
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name, content string
		want          error
	}{
		{"cut off", `{"format":1,"sha2`, ErrDamaged},
		{"empty", ``, ErrDamaged},
		{"one digit changed", `{"format":1,"sha256":"00","data":{"name":"x"}}`, ErrDamaged},
		{"no format", `{"data":{}}`, ErrDamaged},
		{"newer", `{"format":2,"sha256":"00","data":{"other":"shape"}}`, ErrNewer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, dir := open(t)
			path := filepath.Join(dir, "doc.json")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := s.Load("doc", &document{})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error = %v, want %v naming %s", err, tt.want, path)
			}
			if left, _ := os.ReadFile(path); string(left) != tt.content {
				t.Errorf("the file was changed to %q", left)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	good, _ := encode(document{Name: "x"})
	f.Add(good)
	f.Add([]byte(`{"format":1,"sha256":"","data":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d document
		if err := decode(raw, &d); err == nil && !strings.Contains(string(raw), "sha256") {
			t.Errorf("accepted %q without a checksum", raw)
		}
	})
}
