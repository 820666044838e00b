// Package agent tests the reconciler on machines with a real systemd.
package agent
