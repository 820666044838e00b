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
	XForwardedPrefix
	XRealIP
	// says who asks, or how, to some applications: every other X-Forwarded-* and X-Original-*, Client-IP and its like
	WhoAsks
	// names another path than the request line, to some applications: X-Original-URL, Script-Name and their like
	OtherPath
	XTraceID
	XApplicationID
	XInternalSecret
	XNexusHub // every X-NexusHub-*
	ContentType
	Date
	Server
	Accept
	Origin
	SecFetchSite
	ServiceWorker
	Proxy // becomes HTTP_PROXY behind CGI, which programs take for their own proxy ("httpoxy")
)

var byLength = [...][]struct {
	text string
	name Name
}{
	2: {{"te", TE}},
	4: {{"host", Host}, {"date", Date}},
	5: {{"proxy", Proxy}},
	6: {{"cookie", Cookie}, {"expect", Expect}, {"accept", Accept}, {"server", Server},
		{"origin", Origin}},
	7:  {{"upgrade", Upgrade}, {"trailer", Trailer}},
	8:  {{"x-scheme", WhoAsks}},
	9:  {{"path-info", OtherPath}, {"forwarded", Forwarded}, {"x-real-ip", XRealIP}, {"client-ip", WhoAsks}},
	10: {{"set-cookie", SetCookie}, {"connection", Connection}, {"keep-alive", KeepAlive}, {"x-trace-id", XTraceID}},
	11: {{"set-cookie2", SetCookie2}, {"script-name", OtherPath}, {"x-client-ip", WhoAsks}, {"x-remote-ip", WhoAsks},
		{"x-forwarded", WhoAsks}, {"remote-user", WhoAsks}, {"request-uri", OtherPath}, {"x-proxy-url", OtherPath}},
	12: {{"content-type", ContentType}, {"x-url-scheme", WhoAsks}},
	13: {{"authorization", Authorization}, {"x-rewrite-url", OtherPath}, {"x-rewrite-uri", OtherPath},
		{"x-script-name", OtherPath}, {"x-remote-addr", WhoAsks}, {"x-remote-user", WhoAsks},
		{"forwarded-for", WhoAsks}, {"x-request-uri", OtherPath}},
	14: {{"content-length", ContentLength}, {"x-original-url", OtherPath}, {"x-original-uri", OtherPath},
		{"true-client-ip", WhoAsks}, {"x-override-url", OtherPath}, {"sec-fetch-site", SecFetchSite},
		{"service-worker", ServiceWorker}},
	15: {{"clear-site-data", ClearSiteData}, {"x-forwarded-for", XForwardedFor}, {"x-forwarded-uri", OtherPath},
		{"x-forwarded-url", OtherPath}, {"x-original-path", OtherPath}, {"front-end-https", WhoAsks},
		{"x-accel-mapping", OtherPath}, {"x-sendfile-type", OtherPath}},
	16: {{"x-application-id", XApplicationID}, {"x-forwarded-host", XForwardedHost},
		{"x-forwarded-port", XForwardedPort}, {"x-forwarded-path", OtherPath}, {"proxy-connection", ProxyConnection},
		{"cf-connecting-ip", WhoAsks}, {"fastly-client-ip", WhoAsks}, {"x-originating-ip", WhoAsks}},
	17: {{"transfer-encoding", TransferEncoding}, {"x-forwarded-proto", XForwardedProto},
		{"x-internal-secret", XInternalSecret}},
	18: {{"proxy-authenticate", ProxyAuthenticate}, {"x-forwarded-prefix", XForwardedPrefix}},
	19: {{"proxy-authorization", ProxyAuthorization}, {"x-forwarded-context", OtherPath},
		{"x-cluster-client-ip", WhoAsks}},
	20: {{"x-waws-unencoded-url", OtherPath}},
	21: {{"x-envoy-original-path", OtherPath}, {"x-http-destinationurl", OtherPath}},
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
	return ofFamily(b)
}

// ofFamily identifies the names that are known by their beginning.
func ofFamily(b []byte) Name {
	begins := func(with string) bool { return len(b) > len(with) && EqualFold(b[:len(with)], with) }
	switch {
	case begins("x-nexushub-"):
		return XNexusHub
	case begins("x-forwarded-"), begins("x-original-"):
		return WhoAsks
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
