package detect

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/manifest"
)

// python is what is known of a Python project.
type python struct {
	f     *folder
	venv  string // its environment
	needs string // the file that names its libraries
}

// lists are the files in which a project names its libraries.
var lists = []string{"requirements.txt", "pyproject.toml", "uv.lock", "Pipfile", "poetry.lock"}

// venv is the folder of a Python environment in the package.
func (f *folder) venv() string {
	for _, dir := range []string{"venv", ".venv", "env"} {
		if f.isFile(dir + "/pyvenv.cfg") {
			return dir
		}
	}
	return ""
}

var firstWord = regexp.MustCompile(`\bexec ([A-Za-z0-9_.-]+)`)

// onItsPython lets a script of the package's environment run on the Python there: its first line
// names the folder in which it was made.
func (f *folder) onItsPython(command string) string {
	m := firstWord.FindStringSubmatchIndex(command)
	if m == nil || f.venv() == "" {
		return command
	}
	word, bin := command[m[2]:m[3]], f.venv()+"/bin/"
	if strings.HasPrefix(word, "python") || !f.isFile(bin+word) || !strings.Contains(f.head(bin+word, 100), "python") {
		return command
	}
	return command[:m[2]] + bin + "python " + bin + word + command[m[3]:]
}

func newPython(f *folder) python {
	p := python{f: f, venv: f.venv()}
	p.needs = f.first(lists...)
	return p
}

func byPython(f *folder) (Result, bool) {
	p := newPython(f)
	app, ok := p.find()
	switch {
	case !ok:
		return Result{}, false
	case p.venv == "" && p.needs != "":
		return missing(app.name, app.file, app.why, p.install())
	}
	return p.serve(app)
}

// byLibraries is the last word about what has libraries and no application that is known.
func byLibraries(f *folder) (Result, bool) {
	list := f.first(append(lists, packageFile, "Gemfile", "composer.json")...)
	if list == "" {
		return Result{}, false
	}
	write := "write what is started into a " + procfile + " (web: COMMAND), or as exec into " + manifest.FileName
	if list == packageFile {
		write += ", or as script start into " + packageFile
	}
	return missing("no application", list, "there is a "+list, write)
}

// install is the step that makes the environment. Its Python must be the host's, which is /usr/bin's.
func (p python) install() string {
	step := map[string]string{
		"requirements.txt": "/usr/bin/python3 -m venv venv && venv/bin/pip install -r requirements.txt",
		"uv.lock":          "uv sync --python /usr/bin/python3 --no-editable",
	}
	name := p.needs
	if p.f.has("uv.lock") {
		name = "uv.lock"
	}
	command, ok := step[name]
	if !ok {
		command = "/usr/bin/python3 -m venv venv && venv/bin/pip install ."
	}
	return "the environment with its libraries is missing: run " + command + " first" + instead
}

// pythonApp is an application object that a server takes, or a file that is run.
type pythonApp struct {
	name, file, why string
	kind            string // wsgi, asgi, flask (wsgi with a server of its own), django, streamlit, script
	object          string // module:name
	factory         bool
}

// usual are files that hold the application, in the order in which they are looked at.
var usual = []string{"wsgi.py", "asgi.py", "app.py", "main.py", "application.py", "server.py", "run.py",
	"app/__init__.py", "app/main.py", "app/app.py", "src/app.py", "src/main.py", "api/main.py", "api/app.py"}

const maxPython = 50 // further files that are looked at

var (
	importStreamlit = regexp.MustCompile(`(?m)^(import streamlit\b|from streamlit\b)`)
	flaskObject     = regexp.MustCompile(`(?m)^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?Flask\(`)
	wsgiObject      = regexp.MustCompile(`(?m)^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:Bottle|default_app|get_wsgi_application|WSGIApplication)\(`)
	wsgiFunction    = regexp.MustCompile(`(?m)^def (\w+)\((?:environ|env), ?start_response\)`)
	asgiObject      = regexp.MustCompile(`(?m)^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:FastAPI|Starlette|Quart|Litestar|Sanic|` +
		`BlackSheep|get_asgi_application|ProtocolTypeRouter)\(`)
	asgiFunction = regexp.MustCompile(`(?m)^async def (\w+)\(scope, ?receive, ?send\)`)
	factory      = regexp.MustCompile(`(?m)^def (create_app|make_app)\(`)
	importASGI   = regexp.MustCompile(`(?m)^(?:from|import) (?:fastapi|starlette|quart|litestar)\b`)
	listens      = regexp.MustCompile(`serve_forever|HTTPServer|run_app\(|\.run\(|\.listen\(|uvicorn\.run`)
)

// find looks for the application: Django's, then an object in one of the usual files or another, then
// a program that listens by itself.
func (p python) find() (pythonApp, bool) {
	files := usual
	names := []string{"asgi.py", "wsgi.py"}
	if p.venv == "" || p.has("gunicorn", "waitress") || !p.has("uvicorn", "hypercorn", "daphne") {
		names = []string{"wsgi.py", "asgi.py"}
	}
	for _, dir := range p.f.folders(".") {
		for _, name := range names {
			if file := dir + "/" + name; p.f.isFile(file) {
				if a, ok := p.object(file); ok {
					return a, true
				}
			}
		}
	}
	more := p.f.names(".", ".py")
	files = append(files[:len(files):len(files)], more[:min(len(more), maxPython)]...)
	for _, file := range files {
		if a, ok := p.object(file); ok {
			return a, true
		}
	}
	for _, file := range []string{"app.py", "main.py", "server.py", "run.py"} {
		if listens.MatchString(p.f.read(file)) {
			return pythonApp{name: "Python", file: file, why: file + " listens", kind: "script"}, true
		}
	}
	return pythonApp{}, false
}

