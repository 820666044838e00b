package programs_test

import (
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// databasePackages are for programs with PostgreSQL; Flask and gunicorn are what pip installs there.
var databasePackages = []string{"bundler", "gunicorn", "nodejs", "npm", "postgresql", "puma", "python3-dj-database-url",
	"python3-django", "python3-flask", "python3-psycopg2", "python3-venv", "python3-whitenoise", "ruby-pg", "ruby-rails"}

// withPostgreSQL are programs with a database, processes and jobs, and one that is built with pip.
var withPostgreSQL = []entry{
	{"django", "its page, its styles, its form; a worker does what was ordered; `nexushub run` runs its job; a second " +
		"migration runs once, and one that fails keeps what serves, and says why; orders are kept", useDjango},
	{"rails", "its page, its form, its `/api`; `nexushub run` runs its rake task; a second migration; notes are kept",
		useRails},
	{"queue", "200 items are done once each while a worker is killed, and 200 more by four workers", useQueue},
	{"pip", "its page, its `/api`, on the Python of its own environment; notes are kept", usePip},
}

func withDatabase(t *testing.T, h *lab.Host) {
	h.Must(t, "systemctl", "enable", "--now", "postgresql")
	h.MustCopyIn(t, "testdata/wheels.py", "/srv/wheels.py")
	h.Sh(t, `python3 /srv/wheels.py /srv/mirror
printf '[global]\nno-index = true\nfind-links = /srv/mirror\n' >/etc/pip.conf`)
}

func usePip(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/", "Python of /var/lib/nexushub/releases/")
	return useNotes(t, a)
}
