package api

import (
	"context"
	"net/http"
	"time"
)

// Figures are what an application or the host has used, of the last hour at most.
type Figures struct {
	Step    int      `json:"step"` // seconds between two figures
	Figures []Figure `json:"figures"`
}

// Figure is what was used up to a time, since the figure before it.
type Figure struct {
	Time     time.Time `json:"time"`
	Memory   uint64    `json:"memory"`   // bytes
	CPU      float64   `json:"cpu"`      // percent of one core
	Requests uint64    `json:"requests"` // answered
	Errors   uint64    `json:"errors"`   // of these with 5xx
}

// AppFigures are those of an application.
func (c *Client) AppFigures(ctx context.Context, app string) (out Figures, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "figures"), nil, &out)
	return out, err
}

// HostFigures are those of the whole host.
func (c *Client) HostFigures(ctx context.Context) (out Figures, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/figures", nil, &out)
	return out, err
}
