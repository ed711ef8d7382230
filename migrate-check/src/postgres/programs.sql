SELECT 'aggregate', q, (to_jsonb(a) - '{aggfnoid,aggsortop,aggtranstype,aggmtranstype}'::text[])::text || ' '
    || concat_ws(' ', pg_get_function_arguments(pro.oid), 'PARALLEL ' || (SELECT proparallel::text FROM pg_proc p WHERE p.oid = pro.oid),
    aggtranstype::regtype, nullif(aggmtranstype, 0)::regtype, nullif(aggsortop, 0)::regoperator)
FROM pro JOIN pg_aggregate a ON a.aggfnoid = pro.oid WHERE prokind = 'a'
UNION ALL
SELECT 'event trigger', quote_ident(evtname), concat_ws(' ', 'ON ' || evtevent, 'WHEN TAG IN (' || array_to_string(evttags, ', ')
  || ')', 'EXECUTE ' || evtfoid::regprocedure, CASE evtenabled WHEN 'O' THEN NULL WHEN 'D' THEN 'DISABLED' WHEN 'R'
  THEN 'ENABLED REPLICA' ELSE 'ENABLED ALWAYS' END)
FROM pg_event_trigger WHERE oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_event_trigger'::regclass)
UNION ALL
SELECT 'extension', quote_ident(extname), extversion || ' SCHEMA ' || (SELECT quote_ident(nspname) FROM pg_namespace n
  WHERE n.oid = extnamespace)
FROM pg_extension
UNION ALL
SELECT 'language', quote_ident(lanname), concat_ws(' ', CASE WHEN lanpltrusted THEN 'TRUSTED' END, nullif(lanplcallfoid, 0)::regproc,
  nullif(laninline, 0)::regproc, nullif(lanvalidator, 0)::regproc)
FROM pg_language WHERE oid >= 16384 AND oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_language'::regclass)
UNION ALL
SELECT 'access method', quote_ident(amname), concat_ws(' ', amtype, amhandler)
FROM pg_am WHERE oid >= 16384 AND oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_am'::regclass)
UNION ALL
SELECT 'transform', 'FOR ' || trftype::regtype || ' LANGUAGE ' || (SELECT lanname FROM pg_language l WHERE l.oid = trflang),
  concat_ws(' ', trffromsql, trftosql)
FROM pg_transform WHERE oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_transform'::regclass)
UNION ALL
SELECT 'conversion', s.q || '.' || quote_ident(conname), concat_ws(' ', CASE WHEN condefault THEN 'DEFAULT' END,
  pg_encoding_to_char(conforencoding), 'TO', pg_encoding_to_char(contoencoding), conproc)
FROM pg_conversion c JOIN space s ON s.oid = connamespace
WHERE c.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_conversion'::regclass)
UNION ALL
SELECT 'text search configuration', s.q || '.' || quote_ident(cfgname), concat_ws(' ', (SELECT prsname FROM pg_ts_parser p
    WHERE p.oid = cfgparser), (SELECT string_agg(maptokentype || ' ' || mapdict::regdictionary, ', ' ORDER BY maptokentype, mapseqno)
    FROM pg_ts_config_map WHERE mapcfg = c.oid))
FROM pg_ts_config c JOIN space s ON s.oid = cfgnamespace
WHERE c.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_ts_config'::regclass)
UNION ALL
SELECT 'text search dictionary', s.q || '.' || quote_ident(dictname), concat_ws(' ', (SELECT tmplname FROM pg_ts_template t
  WHERE t.oid = dicttemplate), dictinitoption)
FROM pg_ts_dict d JOIN space s ON s.oid = dictnamespace
WHERE d.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_ts_dict'::regclass)
UNION ALL
SELECT 'text search template', s.q || '.' || quote_ident(tmplname), concat_ws(' ', tmplinit, tmpllexize)
FROM pg_ts_template t JOIN space s ON s.oid = tmplnamespace
WHERE t.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_ts_template'::regclass)
UNION ALL
SELECT 'text search parser', s.q || '.' || quote_ident(prsname), concat_ws(' ', prsstart, prstoken, prsend, prsheadline, prslextype)
FROM pg_ts_parser p JOIN space s ON s.oid = prsnamespace
WHERE p.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_ts_parser'::regclass)
UNION ALL
SELECT 'foreign-data wrapper', quote_ident(fdwname), concat_ws(' ', nullif(fdwhandler, 0)::regproc, nullif(fdwvalidator, 0)::regproc,
  'OPTIONS (' || array_to_string(fdwoptions, ', ') || ')')
FROM pg_foreign_data_wrapper WHERE oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_foreign_data_wrapper'::regclass)
UNION ALL
SELECT 'server', quote_ident(srvname), concat_ws(' ', 'TYPE ' || srvtype, 'VERSION ' || srvversion, (SELECT quote_ident(fdwname)
  FROM pg_foreign_data_wrapper f WHERE f.oid = srvfdw), 'OPTIONS (' || array_to_string(srvoptions, ', ') || ')')
FROM pg_foreign_server
UNION ALL
-- Of a password only that there is one.
SELECT 'user mapping', usename || ' ON ' || quote_ident(srvname), (SELECT string_agg(
    CASE WHEN option ~* '^[^=]*pass' THEN split_part(option, '=', 1) ELSE option END, ', ')
  FROM unnest(umoptions) option)
FROM pg_user_mappings
UNION ALL
SELECT 'publication', quote_ident(pubname), (to_jsonb(p) - '{oid,pubname,pubowner}'::text[])::text FROM pg_publication p
UNION ALL
SELECT 'publication', quote_ident(pubname) || ' for table ' || prrelid::regclass, ''
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = prpubid
UNION ALL
-- Who is no superuser may not see to where: there may be a password in it.
SELECT 'subscription', quote_ident(subname), concat_ws(' ', CASE WHEN NOT subenabled THEN 'DISABLED' END, subslotname,
  array_to_string(subpublications, ', '))
FROM pg_subscription, owner WHERE subdbid = owner.database
