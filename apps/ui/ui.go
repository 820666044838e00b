// Package ui is how the pages of our own applications look: one style sheet, whose first lines
// are the design tokens (one scale of type, one of space, one accent, light and dark), and the
// headers that such a page is sent with. It knows nothing of what the pages say.
package ui

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
)

//go:embed ui.css
var style []byte

// StylePath is where pages find the style sheet. It names the content, so that browsers may keep
// it for good and an upgrade shows at once.
var StylePath = "/public/ui/" + sumOf(style) + ".css"

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// ServeStyle answers at [StylePath].
func ServeStyle(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(style) //nolint:errcheck // the browser has left
}

// SetHeaders sets what each page is sent with. Forms may lead to formTargets, sources as in
// Content-Security-Policy, besides the page's own host: browsers hold a redirect that answers a
// form against that list, too.
func SetHeaders(h http.Header, formTargets ...string) {
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
	for _, t := range formTargets {
		policy += " " + t
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}
