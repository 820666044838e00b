package control

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/ifmatch"
)

func (h *handlers) settings(c echo.Context) error {
	out, err := h.Settings.Settings(param(c, "app"))
	if err == nil {
		tagged(c, ifmatch.Tag(out.Set()))
	}
	return answer(c, out, err)
}

// changeSettings takes a JSON merge patch, whatever the client calls its media type.
func (h *handlers) changeSettings(c echo.Context) error {
	var patch json.RawMessage
	if err := c.Echo().JSONSerializer.Deserialize(c, &patch); err != nil {
		return err
	}
	audit.Changes(c.Request().Context(), "", changedBy(patch)...)
	out, err := h.Settings.ChangeSettings(c.Request().Context(), param(c, "app"), patch)
	if err == nil {
		tagged(c, ifmatch.Tag(out.Set()))
	}
	return answer(c, out, err)
}

// changedBy are the keys that a patch sets, in order, two levels deep: settings have no more. Values are
// left out.
func changedBy(patch json.RawMessage) (keys []string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(patch, &members) != nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		var inner map[string]json.RawMessage
		if json.Unmarshal(members[key], &inner) != nil || len(inner) == 0 {
			keys = append(keys, key)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(inner)) {
			keys = append(keys, key+" "+name)
		}
	}
	return keys
}
