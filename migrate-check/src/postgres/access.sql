SELECT 'grant', object || ' to ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
  string_agg(privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    || coalesce(' GRANTED BY ' || quote_ident(pg_get_userbyid(grantor)), ''), ', ' ORDER BY privilege_type, grantor::regrole::text)
FROM (SELECT * FROM granted EXCEPT SELECT * FROM by_default) g GROUP BY object, grantee
UNION ALL
SELECT 'revoke', object || ' from ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
  string_agg(privilege_type, ', ' ORDER BY privilege_type)
FROM (SELECT * FROM by_default EXCEPT SELECT * FROM granted) g GROUP BY object, grantee
UNION ALL
SELECT 'default privileges', concat_ws(' ', 'of', quote_ident(pg_get_userbyid(defaclrole)), 'in ' || (SELECT quote_ident(nspname)
    FROM pg_namespace n WHERE n.oid = defaclnamespace), 'for', CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
    WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE defaclobjtype::text END),
  (SELECT string_agg(item::text, ', ' ORDER BY item::text) FROM unnest(defaclacl) item)
FROM pg_default_acl
UNION ALL
-- An owner is told where it is not the database's own.
SELECT 'owner', object, quote_ident(pg_get_userbyid(who)) FROM owner, (
  SELECT 'schema ' || q AS object, nspowner AS who FROM space
  UNION ALL SELECT CASE relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' ELSE 'table ' END || q,
    relowner FROM rel WHERE relkind <> 'c'
  UNION ALL SELECT 'routine ' || q, proowner FROM pro
  UNION ALL SELECT 'type ' || q, typowner FROM typ
  UNION ALL SELECT 'event trigger ' || quote_ident(evtname), evtowner FROM pg_event_trigger
  UNION ALL SELECT 'publication ' || quote_ident(pubname), pubowner FROM pg_publication
  UNION ALL SELECT 'server ' || quote_ident(srvname), srvowner FROM pg_foreign_server
  UNION ALL SELECT 'extension ' || quote_ident(extname), extowner FROM pg_extension WHERE oid >= 16384
  UNION ALL SELECT 'foreign-data wrapper ' || quote_ident(fdwname), fdwowner FROM pg_foreign_data_wrapper
  UNION ALL SELECT 'subscription ' || quote_ident(subname), subowner FROM pg_subscription, owner WHERE subdbid = owner.database
  UNION ALL SELECT 'language ' || quote_ident(lanname), lanowner FROM pg_language WHERE oid >= 16384
  UNION ALL SELECT 'statistics ' || q || '.' || quote_ident(stxname), stxowner FROM pg_statistic_ext, space WHERE stxnamespace = space.oid
  UNION ALL SELECT 'collation ' || q || '.' || quote_ident(collname), collowner FROM pg_collation, space WHERE collnamespace = space.oid
  UNION ALL SELECT 'conversion ' || q || '.' || quote_ident(conname), conowner FROM pg_conversion, space WHERE connamespace = space.oid
  UNION ALL SELECT 'operator ' || pg_operator.oid::regoperator, oprowner FROM pg_operator, space WHERE oprnamespace = space.oid
  UNION ALL SELECT 'operator family ' || q || '.' || quote_ident(opfname), opfowner FROM pg_opfamily, space WHERE opfnamespace = space.oid
  UNION ALL SELECT 'operator class ' || q || '.' || quote_ident(opcname), opcowner FROM pg_opclass, space WHERE opcnamespace = space.oid
  UNION ALL SELECT 'text search dictionary ' || q || '.' || quote_ident(dictname), dictowner FROM pg_ts_dict, space WHERE dictnamespace = space.oid
  UNION ALL SELECT 'text search configuration ' || q || '.' || quote_ident(cfgname), cfgowner FROM pg_ts_config, space WHERE cfgnamespace = space.oid
) o WHERE who <> role
UNION ALL
SELECT 'depends on extension', pg_describe_object(classid, objid, objsubid), (SELECT quote_ident(extname) FROM pg_extension e WHERE e.oid = refobjid)
FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'x'
UNION ALL
SELECT 'database', 'itself', concat_ws(' ', 'OWNER', quote_ident(pg_get_userbyid(datdba)), 'CONNECTION LIMIT', datconnlimit,
  CASE WHEN datistemplate THEN 'TEMPLATE' END)
FROM pg_database, owner WHERE oid = owner.database
UNION ALL
SELECT 'comment', pg_describe_object(classoid, objoid, objsubid), description
FROM (SELECT * FROM pg_description WHERE objoid >= 16384 UNION ALL SELECT pg_description.* FROM pg_description, space
    WHERE objoid = space.oid AND objoid < 16384 AND classoid = 'pg_namespace'::regclass) d
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classoid AND m.objid = d.objoid)
  -- DROP SUBSCRIPTION leaves its comment behind, which describes nothing.
  AND (classoid <> 'pg_subscription'::regclass OR objoid IN (SELECT subid FROM pg_stat_subscription))
UNION ALL
SELECT 'comment', 'database', description
FROM pg_shdescription, owner WHERE classoid = 'pg_database'::regclass AND objoid = owner.database
UNION ALL
SELECT 'security label', provider || ' on ' || pg_describe_object(classoid, objoid, objsubid), label
FROM pg_seclabel WHERE objoid >= 16384
UNION ALL
SELECT 'setting', concat_ws(' ', split_part(setting, '=', 1), 'of ' || quote_ident(pg_get_userbyid(nullif(setrole, 0)))),
  substr(setting, strpos(setting, '=') + 1)
FROM pg_db_role_setting, unnest(setconfig) setting, owner WHERE setdatabase = owner.database
