-- The columns of the relation {relation}: how each is written, and why one can't be.
SELECT a.attnum,
       a.attname,
       quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attcollation <> ty.typcollation
               THEN (SELECT format(' COLLATE %I.%I', n.nspname, co.collname) FROM pg_collation co
                     JOIN pg_namespace n ON n.oid = co.collnamespace WHERE co.oid = a.attcollation)
               ELSE '' END
       || CASE WHEN {generated} = 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid))
               WHEN {generated} = 'v' THEN format(' GENERATED ALWAYS AS (%s)', pg_get_expr(d.adbin, d.adrelid))
               WHEN a.attidentity <> '' THEN
                 format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %s%s)',
                        CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.q, s.options)
               ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END
       || CASE WHEN a.attnotnull AND a.attidentity = '' THEN
                 coalesce((SELECT format(' CONSTRAINT %I', conname) FROM pg_constraint
                           WHERE conrelid = a.attrelid AND contype = 'n' AND conkey = ARRAY[a.attnum]), '') || ' NOT NULL'
               ELSE '' END AS written,
       {generated} <> '' AS is_generated,
       a.attnotnull AND d.adbin IS NULL AND a.attidentity = '' AS needs_value,
       CASE WHEN a.attacl IS NOT NULL THEN 'column ' || a.attname || ' has rights of its own'
            WHEN EXISTS (SELECT FROM unnest(a.attoptions) o WHERE o LIKE 'n\_distinct%') OR coalesce(a.attstattarget, -1) <> -1
              THEN 'column ' || a.attname || ' has statistics of its own'
            WHEN a.attstorage <> ty.typstorage OR {compression} <> ''
              THEN 'column ' || a.attname || ' is stored in a way of its own'
            WHEN NOT a.attislocal OR a.attinhcount > 0 THEN 'column ' || a.attname || ' is inherited'
            WHEN EXISTS (SELECT FROM pg_seclabel l WHERE l.objoid = a.attrelid AND l.objsubid = a.attnum)
              THEN 'column ' || a.attname || ' has a security label' END AS cant,
       CASE WHEN s.deptype = 'a' THEN format('CREATE %sSEQUENCE %s AS %s%s', s.unlogged, s.q, format_type(s.seqtypid, NULL), s.options) END AS sequence,
       CASE WHEN s.deptype = 'a' THEN format('ALTER SEQUENCE %s OWNED BY %s.%I', s.q, {q}, a.attname) END AS owned
FROM pg_attribute a
JOIN pg_type ty ON ty.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN LATERAL (
  SELECT dep.deptype, format('%I.%I', n.nspname, c.relname) AS q, sq.seqtypid,
         CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END AS unlogged,
         format(' INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s', sq.seqincrement, sq.seqmin, sq.seqmax,
                sq.seqstart, sq.seqcache, CASE WHEN sq.seqcycle THEN ' CYCLE' ELSE '' END) AS options
  FROM pg_depend dep
  JOIN pg_class c ON c.oid = dep.objid AND c.relkind = 'S'
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_sequence sq ON sq.seqrelid = c.oid
  WHERE dep.classid = 'pg_class'::regclass AND dep.refclassid = 'pg_class'::regclass
    AND dep.refobjid = a.attrelid AND dep.refobjsubid = a.attnum AND dep.deptype IN ('a', 'i')
  LIMIT 1
) s ON true
WHERE a.attrelid = {relation} AND a.attnum > 0 AND NOT a.attisdropped
