package proxy

import (
	"strconv"

	"github.com/nexushub/nexushub/proxy/h1"
)

// appendRequest writes the request head as the target is to see it.
func appendRequest(dst []byte, x *exchange) []byte {
	dst = append(dst, x.req.method...)
	dst = append(dst, ' ')
	dst = append(dst, x.decision.base...)
	dst = append(dst, x.targetURI()...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	if x.decision.host != "" {
		dst = append(dst, x.decision.host...)
	} else {
		dst = append(dst, x.req.authority...)
	}
	dst = append(dst, "\r\n"...)
	dst = x.downstream.appendFields(dst, x)
	dst = x.appendIdentity(dst)
	dst = appendFraming(dst, x)
	return append(dst, "\r\n"...)
}

// targetURI is what is asked for as the target knows it.
func (x *exchange) targetURI() string {
	if x.decision.strip {
		return pathIn(x.decision.prefix, x.req.requestURI)
	}
	return x.req.requestURI
}

// appendIdentity writes what the target is told about the client by us alone.
func (x *exchange) appendIdentity(dst []byte) []byte {
	dst = append(dst, "X-Trace-ID: "...)
	dst = appendTrace(dst, x.trace)
	dst = append(dst, "\r\nX-Forwarded-For: "...)
	if x.forwarded.forwardedFor != "" {
		dst = append(append(dst, x.forwarded.forwardedFor...), ", "...)
	}
	dst = x.peer.AppendTo(dst)
	if !x.forwarded.proto {
		dst = append(dst, "\r\nX-Forwarded-Proto: https"...)
	}
	if !x.forwarded.host {
		dst = append(append(dst, "\r\nX-Forwarded-Host: "...), x.req.authority...)
	}
	if x.decision.strip {
		dst = append(append(dst, "\r\nX-Forwarded-Prefix: "...), x.decision.prefix...)
	}
	if x.decision.access != "" {
		dst = append(dst, "\r\nX-NexusHub-Access: "...)
		dst = append(dst, x.decision.access...)
	}
	dst = append(dst, "\r\n"...)
	if who := x.decision.who; who != nil && x.decision.targets == x.decision.route.targets {
		dst = x.appendWho(dst, who)
	}
	return dst
}

func appendTrace(dst []byte, id [16]byte) []byte {
	const digits = "0123456789abcdef"
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

func appendFraming(dst []byte, x *exchange) []byte {
	if x.req.upgrade != "" {
		dst = append(dst, "Connection: Upgrade\r\nUpgrade: "...)
		dst = append(dst, x.req.upgrade...)
		dst = append(dst, "\r\n"...)
	}
	n := x.downstream.bodyLength()
	switch {
	case n < 0:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case n > 0 || wantsLength(x.req.method):
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, n, 10)
		dst = append(dst, "\r\n"...)
	}
	if n != 0 && x.downstream.expectsContinue() {
		dst = append(dst, "Expect: 100-continue\r\n"...)
	}
	return dst
}

// wantsLength says that servers expect a length with the method even without a body.
func wantsLength(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}

func appendChunk(dst, piece []byte) []byte {
	if len(piece) == 0 {
		return dst
	}
	dst = strconv.AppendInt(dst, int64(len(piece)), 16)
	dst = append(dst, "\r\n"...)
	dst = append(dst, piece...)
	return append(dst, "\r\n"...)
}

func appendLastChunk(dst []byte, trailers []h1.Field) []byte {
	dst = append(dst, "0\r\n"...)
	for i := range trailers {
		if trailers[i].ID == h1.Other {
			dst = appendField(dst, trailers[i].Name, trailers[i].Value)
		}
	}
	return append(dst, "\r\n"...)
}

func appendField[T []byte | string](dst []byte, name, value T) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}
