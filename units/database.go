package units

import "maps"

// databaseSocket is the folder in which Debian's PostgreSQL listens. The way to it is open in every
// sandbox with a view of /run: the server decides who comes in.
const databaseSocket = "/run/postgresql"

// databaseServer starts all clusters of the host, each before it.
const databaseServer = "postgresql.service"

// databaseVariables are how libpq and frameworks find the database. There is no password: the
// server asks the kernel who connects. The address has the folder as a parameter, because not
// every library takes one for a host.
func (s Spec) databaseVariables() map[string]string {
	if s.Database == "" {
		return nil
	}
	return map[string]string{
		"DATABASE_URL": "postgresql:///" + s.Database + "?host=" + databaseSocket + "&user=" + s.user(),
		"PGHOST":       databaseSocket, "PGDATABASE": s.Database, "PGUSER": s.user(),
	}
}

// configured is where its database is, and what it is told besides, which may name another one.
func (s Spec) configured() map[string]string {
	vars := map[string]string{}
	maps.Copy(vars, s.databaseVariables())
	maps.Copy(vars, s.Env)
	return vars
}

// afterDatabase lets an application go down before the server when the host does.
func (s Spec) afterDatabase(p *properties) {
	if s.Database != "" {
		p.set("After", []string{databaseServer})
	}
}
