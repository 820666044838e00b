// Package mergepatch applies a JSON merge patch (RFC 7396) to a decoded document.
package mergepatch

import "maps"

// Apply returns target changed by patch: null removes a member, an object is merged, anything
// else replaces what was there. Neither argument is changed.
func Apply(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	before, _ := target.(map[string]any)
	out := maps.Clone(before)
	if out == nil {
		out = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(out, name)
			continue
		}
		out[name] = Apply(out[name], value)
	}
	return out
}
