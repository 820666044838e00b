// Package api holds what crosses the wire: the JSON types of the control and debug
// APIs, the one table of error codes with their HTTP status and exit code, and the
// client library that the command line uses, over the control socket
// (/run/nexushub/api.sock) or over HTTPS with a token.
//
// Anybody may return one of the codes wrapped in an error,
//
//	fmt.Errorf("application %q: %w", name, api.NotFound)
//
// and every server answers it with the same status, every client ends with the same
// exit code.
package api

import (
	"errors"
	"net/http"
)

// Code classifies an error for a caller on the other side of a socket. A Code is an
// error itself, so that it can be wrapped with %w and found with errors.Is.
type Code string

// The codes. Nothing else is ever sent.
const (
	Malformed       Code = "malformed"        // the request cannot be read
	Unauthenticated Code = "unauthenticated"  // no token, or none that is known
	Forbidden       Code = "forbidden"        // known, but without the right
	NotFound        Code = "not-found"        // no such application, release, token ...
	Conflict        Code = "conflict"         // contradicts what is there
	Stale           Code = "stale"            // it is not any more what the caller has seen
	NotRunning      Code = "not-running"      // needs a running application
	TooLarge        Code = "too-large"        // over a limit, which the detail names
	Invalid         Code = "invalid"          // readable, but wrong; errors[] says where
	TooMany         Code = "too-many"         // come back later
	Internal        Code = "internal"         // our fault; the journal has the trace id
	Unavailable     Code = "unavailable"      // a part that is needed is not there now
	Timeout         Code = "timeout"          // did not end within its deadline
	NoSpace         Code = "no-space"         // the disk is full, or nearly
	Failed          Code = "failed"           // was done as asked, and the application failed
	NotImplemented  Code = "not-supported"    // this host cannot do it
	Canceled        Code = "client-cancelled" // the caller left
)

// Exit codes of the command line, after the LSB's numbers for status actions.
const (
	ExitOK         = 0
	ExitError      = 1
	ExitUsage      = 2
	ExitNotRunning = 3
	ExitNoSuch     = 4
	ExitPartial    = 5 // done, but something is missing, which was named
	ExitInterrupt  = 130
)

type codeInfo struct {
	status int
	exit   int
	text   string
}

// codes is the only place that ties a code to a status, an exit code and words.
var codes = map[Code]codeInfo{
	Malformed:       {http.StatusBadRequest, ExitUsage, "malformed request"},
	Unauthenticated: {http.StatusUnauthorized, ExitNoSuch, "not authenticated"},
	Forbidden:       {http.StatusForbidden, ExitNoSuch, "not permitted"},
	NotFound:        {http.StatusNotFound, ExitNoSuch, "not found"},
	Conflict:        {http.StatusConflict, ExitError, "conflict"},
	Stale:           {http.StatusPreconditionFailed, ExitError, "changed meanwhile"},
	NotRunning:      {http.StatusConflict, ExitNotRunning, "not running"},
	TooLarge:        {http.StatusRequestEntityTooLarge, ExitError, "too large"},
	Invalid:         {http.StatusUnprocessableEntity, ExitError, "invalid"},
	TooMany:         {http.StatusTooManyRequests, ExitError, "too many requests"},
	Internal:        {http.StatusInternalServerError, ExitError, "internal error"},
	Unavailable:     {http.StatusServiceUnavailable, ExitError, "unavailable"},
	Timeout:         {http.StatusGatewayTimeout, ExitError, "timed out"},
	NoSpace:         {http.StatusInsufficientStorage, ExitError, "no space"},
	Failed:          {http.StatusBadGateway, ExitError, "failed"},
	NotImplemented:  {http.StatusNotImplemented, ExitError, "not supported"},
	Canceled:        {499, ExitInterrupt, "cancelled"},
}

// Error is the code in words, lower case, to stand at the end of a wrapped message.
func (c Code) Error() string { return codes[c.known()].text }

// Status is the HTTP status of the code.
func (c Code) Status() int { return codes[c.known()].status }

// Exit is the exit code of a command that ends with the code.
func (c Code) Exit() int { return codes[c.known()].exit }

func (c Code) known() Code {
	if _, ok := codes[c]; ok {
		return c
	}
	return Internal
}

// CodeOf finds the code in an error's chain; an error without one is Internal.
func CodeOf(err error) Code {
	var c Code
	if errors.As(err, &c) {
		return c.known()
	}
	return Internal
}

// CodeOfStatus is for answers of servers that are not ours.
func CodeOfStatus(status int) Code {
	switch status {
	case http.StatusConflict: // two codes share it
		return Conflict
	case http.StatusBadGateway: // a gateway did not reach the agent
		return Unavailable
	}
	for c, m := range codes {
		if m.status == status {
			return c
		}
	}
	if status >= 400 && status < 500 {
		return Malformed
	}
	return Internal
}
