package static

import (
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// File is one file, found and open. It is served once, which closes it.
type File struct {
	files    *Files
	name     string
	file     *os.File
	info     fs.FileInfo
	redirect bool
	vary     []string

	// Private files are for whom they are sent to: no cache that others share keeps them, and no page
	// of another site reads them.
	Private bool
}

// Vary names a request header that decided about the file, for caches.
func (f *File) Vary(header string) { f.vary = append(f.vary, header) }

// Close gives the file up without serving it.
func (f *File) Close() error { return f.file.Close() }

func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { f.file.Close() }()
	if f.redirect {
		if f.Private {
			w.Header().Set("Cache-Control", "private")
		}
		redirect(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType(f.name))
	if f.Private {
		h.Set("Cache-Control", "private")
	} else {
		h.Set("Access-Control-Allow-Origin", "*")
	}
	suffix := f.compressed(r, h)
	if len(f.vary) > 0 {
		h.Set("Vary", strings.Join(f.vary, ", "))
	}
	h.Set("ETag", fmt.Sprintf(`"%x-%x%s"`, f.info.ModTime().UnixNano(), f.info.Size(), suffix))
	http.ServeContent(w, r, "", f.info.ModTime(), f.file)
}

// redirect adds the slash that makes links relative to the folder work.
func redirect(w http.ResponseWriter, r *http.Request) {
	to := "/" + strings.TrimLeft(r.URL.EscapedPath(), "/") + "/"
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusMovedPermanently)
}

// slack is how much older than its file a precompressed one may be: unpacking a
// release writes the two in any order.
const slack = 5 * time.Minute

// compressed changes to NAME.br or NAME.gz where there is one that is not older and
// the client takes it.
func (f *File) compressed(r *http.Request, h http.Header) (suffix string) {
	for _, c := range []struct{ coding, ext string }{{"br", ".br"}, {"gzip", ".gz"}} {
		file, info, err := f.files.openFile(f.name + c.ext)
		if err != nil {
			continue
		}
		if !slices.Contains(f.vary, "Accept-Encoding") {
			f.Vary("Accept-Encoding")
		}
		if suffix != "" || info.IsDir() || info.ModTime().Add(slack).Before(f.info.ModTime()) ||
			!accepts(r.Header.Get("Accept-Encoding"), c.coding) {
			file.Close()
			continue
		}
		f.file.Close()
		f.file, f.info, suffix = file, info, c.ext
		h.Set("Content-Encoding", c.coding)
	}
	return suffix
}

// accepts reads an Accept-Encoding header (RFC 9110 section 12.5.3).
func accepts(header, coding string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

// types does not depend on what the host has installed.
var types = map[string]string{
	".avif":        "image/avif",
	".bmp":         "image/bmp",
	".css":         "text/css; charset=utf-8",
	".csv":         "text/csv; charset=utf-8",
	".gif":         "image/gif",
	".htm":         "text/html; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".jpeg":        "image/jpeg",
	".jpg":         "image/jpeg",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".map":         "application/json",
	".md":          "text/markdown; charset=utf-8",
	".mjs":         "text/javascript; charset=utf-8",
	".mp3":         "audio/mpeg",
	".mp4":         "video/mp4",
	".ogg":         "audio/ogg",
	".otf":         "font/otf",
	".pdf":         "application/pdf",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".ttf":         "font/ttf",
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webm":        "video/webm",
	".webmanifest": "application/manifest+json",
	".webp":        "image/webp",
	".woff":        "font/woff",
	".woff2":       "font/woff2",
	".xml":         "text/xml; charset=utf-8",
	".zip":         "application/zip",
}

func contentType(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if t := types[ext]; t != "" {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}
