package h1

// Name identifies the header fields that a proxy has to know; all others are Other
// and pass through. '_' counts as '-', because applications behind CGI-like
// interfaces cannot tell the two apart.
type Name uint8

// The known names.
const (
	Other Name = iota
	Host
	Connection
	ContentLength
	TransferEncoding
	Expect
	Upgrade
	KeepAlive
	ProxyConnection
	ProxyAuthorization
	ProxyAuthenticate
	TE
	Trailer
	Authorization
	Cookie
	SetCookie
	SetCookie2
	ClearSiteData
	Forwarded
	XForwardedFor
	XForwardedProto
	XForwardedHost
	XForwardedPort
	XRealIP
	OtherPath // names another path than the request line, to some applications: X-Original-URL, Script-Name and their like
	XTraceID
	XApplicationID
	XInternalSecret
	XNexusHub // every X-NexusHub-*
	ContentType
	Date
	Server
	Accept
	Proxy // becomes HTTP_PROXY behind CGI, which programs take for their own proxy ("httpoxy")
)

var byLength = [...][]struct {
	text string
	name Name
}{
	2:  {{"te", TE}},
	4:  {{"host", Host}, {"date", Date}},
	5:  {{"proxy", Proxy}},
	6:  {{"cookie", Cookie}, {"expect", Expect}, {"accept", Accept}, {"server", Server}},
	7:  {{"upgrade", Upgrade}, {"trailer", Trailer}},
	9:  {{"path-info", OtherPath}, {"forwarded", Forwarded}, {"x-real-ip", XRealIP}},
	10: {{"set-cookie", SetCookie}, {"connection", Connection}, {"keep-alive", KeepAlive}, {"x-trace-id", XTraceID}},
	11: {{"set-cookie2", SetCookie2}, {"script-name", OtherPath}},
	12: {{"content-type", ContentType}},
	13: {{"authorization", Authorization}, {"x-rewrite-url", OtherPath}, {"x-rewrite-uri", OtherPath}, {"x-script-name", OtherPath}},
	14: {{"content-length", ContentLength}, {"x-original-url", OtherPath}, {"x-original-uri", OtherPath}},
	15: {{"clear-site-data", ClearSiteData}, {"x-forwarded-for", XForwardedFor}, {"x-forwarded-uri", OtherPath}, {"x-forwarded-url", OtherPath}, {"x-original-path", OtherPath}},
	16: {{"x-application-id", XApplicationID}, {"x-forwarded-host", XForwardedHost}, {"x-forwarded-port", XForwardedPort}, {"x-forwarded-path", OtherPath}, {"proxy-connection", ProxyConnection}},
	17: {{"transfer-encoding", TransferEncoding}, {"x-forwarded-proto", XForwardedProto}, {"x-internal-secret", XInternalSecret}},
	18: {{"proxy-authenticate", ProxyAuthenticate}, {"x-forwarded-prefix", OtherPath}},
	19: {{"proxy-authorization", ProxyAuthorization}, {"x-forwarded-context", OtherPath}},
	21: {{"x-envoy-original-path", OtherPath}},
}

// NameOf identifies a header name of any case.
func NameOf(b []byte) Name {
	if len(b) < len(byLength) {
		for _, k := range byLength[len(b)] {
			if EqualFold(b, k.text) {
				return k.name
			}
		}
	}
	if len(b) > 11 && EqualFold(b[:11], "x-nexushub-") {
		return XNexusHub
	}
	return Other
}

// Hop says that the field belongs to one connection and is never forwarded.
func (n Name) Hop() bool {
	switch n {
	case Connection, KeepAlive, ProxyConnection, ProxyAuthorization, ProxyAuthenticate, TE, TransferEncoding, Upgrade:
		return true
	}
	return false
}

// framing fields decide where a message ends or whom it is for.
func (n Name) framing() bool {
	switch n {
	case Host, Connection, ContentLength, TransferEncoding, Expect, Upgrade:
		return true
	}
	return false
}

// EqualFold compares b with lower, which must be in lower case; '_' equals '-'.
func EqualFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range b {
		if folded[b[i]] != lower[i] {
			return false
		}
	}
	return true
}

var folded = func() (t [256]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c == '_':
			c = '-'
		}
		t[i] = c
	}
	return t
}()
