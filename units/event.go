package units

// Event is a hint that something may have changed; what it is, Get or List tells.
type Event struct {
	Unit   string // this unit
	Resync bool   // anything: the connection is new, or PID 1 was reloaded
}
