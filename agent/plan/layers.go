package plan

import (
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Layer is what one of those says who decide how an application runs.
type Layer struct {
	From     string
	Manifest manifest.Manifest
}

// Who says something, from the one who says it last to the one who is asked first. What
// [policy] forbids stands above all.
const (
	FromPolicy    = "policy"
	FromAppsD     = "apps.d"
	FromSettings  = "settings"
	FromManifest  = "manifest"
	FromDetection = "detection"
	FromDefault   = "default"
)

// Layers are all of an application, the first to be heard first.
func Layers(in Instance, rel fact.Release, defaults manifest.Manifest) []Layer {
	operator := FromSettings
	if in.Kind == KindStatic {
		operator = FromAppsD
	}
	return []Layer{{operator, in.Manifest}, {FromManifest, rel.Manifest}, {FromDetection, rel.Recognised.Manifest},
		{FromDefault, defaults}}
}

// Effective is what holds when each layer lies over the next.
func Effective(layers []Layer) (m manifest.Manifest) {
	for i := len(layers) - 1; i >= 0; i-- {
		m = layers[i].Manifest.Over(m)
	}
	return m
}

// From is who decides what says tells to be said; empty: nobody.
func From(layers []Layer, says func(manifest.Manifest) bool) string {
	for _, l := range layers {
		if says(l.Manifest) {
			return l.From
		}
	}
	return ""
}
