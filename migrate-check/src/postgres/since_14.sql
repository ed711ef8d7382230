SELECT 'compression', q || '.' || quote_ident(attname), CASE attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE
  attcompression::text END, rel.oid, NULL
FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attrelid >= 16384 AND attnum > 0 AND NOT attisdropped AND attcompression <> ''
