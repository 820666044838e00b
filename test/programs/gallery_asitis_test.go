package programs_test

// asItIs are programs that run as they are handed over.
var asItIs = []entry{
	{"express", "its page, its `/api`; notes are kept", useNotes},
	{"verdaccio", "its page; an account is made, npm publishes a package and installs it again, also afterwards",
		useVerdaccio},
	{"flask", "its page, its `/api` on SQLite, an upload and its download; notes and files are kept", useFlask},
	{"fastapi", "its page, its `/docs`, a word over a WebSocket, an upload; what was said is kept", useFastAPI},
	{"sinatra", "its page, its `/api`; notes are kept", useNotes},
	{"dokuwiki", "a page is written in its editor, a picture uploaded; both are kept", useDokuWiki},
	{"tomcat", "a servlet, a JSP page, a WebSocket; the session is kept", useTomcat},
	{"prometheus", "its page, its `/api/v1`; what it measured before is kept", usePrometheus},
	{"radicale", "its page; a calendar and an event over CalDAV, not without the password; both are kept", useRadicale},
	{"pocketbase", "its admin page, its `/api`, a first account made by `nexushub exec`, an upload, a change seen over " +
		"server-sent events; records and files are kept", usePocketBase},
	{"vite", "its page and its script, which may be cached for ever", useVite},
	{"rclone", "files over WebDAV: PUT, PROPFIND, GET; they are kept", useRclone},
}
