-- What all parts of the catalog stand on: behind `WITH history AS (…),`. What is older than the database's first
-- own object has a lower number than 16384: whole catalogs need not be read.
owner AS MATERIALIZED (SELECT oid AS database, datdba AS role FROM pg_database WHERE datname = current_database()),
-- What belongs to an extension, and the functions and casts that come with a range type.
member AS MATERIALIZED (
  SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
  UNION ALL SELECT classid, objid FROM pg_depend WHERE deptype = 'i' AND objid >= 16384 AND classid = 'pg_proc'::regclass
  UNION ALL SELECT classid, objid FROM pg_depend WHERE deptype = 'i' AND objid >= 16384 AND classid = 'pg_cast'::regclass
),
space AS MATERIALIZED (
  SELECT oid, quote_ident(nspname) AS q, nspowner, nspacl FROM pg_namespace
  WHERE nspname <> 'information_schema' AND left(nspname, 3) <> 'pg_'
    AND oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_namespace'::regclass)
),
rel AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.reltype, c.reloftype, c.relam, c.reltablespace,
    c.reltoastrelid, c.relpersistence, c.relreplident, c.relispartition, c.relrowsecurity, c.relforcerowsecurity,
    c.relispopulated, c.reloptions, c.relpartbound, s.q || '.' || quote_ident(c.relname) AS q
  FROM pg_class c JOIN space s ON s.oid = c.relnamespace
  WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c', 'S') AND c.oid NOT IN (SELECT oid FROM history)
    AND c.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_class'::regclass)
),
typ AS MATERIALIZED (
  SELECT t.oid, t.typtype, t.typowner, t.typacl, t.typbasetype, t.typtypmod, t.typcollation, t.typnotnull, t.typdefault, s.q || '.' || quote_ident(t.typname) AS q
  FROM pg_type t JOIN space s ON s.oid = t.typnamespace
  WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r', 'b', 'c') OR NOT t.typisdefined) AND t.typcategory <> 'A'
    AND (t.typtype <> 'c' OR t.typrelid IN (SELECT oid FROM rel WHERE relkind = 'c'))
    AND t.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)
),
pro AS MATERIALIZED (
  SELECT p.oid, p.prokind, p.proowner, p.proacl, p.oid::regprocedure::text AS q
  FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
  WHERE p.oid >= 16384 AND p.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_proc'::regclass)
),
-- Everything that can be granted, by the letter that acldefault() has for it.
acl AS MATERIALIZED (
  SELECT 'schema ' || q AS object, 'n' AS letter, nspowner AS owner, nspacl AS acl FROM space WHERE nspacl IS NOT NULL
  UNION ALL SELECT CASE relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || q,
    CASE relkind WHEN 'S' THEN 's' ELSE 'r' END, relowner, relacl FROM rel WHERE relacl IS NOT NULL
  UNION ALL SELECT 'routine ' || q, 'f', proowner, proacl FROM pro WHERE proacl IS NOT NULL
  UNION ALL SELECT 'type ' || q, 'T', typowner, typacl FROM typ WHERE typacl IS NOT NULL
  UNION ALL SELECT 'database', 'd', datdba, datacl FROM pg_database, owner
    WHERE pg_database.oid = owner.database AND datacl IS NOT NULL
  UNION ALL SELECT 'language ' || quote_ident(lanname), 'l', lanowner, lanacl FROM pg_language WHERE lanacl IS NOT NULL
  UNION ALL SELECT 'foreign-data wrapper ' || quote_ident(fdwname), 'F', fdwowner, fdwacl FROM pg_foreign_data_wrapper
    WHERE fdwacl IS NOT NULL
  UNION ALL SELECT 'server ' || quote_ident(srvname), 'S', srvowner, srvacl FROM pg_foreign_server
    WHERE srvacl IS NOT NULL
  -- Of what the server brings along, what it was not brought with.
  UNION ALL SELECT 'routine ' || p.oid::regprocedure, 'f', proowner, proacl FROM pg_proc p
      LEFT JOIN pg_init_privs ON classoid = 'pg_proc'::regclass AND objoid = p.oid AND objsubid = 0
    WHERE p.oid < 16384 AND proacl IS NOT NULL AND proacl IS DISTINCT FROM initprivs
  UNION ALL SELECT 'table ' || c.oid::regclass, 'r', relowner, relacl FROM pg_class c
      LEFT JOIN pg_init_privs ON classoid = 'pg_class'::regclass AND objoid = c.oid AND objsubid = 0
    WHERE c.oid < 16384 AND relnamespace = 'pg_catalog'::regnamespace AND relacl IS NOT NULL AND relacl IS DISTINCT FROM initprivs
),
granted AS MATERIALIZED (
  SELECT object, x.grantee, x.privilege_type, x.is_grantable, nullif(x.grantor, owner) AS grantor FROM acl, aclexplode(acl) x
),
by_default AS MATERIALIZED (
  SELECT object, x.grantee, x.privilege_type, x.is_grantable, NULL::oid FROM acl, aclexplode(acldefault(letter::"char", owner)) x
)
