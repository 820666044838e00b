package fake

// Program is how a command behaves. The zero value runs, and is ready, until stopped.
type Program struct {
	Missing  bool // cannot be executed
	Fails    int  // exits at once with this status
	NotReady bool // Type=notify: never says READY
}
