package api

// Explanation is how an application would be run without us.
type Explanation struct {
	Unit     string   `json:"unit"`
	Command  []string `json:"command"`            // argv of systemd-run
	Withheld []string `json:"withheld,omitempty"` // what the command line cannot say, in words
}
