package database

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// host has the server, which does not run yet.
type host struct{ *lab.Host }

func newHost(t *testing.T, s lab.Suite) host {
	h := host{lab.NewHost(t, s, "postgresql")}
	h.CopyExample(t, "hello")
	h.pack(t, "shop", "")
	return h
}

// pack makes a package that asks for a database.
func (h host) pack(t *testing.T, name, more string) {
	t.Helper()
	h.Sh(t, "cp -r /srv/hello /srv/"+name)
	h.Write(t, "/srv/"+name+"/nexushub.toml", more+"\n[services]\npostgresql = true\n")
}

// sql runs a statement as an application, in its surroundings.
func (h host) sql(t *testing.T, app, statement string) string {
	t.Helper()
	return strings.TrimSpace(h.Must(t, "nexushub", "exec", app, "--", "psql", "-XAtwq", "-c", statement))
}

// refused is what the server answers an application to what it must not do.
func (h host) refused(t *testing.T, app string, psql ...string) {
	t.Helper()
	out, err := h.Try(t, "nexushub", append([]string{"exec", app, "--", "psql", "-XAtwq"}, psql...)...)
	if err == nil {
		t.Errorf("%s may do %q: %s", app, psql, out)
	}
	if err != nil && !strings.Contains(err.Error(), "permission denied") && !strings.Contains(err.Error(), "must be") &&
		!strings.Contains(err.Error(), "must have") && !strings.Contains(err.Error(), "authentication failed") &&
		!strings.Contains(err.Error(), `FATAL:  role "nh-`) {
		t.Errorf("%q fails for another reason: %v", psql, err)
	}
}

// admin asks the server as its administrator.
func (h host) admin(t *testing.T, statement string) string {
	t.Helper()
	return strings.TrimSpace(h.Must(t, "runuser", "-u", "postgres", "--", "psql", "-XAtwq", "-c", statement))
}

// databases are those of applications, with their roles.
func (h host) databases(t *testing.T) string {
	t.Helper()
	return h.admin(t, `SELECT coalesce(string_agg(datname, ' ' ORDER BY datname), '') FROM pg_database
		WHERE datdba <> 'postgres'::regrole`)
}

func (h host) expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// fails runs a command that must fail, and say something.
func (h host) fails(t *testing.T, says, command string) {
	t.Helper()
	out, err := h.TrySh(t, command)
	if err == nil || !strings.Contains(out, says) {
		t.Errorf("%s: %v, and not %q: %s", command, err, says, out)
	}
}

// What is missing on the host is named, and once it is there the application starts by itself.
func TestDatabase(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := newHost(t, s)
		for _, step := range []struct {
			name string
			test func(*testing.T, host)
		}{
			{"what is missing is named", testMissing},
			{"an application has its database", testOwn},
			{"and nothing of others", testOthers},
			{"in every network", testNetworks},
			{"a database is kept", testKept},
			{"or dropped", testDropped},
			{"whenever the agent is killed", testKilled},
			{"names that are no names", testNames},
			{"backup and restore", testBackup},
		} {
			t.Run(step.name, func(t *testing.T) { step.test(t, h) })
		}
	})
}

func testMissing(t *testing.T, h host) {
	h.Sh(t, "mv /usr/lib/postgresql /usr/lib/hidden")
	h.fails(t, "apt install postgresql", "nexushub deploy -q /srv/shop")
	h.Sh(t, "mv /usr/lib/hidden /usr/lib/postgresql; sed -i 's/^\\(passwd:.*\\) systemd/\\1/' /etc/nsswitch.conf")
	h.fails(t, "apt install libnss-systemd", "nexushub start shop")
	h.Sh(t, "sed -i 's/^passwd:.*/& systemd/' /etc/nsswitch.conf")
	h.fails(t, "systemctl start postgresql", "nexushub start shop")
	if app := h.AwaitState(t, "shop", api.StateBackingOff); !strings.Contains(app.Error, "systemctl start postgresql") {
		t.Errorf("the status says %q", app.Error)
	}
	h.Sh(t, "systemctl start postgresql")
	h.AwaitState(t, "shop", api.StateRunning)
}

