package health

import "context"

// asker probes one run of one unit, as often as it is told to.
type asker interface {
	once(ctx context.Context) Outcome
	close()
}

// unconnected is an asker without a connection.
type unconnected struct {
	ask   func(context.Context, Check) Outcome
	check Check
}

func (p unconnected) once(ctx context.Context) Outcome { return p.ask(ctx, p.check) }
func (unconnected) close()                             {}
