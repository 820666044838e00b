package output

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/termtext"
)

// hostile is what an application, a package or another machine may have to say.
const hostile = "a\x1b[31m\x1b]0;title\x07\u202eb\u200b\u009b31m"

// fill puts hostile text wherever v has room for text.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i))
			}
		}
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[error]() {
			v.Set(reflect.ValueOf(errors.New(hostile)))
		} else {
			v.Set(reflect.ValueOf(hostile))
		}
	}
}

// Whatever the command says, in words or as JSON, nothing in it can move the cursor,
// reorder the line or hide: every method is tried, so a new one is, too.
func TestNothingForeignReachesTheTerminal(t *testing.T) {
	methods := reflect.TypeFor[*Printer]()
	for i := range methods.NumMethod() {
		for mode := range 4 {
			asJSON, colour := mode&1 != 0, mode&2 != 0
			var out bytes.Buffer
			p := &Printer{Stdout: &out, Stderr: &out, AsJSON: asJSON, Colour: colour, Now: func() time.Time { return now }}
			m := methods.Method(i)
			args := []reflect.Value{reflect.ValueOf(p)}
			for n := 1; n < m.Type.NumIn(); n++ {
				arg := reflect.New(m.Type.In(n)).Elem()
				fill(arg)
				args = append(args, arg)
			}
			if m.Type.IsVariadic() {
				m.Func.CallSlice(args)
			} else {
				m.Func.Call(args)
			}
			for line := range strings.Lines(out.String()) {
				if line = strings.TrimSuffix(line, "\n"); colour {
					line = strings.NewReplacer(boldOn, "", redOn, "", greenOn, "", yellowOn, "", dimOn, "", styleOff, "").Replace(line)
				}
				if termtext.Text(line) != line && m.Name != "Top" {
					t.Errorf("%s (json %v) prints %q", m.Name, asJSON, line)
				}
			}
		}
	}
}
