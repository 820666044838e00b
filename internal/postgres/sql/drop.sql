-- All that a role has, and the role.
SET search_path = pg_catalog;
SELECT format('DROP DATABASE %I WITH (FORCE)', datname)
	FROM pg_database WHERE pg_get_userbyid(datdba) = :'role' \gexec
SELECT format(statement, :'role') FROM unnest(ARRAY['DROP OWNED BY %I', 'DROP ROLE %I']) statement
	WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