func testOwn(t *testing.T, h host) {
	app := h.AwaitState(t, "shop", api.StateRunning)
	h.expect(t, "the status", app.Database, "shop")
	h.expect(t, "who and where", h.sql(t, "shop", "SELECT session_user LIKE 'nh-%', current_database(), current_setting('server_encoding')"),
		"t|shop|UTF8")
	h.expect(t, "by address", strings.TrimSpace(h.Must(t, "nexushub", "exec", "shop", "--", "sh", "-c",
		`env -u PGHOST -u PGUSER -u PGDATABASE psql -XAtwq -c "SELECT current_database()" "$DATABASE_URL"`)), "shop")
	h.sql(t, "shop", "CREATE TABLE orders (n int); INSERT INTO orders VALUES (1); CREATE EXTENSION citext")
	h.Sh(t, "nexushub restart shop; echo >>/srv/shop/static/index.html; nexushub deploy -q /srv/shop; systemctl restart postgresql")
	h.sql(t, "shop", "INSERT INTO orders VALUES (2)")
	h.expect(t, "after a restart, a deploy and a restart of the server", h.sql(t, "shop", "SELECT sum(n) FROM orders"), "3")
	unit := h.AwaitUnit(t, "shop")
	if out := h.Must(t, "systemctl", "show", unit); strings.Contains(strings.ToLower(out), "password") {
		t.Error("there is a password in the unit")
	}
}

// No application gets at another's data, or at anything beyond its own database.
func testOthers(t *testing.T, h host) {
	h.pack(t, "evil", "")
	h.Sh(t, "nexushub deploy -q /srv/evil")
	h.refused(t, "evil", "-d", "shop", "-c", "SELECT 1")
	h.refused(t, "evil", "-U", "postgres", "-c", "SELECT 1")
	shop, evil := h.sql(t, "shop", "SELECT session_user"), h.sql(t, "evil", "SELECT session_user")
	for _, statement := range []string{
		`SET ROLE "` + shop + `"`, `ALTER DATABASE shop OWNER TO CURRENT_USER`, `DROP DATABASE shop`, "CREATE DATABASE more",
		"CREATE ROLE more", `ALTER ROLE CURRENT_USER CONNECTION LIMIT -1`, `COMMENT ON ROLE "` + evil + `" IS 'NexusHub application shop'`,
		"COPY (SELECT 1) TO PROGRAM 'id'", "SELECT pg_read_file('/etc/passwd')", "CREATE EXTENSION file_fdw",
		`ALTER DATABASE evil RENAME TO evil2`,
	} {
		h.refused(t, "evil", "-c", statement)
	}
	h.refused(t, "evil", "-d", "postgres", "-c", "CREATE TABLE t (n int)")
	h.refused(t, "evil", "-d", "postgres", "-c", "CREATE SCHEMA s")
	h.sql(t, "evil", "SELECT 1")
	h.Sh(t, "nexushub exec evil -- psql -XAtwq -d postgres -c 'SELECT lo_create(0)'") // goes with the role
	h.expect(t, "limits", h.admin(t, "SELECT DISTINCT rolconnlimit, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname LIKE 'nh-%'"),
		"40|f|f|f")
	// an application without the key has no role
	h.Sh(t, "nexushub deploy -q /srv/hello")
	h.Sh(t, `mkdir -p /srv/asks; printf 'exec = ["psql", "-c", "SELECT 1"]\n' >/srv/asks/nexushub.toml`)
	h.fails(t, "postgresql = true under [services]", "nexushub deploy -q /srv/asks; nexushub status asks; nexushub remove --yes asks; exit 1")
	h.refused(t, "hello", "-h", "/run/postgresql", "-d", "postgres", "-c", "SELECT 1")
}

func testNetworks(t *testing.T, h host) {
	for _, network := range []string{"socket", "guest"} {
		h.pack(t, network, `exec = ["/usr/bin/sleep", "infinity"]
network = "`+network+`"
[health]
type = "none"`)
		h.Sh(t, "nexushub deploy -q /srv/"+network)
		h.expect(t, network, strings.TrimSpace(h.Must(t, "nexushub", "exec", network, "--", "sh", "-c",
			`/usr/lib/postgresql/*/bin/psql -XAtwq -c "SELECT current_database()"`)), network)
		h.Sh(t, "nexushub remove --yes --data "+network)
	}
}

