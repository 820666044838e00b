package detect

// Row is one kind of application that is recognised. Seen, Starts and Listens are for the manual.
type Row struct {
	Name    string
	Seen    string // what it is recognised by
	Starts  string // what is started or served
	Listens string // how it learns its address and port
	find    func(*folder) (Result, bool)
}

// Table has the rows in the order in which they are asked; the first that knows
// the folder decides.
var Table = []Row{
	{"Procfile", "Procfile with a process web",
		"each of its processes, by /bin/sh; programs of venv, node_modules/.bin and vendor/bin are found", "as the command says: $PORT, $HOST",
		byProcfile},
	{"Deno", "deno.json, deno.jsonc", "the task start, else main.ts or server.ts", "the program reads PORT", byDeno},
	{"Bun", "package.json with bun.lock", "the script start, else index.ts or server.ts", "PORT is read by Bun.serve", byBun},
	{"Node.js", "package.json, or server.js alone",
		"the build of Next.js, Nuxt, SvelteKit, Astro, Remix, React Router or NestJS; the script start:prod or start, without npm where it " +
			"is a plain command; server.js; app.js or index.js where there is Express or the like",
		"the program reads PORT; frameworks read HOST, too, Next.js gets --hostname", byNode},
	{"Python", "requirements.txt, pyproject.toml, uv.lock, Pipfile, or a file that makes a Flask, FastAPI, Django or other application",
		"gunicorn or waitress for WSGI, uvicorn, hypercorn or daphne for ASGI, else flask run; streamlit run; a program that listens itself",
		"the server gets 127.0.0.1:$PORT", byPython},
	{"Ruby", "config.ru, or a file that requires sinatra", "puma, else rackup or ruby, by bundle exec where there is a Gemfile",
		"the server gets 127.0.0.1:$PORT", byRuby},
	{"PHP", "index.php, public/index.php, web/index.php", "php -S with 4 workers and a router that hides what web servers hide",
		"php -S gets 127.0.0.1:$PORT", byPHP},
	{"Java", "*.jar, target/*.jar, build/libs/*.jar, pom.xml, build.gradle", "java -jar with the only archive that can be run",
		"server.port and server.address of Spring Boot, quarkus.http.port and host of Quarkus; else the program reads PORT", byJava},
	{"program", "one ELF program, in the package's folder or in bin", "the program", "the program reads PORT", byProgram},
	{"Go, Rust", "go.mod, Cargo.toml with Cargo.lock", "the program that the build makes", "the program reads PORT", bySource},
	{"generated site", "package.json with a build", "the files of dist, build, out, _site or public", "the proxy serves them", byGenerator},
	{"site", "index.html in the package's folder, dist, build, out, _site or public", "the files beside it", "the proxy serves them", bySite},
	{"Node.js without a start script", "package.json whose main is there", "node with that file", "the program reads PORT", byMain},
	{"no application", "lists of libraries without an application", "nothing: it is said what to write", "", byLibraries},
}
