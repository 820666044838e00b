package plan

// Current is what is, as far as the plan needs to know.
type Current struct {
	Apps    map[string]Observed // by instance
	Partial map[string]bool     // kinds whose provider has not given its complete word
}

// Observed is what is known of one instance.
type Observed struct {
	Units   []*Unit // loaded ones only
	Served  string  // unit that the proxy leads requests to
	Target  string  // unit in the table that the proxy was given, or is to be
	Trouble Trouble
	Busy    bool // a task is in hand
}

// SetBusy keeps an instance from getting a task.
func (c Current) SetBusy(id string) {
	o := c.Apps[id]
	o.Busy = true
	c.Apps[id] = o
}
