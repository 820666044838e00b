-- The role and the database of one application, or what is missing of them after an end in between: nobody but the
-- role ever gets in, because connections are refused until PUBLIC has lost the right to make them.
SET search_path = pg_catalog;
BEGIN;
SELECT format('CREATE ROLE %I LOGIN PASSWORD NULL NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS '
	'CONNECTION LIMIT %s', :'role', :limit) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN; -- one that could not be dropped comes back with a backup
COMMENT ON ROLE :"role" IS :'comment';
COMMIT;
-- A cluster without a locale has SQL_ASCII, which checks nothing.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''%s ALLOW_CONNECTIONS false', :'name', :'role',
		CASE pg_encoding_to_char(encoding) WHEN 'UTF8' THEN '' ELSE ' LOCALE ''C.UTF-8''' END)
	FROM pg_database WHERE datname = 'template0'
	AND NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
BEGIN;
SELECT format(statement, :'name')
	FROM unnest(ARRAY['REVOKE ALL ON DATABASE %I FROM PUBLIC', 'ALTER DATABASE %I ALLOW_CONNECTIONS true']) statement
	WHERE EXISTS (SELECT FROM pg_database WHERE datname = :'name' AND pg_get_userbyid(datdba) = :'role') \gexec
COMMIT;
