package main

// whereTimeGoes is prose for docs/benchmarks.md, to be looked at again when the way of
// a line changes.
var whereTimeGoes = []string{
	"Where the time goes. A line waits in the application's stream until journald has read it; then in the journal until journalctl looks: journald tells it at most four times a second, " +
		"so the agent makes it look every 3 ms while lines come (every 25 ms while none do, and less often the more followers there are, at most 50 ms). journalctl, the pipe and parsing take well under 1 ms. " +
		"What the slowest lines wait for is in the rows: journald itself, which stops for a moment when it makes its file larger or begins a new one, and the cores of this machine.",
	"A hundred followers cost little more than one because each entry is parsed and encoded once, in batches; what grows is one write to each connection per batch.",
}
