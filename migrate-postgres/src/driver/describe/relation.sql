-- What every relation has: its owner, its comments and rights; and why these can't be written.
SELECT 70 AS part, format('ALTER %s %s OWNER TO %I', {kind}, {q}, pg_get_userbyid(c.relowner)) AS sql, NULL AS cant
FROM pg_class c WHERE c.oid = {relation} AND pg_get_userbyid(c.relowner) <> current_user
UNION ALL
SELECT 71, CASE WHEN o.objsubid = 0 THEN format('COMMENT ON %s %s IS %L', {kind}, {q}, o.description)
                ELSE format('COMMENT ON COLUMN %s.%I IS %L', {q}, a.attname, o.description) END, NULL
FROM pg_description o LEFT JOIN pg_attribute a ON a.attrelid = o.objoid AND a.attnum = o.objsubid
WHERE o.classoid = 'pg_class'::regclass AND o.objoid = {relation}
UNION ALL
SELECT DISTINCT 72, format('REVOKE ALL ON TABLE %s FROM %s', {q},
                           CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END), NULL
FROM pg_class c, pg_default_acl d, aclexplode(d.defaclacl) x
WHERE c.oid = {relation} AND d.defaclobjtype = 'r' AND x.grantee <> c.relowner
UNION ALL
SELECT 73, format('GRANT %s ON TABLE %s TO %s%s', string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), {q},
                  CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                  CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), NULL
FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = {relation} AND x.grantee <> c.relowner
GROUP BY x.grantee, x.is_grantable
UNION ALL
SELECT 0, NULL, why FROM pg_class c, LATERAL (VALUES
  (EXISTS (SELECT FROM aclexplode(c.relacl) x WHERE x.grantor <> c.relowner), 'somebody else than its owner gave rights on it'),
  (c.relacl IS NOT NULL
   AND (SELECT array_agg(x.privilege_type ORDER BY x.privilege_type) FROM aclexplode(c.relacl) x WHERE x.grantee = c.relowner)
       IS DISTINCT FROM (SELECT array_agg(x.privilege_type ORDER BY x.privilege_type) FROM aclexplode(acldefault('r', c.relowner)) x),
   'its owner has not all rights on it'),
  (c.relhassubclass AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid), 'other tables inherit from it'),
  (EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid), 'it inherits from another table'),
  (EXISTS (SELECT FROM pg_seclabel l WHERE l.objoid = c.oid), 'it has a security label'),
  (c.reltablespace <> 0, 'it has a tablespace of its own'),
  (EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal), 'it has triggers'),
  (EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'), 'it has rules'),
  (EXISTS (SELECT FROM pg_statistic_ext e WHERE e.stxrelid = c.oid), 'it has extended statistics'),
  (EXISTS (SELECT FROM pg_publication_rel p WHERE p.prrelid = c.oid), 'it is published')
) AS cants (holds, why) WHERE c.oid = {relation} AND holds
