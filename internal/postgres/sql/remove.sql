-- A database of a role, but not the role. Its owner may say that it is a template, which is not dropped.
SET search_path = pg_catalog;
SELECT format(statement, datname)
	FROM pg_database, unnest(ARRAY['ALTER DATABASE %I IS_TEMPLATE false', 'DROP DATABASE %I WITH (FORCE)'])
		WITH ORDINALITY step(statement, n)
	WHERE datname = :'name' AND pg_get_userbyid(datdba) = :'role' ORDER BY n \gexec
