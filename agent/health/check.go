package health

import "time"

// Check says what to ask, where and how often (design, decision 4).
type Check struct {
	Type     string // http, tcp
	Run      string // changes with every start of the process: a new run starts from nothing
	Network  string // tcp, unix
	Address  string
	Host     string // the Host header: the instance's own name
	Path     string
	Interval time.Duration
	Timeout  time.Duration
	Failures int // consecutive ones that make a healthy instance unhealthy
}
