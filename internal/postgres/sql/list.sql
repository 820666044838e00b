-- Every role that may be an application's, and what it has.
SET search_path = pg_catalog;
SELECT coalesce(json_agg(json_build_object('user', r.rolname, 'comment', shobj_description(r.oid, 'pg_authid'),
		'name', d.datname) ORDER BY d.datname), '[]')
	FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname LIKE 'nh-%' AND d.datallowconn;
