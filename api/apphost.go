package api

import (
	"context"
	"net/http"
	"net/url"
)

// AppHost is one host of an application.
type AppHost struct {
	Host     string `json:"host"`               // shop.example.org, *.example.org, example.org/docs
	Strip    bool   `json:"strip,omitempty"`    // the application does not see the path of the host
	Redirect bool   `json:"redirect,omitempty"` // an alias, which leads to the first host
	Problem  string `json:"problem,omitempty"`  // why it is not served
	// Uncertified is why no authority is asked for its certificate, and what to do.
	Uncertified string `json:"uncertified,omitempty"`
}

// NewAppHost is one more, or one that is there in another way.
type NewAppHost struct {
	Host     string `json:"host"`
	Strip    bool   `json:"strip,omitempty"`
	Redirect bool   `json:"redirect,omitempty"`
	First    bool   `json:"first,omitempty"` // HOST says it, and aliases lead to it
}

// Hosts lists the hosts of an application, the first of which aliases lead to.
func (c *Client) Hosts(ctx context.Context, app string) (out []AppHost, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "hosts"), nil, &out)
	return out, err
}

// AddHost adds one and returns all when the proxy serves it.
func (c *Client) AddHost(ctx context.Context, app string, h NewAppHost) (out []AppHost, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, "hosts"), h, &out)
	return out, err
}

// RemoveHost removes one and returns the others when the proxy does not serve it any more.
func (c *Client) RemoveHost(ctx context.Context, app, host string) (out []AppHost, err error) {
	err = c.call(ctx, http.MethodDelete, appPath(app, "hosts/"+url.PathEscape(host)), nil, &out)
	return out, err
}