func (p python) object(file string) (a pythonApp, ok bool) {
	text := p.f.read(file)
	module := strings.TrimSuffix(strings.ReplaceAll(strings.TrimSuffix(file, ".py"), "/", "."), ".__init__")
	for _, c := range []struct {
		kind, name string
		is         *regexp.Regexp
	}{
		{"streamlit", "Streamlit", importStreamlit}, {"flask", "Flask", flaskObject},
		{"asgi", "ASGI", asgiObject}, {"wsgi", "WSGI", wsgiObject},
		{"asgi", "ASGI", asgiFunction}, {"wsgi", "WSGI", wsgiFunction}, {"factory", "", factory},
	} {
		m := c.is.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		a = pythonApp{name: "Python, " + c.name, file: file, kind: c.kind, why: file + " has " + m[1],
			object: module + ":" + m[1]}
		switch {
		case c.kind == "streamlit":
			a.why = file + " imports streamlit"
		case c.kind == "factory" && importASGI.MatchString(text):
			a.kind, a.name, a.factory = "asgi", "Python, ASGI", true
		case c.kind == "factory":
			a.kind, a.name, a.factory = "flask", "Python, Flask", true
		case strings.Contains(text, "get_wsgi_application"), strings.Contains(text, "get_asgi_application"):
			a.name, a.why = "Python, Django", file+" has Django's "+m[1]
		}
		return a, true
	}
	return a, false
}

// has says whether a library can be imported: it is in the environment. Without one, the host's are
// used, and nobody knows: then it is what the framework brings along.
func (p python) has(modules ...string) bool {
	for _, lib := range p.f.folders(p.venv + "/lib") {
		there := func(module string) bool { return p.f.isDir(lib + "/site-packages/" + module) }
		if strings.HasPrefix(path.Base(lib), "python3") && slices.ContainsFunc(modules, there) {
			return true
		}
	}
	return false
}

// serve chooses the server.
func (p python) serve(a pythonApp) (Result, bool) {
	server, argv := p.server(a)
	if argv == nil {
		return missing(a.name, a.file, a.why, fmt.Sprintf("there is no server for it in %s: run %s/bin/pip install %s first%s",
			p.venv, p.venv, server, instead))
	}
	why := a.why
	if server != "" {
		why += ", and there is " + server
	}
	switch {
	case p.venv != "" && argv[0] != "python3":
		argv = append([]string{p.venv + "/bin/python", "-m"}, argv...)
	case p.venv != "":
		argv[0] = p.venv + "/bin/python"
	}
	return application(a.name, a.file, why, argv...).with("PYTHONUNBUFFERED", "1"), true
}

const listenAt = "127.0.0.1:$PORT"

func (p python) server(a pythonApp) (name string, argv []string) {
	switch a.kind {
	case "script":
		return "", []string{"python3", a.file}
	case "streamlit":
		return "", []string{"streamlit", "run", a.file, "--server.address", "127.0.0.1", "--server.port", "$PORT",
			"--server.headless", "true"}
	case "asgi":
		return p.asgi(a)
	}
	return p.wsgi(a)
}

func (p python) asgi(a pythonApp) (name string, argv []string) {
	switch {
	case p.venv == "" || p.has("uvicorn"):
		argv = []string{"uvicorn", "--port", "$PORT", "--proxy-headers", a.object}
		if a.factory {
			argv = append(argv, "--factory")
		}
		return "uvicorn", argv
	case p.has("hypercorn"):
		return "hypercorn", []string{"hypercorn", "--bind", listenAt, a.call()}
	case p.has("daphne") && !a.factory:
		return "daphne", []string{"daphne", "-b", "127.0.0.1", "-p", "$PORT", a.object}
	}
	return "uvicorn", nil
}

func (p python) wsgi(a pythonApp) (name string, argv []string) {
	module, object, _ := strings.Cut(a.object, ":")
	switch {
	case p.has("gunicorn"), p.venv == "" && a.kind != "flask":
		argv = []string{"gunicorn", "--bind", listenAt}
		if !p.f.isFile("gunicorn.conf.py") {
			argv = append(argv, "--workers", "2", "--threads", "4")
		}
		return "gunicorn", append(argv, a.call())
	case p.has("waitress") && a.factory:
		return "waitress", []string{"waitress", "--listen", listenAt, "--call", a.object}
	case p.has("waitress"):
		return "waitress", []string{"waitress", "--listen", listenAt, a.object}
	case a.kind == "flask":
		return "", []string{"flask", "--app", module + ":" + object, "run", "--port", "$PORT"}
	}
	return "gunicorn", nil
}

// call is an object, or the call of a function that makes it.
func (a pythonApp) call() string {
	if a.factory {
		return a.object + "()"
	}
	return a.object
}
