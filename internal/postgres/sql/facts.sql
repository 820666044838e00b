-- What the server has under the names of one application.
SET search_path = pg_catalog;
SELECT json_build_object(
	'version', current_setting('server_version_num')::int,
	'role', (SELECT json_build_object('comment', coalesce(shobj_description(oid, 'pg_authid'), ''))
		FROM pg_roles WHERE rolname = :'role'),
	'database', (SELECT json_build_object('owner', r.rolname, 'comment', coalesce(shobj_description(r.oid, 'pg_authid'), ''),
			'open', d.datallowconn, 'public', has_database_privilege('public', d.oid, 'CONNECT'))
		FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = :'name'),
	'others', (SELECT json_agg(d.datname ORDER BY d.datname)
		FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname = :'role' AND d.datname <> :'name'));
