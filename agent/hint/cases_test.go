package hint

import "github.com/nexushub/nexushub/internal/manifest"

// said is what one real program said, and what the agent saw of it, on Debian 12 or 13.
type said struct {
	row     string // that it is a case of; empty: of none
	by      string
	facts   Facts
	mention string // what the hint quotes
}

func lines(l ...string) Facts { return Facts{Failure: "exit status 1", Exit: exited(1), Lines: l} }

func exited(status int) Exit { return Exit{Exited: true, Status: status} }

func (f Facts) exit(status int) Facts { f.Exit = exited(status); return f }

func (f Facts) with(change func(*manifest.Manifest)) Facts { change(&f.Manifest); return f }

func unwell(failure string, l ...string) Facts {
	return Facts{Failure: failure, Lines: l, Port: 10010, Manifest: manifest.Default()}
}

// open is an open application in good health, and how it answered GET /.
func open(front int, page string) Facts {
	m := manifest.Default()
	m.Access, m.Health.Type = manifest.AccessOpen, "tcp"
	return Facts{Healthy: true, Front: front, Page: page, Port: 10010, Manifest: m}
}

// openSaying is one that says this meanwhile.
func openSaying(front int, l ...string) Facts {
	f := open(front, "")
	f.Lines = l
	return f
}

// elsewhere is an application that is starting, and listens at these addresses.
func elsewhere(addresses ...string) Facts {
	f := unwell("dial tcp 127.0.0.1:10010: connect: connection refused")
	f.Elsewhere = addresses
	return f
}

func onNetwork(n string) func(*manifest.Manifest) {
	return func(m *manifest.Manifest) { m.Network = n }
}

func toInternet(m *manifest.Manifest)  { m.Sandbox.Internet = true }
func openNetwork(m *manifest.Manifest) { m.Sandbox.Network = true }

func writableCode(m *manifest.Manifest) { m.Sandbox.WritableCode = true }

const refused = "not healthy within 1m0s: dial tcp 127.0.0.1:10010: connect: connection refused"

