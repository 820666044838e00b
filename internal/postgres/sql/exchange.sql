-- One database takes the place of another, which gets a third name. Applications are stopped.
SET search_path = pg_catalog;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IN (:'name', :'new') \g /dev/null
BEGIN;
SELECT format('ALTER DATABASE %I RENAME TO %I', old, new)
	FROM (VALUES (1, :'name', :'old'), (2, :'new', :'name')) step(n, old, new) JOIN pg_database ON datname = old
	WHERE pg_get_userbyid(datdba) = :'role' ORDER BY n \gexec
COMMIT;
