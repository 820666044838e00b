package control

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/events"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/stream"
)

// aliveEvery is how long a follower hears nothing before it gets a sign of life.
const aliveEvery = 15 * time.Second

// events is one stream of the states of all applications that the caller may see: first how they stand,
// or with Last-Event-ID what has changed since, then each change. It ends with the caller's token, and
// where a follower does not keep up.
func (h *handlers) events(c echo.Context) error {
	f := follower{ring: h.Events, who: callerOf(c), out: stream.New(c.Response(), "text/event-stream", true)}
	at := c.Request().Header.Get("Last-Event-ID")
	list, upTo, ok := f.ring.After(at)
	var err error
	if ok {
		err = f.send(nil, list, upTo)
	} else {
		upTo, err = f.snapshot()
	}
	for err == nil {
		if upTo, err = f.follow(c.Request().Context(), upTo); upTo == "" {
			return nil
		}
	}
	return nil // it is gone, or too slow: it comes back with the last id that it has
}

// follower is one reader of the stream.
type follower struct {
	ring *events.Ring
	who  caller.Caller
	out  *stream.Writer
}

// follow waits for what comes and sends it; upTo is empty where the stream is to end.
func (f *follower) follow(ctx context.Context, after string) (upTo string, err error) {
	news := f.ring.News()
	list, upTo, ok := f.ring.After(after)
	if !ok { // more has happened than is kept
		return "", nil
	}
	if len(list) > 0 {
		return upTo, f.send(nil, list, upTo)
	}
	alive := time.NewTimer(aliveEvery)
	defer alive.Stop()
	select {
	case <-news:
		return after, nil
	case <-alive.C:
		return after, f.out.Send(fmt.Appendf(nil, ": alive\nid: %s\n\n", after))
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (f *follower) snapshot() (upTo string, err error) {
	all, upTo := f.ring.All()
	seen := []api.StateEvent{}
	for _, e := range all {
		if f.who.Covers(e.Granted) {
			seen = append(seen, e.StateEvent)
		}
	}
	data, err := json.Marshal(seen)
	if err != nil {
		return "", err
	}
	return upTo, f.send(fmt.Appendf(nil, "retry: 2000\n\nid: %s\nevent: snapshot\ndata: %s\n\n", upTo, data), nil, upTo)
}

// send sends the events that the caller may see, after what is begun with. The id of the last event goes out
// also where he sees none.
func (f *follower) send(piece []byte, list []events.Event, upTo string) error {
	for _, e := range list {
		if !f.who.Covers(e.Granted) {
			continue
		}
		kind := "state"
		if e.Removed {
			kind = "removed"
		}
		data, err := json.Marshal(e.StateEvent)
		if err != nil {
			return err
		}
		piece = fmt.Appendf(piece, "id: %s\nevent: %s\ndata: %s\n\n", e.ID, kind, data)
	}
	if piece == nil {
		piece = fmt.Appendf(piece, "id: %s\n\n", upTo)
	}
	return f.out.Send(piece)
}
