// Package proxy is the network-facing half: listeners that PID 1 holds, TLS, routing by
// host name, targets and static files. It knows routes and knows nothing of units: the
// agent puts a whole Table over the control socket, and the answer means that it is in
// force and on disk, so the proxy keeps serving while the agent is
// away.
//
// Its contract: a request is decided by one immutable snapshot, by the rules in the
// order of rules.go; a host name that is not in the table never gets another
// application's content; a connection belongs to its target, not to the table, so
// a change elsewhere never ends it; what is ambiguous on the wire is refused.
package proxy
