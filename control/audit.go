package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/journal"
)

const (
	auditLines    = 100              // without lines=
	maxAuditLines = 10_000           // of one answer
	auditWait     = 10 * time.Second // of a call with wait=1, well below the patience of clients
	auditPause    = 200 * time.Millisecond
)

// audit lists who changed what. With wait it answers when there is something, or after auditWait.
func (h *handlers) audit(c echo.Context) error {
	q, wait, err := h.auditQuery(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), auditWait)
	defer cancel()
	for {
		news := h.Audit.News()
		entries, err := h.Audit.Entries(c.Request().Context(), callerOf(c), q)
		if err != nil || len(entries) > 0 || !wait || !comes(ctx, news) {
			return list(c, entries, err)
		}
	}
}

// comes waits for another line, and then for the journal to have it.
func comes(ctx context.Context, news <-chan struct{}) bool {
	select {
	case <-news:
	case <-ctx.Done():
		return false
	}
	pause := time.NewTimer(auditPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
	return true
}

func (h *handlers) auditQuery(c echo.Context) (q audit.Query, wait bool, err error) {
	var errs []error
	at := func(name string) (t time.Time) {
		if s := c.QueryParam(name); s != "" {
			var err error
			t, err = journal.ParseTime(s, time.Now())
			errs = append(errs, err)
		}
		return t
	}
	q = audit.Query{By: c.QueryParam("by"), Since: at("since"), Until: at("until"), After: c.QueryParam("after"),
		Lines: auditLines}
	if s := c.QueryParam("lines"); s != "" {
		if q.Lines, err = strconv.Atoi(s); err != nil || q.Lines < 1 || q.Lines > maxAuditLines {
			errs = append(errs, fmt.Errorf("lines: %q must be a number from 1 to %d", s, maxAuditLines))
		}
	}
	if q.After != "" {
		errs = append(errs, journal.CheckCursor(q.After))
	}
	for name := range c.QueryParams() {
		switch name {
		case "app", "by", "since", "until", "lines", "after", "wait":
		default:
			errs = append(errs, fmt.Errorf("%s: unknown parameter", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return q, false, fmt.Errorf("%w: %w", err, api.Malformed)
	}
	q.App, err = h.auditedApp(callerOf(c), c.QueryParam("app"))
	return q, c.QueryParam("wait") == "1", err
}

// auditedApp is the name by which lines have an application. One that was removed is known by that alone.
func (h *handlers) auditedApp(who caller.Caller, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	name := ref
	if app, err := h.Applications.App(ref); err == nil {
		name = caller.Granted(app)
	}
	if !who.Covers(name) {
		return "", who.Refuse(ref)
	}
	return name, nil
}
