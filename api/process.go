package api

import "time"

// Process is one process of an application that has several, or several replicas of web.
type Process struct {
	Name     string    `json:"name"`
	Wanted   int       `json:"wanted"`   // how many replicas there are to be
	Ready    int       `json:"ready"`    // how many of the revision that is shown run in good health
	Replicas []Replica `json:"replicas"` // of that revision, and of the one that is to be
}

// Replica is one unit of a process.
type Replica struct {
	Number   int        `json:"number"` // from 1
	State    State      `json:"state"`
	Why      string     `json:"why,omitempty"`
	NextTry  *time.Time `json:"next_try,omitempty"`
	Health   string     `json:"health"` // healthy, unhealthy, unknown
	Unit     string     `json:"unit"`
	Revision string     `json:"revision"`
	PID      int        `json:"pid,omitempty"`
	Port     int        `json:"port,omitempty"`
	Restarts int        `json:"restarts"`

	Memory   uint64 `json:"memory,omitempty"`
	CPUNSec  uint64 `json:"cpu_nsec,omitempty"`
	Tasks    uint64 `json:"tasks,omitempty"`
	Requests uint64 `json:"requests,omitempty"` // answered since the proxy began to send it some
	InFlight int    `json:"in_flight,omitempty"`
}
