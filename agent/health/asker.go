package health

import "context"

// asker probes one run of one unit, as often as it is told to.
type asker interface {
	once(ctx context.Context) Outcome
	close()
}

// plain is an asker without a connection.
type plain struct {
	ask   func(context.Context, Check) Outcome
	check Check
}

func (p plain) once(ctx context.Context) Outcome { return p.ask(ctx, p.check) }
func (plain) close()                             {}
