// Package proxyctl is how the agent speaks to nexushub-proxy: the route table, what the
// proxy says of itself, and the client of its control socket. It is apart from package
// proxy so that a program that controls the proxy does not link its TLS and HTTP engine.
package proxyctl
