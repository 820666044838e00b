package api

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// Each API spells its names in one way: that of debug applications as its clients know it,
// the operators' with underscores. The lines of a log have one form for both.
func TestOneSpellingInEachAPI(t *testing.T) {
	camel := regexp.MustCompile(`^[a-z]+([A-Z][a-z]*)*\d*$`)
	snake := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	for _, c := range []struct {
		form *regexp.Regexp
		all  []reflect.Type
	}{
		{camel, []reflect.Type{
			reflect.TypeFor[NewDebugApplication](), reflect.TypeFor[DebugApplication](), reflect.TypeFor[InstallAnswer](),
			reflect.TypeFor[DebugStatus](), reflect.TypeFor[UploadAnswer](), reflect.TypeFor[UploadStatus](),
			reflect.TypeFor[PackageLimits](), reflect.TypeFor[LogEntry](), reflect.TypeFor[LogGap](),
		}},
		{snake, []reflect.Type{
			reflect.TypeFor[App](), reflect.TypeFor[Explanation](), reflect.TypeFor[ExecRequest](), reflect.TypeFor[System](),
			reflect.TypeFor[Task](), reflect.TypeFor[Route](), reflect.TypeFor[Cert](), reflect.TypeFor[Release](),
			reflect.TypeFor[Secret](), reflect.TypeFor[NewSecret](), reflect.TypeFor[Token](), reflect.TypeFor[NewToken](),
			reflect.TypeFor[IssuedToken](), reflect.TypeFor[Waiting](),
		}},
	} {
		for _, typ := range c.all {
			for _, name := range jsonNames(typ) {
				if !c.form.MatchString(name) {
					t.Errorf("%s: %s is not spelled like the other names of its API", typ.Name(), name)
				}
			}
		}
	}
}

// jsonNames are those of a struct and of what is in it.
func jsonNames(t reflect.Type) (names []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
		names = append(names, jsonNames(f.Type)...)
	}
	return names
}
