-- The constraints of the relation {relation}, and why one can't be written.
SELECT c.oid, c.conname, c.contype, c.conkey,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', {q}, c.conname, pg_get_constraintdef(c.oid)) AS written,
       CASE WHEN NOT c.conislocal OR c.coninhcount > 0 THEN 'constraint ' || c.conname || ' is inherited'
            WHEN i.indisclustered OR i.indisreplident THEN 'the index of ' || c.conname || ' is marked for clustering or replication'
            WHEN to_jsonb(c) ->> 'conenforced' = 'false' THEN 'constraint ' || c.conname || ' is not enforced' END AS cant,
       (SELECT format('COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname, {q}, o.description) FROM pg_description o
        WHERE o.classoid = 'pg_constraint'::regclass AND o.objoid = c.oid) AS comment
FROM pg_constraint c
LEFT JOIN pg_index i ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
WHERE c.conrelid = {relation} AND c.contype IN ('p', 'u', 'x', 'c', 'f')
