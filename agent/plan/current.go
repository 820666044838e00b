package plan

// Current is what is, as far as the plan needs to know.
type Current struct {
	Units   map[string][]*Unit // by instance, loaded ones only
	Served  map[string]string  // instance -> unit that the proxy leads requests to
	Targets map[string]string  // instance -> unit in the table that the proxy was given, or is to be
	Trouble map[string]Trouble // by instance
	Busy    map[string]bool    // instances with a task in hand
	Partial map[string]bool    // kinds whose provider has not given its complete word
}