var cases = []said{
	{"job-failed", "a job", Facts{App: "shop", Healthy: true, Job: "nightly", JobEnd: "exit status 3", Files: true, Manifest: manifest.Default()}, "logs shop --job nightly"},
	{"missing-program", "a script", Facts{Failure: "command cannot be executed: /r/bin/app: its interpreter: stat /usr/bin/ruby9: no such file or directory"}, "/usr/bin/ruby9"},
	{"missing-program", "exec", Facts{Failure: `command cannot be executed: "node" is neither a file of the package nor a program in /usr/local/sbin:/usr/bin: install it on this host, or write where it is`}, "node"},
	{"missing-program", "env", lines("env: ‘ruby9’: No such file or directory").exit(127), "ruby9"},
	{"missing-program", "env of busybox", lines("env: can't execute", "env: ruby9: No such file or directory").exit(127), "ruby9"},
	{"missing-program", "dash", lines("/r/bin/app: 2: exec: gunicorn: not found").exit(127), "gunicorn"},
	{"missing-program", "bash", lines("/r/bin/app: line 2: gunicorn: command not found").exit(127), "gunicorn"},
	{"", "a page that is not found", lines("GET /favicon.ico: not found").exit(1), ""},
	{"not-executable", "the agent", Facts{Failure: "command cannot be executed: /r/bin/app has no execute permission (mode 0644)"}, "/r/bin/app"},
	{"not-executable", "nexushub-exec", lines("nexushub-exec: /r/bin/app: permission denied").exit(203), "/r/bin/app"},
	{"not-executable", "dash", lines("/r/bin/app: 2: /r/bin/server: Permission denied").exit(126), "/r/bin/server"},
	{"missing-loader", "a program of Alpine", lines("nexushub-exec: /r/bin/app: no such file or directory").exit(203), "/r/bin/app"},
	{"wrong-architecture", "a program for arm64", lines("nexushub-exec: /r/bin/app: not a program").exit(203), "/r/bin/app"},
	{"wrong-architecture", "bash", lines("/r/bin/run: line 3: /r/bin/app: cannot execute binary file: Exec format error").exit(126), "/r/bin/app"},
	{"wrong-architecture", "Python", lines("OSError: [Errno 8] Exec format error: './prog'"), "a program for the processor"},
	{"missing-library", "ld.so", lines("./prog: error while loading shared libraries: libcurx.so.4: cannot open shared object file: No such file or directory").exit(127), "libcurx.so.4"},
	{"missing-library", "Python", lines("ImportError: libGL.so.1: cannot open shared object file: No such file or directory"), "libGL.so.1"},
	{"missing-library", "Node.js", lines("Error: libvips-cpp.so.42: cannot open shared object file: No such file or directory"), "libvips-cpp.so.42"},
	{"newer-libc", "ld.so", lines("./prog: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by ./prog)"), "GLIBC_2.38"},
	{"missing-module", "Node.js", lines("Error: Cannot find module 'express'", "Require stack:", "- /r/s.js"), "express"},
	{"missing-module", "Node.js, ESM", lines("Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from /r/s.mjs"), "express"},
	{"missing-module", "Node.js, its last lines", lines("  code: 'MODULE_NOT_FOUND',", "  requireStack: [", "    '/r/s.js'", "  ]", "}", "", "Node.js v20.19.2"), "a module"},
	{"missing-module", "Python", lines("    import flask", "ModuleNotFoundError: No module named 'flask'"), "flask"},
	{"missing-module", "Ruby", lines("<internal:/usr/lib/ruby/rubygems/core_ext/kernel_require.rb>:85:in `require': cannot load such file -- sinatra (LoadError)"), "sinatra"},
	{"missing-module", "Bundler, of many", lines("Could not find puma-5.6.5, rails-6.1.7.10, nio4r-2.5.8 in locally installed gems (Bundler::GemNotFound)"), "puma-5.6.5"},
	{"missing-module", "Bundler", lines("Could not find rack-3.0.8 in locally installed gems (Bundler::GemNotFound)"), "rack-3.0.8"},
	{"missing-module", "PHP", lines("PHP Fatal error:  Uncaught Error: Failed opening required '/r/vendor/autoload.php' (include_path='.:/usr/share/php')"), "vendor/autoload.php"},
	{"missing-module", "Java", lines("Error: Could not find or load main class com.example.Main"), "com.example.Main"},
	{"missing-module", "Perl", lines("Can't locate Mojolicious/Lite.pm in @INC (you may need to install the Mojolicious::Lite module)"), "Mojolicious/Lite.pm"},
	{"missing-module", "Sinatra", lines("Sinatra could not start, the required gems weren't found!", "Add them to your bundle with:", "    bundle add rackup puma"), "rackup puma"},
	{"syntax-error", "Python", lines(`  File "/r/app.py", line 2`, "    app = Flask(__name__", "               ^", "SyntaxError: '(' was never closed"), "/r/app.py, line 2"},
	{"syntax-error", "Node.js", lines("/var/lib/nexushub/releases/e921a965ed5a/app.js:6", "const x = ;", "          ^", "", "SyntaxError: Unexpected token ';'", "    at wrapSafe (node:internal/modules/cjs/loader:1472:18)", "", "Node.js v20.19.2"), ": app.js, line 6"},
	{"syntax-error", "Node.js, ESM", lines("file:///r/app.mjs:1", "const x = ;", "          ^", "SyntaxError: Unexpected token ';'"), "/r/app.mjs, line 1"},
	{"syntax-error", "PHP", lines(`PHP Parse error:  syntax error, unexpected end of file in /r/app.php on line 1`).exit(255), "/r/app.php, line 1"},
	{"syntax-error", "Ruby", lines("/r/app.rb:3: syntax error, unexpected end-of-input (SyntaxError)"), "/r/app.rb, line 3"},
	{"syntax-error", "Ruby 3.3", lines("ruby: /r/app.rb:2: syntax errors found (SyntaxError)"), "/r/app.rb, line 2"},
	{"", "JSON that is no program", lines("SyntaxError: Unexpected token '<' in JSON at position 0", "    at JSON.parse (<anonymous>)"), ""},
	{"no-main-class", "Java", lines("no main manifest attribute, in lib.jar"), "lib.jar"},
	{"literal-dollar", "Python", func() Facts {
		f := lines("ValueError: invalid literal for int() with base 10: '$PORT'")
		f.Literal = true
		return f
	}(), "$PORT"},
	{"writable-code", "Node.js 18", Facts{Failure: "killed by signal 5 (SIGTRAP)", Exit: Exit{Signal: 5}, Lines: []string{"#", "# Fatal javascript OOM in MemoryChunk allocation failed during deserialization.", "#"}}, "writable_code = true"},
	{"writable-code", "Node.js 20", Facts{Failure: "killed by signal 5 (SIGTRAP)", Exit: Exit{Signal: 5}, Lines: []string{" 7: 0x7fb62b8b3fec v8::internal::MemoryAllocator::AllocatePage(v8::internal::MemoryAllocator::AllocationMode, v8::internal::Space*, v8::internal::Executability) [/lib/x86_64-linux-gnu/libnode.so.115]"}}, "writable_code"},
	{"writable-code", "the JVM", lines("Error occurred during initialization of VM", "Failed to mark memory page as executable - check if grsecurity/PaX is enabled"), "writable_code"},
	{"writable-code", "Python", lines("    mmap.mmap(-1,4096,prot=mmap.PROT_READ|mmap.PROT_WRITE|mmap.PROT_EXEC)", "PermissionError: [Errno 13] Permission denied"), "writable_code"},
	{"", "Node.js where it is allowed", Facts{Failure: "killed by signal 5 (SIGTRAP)", Exit: Exit{Signal: 5}}.with(writableCode), ""},
	{"own-sandbox", "Chromium", lines("[1:1:FATAL:zygote_host_impl_linux.cc(117)] No usable sandbox!"), "namespaces"},
	{"own-sandbox", "Python", lines(`    if libc.unshare(0x10000000)!=0: raise OSError(...)`, "PermissionError: [Errno 1] Operation not permitted: 'unshare'"), "namespaces"},
	{"own-sandbox", "unshare", lines("unshare: unshare failed: Operation not permitted"), "namespaces"},
	{"priority", "Python", lines("    os.nice(-5)", "PermissionError: [Errno 1] Operation not permitted"), "privileged_io"},
	{"sqlite", "Python", lines("sqlite3.OperationalError: unable to open database file"), "STATE_DIRECTORY"},
	{"sqlite", "Go", lines("unable to open database file: out of memory (14)"), "STATE_DIRECTORY"},
	{"sqlite", "Node.js", lines("SqliteError: attempt to write a readonly database", "  code: 'SQLITE_READONLY'"), "STATE_DIRECTORY"},
	{"read-only", "Python", lines("OSError: [Errno 30] Read-only file system: 'data.txt'"), "data.txt"},
	{"read-only", "Node.js", lines("Error: EROFS: read-only file system, open 'x'", "  errno: -30,", "  code: 'EROFS',", "  syscall: 'open',", "  path: 'x'"), "it writes"},
	{"read-only", "coreutils", lines("mkdir: cannot create directory ‘/var/lib/mine’: Read-only file system"), "/var/lib/mine"},
	{"read-only", "Go", lines("2026/11/26 02:00:00 open data/app.log: read-only file system"), "data/app.log"},
	{"read-only", "Java", lines("java.io.FileNotFoundException: app.log (Read-only file system)"), "it writes"},
	{"read-only", "Next.js", lines("Failed to update prerender cache for /isr [Error: ENOENT: no such file or directory, mkdir '/var/lib/nexushub/releases/18490c3e13a8/.next/server/route-cache'] {"), ".next/server/route-cache"},
	{"read-only", "Node.js, recursive", lines("  errno: -2,", "  syscall: 'mkdir',", "  code: 'ENOENT',", "  path: '/var/lib/nexushub/releases/9281447c5934/.cache/images'", "}", "Node.js v18.20.4"), ".cache/images"},
	{"", "a folder that is missing elsewhere", lines("Error: ENOENT: no such file or directory, mkdir '/var/lib/nexushub-apps/a/b'"), ""},
	{"stream-by-name", "php-fpm", lines("[26-Nov-2026 02:51:16] ERROR: failed to open error_log (/dev/stderr): No such device or address (6)"), "/dev/stderr"},
	{"stream-by-name", "nginx", lines(`nginx: [alert] could not open error log file: open() "/dev/stderr" failed (6: No such device or address)`), "/dev/stderr"},
	{"stream-by-name", "Node.js", lines("Error: ENXIO: no such device or address, open '/dev/stdout'"), "/dev/stdout"},
	{"stream-by-name", "dash", lines("/r/bin/app: 3: cannot create /dev/stderr: No such device or address").exit(2), "/dev/stderr"},
	{"stream-by-name", "Python", lines("OSError: [Errno 6] No such device or address: '/dev/stderr'"), "/dev/stderr"},
	{"no-database", "psql", lines(`psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: ` +
		`FATAL:  role "nh-5b0b7f5e000040008000" does not exist`), "postgresql = true under [services]"},
	{"no-database", "psql with a password", lines(`psql: error: connection to server at "localhost" (127.0.0.1), port 5432 failed: ` +
		`fe_sendauth: no password supplied`), "postgresql = true"},
	{"no-database", "Node.js", lines("Error: connect ECONNREFUSED 127.0.0.1:5432"), "postgresql = true"},
	{"service-away", "psql with a database, while the server is down", lines(`psql: error: connection to server on socket ` +
		`"/run/postgresql/.s.PGSQL.5432" failed: Connection refused`).with(func(m *manifest.Manifest) {
		m.Services.PostgreSQL = true
	}), "start that service"},
	{"privileged-port", "Python", lines("    self.socket.bind(self.server_address)", "PermissionError: [Errno 13] Permission denied"), "port 80 or another"},
	{"privileged-port", "Node.js", lines("Error: listen EACCES: permission denied 0.0.0.0:80", "  code: 'EACCES',", "  port: 80"), "port 80, which"},
	{"privileged-port", "Node.js, its last lines", lines("  code: 'EACCES',", "  errno: -13,", "  syscall: 'listen',", "  address: '0.0.0.0',", "  port: 80", "}"), "port 80, which"},
	{"privileged-port", "Go", lines("listen tcp :443: bind: permission denied"), "port 443"},
	{"privileged-port", "nginx", lines("nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)"), "port 80, which"},
	{"privileged-port", "puma", lines(`Permission denied - bind(2) for "0.0.0.0" port 80 (Errno::EACCES)`), "below 1024"},
	{"privileged-port", "Java", lines("java.net.BindException: Permission denied"), "below 1024"},
	{"port-in-use", "Python", lines("OSError: [Errno 98] Address already in use"), "$PORT"},
	{"port-in-use", "Node.js", lines("Error: listen EADDRINUSE: address already in use 127.0.0.1:8443"), "$PORT"},
	{"port-in-use", "Go", lines("listen tcp 127.0.0.1:8443: bind: address already in use"), "$PORT"},
	{"too-many-threads", "Python", unwell(refused, "RuntimeError: can't start new thread"), "512"},
	{"too-many-threads", "bash", lines("bash: fork: retry: Resource temporarily unavailable"), "limits.tasks = 2048"},
	{"too-many-threads", "the JVM", lines("java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached"), "limits.tasks"},
	{"out-of-memory", "the kernel", Facts{Failure: "out of memory, killed by the kernel", Exit: Exit{Signal: 9, OutOfMemory: true}}, `limits.memory = "1G"`},
	{"out-of-memory", "the kernel on cgroup v1", Facts{Failure: "killed by signal 9 (SIGKILL)", Exit: Exit{Signal: 9}}.with(func(m *manifest.Manifest) { m.Limits.Memory = 64 << 20 }), `limits.memory = "128M"`},
	{"out-of-memory", "a shell's child", lines("Killed").exit(137), "limits.memory"},
	{"out-of-memory", "Python", lines("MemoryError"), "limits.memory"},
	{"out-of-memory", "Node.js", lines("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"), "limits.memory"},
	{"out-of-memory", "the JVM", lines(`Exception in thread "main" java.lang.OutOfMemoryError: Java heap space`), "limits.memory"},
	{"", "a stop that took too long", Facts{Failure: "timeout, killed by signal 9 (SIGKILL)", Exit: Exit{Signal: 9, Timeout: true}}, ""},
	{"own-network", "Python, guest", lines("urllib.error.URLError: <urlopen error [Errno 101] Network is unreachable>").with(onNetwork("guest")), `network = "guest" there`},
	{"own-network", "Python, socket", lines("urllib.error.URLError: <urlopen error [Errno 97] Address family not supported by protocol>").with(onNetwork("socket")), "sandbox.internet"},
	{"own-network", "Python, names", lines("socket.gaierror: [Errno -3] Temporary failure in name resolution").with(onNetwork("guest")), "sandbox.internet"},
	{"name-resolution", "Python", lines("socket.gaierror: [Errno -3] Temporary failure in name resolution"), "sandbox.internet"},
	{"name-resolution", "Node.js", lines("Error: getaddrinfo EAI_AGAIN api.example.org", "  code: 'EAI_AGAIN',"), "sandbox.internet"},
	{"name-resolution", "Go", lines("dial tcp: lookup api.example.org: no such host"), "sandbox.internet"},
	{"", "Go where the network is open", lines("dial tcp: lookup api.example.org: no such host").with(openNetwork), ""},
	{"closed-network", "Go", lines("dial tcp 192.0.2.1:80: connect: operation not permitted"), "sandbox.internet"},
	{"closed-network", "Node.js, no answer", lines("Error: connect ETIMEDOUT 93.184.215.14:443"), "sandbox.internet"},
	{"closed-network", "Go, no answer", lines("dial tcp 93.184.215.14:443: i/o timeout"), "sandbox.internet"},
	{"", "Go, no answer from the internet", lines("dial tcp 93.184.215.14:443: i/o timeout").with(toInternet), ""},
	{"private-network", "Go, no answer", lines("dial tcp 10.1.2.3:5432: i/o timeout").with(toInternet), "sandbox.networks"},
	{"private-network", "Python", lines("ConnectionRefusedError", "urllib.error.URLError: <urlopen error [Errno 1] Operation not permitted>").with(toInternet), "sandbox.networks"},
	{"closed-network", "Node.js", lines("Error: connect ENETUNREACH 192.0.2.1:80 - Local (0.0.0.0:0)"), "sandbox.internet"},
	{"service-away", "Node.js", lines("Error: connect ECONNREFUSED 127.0.0.1:11211"), "127.0.0.1:11211"},
	{"service-away", "Go", lines("dial tcp 127.0.0.1:6379: connect: connection refused"), "127.0.0.1:6379"},
	{"service-away", "Python", lines("ConnectionRefusedError: [Errno 111] Connection refused"), "its address"},
	{"host-refused", "Django", unwell("not healthy within 1m0s: answered 400 Bad Request", "Invalid HTTP_HOST header: 'shop.yesterday.localhost'. You may need to add 'shop.yesterday.localhost' to ALLOWED_HOSTS."), "ALLOWED_HOSTS"},
	{"host-refused", "Rails", unwell("not healthy within 1m0s: answered 403 Forbidden", "[ActionDispatch::HostAuthorization::DefaultResponseApp] Blocked hosts: shop.yesterday.localhost"), "config.hosts"},
	{"health-not-found", "Python", unwell("not healthy within 4s: answered 404 Not Found"), "/api/status"},
	{"health-not-found", "what was healthy before", unwell("health check failed 2 times: answered 404 Not Found"), "/api/status"},
	{"health-redirected", "Python", unwell("not healthy within 4s: answered 302 Found"), "/api/status"},
	{"health-refused", "Python", unwell("not healthy within 4s: answered 401 Unauthorized"), "signed in"},
	{"speaks-tls", "a server", unwell(`not healthy within 4s: answer is not HTTP: malformed HTTP response "\x15\x03\x01\x00\x02\x02F"`), "TLS"},
	{"not-http", "an SSH server", unwell(`not healthy within 4s: answer is not HTTP: malformed HTTP status code "SSH-2.0"`), "10010"},
	{"too-slow", "Python", unwell("not healthy within 4s: no answer within 3s"), "/api/status"},
	{"never-ready", "a program without sd_notify", unwell("timeout, killed by signal 15 (SIGTERM)").with(func(m *manifest.Manifest) { m.Health.Type = "notify" }), "READY=1"},
	{"guest-port", "Python", unwell("not healthy within 4s: answer is not HTTP: read tcp 127.0.0.1:34114->127.0.0.1:10105: read: connection reset by peer").with(onNetwork("guest")), "127.0.0.1:80"},
	{"socket-not-taken", "Python", lines("KeyError: 'PORT'").with(onNetwork("socket")), "LISTEN_FDS"},
	{"socket-not-taken", "a program that waits", unwell("not healthy within 1m0s: no answer within 3s").with(onNetwork("socket")), "LISTEN_FDS"},
	{"other-port", "Python", unwell(refused, "Listening on http://0.0.0.0:3000"), "port 3000"},
	{"other-port", "Express", unwell(refused, "Example app listening on port 3000"), "port 3000"},
	{"other-port", "Vite", unwell(refused, "  ➜  Local:   http://localhost:5173/"), "port 5173"},
	{"other-port", "uvicorn", unwell(refused, "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)"), "port 8000"},
	{"other-port", "gunicorn", unwell(refused, "[2026-11-26 02:00:00 +0000] [7] [INFO] Listening at: http://127.0.0.1:8000 (7)"), "port 8000"},
	{"other-port", "Node.js without a word", elsewhere("127.0.0.1:3000"), "port 3000"},
	{"other-port", "Node.js and its inspector", elsewhere("[::]:3000", "127.0.0.1:9229"), "port 3000"},
	{"only-ipv6", "Node.js at localhost", elsewhere("[::1]:10010"), "[::1]:10010 only"},
	{"other-port", "at another port of ::1", elsewhere("[::1]:3000"), "port 3000"},
	{"not-listening", "a server on ::1", unwell(refused), "10010"},
	{"no-answer", "Python, TLS", unwell("not healthy within 6s: answer is not HTTP: read tcp 127.0.0.1:43358->127.0.0.1:10051: read: connection reset by peer"), "TLS"},
	{"speaks-tls", "OpenSSL", unwell("not healthy within 6s: answer is not HTTP: unexpected EOF", "400751C4E97F0000:error:0A00009C:SSL routines:tls_validate_record_header:http request:../ssl/record/methods/tlsany_meth.c:68:"), "TLS"},
	{"speaks-tls", "Go", func() Facts {
		f := unwell("not healthy within 6s: answered 400 Bad Request")
		f.Page = "Client sent an HTTP request to an HTTPS server.\n"
		return f
	}(), "TLS"},
	{"host-refused", "Django without a word", unwell("not healthy within 6s: answered 400 Bad Request"), "ALLOWED_HOSTS"},
	{"health-error", "a server", unwell("not healthy within 4s: answered 503 Service Unavailable"), "start_period"},
	{"health-error", "a server without its database", unwell("health check failed 2 times: GET /healthz: answered 503 Service Unavailable"), "at /healthz with"},
	{"too-slow", "a server whose lock is held", unwell("health check failed 2 times: GET /up: no answer within 3s"), "answer /up in time"},
	{"not-executed", "the agent", Facts{Failure: "command cannot be executed: /r/bin is not a regular file"}, "exec"},
	{"refused-call", "SIGSYS", Facts{Failure: "dumped core on signal 31 (SIGSYS)", Exit: Exit{Signal: 31}}, "[sandbox]"},
	{"refused-call", "Python", lines("PermissionError: [Errno 1] Operation not permitted"), "[sandbox]"},
	{"no-permission", "Python", lines("PermissionError: [Errno 13] Permission denied: '/root/secret'"), "/root/secret"},
	{"no-permission", "Go", lines("open /etc/ssl/private/x.key: permission denied"), "/etc/ssl/private/x.key"},
	{"no-permission", "Node.js", lines("Error: EACCES: permission denied, mkdir '/run/myapp'"), "/run/myapp"},
	{"crash", "Python", Facts{Failure: "killed by signal 11 (SIGSEGV)", Exit: Exit{Signal: 11}}, "writable_code"},
	{"missing-variable", "Node.js", lines("Error: DATABASE_URL is not set", "    at Object.<anonymous> (/r/server.js:1:37)"), "the variable DATABASE_URL"},
	{"missing-variable", "Python", lines(`  File "<frozen os>", line 679, in __getitem__`, "KeyError: 'TOKEN'"), "the variable TOKEN"},
	{"", "a key of its own", lines(`  File "/r/app.py", line 3, in price`, "KeyError: 'TOKEN'"), ""},
	{"missing-variable", "Ruby", lines(`config.ru:1:in ` + "`fetch': " + `key not found: "API_KEY" (KeyError)`), "the variable API_KEY"},
	{"missing-variable", "Go, envconfig", lines("required key SHOP_DSN missing value"), "the variable SHOP_DSN"},
	{"missing-variable", "dash", lines("/r/bin/app: 2: API_KEY: parameter not set").exit(2), "the variable API_KEY"},
	{"missing-variable", "bash", lines("/r/bin/app: line 2: API_KEY: unbound variable"), "the variable API_KEY"},
	{"missing-variable", "Spring", lines(`Could not resolve placeholder 'JWT_KEY' in value "${JWT_KEY}"`), "the variable JWT_KEY"},
	{"missing-variable", "a program of somebody", lines("Missing required environment variable: STRIPE_KEY"), "the variable STRIPE_KEY"},
	{"missing-variable", "another", lines("Environment variable 'STRIPE_KEY' must be set"), "the variable STRIPE_KEY"},
	{"missing-variable", "Rails", lines("ArgumentError: Missing `secret_key_base` for 'production' environment, set this string with `bin/rails credentials:edit`"), "the variable SECRET_KEY_BASE"},
	{"ended", "a program that warned of it", lines("SMTP_HOST is not set, no mail is sent").exit(0), "foreground"},
	{"missing-module", "Node.js, after a warning", lines("SMTP_HOST is not set", "Error: Cannot find module 'express'"), "express"},
	{"ended", "a daemon", Facts{Failure: "exit status 0", Exit: exited(0), Lines: []string{"forking into the background"}}, "foreground"},
	{"process-ended", "a line of a Procfile", Facts{Failure: "console.1: exit status 0", Exit: exited(0), Process: "console"}, "processes.console.replicas = 0"},
	{"crash", "a worker", Facts{Failure: "worker.1: killed by signal 11 (SIGSEGV)", Exit: Exit{Signal: 11}, Process: "worker"}, "writable_code"},
	{"proxy-all", "a page of its own", Facts{Healthy: true, Manifest: manifest.Default()}, "proxy_all = true"},
	{"", "an application with static files", Facts{Healthy: true, Files: true, Manifest: manifest.Default()}, ""},
	{"private-port", "Flask", private("port"), `network = "guest"`},
	{"private-port", "a program that says nothing", private(""), "past the proxy"},
	{"", "a program that has its socket from systemd", private("socket"), ""},
	{"", "a program in a network of its own", private("guest"), ""},
	{"front-error", "Flask", open(500, "<!doctype html>\n<title>500 Internal Server Error</title>"), "GET / with 500"},
	{"front-error", "PHP, php -S", open(500, ""), "nexushub logs APP"},
	{"front-error", "Next.js without its build", open(503, ""), "GET / with 503"},
	{"next-headers", "Next.js", openSaying(500, "⨯ TypeError: Cannot read properties of undefined (reading 'bind')", "    at o (.next/server/app/page.js:1:5843)"), "Headers.getSetCookie"},
	{"front-error", "Node.js", openSaying(500, "TypeError: Cannot read properties of undefined (reading 'bind')", "    at app.js:3:5"), "GET / with 500"},
	{"front-refused", "Django", open(400, "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Bad Request (400)</title>"), "ALLOWED_HOSTS"},
	{"", "an API without a front page", open(404, `{"detail":"Not Found"}`), ""},
	{"", "a page for those who have signed in", open(401, ""), ""},
	{"php-jit", "PHP", Facts{Healthy: true, Files: true, Page: "<br />\n<b>Warning</b>:  preg_match(): Allocation of JIT memory failed, PCRE JIT will be disabled. This is likely caused by security restrictions."}, "pcre.jit=0"},
	{"", "a fault of its own", lines("panic: runtime error: index out of range [3] with length 3"), ""},
	{"", "a failed test of its own", lines("AssertionError: expected 3"), ""},
}

func private(network string) Facts {
	m := manifest.Default()
	m.Access, m.Network = manifest.AccessPrivate, network
	return Facts{Healthy: true, Manifest: m}
}
