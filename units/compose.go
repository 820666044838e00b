package units

import "strings"

// unit is one transient unit to create, type (sa(sv)).
type unit struct {
	Name       string
	Properties []Property
}

// compose lists the units that make one revision run, the application's service first.
func compose(s Spec, place Placement, caps Capabilities) ([]unit, error) {
	app, err := Properties(s, place, caps)
	if err != nil {
		return nil, err
	}
	set := []unit{{s.UnitName(), app}}
	switch {
	case s.HasSocket():
		return append(set, s.webSocket(caps)), nil
	case s.Network == NetworkGuest:
		return append(set, s.gates(place, caps)...), nil
	}
	return set, nil
}

// companions are the names of the units that belong to an application's service, in
// the order in which they stop: each socket before the service it would start again.
func companions(service string) []string {
	gate := gate(service)
	return []string{
		base(service) + ".socket",
		gate + "-in.socket", gate + "-in.service",
		gate + "-out.socket", gate + "-out.service",
	}
}

// base is a service's name without its kind; what belongs to it is named after it.
func base(service string) string { return strings.TrimSuffix(service, ".service") }
