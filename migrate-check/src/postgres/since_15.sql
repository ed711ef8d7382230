SELECT 'publication of table', quote_ident(pubname) || ' for ' || prrelid::regclass, concat_ws(' ', '(' || (SELECT string_agg(
    quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)) || ')',
    'WHERE (' || pg_get_expr(prqual, prrelid) || ')')
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = prpubid WHERE prattrs IS NOT NULL OR prqual IS NOT NULL
UNION ALL
SELECT 'publication', quote_ident(pubname) || ' for schema ' || pnnspid::regnamespace, ''
FROM pg_publication_namespace n JOIN pg_publication p ON p.oid = pnpubid
UNION ALL
SELECT 'subscription', quote_ident(subname) || ' settings', concat_ws(' ', subsynccommit, CASE WHEN subbinary THEN 'BINARY' END,
  CASE WHEN substream::text NOT IN ('f', 'false') THEN 'STREAMING ' || substream::text END, 'TWO PHASE ' || subtwophasestate::text,
  CASE WHEN subdisableonerr THEN 'DISABLE ON ERROR' END)
FROM pg_subscription, owner WHERE subdbid = owner.database
