// Package plan decides what happens to applications. It compares what the providers
// want (Desired) with what PID 1, the probes and the proxy tell (Current), and names the
// steps that are due with their reasons (Make), what failed how often and when it is tried
// again (FailureTracker), how an application stands (Phase) and where requests lead
// (Routes).
//
// It is pure: equal arguments give equal answers, except for the jitter of a pause. It does
// no I/O, knows no clock and starts nothing; package agent acts.
package plan
