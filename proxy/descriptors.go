package proxy

import (
	"math"

	"golang.org/x/sys/unix"
)

// spareDescriptors are for everything but clients and their requests: files, sockets,
// connections to applications that wait for the next request.
const spareDescriptors = 2000

// descriptorLimits lowers the limits to what the process may have open: each connection
// may need a second descriptor, each request of HTTP/2 one, towards its application. Out
// of descriptors nobody would be served, whatever their share. Requests of HTTP/2 are
// lowered first, to a third.
func descriptorLimits(connections, streams int, most uint64) (int, int) {
	if most > math.MaxInt32 {
		return connections, streams
	}
	free := max(int(most)-min(spareDescriptors, int(most)/2), 3)
	streams = max(1, min(streams, max(free/3, free-2*connections)))
	return max(1, min(connections, (free-streams)/2)), streams
}

// fitDescriptors applies descriptorLimits to this process, and says whether its limits changed.
func (o *Options) fitDescriptors() (lowered bool) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return false
	}
	connections, streams := descriptorLimits(o.MaxConnections, o.MaxStreams, limit.Cur)
	lowered = connections < o.MaxConnections || streams < o.MaxStreams
	o.MaxConnections, o.MaxStreams = connections, streams
	return lowered
}

// logLoweredLimits is called once the proxy serves: a start that fails says why, and no more.
func (s *Server) logLoweredLimits() {
	if s.lowered {
		s.log.Warn("too few file descriptors for proxy.max_connections and proxy.max_streams, both are lowered: "+
			"raise LimitNOFILE= of nexushub-proxy.service",
			"max_connections", s.opt.MaxConnections, "max_streams", s.opt.MaxStreams)
	}
}
