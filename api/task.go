package api

// Task is one step that the reconciler would take, or is taking, and its reason.
type Task struct {
	Action   string `json:"action"` // start, replace, stop, route, ...
	Instance string `json:"instance"`
	Name     string `json:"name"`
	Unit     string `json:"unit,omitempty"`
	Reason   string `json:"reason"`
}
