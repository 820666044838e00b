-- A role that is gone becomes that of another application, with all it has.
SET search_path = pg_catalog;
BEGIN;
DROP ROLE IF EXISTS :"role";
ALTER ROLE :"old" RENAME TO :"role";
COMMENT ON ROLE :"role" IS :'comment';
COMMIT;
