-- What has texts that are dear to make: relations and routines, each with how many rows of the catalog it consists of and the newest of
-- the transactions that wrote them. What is added or changed has a newer one, and what is taken away is missing in the number.
row (unit, routine, written) AS (
  SELECT coalesce(indrelid, oid), false, c.xmin FROM pg_class c LEFT JOIN pg_index ON indexrelid = oid WHERE oid >= 16384
  UNION ALL SELECT coalesce(indrelid, attrelid), false, a.xmin FROM pg_attribute a LEFT JOIN pg_index ON indexrelid = attrelid
    WHERE attrelid >= 16384 AND attnum > 0
  UNION ALL SELECT indrelid, false, xmin FROM pg_index WHERE indexrelid >= 16384
  UNION ALL SELECT c.oid, false, t.xmin FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid WHERE t.reloptions IS NOT NULL
  UNION ALL SELECT adrelid, false, xmin FROM pg_attrdef
  UNION ALL SELECT conrelid, false, xmin FROM pg_constraint WHERE conrelid >= 16384
  UNION ALL SELECT tgrelid, false, xmin FROM pg_trigger
  UNION ALL SELECT ev_class, false, xmin FROM pg_rewrite WHERE ev_class >= 16384
  UNION ALL SELECT polrelid, false, xmin FROM pg_policy
  UNION ALL SELECT coalesce(indrelid, inhrelid), false, i.xmin FROM pg_inherits i LEFT JOIN pg_index ON indexrelid = inhrelid
  UNION ALL SELECT seqrelid, false, xmin FROM pg_sequence
  UNION ALL SELECT objid, false, d.xmin FROM pg_sequence JOIN pg_depend d ON classid = 'pg_class'::regclass AND objid = seqrelid
  UNION ALL SELECT stxrelid, false, xmin FROM pg_statistic_ext
  UNION ALL SELECT ftrelid, false, xmin FROM pg_foreign_table
  UNION ALL SELECT oid, true, xmin FROM pg_proc WHERE oid >= 16384
),
named AS (
  SELECT oid, false AS routine, q FROM rel
  UNION ALL SELECT oid, true, q FROM pro WHERE prokind <> 'a'
)
-- Only the age of a transaction's number can be compared, not the number: the third one is the first that there ever is.
SELECT oid, routine, q, rows, newest FROM named JOIN (
  SELECT unit AS oid, routine, count(*) AS rows, age('3'::xid) + 3 - min(age(written)) AS newest FROM row GROUP BY 1, 2
) written USING (oid, routine)
