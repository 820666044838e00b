package caller

import (
	"context"
	"slices"

	"github.com/nexushub/nexushub/api"
)

// life is the time of a token until it is revoked. It ends what its holder has open.
type life struct {
	ctx context.Context
	end context.CancelFunc
}

// While returns a context that ends with ctx, or with the token: when it is revoked or its time
// is over.
func (t *Tokens) While(ctx context.Context, token api.Token) (context.Context, context.CancelFunc) {
	var cancel context.CancelFunc
	if token.ExpiresAt != nil {
		ctx, cancel = context.WithDeadline(ctx, *token.ExpiresAt)
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	unhook := context.AfterFunc(t.lifeOf(token.ID), cancel)
	return ctx, func() { unhook(); cancel() }
}

func (t *Tokens) lifeOf(id string) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, known := t.lives[id]
	if !known {
		l.ctx, l.end = context.WithCancel(context.Background())
		t.lives[id] = l
	}
	if !slices.ContainsFunc(t.tokens, func(o storedToken) bool { return o.ID == id }) {
		t.endLife(id) // revoked since it was checked
	}
	return l.ctx
}

// endLife is of a token that is not there any more. The caller holds mu.
func (t *Tokens) endLife(id string) {
	if l, known := t.lives[id]; known {
		l.end()
		delete(t.lives, id)
	}
}
