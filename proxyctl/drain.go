package proxyctl

// DrainRequest is the body of POST /v1/drain.
type DrainRequest struct {
	Target     string `json:"target"` // its ID
	DeadlineMS int64  `json:"deadline_ms"`
}

// DrainResult is what POST /v1/drain answers. InFlight is what was cut when TimedOut.
type DrainResult struct {
	InFlight int64 `json:"in_flight"`
	TimedOut bool  `json:"timed_out"`
}
