package hint

import (
	"slices"
	"strconv"
)

// table has one row for each known failure. What is sure comes before what guesses, and a row names
// what to write in the manifest wherever a key of it helps. Every sight is what a real program said:
// cases_test.go has their words, and the lab runs many of them.
var table = []row{
	// The command cannot begin.
	{
		name: "missing-program",
		sights: []sight{
			{failure: `its interpreter: stat (?P<program>\S+): no such file`},
			{failure: `"(?P<program>[^"]+)" is neither a file of the package nor a program`},
			{line: `env: [‘'"]?(?P<program>[^’'":]+)[’'"]?: No such file or directory`, status: []int{127}},
			{line: `exec: (?P<program>[^:\s]+): not found`, status: []int{127}},
			{line: `(?P<program>[^:\s]+): (?:command )?not found`, status: []int{127}},
		},
		seen:  "`its interpreter: ... no such file`; `NAME: not found` and exit status 127",
		means: "this host has no program {program}, which the application needs to begin",
		write: "install it on this host (apt-file search bin/NAME tells the package), or put it into the package " +
			"and name it in exec",
	},
	{
		name: "not-executable",
		sights: []sight{
			{failure: `(?P<path>\S+) has no execute permission`},
			{line: `nexushub-exec: (?P<path>.+): permission denied`},
			{line: `(?P<path>[^:\s]+): Permission denied`, status: []int{126}},
		},
		seen:  "`has no execute permission`; `FILE: Permission denied` and exit status 126",
		means: "{path} may not be executed",
		write: "chmod +x it before it is packed",
	},
	{
		name:   "missing-loader",
		sights: []sight{{line: `nexushub-exec: (?P<path>.+): no such file or directory`}},
		seen:   "`nexushub-exec: FILE: no such file or directory` for a file that is there",
		means:  "{path} was built for another system (Alpine, Nix): the loader that it names is not on this host",
		write:  "build it on Debian, or link it statically (Go: CGO_ENABLED=0)",
	},
	{
		name: "wrong-architecture",
		sights: []sight{
			{line: `nexushub-exec: (?P<path>.+): (?:not a program|cannot be executed)`},
			{line: `(?P<path>[^:\s]+): cannot execute binary file`},
			{line: `(?P<path>[^:\s]+): [Ee]xec format error`},
			{line: `[Ee]xec format error`},
		},
		seen: "`not a program`, `Exec format error`",
		means: "{path|a file} is neither a program for the processor of this host nor a script whose first line " +
			"is #!/path/of/interpreter",
		write: "build it for this host (Go: GOOS=linux GOARCH=amd64 or arm64), or begin the script with #!/bin/sh",
	},
	{
		name: "missing-library",
		sights: []sight{
			{line: `error while loading shared libraries: (?P<library>[^:\s]+):`},
			{line: `(?P<library>[\w.+-]+\.so[.\d]*): cannot open shared object file`},
			{line: `UnsatisfiedLinkError: .*?(?P<library>[\w.+-]+\.so[.\d]*)`},
		},
		seen:  "`error while loading shared libraries`, `cannot open shared object file`",
		means: "it needs the shared library {library}, which this host does not have",
		write: "install the package that has it (apt-file search {library} tells which), or link it statically " +
			"(Go: CGO_ENABLED=0)",
	},
	{
		name:   "newer-libc",
		sights: []sight{{line: "version [`'](?P<version>(?:GLIBC|GLIBCXX|CXXABI)_[\\d.]+)' not found"}},
		seen:   "`version GLIBC_... not found`",
		means:  "it was built on a newer system than this host: it needs {version}",
		write:  "build it on the Debian release of this host, or link it statically (Go: CGO_ENABLED=0)",
	},
	{
		name: "missing-module",
		sights: []sight{
			{line: `Cannot find (?:module|package) '(?P<module>[^']+)'`},
			{line: `ModuleNotFoundError: No module named '(?P<module>[^']+)'`},
			{line: `cannot load such file -- (?P<module>\S+)`},
			{line: `Could not find (?P<module>[^\s,]+)(?:, [^\s,]+-\d| in (?:locally installed gems|any of the sources|rubygems))`},
			{line: `(?:Failed opening required|failed to open stream).*?(?P<module>[^'"(\s]*vendor/autoload\.php)`},
			{line: `Can't locate (?P<module>\S+) in @INC`},
			{line: `ClassNotFoundException: (?P<module>\S+)`},
			{line: `Could not find or load main class (?P<module>\S+)`},
			{line: `required gems weren't found`, beside: `bundle add (?P<module>.+)`},
			{line: `'(?:ERR_)?MODULE_NOT_FOUND'`},
		},
		seen: "`Cannot find module`, `No module named`, `cannot load such file`, `ClassNotFoundException`",
		means: "the package lacks {module|a module}: what an application depends on is put into its package before " +
			"it is deployed, not on this host",
		write: "run npm ci --omit=dev, pip install --target DIR, bundle install or composer install in the folder, " +
			"see that .nexushubignore does not leave out what that makes, and deploy again",
	},
	{
		name: "syntax-error",
		sights: []sight{
			{
				line:   `^\s*(?:SyntaxError|IndentationError|TabError): `,
				beside: `^\s*File "` + release + `(?P<path>[^"]+)", line (?P<at>\d+)$`,
			},
			{line: `^\s*SyntaxError: `, beside: `^(?:file://)?` + release + `(?P<path>/?\S+\.\w+):(?P<at>\d+)$`},
			{line: `PHP Parse error: .+? in ` + release + `(?P<path>\S+) on line (?P<at>\d+)`},
			{line: release + `(?P<path>[^:\s]+\.rb):(?P<at>\d+): .*syntax error`},
		},
		seen:  "`SyntaxError`, `IndentationError`, `PHP Parse error`",
		means: "the program has a syntax error: {path}, line {at}",
		write: "correct that line, or the one before it, and deploy again; if the line is right, this host has an " +
			"older version of the language",
	},
	{
		name:   "no-main-class",
		sights: []sight{{line: `no main manifest attribute, in (?P<path>\S+)`}},
		seen:   "`no main manifest attribute` (Java)",
		means:  "{path} is a library: it does not say which class begins",
		write: `build the archive that can be run (Spring Boot: mvn package with its plugin, else Main-Class), or name ` +
			`the class: exec = ["java", "-cp", "app.jar", "com.example.Main"]`,
	},
	{
		name:  "literal-dollar",
		only:  func(f *Facts) bool { return f.Literal },
		seen:  "a variable in `exec` of a package that was installed before NexusHub put values there",
		means: "its exec names variables, and when this release was installed they stood for themselves",
		write: "deploy it again: then $PORT in exec stands for the port",
	},

	// It may not do what it tries.
	{
		name: "writable-code",
		sights: []sight{
			{signals: []int{sigTRAP}},
			{line: `Failed to mark memory page as executable`},
			{line: `Fatal javascript OOM in .*(?:MemoryChunk|CodeRange|executable)`},
			{line: `v8::internal::.*(?:AllocatePage|SetPermissions|CodeRange)`},
			{line: `(?i)(?:allocat|reserv|map|commit|protect)\w*.{0,60}` +
				`(?:executable (?:memory|page)|\bcode (?:cache|heap|space|range|memory))`},
			{line: `(?i)Failed to (?:create|initialize) CoreCLR`},
			{line: `LLVM ERROR: .*(?:memory|mprotect)`},
			{line: denied + `|` + notPermitted, beside: `PROT_EXEC`},
		},
		only: func(f *Facts) bool { return !f.Manifest.Sandbox.WritableCode },
		seen: "SIGTRAP (Node.js); `Failed to mark memory page as executable` (JVM)",
		means: "it makes code while it runs (Node.js, the JVM, .NET, LuaJIT, WebAssembly), and the sandbox allows " +
			"no memory that can be both written and executed",
		write: "sandbox.writable_code = true",
	},
	{
		name: "own-sandbox",
		sights: []sight{
			{line: `No usable sandbox|Failed to move to new namespace|setuid sandbox|zygote_host_impl|bwrap: `},
			{line: notPermitted, beside: `\b(?:unshare|clone3?|setns|CLONE_NEW\w+|pivot_root)\b`},
		},
		only:  func(f *Facts) bool { return !f.Manifest.Sandbox.Namespaces },
		seen:  "`No usable sandbox` (Chromium); `unshare: Operation not permitted`",
		means: "it builds a sandbox of its own (browsers, bubblewrap, container tools), which needs namespaces",
		write: "sandbox.namespaces = true",
	},
	{
		name: "priority",
		sights: []sight{
			{line: notPermitted, beside: `\b(?:nice|setpriority|sched_set\w+|ioprio_set|mlock(?:all)?|setrlimit)\b`},
		},
		only:  func(f *Facts) bool { return !f.Manifest.Sandbox.PrivilegedIO },
		seen:  "`nice`, `setpriority`, `mlock`, `setrlimit`: `Operation not permitted`",
		means: "it changes priorities or limits of processes, which the sandbox does not allow",
		write: "sandbox.privileged_io = true, unless it can do without",
	},
	{
		name: "sqlite",
		sights: []sight{
			{line: `unable to open database file|SQLITE_CANTOPEN|attempt to write a readonly database|SQLITE_READONLY`},
		},
		seen:  "`unable to open database file`, `attempt to write a readonly database`",
		means: "SQLite cannot make or write its file: the folder of the release is read-only",
		write: `keep the file in the folder that STATE_DIRECTORY names: ` +
			`exec = ["bin/app", "--db", "$STATE_DIRECTORY/app.db"]; do not set state_dir = false`,
	},
	{
		name: "read-only",
		sights: []sight{
			{line: `[Rr]ead-only file system.*?['"‘(](?P<path>[^'"’)]+)['"’)]`},
			{line: `(?i)(?:open|mkdir|create|write|unlink|rename|remove|chmod|touch)\w* (?:\w+ )?` +
				`['"‘]?(?P<path>[^'"’:\s]+)['"’]?: Read-only file system`},
			{line: `EROFS.*?['"](?P<path>[^'"]+)['"]`},
			{line: `ENOENT: no such file or directory, mkdir ['"](?P<path>/var/lib/nexushub/releases/[^'"]+)`},
			{line: `^\s*path: '(?P<path>/var/lib/nexushub/releases/[^']+)`, beside: `^\s*syscall: 'mkdir'`},
			{line: `[Rr]ead-only file system|EROFS`},
		},
		seen: "`Read-only file system`, `EROFS`; `ENOENT` of `mkdir` in the folder of the release (Node.js)",
		means: "it writes {path|a file} where it may not: the folder of the release and the host are read-only " +
			"for it",
		write: "write below the folder that STATE_DIRECTORY names, which is kept and is also HOME, or below /tmp, " +
			"which is not kept; in exec: $STATE_DIRECTORY",
	},
	{
		name: "stream-by-name",
		sights: []sight{
			{line: `(?P<path>/dev/(?:stderr|stdout)|/proc/self/fd/[12])\b.*No such device or address`},
			{line: `(?:ENXIO|No such device or address).*(?P<path>/dev/(?:stderr|stdout)|/proc/self/fd/[12])\b`},
		},
		seen: "`/dev/stderr`, `/dev/stdout`: `No such device or address`, `ENXIO`",
		means: "it opens {path} by its name, as in a container, but here its output goes to the journal through a " +
			"socket, which cannot be opened",
		write: "let it write to the stream that it has: error_log stderr; (nginx), --force-stderr and an " +
			"error_log in /tmp (php-fpm), >&2 (a shell); a program that cannot is started as sh -c 'COMMAND 2>&1 | cat'",
	},
	{
		name: "privileged-port",
		sights: []sight{
			{line: `(?i)(?:listen|bind).*?:(?P<low>\d{1,3})\b.*permission denied`},
			{line: `(?i)listen EACCES.*?:(?P<low>\d{1,3})\b`},
			{line: `^\s*port: (?P<low>\d{1,3})$`, beside: `EACCES`},
			{line: denied, beside: `(?i)\b(?:server_bind|socket\.bind|\.bind\(|bind\(|BindException|listen EACCES)`},
		},
		only: func(f *Facts) bool { return f.Manifest.Network != guest },
		seen: "`bind`, `listen`: `Permission denied`, `EACCES`",
		means: "it listens on port {low|80 or another below 1024}, which is not for applications: NexusHub has " +
			"the public ports, and passes the requests on to {port}",
		write: `listen on 127.0.0.1:$PORT: exec = ["bin/app", "--port", "$PORT"]; a program that insists on ` +
			`port 80 gets a network of its own: network = "guest"`,
	},
	{
		name:   "port-in-use",
		sights: []sight{{line: `EADDRINUSE|[Aa]ddress already in use|[Aa]ddress in use`}},
		seen:   "`Address already in use`, `EADDRINUSE`",
		means:  "another program has the port that it listens on; {port} is kept for it alone",
		write:  `listen on 127.0.0.1:$PORT and on no other port: exec = ["bin/app", "--port", "$PORT"]`,
	},

	// There is not enough of something.
	{
		name: "too-many-threads",
		sights: []sight{
			{line: `can't start new thread|unable to create (?:new )?native thread|can't create Thread`},
			{line: `(?i)pthread_create.*(?:failed|EAGAIN)|newosproc|spawn \S+ EAGAIN`},
			{line: `[Rr]esource temporarily unavailable`, beside: `(?i)\b(?:fork|spawn|clone|thread)\b`},
		},
		seen:  "`can't start new thread`, `fork: Resource temporarily unavailable`",
		means: "it has as many threads and processes as it may have, which is {tasks}",
		write: "limits.tasks = {more tasks}, or nexushub limits {app|APP} --tasks {more tasks}",
	},
	{
		name: "out-of-memory",
		sights: []sight{
			{memory: true},
			{line: `JavaScript heap out of memory|java\.lang\.OutOfMemoryError: (?:Java heap|Metaspace|GC)`},
			{line: `insufficient memory for the Java Runtime|Allowed memory size of \d+ bytes exhausted`},
			{line: `fatal error: runtime: (?:out of memory|cannot allocate)|^MemoryError|NoMemoryError`},
			{line: `[Cc]annot allocate memory|std::bad_alloc`},
			{signals: []int{sigKILL}},
			{status: []int{128 + sigKILL}},
		},
		seen:  "`out of memory`; SIGKILL or exit status 137 (cgroup v1 does not tell why)",
		means: "most likely it needs more memory than the {memory} that it may have",
		write: `limits.memory = "{more memory}", or nexushub limits {app|APP} --memory {more memory}`,
	},

	// The network.
	{
		name: "own-network",
		sights: []sight{
			{line: unreachable},
			{line: nameUnknown},
			{line: `Address family not supported|EAFNOSUPPORT`},
		},
		only:  func(f *Facts) bool { return slices.Contains([]string{guest, socket}, f.Manifest.Network) },
		seen:  "`Network is unreachable`, `Address family not supported` with `network = \"guest\"` or `\"socket\"`",
		means: `it connects to another host, and with network = "{network}" there is no way out`,
		write: `network = "port" and sandbox.internet = true`,
	},
	{
		name:   "name-resolution",
		sights: []sight{{line: nameUnknown}},
		only:   isClosed,
		seen:   "`Temporary failure in name resolution`, `no such host`, `EAI_AGAIN`",
		means:  "it looks up the name of another host, and the sandbox lets it connect to this host only",
		write:  "sandbox.internet = true; if that name is a service on this host, 127.0.0.1 instead of it",
	},
	{
		name: "closed-network",
		sights: []sight{
			{line: unreachable},
			{line: notPermitted, beside: `\b(?:connect|dial|sendto|sendmsg|create_connection|urlopen)\b`},
			{line: noAnswer},
		},
		only:  isClosed,
		seen:  "`connect`: `Operation not permitted`, `timed out`; `Network is unreachable`",
		means: "it connects to another host, and the sandbox lets it connect to this host only",
		write: `sandbox.internet = true for public addresses, sandbox.networks = ["10.1.2.0/24"] for a private network`,
	},
	{
		name: "private-network",
		sights: []sight{
			{line: notPermitted, beside: `\b(?:connect|dial|sendto|sendmsg|create_connection|urlopen)\b`},
			{line: `\b` + privateAddress, beside: noAnswer},
		},
		only:  func(f *Facts) bool { return !isClosed(f) && !f.Manifest.Sandbox.Network },
		seen:  "`connect`: `Operation not permitted`, or a private address and `timed out`, with `sandbox.internet`",
		means: "it connects to an address that is not public, and the sandbox opens public addresses only",
		write: `sandbox.networks = ["10.1.2.3/32"] with that address`,
	},
	{
		name: "no-database",
		sights: []sight{
			{line: `\.s\.PGSQL\.5432|(?:port 5432|:5432\b).*?(?:failed|refused)|(?:refused|ECONNREFUSED).*?\b5432\b`},
			{line: `(?:Peer|password) authentication failed for user|fe_sendauth: no password supplied`},
			{line: `FATAL: +role "nh-[0-9a-f]+" does not exist`},
		},
		only:  func(f *Facts) bool { return !f.Manifest.Services.PostgreSQL },
		seen:  "`connection to server ... port 5432 failed`, `ECONNREFUSED 127.0.0.1:5432`, `Peer authentication failed`",
		means: "it wants a PostgreSQL database, and has none on this host",
		write: "postgresql = true under [services]: DATABASE_URL and PG* then lead to a database of its own; one " +
			"elsewhere is named by nexushub secret set {app|APP} DATABASE_URL",
	},
	{
		name: "service-away",
		sights: []sight{
			{line: `(?i)(?:connection refused|ECONNREFUSED).*?(?P<address>(?:127\.0\.0\.1|localhost|::1)\]?[: ]\d+)`},
			{line: `(?i)(?P<address>(?:127\.0\.0\.1|localhost|\[::1\]):\d+).*?connection refused`},
			{line: `ECONNREFUSED|(?i)connection refused`},
		},
		only: func(f *Facts) bool { return f.Exit != Exit{} },
		seen: "`Connection refused` in its log",
		means: "a service that it connects to (a database, a cache) does not listen at " +
			"{address|its address}",
		write: `start that service, or correct its address: in [env] of the manifest, a secret one with nexushub ` +
			`secret set; with network = "guest" 127.0.0.1 is the application itself`,
	},

	// It runs, and its health check fails.
	{
		name: "speaks-tls",
		sights: []sight{
			{failure: `malformed HTTP response "\\x15\\x03`},
			{failure: `answer is not HTTP`, line: `SSL routines:.*http request|SSL: HTTP_REQUEST|SSL_HTTP_REQUEST`},
			{failure: `answered 400`, page: `(?i)HTTP request to an HTTPS server|plain HTTP request`},
		},
		seen:  "`answer is not HTTP: malformed HTTP response \"\\x15\\x03...`",
		means: "it speaks TLS; NexusHub does that for it, and talks plain HTTP to it",
		write: "turn TLS off in the application: it needs no certificate, and finds https in X-Forwarded-Proto",
	},
	{
		name: "host-refused",
		sights: []sight{
			{line: `DisallowedHost|Invalid HTTP_HOST header|Blocked hosts?: |Invalid Host header|allowedHosts`},
			{failure: `answered 400`},
		},
		seen:  "`Invalid HTTP_HOST header`, `answered 400 Bad Request` (Django); `Blocked hosts` (Rails)",
		means: "most likely it answers only under host names that it was told",
		write: tellHost,
	},
	{
		name:   "health-not-found",
		sights: []sight{{failure: `answered 404`}},
		seen:   "`answered 404 Not Found`",
		means:  "it runs, but the health check asks for {health}, which it does not have",
		write:  `health.path = "/", or another path that it answers with 200; or health.type = "tcp"`,
	},
	{
		name:   "health-redirected",
		sights: []sight{{failure: `answered 30[12378]`}},
		seen:   "`answered 301 Moved Permanently`, `302 Found`",
		means:  "it runs, but answers the health check at {health} with a redirect, which is not followed",
		write:  `health.path = the path that it leads to, if that answers with 200; or health.type = "tcp"`,
	},
	{
		name:   "health-refused",
		sights: []sight{{failure: `answered 40[13]`}},
		seen:   "`answered 401 Unauthorized`, `403 Forbidden`",
		means:  "it runs, but {health} is only for those who have signed in, which the health check has not",
		write:  `health.path = a path that everybody may read; or health.type = "tcp"`,
	},
	{
		name:   "not-http",
		sights: []sight{{failure: `answer is not HTTP: malformed`}},
		seen:   "`answer is not HTTP: malformed HTTP response`",
		means:  "what listens on {port} does not speak HTTP",
		write:  "serve HTTP on $PORT: requests of clients are HTTP, too",
	},
	{
		name: "socket-not-taken",
		sights: []sight{
			{failure: `no answer within|connection refused|no such file`},
			{line: `KeyError: 'PORT'|PORT (?:is )?(?:not set|undefined|missing|required)`},
		},
		only: func(f *Facts) bool { return f.Manifest.Network == socket },
		seen: "no PORT, no answer with `network = \"socket\"`",
		means: `with network = "socket" there is no PORT: systemd listens, and passes the socket as file ` +
			`descriptor 3 (LISTEN_FDS)`,
		write: `network = "port", unless the application takes sockets from systemd`,
	},
	{
		name:   "too-slow",
		sights: []sight{{failure: `GET (?P<health>/\S*): no answer within`}, {failure: `no answer within`}},
		seen:   "`no answer within 3s`",
		means:  "it takes connections, but does not answer {health} in time",
		write:  `health.timeout = "10s" if it needs that long, health.start_period = "5m" if only its start does`,
	},
	{
		name:   "never-ready",
		sights: []sight{{failure: `timeout`}},
		only:   func(f *Facts) bool { return f.Manifest.Health.Type == "notify" },
		seen:   "`timeout` with `health.type = \"notify\"`",
		means:  "it was to report that it is ready (READY=1 to NOTIFY_SOCKET), and did not in time",
		write:  `health.type = "http" or "tcp", unless it uses sd_notify(3); health.start_period = "5m" if it is slow`,
	},
	{
		name: "guest-port",
		sights: []sight{
			{failure: `answer is not HTTP: (?:read|EOF|unexpected EOF)|connection reset|connection refused|: EOF`},
		},
		only:  func(f *Facts) bool { return f.Manifest.Network == guest && f.Exit == Exit{} },
		seen:  "`connection reset` with `network = \"guest\"`",
		means: "nothing listens on 127.0.0.1:80 in the network that it has for itself",
		write: `listen on port 80, which PORT says, too; or network = "port"`,
	},
	{
		name:   "only-ipv6",
		sights: []sight{{failure: `connection refused`, address: `^\[::1\]:`}},
		only: func(f *Facts) bool {
			return f.Exit == Exit{} && slices.Contains(f.Elsewhere, "[::1]:"+strconv.Itoa(f.Port))
		},
		seen:  "`connection refused`, and it listens on the port, but of ::1",
		means: "it listens on [::1]:{port} only; requests come to 127.0.0.1:{port}",
		write: "listen on 127.0.0.1, not on localhost, which Node.js and others take for ::1",
	},
	{
		name: "other-port",
		sights: []sight{
			{failure: `connection refused`, address: `:(?P<other>\d+)$`},
			{
				failure: `connection refused`,
				line: `(?i)\b(?:listening|listen|running|serving|started|server|ready|available|local)\b.*?` +
					`(?:https?://[^\s/:]+:|port:? |:)(?P<other>\d{2,5})\b`,
			},
		},
		only:  func(f *Facts) bool { return f.Exit == Exit{} },
		seen:  "`connection refused`, and it listens on another port, or says so: `Listening on ...:3000`",
		means: "it listens on port {other}; the one that requests come to is {port}",
		write: `listen on 127.0.0.1:$PORT: exec = ["bin/app", "--port", "$PORT"], or read the variable PORT; ` +
			`one that always takes port 80 gets network = "guest"`,
	},
	{
		name:    "not-listening",
		general: true,
		sights:  []sight{{failure: `connection refused`}},
		only:    func(f *Facts) bool { return f.Exit == Exit{} },
		seen:    "`connection refused`, and no word of a port in its log",
		means: "it runs, but nothing listens on 127.0.0.1:{port}: it uses another port or only ::1, or is not that " +
			"far yet",
		write: `listen on 127.0.0.1:$PORT (exec = ["bin/app", "--port", "$PORT"], or the variable PORT); ` +
			`health.start_period = "5m" if its start takes long`,
	},

	{
		name:    "no-answer",
		general: true,
		sights: []sight{
			{failure: `GET (?P<health>/\S*): answer is not HTTP: (?:read|EOF|unexpected EOF)`},
			{failure: `answer is not HTTP: (?:read|EOF|unexpected EOF)`},
		},
		seen: "`answer is not HTTP: ... connection reset by peer`, `EOF`",
		means: "it closes the connection instead of answering {health}: most likely it speaks TLS, or fails over " +
			"the request",
		write: "turn TLS off in the application: NexusHub does that for it; nexushub logs {app|APP} says if it fails",
	},
	{
		name:    "health-error",
		general: true,
		sights:  []sight{{failure: `GET (?P<health>/\S*): answered 5\d\d`}, {failure: `answered 5\d\d`}},
		seen:    "`answered 500 Internal Server Error`, `503 Service Unavailable`",
		means:   "it runs, but answers the health check at {health} with an error of its own",
		write: `nexushub logs {app|APP} says what is missing; health.start_period = "5m" if it only needs longer to ` +
			`begin, health.type = "tcp" if that page has nothing to do with its health`,
	},

	// What nothing more precise is known of.
	{
		name:    "not-executed",
		general: true,
		sights:  []sight{{failure: `command cannot be executed|could not be executed`}},
		seen:    "`command cannot be executed`, exit status 203",
		means:   "its command could not begin; the reason is beside it",
		write:   `name a program that is there: exec = ["bin/app"] in the package, ["node", "server.js"] on this host`,
	},
	{
		name:    "missing-variable",
		general: true,
		sights: []sight{
			{line: `^KeyError: '(?P<variable>` + variable + `)'`, beside: `os\.environ|<frozen os>|/os\.py"`},
			{line: `key not found: "(?P<variable>` + variable + `)" \(KeyError\)`},
			{line: `required key (?P<variable>` + variable + `) missing value`},
			{line: `(?P<variable>` + variable + `): (?:parameter not set|unbound variable)`},
			{line: `Could not resolve placeholder '(?P<variable>` + variable + `)'`},
			{line: `(?i:(?:missing|undefined|unset)(?: required)?(?: environment)? variables?):? ['"\x60]?(?P<variable>` + inProse + `)`},
			{line: `\b(?P<variable>` + inProse + `)['"\x60]? (?i:(?:environment )?(?:variable )?(?:(?:is|was) )?` +
				`(?:not set|not defined|undefined|unset|missing|required|not provided|must be (?:set|provided|defined)))`},
			{line: "Missing `secret_key_base` for"},
		},
		only:  func(f *Facts) bool { return f.Exit.Exited && f.Exit.Status != 0 },
		seen:  "`DATABASE_URL is not set`, `KeyError` of os.environ or ENV, ``Missing `secret_key_base` ``",
		means: "it wants the variable {variable|SECRET_KEY_BASE}, which is not set",
		write: "nexushub config set {app|APP} {variable|SECRET_KEY_BASE}=VALUE, or with --from .env all of a file; a password " +
			"or a key with nexushub secret set {app|APP} {variable|SECRET_KEY_BASE}, or with the deployment, deploy --secrets FILE",
	},
	{
		name:    "refused-call",
		general: true,
		sights:  []sight{{signals: []int{sigSYS}}, {line: notPermitted + `|[Bb]ad system call`}},
		seen:    "`Operation not permitted`, `EPERM`, SIGSYS",
		means:   "it asked the kernel for something that the sandbox does not allow",
		write: "one of the exceptions under [sandbox] in nexushub-manifest(5): namespaces, devices, privileged_io, " +
			"proc, network; nexushub exec {app|APP} -- COMMAND runs a command in the same sandbox",
	},
	{
		name:    "no-permission",
		general: true,
		sights: []sight{
			{line: `[Pp]ermission denied.*?['"‘](?P<path>/[^'"’]+)['"’]`},
			{line: `['"‘ ](?P<path>/[^'"’:\s]+)['"’]?: [Pp]ermission denied`},
			{line: `EACCES.*?['"](?P<path>/[^'"]+)['"]`},
		},
		seen: "`Permission denied` for a file",
		means: "it may not use {path}: it runs as a user of its own, who owns only the folder that " +
			"STATE_DIRECTORY names",
		write: "keep there what it writes; what it reads must be readable by everybody, below /home with " +
			"sandbox.read_home = true",
	},
	{
		name:    "crash",
		general: true,
		sights:  []sight{{signals: []int{sigILL, sigABRT, sigBUS, sigFPE, sigSEGV}}},
		only:    func(f *Facts) bool { return !f.Manifest.Sandbox.WritableCode },
		seen:    "SIGSEGV, SIGABRT, SIGILL",
		means: "it crashed, as programs do that make code while they run where the sandbox refuses them memory that " +
			"can be both written and executed",
		write: "sandbox.writable_code = true, if it has a just-in-time compiler; if not, it is a fault of the " +
			"program: nexushub logs {app|APP}",
	},
	{
		name:    "process-ended",
		general: true,
		sights:  []sight{{status: []int{0}}},
		only:    func(f *Facts) bool { return f.Process != "" },
		seen:    "`NAME.1: exit status 0` of a process beside web",
		means: "the process {process|NAME} ended without a fault, where one runs until it is stopped: it had nothing " +
			"more to do, or went into the background",
		write: "processes.{process|NAME}.replicas = 0 in nexushub.toml, if it is a command that somebody runs by hand; " +
			"if not, keep it in the foreground",
	},
	{
		name:    "ended",
		general: true,
		sights:  []sight{{status: []int{0}}},
		seen:    "`exit status 0`",
		means: "its program ended without a fault, and what it had started was stopped with it: it went into the " +
			"background, or had nothing more to do",
		write: "keep it in the foreground: nginx -g 'daemon off;', php-fpm -F, gunicorn without --daemon, exec " +
			"before the last command of a script",
	},

	// It is healthy, and yet not what somebody expects.
	{
		name:    "proxy-all",
		healthy: true,
		only: func(f *Facts) bool {
			return f.Healthy && !f.Files && !f.Manifest.ProxyAll && f.Manifest.HasAreas()
		},
		seen:  "it runs, and its URL answers 404",
		means: "only /api and /public reach it, and there is no folder static/ for the rest: its URL answers 404",
		write: `proxy_all = true; access = "open" if /api, too, is for everybody`,
	},
	{
		name:    "next-headers",
		healthy: true,
		sights:  []sight{{line: `Cannot read properties of undefined \(reading 'bind'\)`, beside: `\.next/server/`}},
		seen:    "`reading 'bind'` in `.next/server` (Next.js 15 on Debian 12)",
		means:   "headers() of Next.js wants Headers.getSetCookie, which Node.js 18 of Debian 12 does not have",
		write: "take them from the request, in a route or in middleware, or give Headers.prototype the method in " +
			"instrumentation.js; Node.js of Debian 13 has it",
	},
	{
		name:    "private-port",
		healthy: true,
		only:    func(f *Facts) bool { return f.Healthy && f.Manifest.IsBypassable() },
		seen:    `access = "private" with network = "port"; status says "bypassable by local applications"`,
		means: "it is private, and every application of this host can send it requests past the proxy, as whom it " +
			"likes: it listens on a port of the loopback interface",
		write: `network = "socket" for a program that takes its socket from systemd, network = "guest" for any other; ` +
			"or have the program check X-NexusHub-Assertion",
	},
	{
		name:    "front-error",
		general: true,
		healthy: true,
		only:    func(f *Facts) bool { return f.Healthy && f.Front >= 500 },
		seen:    "it runs, and answers GET / with 500 or another error of its own",
		means: "it runs and counts as healthy, but answered GET / with {front|500} when it was asked after its start: " +
			"so do people most likely see it",
		write: "nexushub logs {app|APP} says what failed: a database or a variable that it needs, or a fault of the program; " +
			"health.path = a path that answers 200 when it is well keeps such a release from taking over",
	},
	{
		name:    "front-refused",
		healthy: true,
		only:    func(f *Facts) bool { return f.Healthy && f.Front == 400 },
		seen:    "it runs, and answers GET / with 400 (Django)",
		means: "it runs and counts as healthy, but answered GET / with 400 when it was asked after its start: most likely " +
			"it answers only under host names that it was told",
		write: tellHost,
	},
	{
		name:    "job-failed",
		healthy: true,
		only:    func(f *Facts) bool { return f.Job != "" },
		seen:    "nexushub jobs says `failed` of a last run",
		means:   "its job {job|NAME} failed at its last run: {job end|exit status 1}",
		write:   "nexushub logs {app|APP} --job {job|NAME} says why, and nexushub run {app|APP} {job|NAME} runs it again",
	},
	{
		name:    "php-jit",
		healthy: true,
		sights:  []sight{{page: jitWarning}, {line: jitWarning}},
		only:    func(f *Facts) bool { return !f.Manifest.Sandbox.WritableCode },
		seen:    "`preg_match(): Allocation of JIT memory failed` in pages or the log (PHP)",
		means:   "PHP compiles regular expressions, which the sandbox does not allow; it goes on without, but says so",
		write:   `exec = ["php", "-d", "pcre.jit=0", ...], or sandbox.writable_code = true`,
	},
}

