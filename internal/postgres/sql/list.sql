-- Every role that may be an application's, and what it has. A database that takes no connections is
-- there, too, so that a backup says that it lacks it; one that everybody could connect to is still made.
SET search_path = pg_catalog;
SELECT coalesce(json_agg(json_build_object('user', r.rolname, 'comment', shobj_description(r.oid, 'pg_authid'),
		'name', d.datname) ORDER BY d.datname), '[]')
	FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname LIKE 'nh-%'
		AND (d.datallowconn OR NOT has_database_privilege('public', d.oid, 'CONNECT'));
