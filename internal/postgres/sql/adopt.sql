-- A role that is gone becomes that of another application, with all it has. Ways in that whoever had it before has
-- made for others are closed: a password, and rights of other applications.
SET search_path = pg_catalog;
BEGIN;
DROP ROLE IF EXISTS :"role";
ALTER ROLE :"old" RENAME TO :"role";
ALTER ROLE :"role" LOGIN PASSWORD NULL;
COMMENT ON ROLE :"role" IS :'comment';
SELECT DISTINCT format('REVOKE ALL ON DATABASE %I FROM %s CASCADE', datname,
		CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
	FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE pg_get_userbyid(datdba) = :'role'
	AND grantee <> datdba AND (grantee = 0 OR pg_get_userbyid(grantee) LIKE 'nh-%') \gexec
COMMIT;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity JOIN pg_database ON oid = datid
	WHERE pg_get_userbyid(datdba) = :'role' \g /dev/null
