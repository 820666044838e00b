// Package git deploys what `git push https://admin.DOMAIN/git/APP` sends (smart HTTP,
// gitprotocol-http(5)). git itself, and all that reads what was pushed, runs in a transient unit
// without rights or network ([units.Git]); this package carries its streams, gives each
// application's pushes their turn, and is a client of the API by which others deploy, with the
// rights of who pushes.
package git