// What several rows look for.
const (
	denied       = `[Pp]ermission denied|EACCES`
	notPermitted = `[Oo]peration not permitted|EPERM`
	unreachable  = `[Nn]etwork is unreachable|ENETUNREACH`
	nameUnknown  = `EAI_AGAIN|EAI_NONAME|getaddrinfo ENOTFOUND|[Tt]emporary failure in name resolution|` +
		`[Nn]ame or service not known|no such host|server misbehaving|Could not resolve host|` +
		`UnknownHostException|nodename nor servname|php_network_getaddresses`
	variable   = `[A-Z][A-Z0-9_]+`
	inProse    = `[A-Z][A-Z0-9]*_[A-Z0-9_]+` // one that is no word
	jitWarning = `Allocation of JIT memory failed|PCRE JIT will be disabled`
)

// tellHost is for applications that answer under names only that they know.
const tellHost = `tell it its own, which is in the variable HOST, or in NEXUSHUB_HOST with access = "open": ` +
	`ALLOWED_HOSTS = [os.environ["HOST"]], config.hosts << ENV["HOST"]`

// release is where an application has its files, which its developer has elsewhere.
const release = `(?:/var/lib/nexushub/releases/[0-9a-f]+/)?`

// The values of network that matter here.
const (
	guest  = "guest"
	socket = "socket"
)

// Signals of Linux, signal(7).
const (
	sigILL  = 4
	sigTRAP = 5
	sigABRT = 6
	sigBUS  = 7
	sigFPE  = 8
	sigKILL = 9
	sigSEGV = 11
	sigSYS  = 31
)

// isClosed says that an application may connect to this host only.
func isClosed(f *Facts) bool {
	s := &f.Manifest.Sandbox
	return !s.Network && !s.Internet && len(s.Networks) == 0
}

// The kernel does not say to who connects that the filter drops what he sends.
const (
	noAnswer       = `(?i)\bconnect\w*\b.*(?:timed? ?out|timeout)|ETIMEDOUT|dial .*i/o timeout`
	privateAddress = `(?:10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+|169\.254\.\d+\.\d+)\b`
)
