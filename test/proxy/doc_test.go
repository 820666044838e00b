// Package proxy_test proves the proxy's promises on installed machines: the routing
// rules with real applications, and that no request is lost in restarts, deploys and
// while the agent is away.
package proxy_test
