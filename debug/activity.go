package debug

import (
	"context"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// ProxyActivity is the proxy's memory of requests.
type ProxyActivity struct{ Proxy *proxyctl.Client }

// LastRequests counts a request in flight as one of now.
func (p ProxyActivity) LastRequests(ctx context.Context) (map[string]time.Time, error) {
	st, err := p.Proxy.Status(ctx)
	if err != nil {
		return nil, err
	}
	last := map[string]time.Time{}
	for _, i := range st.Instances {
		last[i.Instance] = i.LastRequest
		if i.InFlight > 0 {
			last[i.Instance] = time.Now()
		}
	}
	return last, nil
}
