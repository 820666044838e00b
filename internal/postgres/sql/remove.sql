-- A database of a role, but not the role.
SET search_path = pg_catalog;
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
	WHERE datname = :'name' AND pg_get_userbyid(datdba) = :'role' \gexec
