-- What all parts of the catalog stand on: behind `WITH history AS (…),`. What is older than the database's first
-- own object has a lower number than 16384: whole catalogs need not be read.
owner AS MATERIALIZED (SELECT oid AS database, datdba AS role FROM pg_database WHERE datname = current_database()),
-- What belongs to an extension, and the functions and casts that come with a range type.
member AS MATERIALIZED (
  SELECT classid, objid FROM pg_depend
  WHERE deptype = 'e' OR deptype = 'i' AND classid IN ('pg_proc'::regclass, 'pg_cast'::regclass)
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
  SELECT t.oid, t.typtype, t.typowner, t.typacl, t.typrelid, t.typbasetype, t.typtypmod, t.typcollation, t.typnotnull,
    t.typdefault, t.typcategory, t.typinput, t.typoutput, t.typlen, t.typalign, t.typstorage,
    s.q || '.' || quote_ident(t.typname) AS q
  FROM pg_type t JOIN space s ON s.oid = t.typnamespace
  WHERE t.oid >= 16384 AND t.typtype IN ('e', 'd', 'r', 'b', 'c') AND t.typcategory <> 'A'
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
  UNION ALL SELECT 'column ' || q || '.' || quote_ident(attname), 'c', relowner, attacl
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attrelid >= 16384 AND a.attacl IS NOT NULL AND NOT a.attisdropped
  UNION ALL SELECT 'routine ' || q, 'f', proowner, proacl FROM pro WHERE proacl IS NOT NULL
  UNION ALL SELECT 'type ' || q, 'T', typowner, typacl FROM typ WHERE typacl IS NOT NULL
  UNION ALL SELECT 'database', 'd', datdba, datacl FROM pg_database, owner
    WHERE pg_database.oid = owner.database AND datacl IS NOT NULL
  UNION ALL SELECT 'language ' || quote_ident(lanname), 'l', lanowner, lanacl FROM pg_language WHERE lanacl IS NOT NULL
  UNION ALL SELECT 'foreign-data wrapper ' || quote_ident(fdwname), 'F', fdwowner, fdwacl FROM pg_foreign_data_wrapper
    WHERE fdwacl IS NOT NULL
  UNION ALL SELECT 'server ' || quote_ident(srvname), 'S', srvowner, srvacl FROM pg_foreign_server
    WHERE srvacl IS NOT NULL
),
granted AS MATERIALIZED (
  SELECT object, x.grantee, x.privilege_type, x.is_grantable FROM acl, aclexplode(acl) x
),
by_default AS MATERIALIZED (
  SELECT object, x.grantee, x.privilege_type, x.is_grantable FROM acl, aclexplode(acldefault(letter::"char", owner)) x
)
