package units

import "errors"

// What can go wrong, for errors.Is. The text that wraps them names unit and cause.
var (
	ErrSpec         = errors.New("invalid spec")
	ErrExec         = errors.New("command cannot be executed")
	ErrUnitExists   = errors.New("a unit with this name already exists")
	ErrNoSuchUnit   = errors.New("no such unit")
	ErrJob          = errors.New("job did not succeed")
	ErrDisconnected = errors.New("no connection to systemd")
	ErrTimeout      = errors.New("systemd did not answer in time")
)
