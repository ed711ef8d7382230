SELECT 'schema', q, '' FROM space
UNION ALL
SELECT 'type', q, 'ENUM (' || (SELECT coalesce(string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder), '')
  FROM pg_enum WHERE enumtypid = typ.oid) || ')'
FROM typ WHERE typtype = 'e'
UNION ALL
SELECT 'domain', q, concat_ws(' ', format_type(typbasetype, typtypmod),
    (SELECT 'COLLATE ' || quote_ident(nspname) || '.' || quote_ident(collname) FROM pg_collation c
      JOIN pg_namespace n ON n.oid = collnamespace JOIN pg_type b ON b.oid = typ.typbasetype
      WHERE c.oid = typ.typcollation AND c.oid <> b.typcollation),
    'DEFAULT ' || typdefault, CASE WHEN typnotnull THEN 'NOT NULL' END)
FROM typ WHERE typtype = 'd'
UNION ALL
SELECT 'type', q, 'RANGE ' || concat_ws(', ', rngsubtype::regtype,
    (SELECT opcname FROM pg_opclass o WHERE o.oid = rngsubopc), (SELECT collname FROM pg_collation c WHERE c.oid = rngcollation),
    nullif(rngcanonical::oid, 0)::regproc, nullif(rngsubdiff::oid, 0)::regproc,
    -- Since 14.
    'MULTIRANGE ' || (to_jsonb(r) ->> 'rngmultitypid')::oid::regtype)
FROM typ JOIN pg_range r ON rngtypid = typ.oid WHERE typtype = 'r'
UNION ALL
SELECT 'type', q, concat_ws(' ', (to_jsonb(t) - '{oid,typname,typnamespace,typowner,typacl,typarray,typrelid,typelem,typcollation}'::text[])::text,
  'ELEMENT ' || nullif(typelem, 0)::regtype, CASE WHEN t.typcollation <> 0 THEN 'COLLATABLE' END)
FROM typ JOIN pg_type t USING (oid) WHERE typ.typtype = 'b' OR NOT typisdefined
UNION ALL
SELECT 'collation', s.q || '.' || quote_ident(collname),
  (to_jsonb(c) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text
FROM pg_collation c JOIN space s ON s.oid = collnamespace
WHERE c.oid >= 16384
UNION ALL
SELECT 'cast', castsource::regtype || ' AS ' || casttarget::regtype,
  concat_ws(' ', nullif(castfunc, 0)::regprocedure, castcontext, castmethod)
FROM pg_cast c WHERE oid >= 16384 AND oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_cast'::regclass)
UNION ALL
SELECT 'operator', o.oid::regoperator::text, concat_ws(' ', oprcode, 'COMMUTATOR ' || nullif(oprcom, 0)::regoperator,
    'NEGATOR ' || nullif(oprnegate, 0)::regoperator, 'RESTRICT ' || nullif(oprrest::oid, 0)::regproc,
    'JOIN ' || nullif(oprjoin::oid, 0)::regproc, CASE WHEN oprcanhash THEN 'HASHES' END, CASE WHEN oprcanmerge THEN 'MERGES' END)
FROM pg_operator o JOIN space s ON s.oid = oprnamespace
WHERE o.oid >= 16384 AND o.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_operator'::regclass)
UNION ALL
SELECT 'operator family', s.q || '.' || quote_ident(opfname) || ' USING ' || quote_ident(amname), concat_ws(', ',
    (SELECT string_agg(amopstrategy || ' ' || amopopr::regoperator, ', ' ORDER BY amopstrategy, amopopr::regoperator::text)
      FROM pg_amop WHERE amopfamily = f.oid),
    (SELECT string_agg(amprocnum || ' ' || amproc::oid::regprocedure, ', ' ORDER BY amprocnum, amproc::oid::regprocedure::text)
      FROM pg_amproc WHERE amprocfamily = f.oid))
FROM pg_opfamily f JOIN space s ON s.oid = opfnamespace JOIN pg_am a ON a.oid = opfmethod
WHERE f.oid >= 16384 AND f.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_opfamily'::regclass)
UNION ALL
SELECT 'operator class', s.q || '.' || quote_ident(opcname) || ' USING ' || quote_ident(amname), concat_ws(' ',
    CASE WHEN opcdefault THEN 'DEFAULT' END, 'FOR ' || opcintype::regtype, 'FAMILY ' || quote_ident(opfname),
    'STORAGE ' || nullif(opckeytype, 0)::regtype)
FROM pg_opclass o JOIN space s ON s.oid = opcnamespace JOIN pg_am a ON a.oid = opcmethod JOIN pg_opfamily f ON f.oid = opcfamily
WHERE o.oid >= 16384 AND o.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_opclass'::regclass)
UNION ALL
SELECT 'constraint', typ.q || '.' || quote_ident(conname), pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN typ ON typ.oid = contypid
