package proxy

import (
	"testing"
)

// crashing is a client that no answer can be given to.
type crashing struct {
	downstream
	aborted bool
}

func (c *crashing) abort() { c.aborted = true }

// TestCrashEndsOneRequest: a fault of ours is logged and counted, and leaves no trace
// that would keep the proxy from stopping.
func TestCrashEndsOneRequest(t *testing.T) {
	var lines counter
	f := start(t, func(o *Options) { o.Log = lines.logger() })
	c := &crashing{}
	x := &exchange{downstream: c, server: f.server, req: request{method: "GET", authority: "nobody", path: "/"}}
	f.server.handle(x)
	if !c.aborted || x.status != 500 || f.server.inFlight[0].Load() != 0 || f.server.unrouted.inFlight.Load() != 0 {
		t.Errorf("%+v", x)
	}
	if n := lines.count("request crashed"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

// TestCrashWhileDeciding: nor does one that happens before it is known who answers.
func TestCrashWhileDeciding(t *testing.T) {
	var lines counter
	f := start(t, func(o *Options) { o.Log = lines.logger() })
	f.apply(table(startingRoute(appID, appHost)))
	c := &crashing{}
	x := &exchange{downstream: c, server: f.server, req: request{method: "GET", authority: appHost, path: "/public/x"}}
	f.server.handle(x)
	if !c.aborted || x.status != 500 || f.server.inFlight[0].Load() != 0 || f.server.heldPool.Len() != 0 {
		t.Errorf("%+v", x)
	}
	if n := lines.count("request crashed"); n != 1 {
		t.Errorf("%d lines", n)
	}
}
