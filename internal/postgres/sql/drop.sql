-- All that a role has, and the role. One that has left something in a database of others stays, and lets nobody in.
SET search_path = pg_catalog;
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', :'role')
	WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format(statement, datname) -- an owner may say that it is a template, which is not dropped
	FROM pg_database, unnest(ARRAY['ALTER DATABASE %I IS_TEMPLATE false', 'DROP DATABASE %I WITH (FORCE)'])
		WITH ORDINALITY step(statement, n)
	WHERE pg_get_userbyid(datdba) = :'role' ORDER BY datname, n \gexec
SELECT format('DROP OWNED BY %I', :'role') WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname = :'role'
	AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid) \gexec
