package hostile

import (
	"io/fs"
)

func badLinks() []Archive {
	return []Archive{
		{"link out", zipOf(Link("l", "../../etc/passwd")), []string{"l: link leads out"}},
		{"absolute link", zipOf(Link("l", "/etc/passwd")), []string{"l: link leads out"}},
		{"link to beside /usr", zipOf(Link("l", "/usrx/y")), []string{"l: link leads out", "below /usr"}},
		{"link out of /usr", zipOf(Link("l", "/usr/../etc/passwd")), []string{"l: link leads out"}},
		{"link out of /usr and back", zipOf(Link("l", "/usr/../usr/lib")), []string{"l: link leads out"}},
		{"link to / by /usr", zipOf(Link("l", "/usr/..")), []string{"l: link leads out"}},
		{"relative link to /usr", zipOf(Link("l", "../../../usr/bin/env")), []string{"l: link leads out"}},
		{"link out of /usr by another link", zipOf(Link("u", "/usr/lib"), Link("q", "u/../../etc")), []string{"q: link leads out"}},
		{"link back from /usr", zipOf(Link("u", "/usr"), Link("q", "u/../bin")), []string{"q: link leads out"}},
		{"file through a link to /usr", zipOf(Link("u", "/usr/local"), Entry{Name: "u/x"}), []string{"not a folder"}},
		{"link through a link to /usr", zipOf(Link("u", "/usr/local"), Link("u/x", "y")), []string{"not a folder"}},
		{"link to /usr in static", zipOf(Link("static/share", "/usr/share")), []string{"static/share: link leads out", "proxy"}},
		{"link to /usr below what static leads to", zipOf(Link("static", "public"), Link("public/a/l", "../../u"),
			Link("u", "/usr/share/x")), []string{"public/a/l: link leads out", "proxy"}},
		{"link to /usr in errors", zipOf(Link("errors/404.html", "/usr/share/404.html")), []string{"errors/404.html: link leads"}},
		{"bin/app is a program of the host", bare(Link("bin/app", "/usr/bin/env")), []string{"bin/app: must be a file"}},
		{"static is a folder of the host", zipOf(Link("static", "/usr/share")), []string{"static: must be a folder"}},
		{"manifest is a file of the host", zipOf(Link("nexushub.toml", "/usr/share/x.toml")), []string{"nexushub.toml: must be a file"}},
		{"exec is a folder's name", bare(Entry{Name: "nexushub.toml", Body: `exec = ["./d"]`}, Entry{Name: "d/x"}), []string{"no file"}},
		{"bin/app is a link out", bare(Link("bin/app", "/bin/sh")), []string{"link leads out"}},
		{"link out by another link", zipOf(Link("d/e/s", "../../z"), Link("q", "d/e/s/../../secret"), Entry{Name: "z/", Mode: fs.ModeDir | 0o755}), []string{"q: link leads out"}},
		{"file through a link", zipOf(Link("d", "bin"), Entry{Name: "d/x"}), []string{"not a folder"}},
		{"link circle", zipOf(Link("a", "b"), Link("b", "a")), []string{"circle"}},
		{"empty link", zipOf(Link("l", "")), []string{"no valid target"}},
		{"huge link", zipOf(Link("l", raw("x", 5000))), []string{"cannot be read"}},
	}
}
