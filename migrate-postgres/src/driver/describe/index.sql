-- The indexes that are no constraint's, of what {which} says, and why one can't be written.
SELECT i.indexrelid, i.indrelid, pg_get_indexdef(i.indexrelid) AS written,
       CASE WHEN c.relispartition OR c.relkind = 'I' THEN 'index ' || c.relname || ' is partitioned, or a partition'
            WHEN NOT i.indisvalid THEN 'index ' || c.relname || ' is invalid'
            WHEN i.indisclustered OR i.indisreplident THEN 'index ' || c.relname || ' is marked for clustering or replication'
            WHEN c.reltablespace <> 0 THEN 'index ' || c.relname || ' has a tablespace of its own'
            WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND coalesce(a.attstattarget, -1) <> -1)
              THEN 'index ' || c.relname || ' has statistics of its own' END AS cant,
       (SELECT format('COMMENT ON INDEX %I.%I IS %L', n.nspname, c.relname, o.description)
        FROM pg_description o WHERE o.classoid = 'pg_class'::regclass AND o.objoid = c.oid AND o.objsubid = 0) AS comment
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {which} AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
