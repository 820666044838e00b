// Package database tests applications with a database in Debian's PostgreSQL, on real machines.
package database
