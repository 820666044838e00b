package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Settings are the keys of nexushub.toml and conf.d with the values in force, in a form in
// which two configurations can be compared, also those of two processes. What is in apps.d
// is not among them.
func (c *Config) Settings() map[string]string {
	all := map[string]string{}
	settings(all, "", reflect.ValueOf(c).Elem())
	return all
}

func settings(into map[string]string, path string, v reflect.Value) {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
		if name == "" || name == "-" {
			continue
		}
		field := v.Field(i)
		for field.Kind() == reflect.Pointer && !field.IsNil() {
			field = field.Elem()
		}
		if field.Kind() == reflect.Struct {
			settings(into, path+name+".", field)
			continue
		}
		into[path+name] = fmt.Sprintf("%#v", field.Interface())
	}
}

// Differing names the keys whose values differ, sorted, of those that both know.
func Differing(a, b map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(a)), func(key string) bool {
		other, known := b[key]
		return !known || other == a[key]
	})
}
