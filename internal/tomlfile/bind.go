package tomlfile

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/nearest"
)

func reflectElem(dst any) reflect.Value { return reflect.ValueOf(dst).Elem() }

// bindStruct sets the fields of dst from a table. Every key must have a field.
func (f *File) bindStruct(path string, table map[string]any, dst reflect.Value) {
	fields := map[string]reflect.Value{}
	collect(dst, fields)
	for _, key := range slices.Sorted(maps.Keys(table)) {
		full := join(path, key)
		if field, ok := fields[key]; ok {
			f.bind(full, table[key], field)
			continue
		}
		f.Fault(full, "unknown key%s", suggest(key, fields))
	}
}

// collect maps toml names to fields; embedded structs share their parent's table.
func collect(v reflect.Value, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			collect(v.Field(i), fields)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		if name != "" && name != "-" {
			fields[name] = v.Field(i)
		}
	}
}

func (f *File) bind(key string, value any, dst reflect.Value) {
	if value == nil {
		return
	}
	if dst.Kind() == reflect.Pointer {
		p := reflect.New(dst.Type().Elem())
		f.bind(key, value, p.Elem())
		dst.Set(p)
		return
	}
	if u, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
		f.bindText(key, value, u)
		return
	}
	switch dst.Kind() {
	case reflect.Struct:
		f.bindTable(key, value, dst)
	case reflect.Slice:
		f.bindSlice(key, value, dst)
	case reflect.Map:
		f.bindMap(key, value, dst)
	default:
		f.bindScalar(key, value, dst)
	}
}

func (f *File) bindTable(key string, value any, dst reflect.Value) {
	if table, ok := value.(map[string]any); ok {
		f.bindStruct(key, table, dst)
		return
	}
	f.Fault(key, "must be a table")
}

func (f *File) bindText(key string, value any, dst encoding.TextUnmarshaler) {
	switch value.(type) {
	case string, int64:
		if err := dst.UnmarshalText(fmt.Append(nil, value)); err != nil {
			f.Fault(key, "%v", err)
		}
	default:
		f.Fault(key, "must be a string")
	}
}

func (f *File) bindSlice(key string, value any, dst reflect.Value) {
	list, ok := value.([]any)
	if !ok {
		f.Fault(key, "must be a list")
		return
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, v := range list {
		f.bind(key, v, out.Index(i))
	}
	dst.Set(out)
}

func (f *File) bindMap(key string, value any, dst reflect.Value) {
	table, ok := value.(map[string]any)
	if !ok {
		f.Fault(key, "must be a table")
		return
	}
	out := reflect.MakeMap(dst.Type())
	for k, v := range table {
		if v == nil {
			continue
		}
		elem := reflect.New(dst.Type().Elem()).Elem()
		f.bind(join(key, k), v, elem)
		out.SetMapIndex(reflect.ValueOf(k), elem)
	}
	dst.Set(out)
}

func (f *File) bindScalar(key string, value any, dst reflect.Value) {
	switch v := value.(type) {
	case string:
		if dst.Kind() == reflect.String {
			dst.SetString(v)
			return
		}
		f.Fault(key, "must be %s, without quotes", kindName(dst.Kind()))
		return
	case bool:
		if dst.Kind() == reflect.Bool {
			dst.SetBool(v)
			return
		}
	case int64:
		if dst.CanInt() {
			dst.SetInt(v)
			return
		}
	}
	f.Fault(key, "must be %s", kindName(dst.Kind()))
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	}
	return "a whole number"
}

// suggest names the known key that is nearest to a mistyped one.
func suggest(key string, fields map[string]reflect.Value) string {
	known := slices.Sorted(maps.Keys(fields))
	at := nearest.Index(key, known)
	if at < 0 {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", known[at])
}