func testKept(t *testing.T, h host) {
	// who had the data before has made ways in for himself, which end with the adoption
	h.sql(t, "shop", "ALTER ROLE CURRENT_USER PASSWORD 'known'; GRANT CONNECT ON DATABASE shop TO PUBLIC")
	h.sql(t, "shop", `GRANT CONNECT ON DATABASE shop TO "`+h.sql(t, "evil", "SELECT session_user")+`"`)
	h.Sh(t, "nexushub exec evil -- psql -XAtwq -d shop -c 'SELECT 1'")
	h.Sh(t, "nexushub remove --yes shop")
	h.expect(t, "what is left", h.databases(t), "evil shop")
	h.fails(t, "nexushub adopt-data shop", "nexushub deploy -q /srv/shop")
	h.fails(t, "already", "nexushub adopt-data evil")
	h.Sh(t, "nexushub adopt-data shop")
	h.AwaitState(t, "shop", api.StateRunning)
	h.expect(t, "passwords", h.admin(t, "SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL"), "0")
	h.refused(t, "evil", "-d", "shop", "-c", "SELECT 1")
	h.expect(t, "what was stored before", h.sql(t, "shop", "SELECT sum(n) FROM orders"), "3")
	h.sql(t, "shop", "CREATE TABLE more (n int); DROP TABLE more; ALTER TABLE orders ADD note text")
	// a running application's data is nobody else's
	h.Sh(t, `nexushub remove --yes evil; nexushub deploy -q /srv/evil || nexushub adopt-data --discard evil`)
	h.expect(t, "an empty one", h.sql(t, "evil", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0")
}

func testDropped(t *testing.T, h host) {
	// nothing that an application says or leaves elsewhere keeps its data there, or lets it in again
	h.sql(t, "evil", "ALTER DATABASE evil IS_TEMPLATE true")
	h.Sh(t, "nexushub exec evil -- psql -XAtwq -d template1 -c 'SELECT lo_create(0)'")
	h.Sh(t, "nexushub remove --yes --data evil; nexushub deploy -q --temporary --name=short /srv/shop")
	if list := h.databases(t); !strings.HasPrefix(list, "nh-") || strings.Contains(list, "evil") {
		t.Errorf("there are %q", list)
	}
	h.Sh(t, "nexushub remove short")
	h.expect(t, "what is left", h.databases(t), "shop")
	h.expect(t, "roles that get in", h.admin(t, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'nh-%' AND rolcanlogin"), "1")
	h.Sh(t, `cd /; asks="runuser -u postgres -- psql -XAtwq"; $asks -d template1 -c 'SELECT lo_unlink(oid) FROM pg_largeobject_metadata'
$asks -c "SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname LIKE 'nh-%' AND NOT rolcanlogin" | $asks`)
	h.expect(t, "roles", h.admin(t, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'nh-%'"), "1")
}

// An agent that is killed while a database is made or dropped is followed by one that ends what it began.
func testKilled(t *testing.T, h host) {
	h.pack(t, "often", "")
	const asked = "runuser -u postgres -- psql -XAtqc"
	for _, moment := range []string{
		"systemctl list-units --plain --no-legend 'nexushub-postgresql-*' | grep -q .",
		asked + ` "SELECT 1 FROM pg_roles WHERE rolname LIKE 'nh-%' OFFSET 1" | grep -q 1`,
		asked + ` "SELECT 1 FROM pg_database WHERE datname = 'often'" | grep -q 1`,
		"systemctl is-active -q 'nexushub-app-often-*'",
	} {
		h.Sh(t, `nexushub deploy -q /srv/often >/dev/null 2>&1 &
timeout 60 sh -c "until `+strings.ReplaceAll(moment, `"`, `\"`)+`; do :; done"
systemctl kill -s KILL nexushubd; wait
timeout 60 sh -c 'until nexushub list >/dev/null 2>&1; do :; done'; nexushub deploy -q /srv/often`)
		h.AwaitState(t, "often", api.StateRunning)
		h.expect(t, "after "+moment, h.sql(t, "often", "SELECT current_database()"), "often")
		h.expect(t, "after "+moment, h.databases(t), "often shop")
		h.Sh(t, `nexushub remove --yes --data often >/dev/null 2>&1 &
timeout 60 sh -c "while systemctl is-active -q 'nexushub-app-often-*'; do :; done"
systemctl kill -s KILL nexushubd; wait`)
		lab.Eventually(t, "the database is dropped", func() error {
			list := h.databases(t)
			return lab.Unless(list == "shop", "there are %q", list)
		})
	}
}

// An application cannot be called anything by which it gets at what is not its own.
func testNames(t *testing.T, h host) {
	h.admin(t, "CREATE DATABASE precious")
	for _, name := range []string{"postgres", "template1", "precious"} {
		h.fails(t, "not one of NexusHub's", "nexushub deploy -q --name="+name+" /srv/shop")
		h.fails(t, "not one of NexusHub's", "nexushub adopt-data "+name)
		h.Sh(t, "nexushub remove --yes --data "+name)
	}
	for _, name := range []string{`x"; DROP DATABASE precious; --`, `x'); DROP DATABASE precious; --`, `:role`, "$(id)"} {
		_, _ = h.Try(t, "nexushub", "deploy", "-q", "--name="+name, "/srv/shop")
		_, _ = h.Try(t, "nexushub", "remove", "--yes", "--data", name)
	}
	h.expect(t, "databases", h.admin(t, "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database"),
		"postgres precious shop template0 template1")
	h.admin(t, "DROP DATABASE precious")
}

func testBackup(t *testing.T, h host) {
	h.Sh(t, "nexushub backup --data -q /root/b.tar.gz")
	h.sql(t, "shop", "INSERT INTO orders VALUES (39); CREATE TABLE later (n int)")
	h.Sh(t, `echo 'nonsense = [' >/etc/nexushub/conf.d/bad.toml; nexushub backup --data -q /root/bad.tar.gz; rm /etc/nexushub/conf.d/bad.toml`)
	h.sql(t, "shop", "INSERT INTO orders VALUES (58)")
	h.fails(t, "put back", "nexushub restore --force -q /root/bad.tar.gz")
	h.AwaitState(t, "shop", api.StateRunning)
	h.expect(t, "after a restore that was undone", h.sql(t, "shop", "SELECT sum(n) FROM orders"), "100")
	h.Sh(t, "nexushub restore --force -q /root/b.tar.gz")
	h.AwaitState(t, "shop", api.StateRunning)
	h.expect(t, "as in the backup", h.sql(t, "shop", "SELECT sum(n), to_regclass('later') IS NULL FROM orders"), "3|t")
	h.expect(t, "databases", h.databases(t), "shop")
	h.sql(t, "shop", "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on") // it cannot be restored so
	h.Sh(t, "code=0; nexushub restore --force -q /root/b.tar.gz || code=$?; [ $code = 5 ]")
	h.AwaitState(t, "shop", api.StateRunning)
	h.sql(t, "shop", "BEGIN READ WRITE; ALTER ROLE CURRENT_USER RESET ALL; INSERT INTO orders VALUES (1); COMMIT")
	h.expect(t, "what cannot be restored stays", h.sql(t, "shop", "SELECT sum(n) FROM orders"), "4")
	h.Sh(t, "nexushub remove --yes --data shop; nexushub restore --force -q /root/b.tar.gz")
	h.AwaitState(t, "shop", api.StateRunning)
	h.expect(t, "on a host without it", h.sql(t, "shop", "SELECT sum(n) FROM orders"), "3")
	h.sql(t, "shop", "INSERT INTO orders VALUES (4)")
	// a server that is down is no reason to believe that there is nothing
	h.Sh(t, `systemctl stop postgresql; code=0; nexushub backup --data -q /root/c.tar.gz || code=$?; [ $code = 5 ]; systemctl start postgresql`)
	h.Sh(t, `admin() { runuser -u postgres -- psql -qc "$1"; }; admin "ALTER DATABASE shop ALLOW_CONNECTIONS false"; code=0
		nexushub backup --data -q /root/e.tar.gz 2>/root/e.log || code=$?; admin "ALTER DATABASE shop ALLOW_CONNECTIONS true"
		cat /root/e.log; [ $code = 5 ]; grep "shop.*not currently accepting connections" /root/e.log`)
}
