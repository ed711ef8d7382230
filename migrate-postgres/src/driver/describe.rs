//! What the catalog says of something that a script is about to change: statements that make it again. They are made by the
//! server, in a transaction without a search path, so that each name comes with its schema. What they would leave out is
//! told instead of them: an undo that forgets a right or a trigger is worse than none.

use migrate_core::Cause;
use migrate_core::sql::ServerVersion;
use migrate_core::undo::{Answer, Asks, Object, ObjectKind};

use super::Postgres;
use crate::catalog::{self, literal, name};

const COLUMN: &str = include_str!("describe/column.sql");
const CONSTRAINT: &str = include_str!("describe/constraint.sql");
const INDEX: &str = include_str!("describe/index.sql");
const RELATION: &str = include_str!("describe/relation.sql");

/// A relation as the catalog knows it.
struct Relation {
    oid: String,
    kind: String,
    /// With its schema, as SQL.
    q: String,
    /// Whether it stands where something new of its name would stand.
    is_current: bool,
}

impl Postgres<'_> {
    pub(super) fn described(&mut self, object: &Object) -> Result<Answer, Cause> {
        if object.asks == Asks::Presence {
            let sql = presence(object);
            return Ok(match sql.map(|sql| catalog::is_true(self.client(), &sql)).transpose()? {
                Some(true) => Answer::There(String::new()),
                Some(false) => Answer::Absent,
                None => cant("whether it is there is not asked"),
            });
        }
        match object.kind {
            ObjectKind::Function | ObjectKind::Procedure => self.routine(object),
            ObjectKind::Schema => self.told(&schema(&object.name.name)),
            ObjectKind::Type | ObjectKind::Domain | ObjectKind::Extension | ObjectKind::Rule | ObjectKind::Sequence => {
                Ok(cant(NOT_READ))
            }
            ObjectKind::SchemaComment => {
                let sql = "SELECT 20, coalesce(quote_literal(obj_description(oid, 'pg_namespace')), 'NULL'), NULL \
                           FROM pg_namespace WHERE nspname = ";
                self.told(&format!("{sql}{}", literal(&object.name.name)))
            }
            ObjectKind::TypeComment => {
                // The type must be found before the search path is taken away.
                let sql = format!("SELECT to_regtype({})::oid", literal(&object.written));
                let Some(oid) = catalog::column(self.client(), &sql)?.into_iter().next() else {
                    return Ok(Answer::Absent);
                };
                self.told(&format!(
                    "SELECT 20, coalesce(quote_literal(obj_description({oid}, 'pg_type')), 'NULL'), NULL"
                ))
            }
            _ => self.of_relation(object),
        }
    }

    fn of_relation(&mut self, object: &Object) -> Result<Answer, Cause> {
        let written = if object.on.is_some() { &object.on_written } else { &object.written };
        let Some(relation) = self.relation(written)? else { return Ok(Answer::Absent) };
        let version = self.facts.as_ref().and_then(|facts| facts.version);
        let Some(sql) = definition(object, &relation) else {
            return Ok(cant(NOT_READ));
        };
        match sql {
            Ok(sql) => self.told(&relation.fill(&sql, version)),
            Err(why) => Ok(cant(why)),
        }
    }

    fn relation(&mut self, written: &str) -> Result<Option<Relation>, Cause> {
        let sql = format!(
            "SELECT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname), n.nspname = current_schema() \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = pg_catalog.to_regclass({})",
            literal(written)
        );
        let rows = catalog::rows(self.client(), &sql)?;
        let cell = |index: usize| rows.first().and_then(|row| row.get(index)).unwrap_or_default().to_owned();
        // A name with its schema means that one.
        let is_current = cell(3) == "t" || written.contains('.');
        Ok((!rows.is_empty()).then(|| Relation { oid: cell(0), kind: cell(1), q: cell(2), is_current }))
    }

    /// Rows of a place in the order, a statement, and why there can be none.
    fn told(&mut self, sql: &str) -> Result<Answer, Cause> {
        let message = format!(
            "BEGIN READ ONLY; SET LOCAL search_path = ''; SET LOCAL lock_timeout = '2s'; SELECT * FROM (\n{sql}\n) AS told (part, sql, cant) \
             ORDER BY part, sql; ROLLBACK"
        );
        let rows = catalog::rows(self.client(), &message).inspect_err(|_| drop(self.batch("ROLLBACK")))?;
        if let Some(why) = rows.iter().find_map(|row| row.get(2)) {
            return Ok(cant(why));
        }
        let statements: Vec<&str> = rows.iter().filter_map(|row| row.get(1)).collect();
        Ok(if rows.is_empty() { Answer::Absent } else { Answer::There(statements.join(";\n")) })
    }

    fn routine(&mut self, object: &Object) -> Result<Answer, Cause> {
        let find = if object.written.contains('(') { "to_regprocedure" } else { "to_regproc" };
        let sql = format!(
            "SELECT p.oid, n.nspname = current_schema() FROM pg_catalog.pg_proc p \
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = pg_catalog.{find}({})",
            literal(&object.written)
        );
        let rows = catalog::rows(self.client(), &sql)?;
        let Some(row) = rows.first() else { return Ok(Answer::Absent) };
        if row.get(1) != Some("t") && object.name.schema.is_none() {
            return Ok(cant(ELSEWHERE));
        }
        let oid = row.get(0).unwrap_or_default();
        let kind = if object.kind == ObjectKind::Function { "FUNCTION" } else { "PROCEDURE" };
        self.told(&format!(
            "WITH f AS (SELECT p.*, format('{kind} %I.%I(%s)', n.nspname, p.proname, \
               pg_get_function_identity_arguments(p.oid)) AS q FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
               WHERE p.oid = {oid}) \
             SELECT 20, rtrim(pg_get_functiondef(oid), E' \\n'), NULL FROM f \
             UNION ALL SELECT 70, format('ALTER %s OWNER TO %I', q, pg_get_userbyid(proowner)), NULL FROM f \
               WHERE pg_get_userbyid(proowner) <> current_user \
             UNION ALL SELECT 71, format('COMMENT ON %s IS %L', q, d.description), NULL FROM f JOIN pg_description d \
               ON d.classoid = 'pg_proc'::regclass AND d.objoid = f.oid \
             UNION ALL SELECT 72, format('REVOKE ALL ON %s FROM PUBLIC', q), NULL FROM f WHERE proacl IS NOT NULL \
             UNION ALL SELECT 73, format('GRANT EXECUTE ON %s TO %s%s', q, CASE x.grantee WHEN 0 THEN 'PUBLIC' \
               ELSE quote_ident(pg_get_userbyid(x.grantee)) END, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), \
               NULL FROM f, aclexplode(f.proacl) x WHERE x.grantee <> f.proowner \
             UNION ALL SELECT 0, NULL, 'default privileges would add rights to it' FROM pg_default_acl WHERE defaclobjtype = 'f' \
             UNION ALL SELECT 0, NULL, 'somebody else than its owner gave rights on it' FROM f, aclexplode(f.proacl) x \
               WHERE x.grantor <> f.proowner"
        ))
    }
}

const NOT_READ: &str = "what it was before is not read from the catalog";
const ELSEWHERE: &str =
    "its name means something in another schema than the first of the search path; write the schema";

fn cant(why: &str) -> Answer {
    Answer::CantTell(why.to_owned())
}

/// Whether something of this name is where a `CREATE` would put it.
fn presence(object: &Object) -> Option<String> {
    let own = literal(&object.name.name);
    let schema = match (&object.name.schema, &object.on) {
        (Some(schema), _) => literal(schema),
        (None, Some(_)) => format!(
            "(SELECT n.nspname FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
             WHERE t.oid = pg_catalog.to_regclass({}))",
            literal(&object.on_written)
        ),
        (None, None) => "current_schema()".into(),
    };
    let relation = format!(
        "EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = {own} AND n.nspname = {schema})"
    );
    let holds = match object.kind {
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sequence
        | ObjectKind::Index => relation,
        ObjectKind::Name => format!(
            "{relation} OR EXISTS (SELECT FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n \
             ON n.oid = c.connamespace WHERE c.conname = {own} AND n.nspname = {schema})"
        ),
        ObjectKind::Schema => format!("EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {own})"),
        ObjectKind::Extension => format!("EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = {own})"),
        ObjectKind::Column => format!(
            "EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass({}) AND attname = {own} \
             AND NOT attisdropped)",
            literal(&object.on_written)
        ),
        _ => return None,
    };
    Some(format!("SELECT {holds}"))
}

fn schema(own: &str) -> String {
    let (own, sql) = (literal(own), literal(&name(own)));
    format!(
        "SELECT 20, 'CREATE SCHEMA ' || {sql}, NULL FROM pg_namespace WHERE nspname = {own} \
         UNION ALL SELECT 70, format('ALTER SCHEMA %s OWNER TO %I', {sql}, pg_get_userbyid(nspowner)), NULL FROM pg_namespace \
           WHERE nspname = {own} AND pg_get_userbyid(nspowner) <> current_user \
         UNION ALL SELECT 71, format('COMMENT ON SCHEMA %s IS %L', {sql}, obj_description(oid, 'pg_namespace')), NULL \
           FROM pg_namespace WHERE nspname = {own} AND obj_description(oid, 'pg_namespace') IS NOT NULL \
         UNION ALL SELECT 0, NULL, 'it has rights' FROM pg_namespace WHERE nspname = {own} AND nspacl IS NOT NULL"
    )
}

impl Relation {
    fn fill(&self, sql: &str, version: Option<ServerVersion>) -> String {
        let since = |major: u32, column: &'static str| {
            if version.is_some_and(|version| version >= ServerVersion::new(major, 0, 0)) { column } else { "''" }
        };
        let kind = match self.kind.as_str() {
            "v" => "VIEW",
            "m" => "MATERIALIZED VIEW",
            "i" | "I" => "INDEX",
            "S" => "SEQUENCE",
            _ => "TABLE",
        };
        sql.replace("{relation}", &self.oid)
            .replace("{q}", &literal(&self.q))
            .replace("{kind}", &literal(kind))
            .replace("{generated}", since(12, "a.attgenerated"))
            .replace("{compression}", since(14, "a.attcompression"))
    }
}

/// The query for what is asked; `None` where nothing is known, `Err` where it is known that it can't be told.
fn definition(object: &Object, relation: &Relation) -> Option<Result<String, &'static str>> {
    let own = literal(&object.name.name);
    let with = format!(
        "WITH cols AS ({COLUMN}), cons AS ({CONSTRAINT}), idx AS ({})\n",
        INDEX.replace("{which}", "i.indrelid = {relation}")
    );
    let sql = match object.kind {
        ObjectKind::Table if relation.kind != "r" => return Some(Err("it is partitioned, or foreign")),
        ObjectKind::Table => format!("{with}{TABLE}\nUNION ALL {RELATION}"),
        ObjectKind::View | ObjectKind::MaterializedView if !relation.is_current => return Some(Err(ELSEWHERE)),
        ObjectKind::View if relation.kind == "v" => format!("{VIEW}\nUNION ALL {RELATION}"),
        ObjectKind::MaterializedView if relation.kind == "m" => {
            format!("{with}{MATERIALIZED_VIEW}\nUNION ALL {RELATION}")
        }
        ObjectKind::Index if matches!(relation.kind.as_str(), "i" | "I") => format!(
            "WITH idx AS ({})\nSELECT 20, written, cant FROM idx UNION ALL SELECT 30, comment, NULL FROM idx",
            INDEX.replace("{which}", "i.indexrelid = {relation}")
        ),
        ObjectKind::Column => format!("{with}{DROPPED_COLUMN}").replace("{own}", &own),
        ObjectKind::Constraint => format!(
            "{with}SELECT 20, written, cant FROM cons WHERE conname = {own} \
             UNION ALL SELECT 30, comment, NULL FROM cons WHERE conname = {own} AND comment IS NOT NULL {CHILDREN}"
        ),
        ObjectKind::Default => {
            let whose = "pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
                         WHERE a.attrelid = {relation} AND a.attname = {own}";
            format!(
                "SELECT 20, format('ALTER TABLE %s ALTER COLUMN %I %s', {{q}}, a.attname, \
                 coalesce('SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'DROP DEFAULT')), \
                 CASE WHEN {{generated}} <> '' OR a.attidentity <> '' THEN 'it is generated' END FROM {whose}"
            )
            .replace("{own}", &own)
        }
        ObjectKind::NotNull => format!(
            "SELECT 20, format('ALTER TABLE %s ', {{q}}) || CASE WHEN NOT a.attnotnull THEN \
             format('ALTER COLUMN %I DROP NOT NULL', a.attname) WHEN k.conname IS NULL OR k.conname = c.relname || '_' || \
             a.attname || '_not_null' THEN format('ALTER COLUMN %I SET NOT NULL', a.attname) \
             ELSE format('ADD CONSTRAINT %I NOT NULL %I', k.conname, a.attname) END, NULL FROM pg_attribute a \
             JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid \
             AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] WHERE a.attrelid = {{relation}} AND a.attname = {own}"
        ),
        ObjectKind::ColumnType => format!("{with}{COLUMN_TYPE} {CHILDREN}").replace("{own}", &own),
        ObjectKind::Owner => {
            "SELECT 20, format('OWNER TO %I', pg_get_userbyid(relowner)), NULL FROM pg_class WHERE oid = {relation}"
                .into()
        }
        ObjectKind::Home => "SELECT 20, format('SET SCHEMA %I', n.nspname), NULL FROM pg_class c JOIN pg_namespace n \
                             ON n.oid = c.relnamespace WHERE c.oid = {relation}"
            .into(),
        ObjectKind::Parameters => "SELECT 20, coalesce((SELECT format('ALTER TABLE %s SET (%s)', {q}, \
             string_agg(format('%s=%L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ')) \
             FROM unnest(c.reloptions) o HAVING count(*) > 0), ''), NULL FROM pg_class c WHERE c.oid = {relation}"
            .into(),
        ObjectKind::Trigger => format!("{TRIGGER} {CHILDREN}").replace("{own}", &own),
        ObjectKind::TriggerState => format!(
            "SELECT 20, format('ALTER TABLE %s %s TRIGGER %I', {{q}}, CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN \
             'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, tgname), NULL FROM pg_trigger \
             WHERE tgrelid = {{relation}} AND tgname = {own} AND NOT tgisinternal {CHILDREN}"
        ),
        ObjectKind::RowSecurity => "SELECT 20, format('ALTER TABLE %s %s ROW LEVEL SECURITY', {q}, \
             CASE WHEN relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END), NULL FROM pg_class WHERE oid = {relation} \
             UNION ALL SELECT 21, format('ALTER TABLE %s %s ROW LEVEL SECURITY', {q}, \
             CASE WHEN relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END), NULL FROM pg_class WHERE oid = {relation}"
            .into(),
        ObjectKind::Policy => POLICY.replace("{own}", &own),
        ObjectKind::BarePartitions => {
            "SELECT 20, '', CASE WHEN EXISTS (SELECT FROM pg_index WHERE indrelid = {relation}) \
             OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = {relation}) \
             OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = {relation}) \
             THEN 'what it makes on a partition (indexes, constraints, triggers) would stay' END"
                .into()
        }
        ObjectKind::RelationComment => {
            "SELECT 20, coalesce(quote_literal(obj_description({relation}, 'pg_class')), 'NULL'), NULL".into()
        }
        ObjectKind::ColumnComment => format!(
            "SELECT 20, coalesce(quote_literal(col_description(attrelid, attnum)), 'NULL'), NULL FROM pg_attribute \
             WHERE attrelid = {{relation}} AND attname = {own}"
        ),
        ObjectKind::ConstraintComment => format!(
            "SELECT 20, coalesce(quote_literal(obj_description(oid, 'pg_constraint')), 'NULL'), NULL FROM pg_constraint \
             WHERE conrelid = {{relation}} AND conname = {own}"
        ),
        ObjectKind::TriggerComment => format!(
            "SELECT 20, coalesce(quote_literal(obj_description(oid, 'pg_trigger')), 'NULL'), NULL FROM pg_trigger \
             WHERE tgrelid = {{relation}} AND tgname = {own}"
        ),
        _ => return None,
    };
    Some(Ok(sql))
}

const TABLE: &str = "\
SELECT 0, NULL, cant FROM cols WHERE cant IS NOT NULL
UNION ALL SELECT 0, NULL, cant FROM cons WHERE cant IS NOT NULL
UNION ALL SELECT 0, NULL, cant FROM idx WHERE cant IS NOT NULL
UNION ALL SELECT 0, NULL, why FROM pg_class c, LATERAL (VALUES
  (c.relrowsecurity OR c.relforcerowsecurity OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid), 'it has policies'),
  (c.reloftype <> 0, 'it is of a type'),
  (c.relreplident <> 'd', 'it has a replica identity'),
  (EXISTS (SELECT FROM pg_class t WHERE t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL), 'its TOAST table has parameters'),
  (EXISTS (SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' WHERE d.refobjid = c.oid
           AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
           AND (s.relacl IS NOT NULL OR obj_description(s.oid, 'pg_class') IS NOT NULL)), 'its sequence has rights or a comment')
  ) AS cants (holds, why) WHERE c.oid = {relation} AND holds
UNION ALL SELECT 10, sequence, NULL FROM cols WHERE sequence IS NOT NULL
UNION ALL SELECT 20, format('CREATE %sTABLE %s (%s)%s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, {q},
    (SELECT string_agg(written, ', ' ORDER BY attnum) FROM cols),
    (SELECT format(' WITH (%s)', string_agg(format('%s=%L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', '))
     FROM unnest(c.reloptions) o HAVING count(*) > 0)), NULL FROM pg_class c WHERE c.oid = {relation}
UNION ALL SELECT 30, owned, NULL FROM cols WHERE owned IS NOT NULL
UNION ALL SELECT 40 + strpos('puxcf', contype::text), written, NULL FROM cons
UNION ALL SELECT 50, written, NULL FROM idx
UNION ALL SELECT 60, comment, NULL FROM cons WHERE comment IS NOT NULL
UNION ALL SELECT 60, comment, NULL FROM idx WHERE comment IS NOT NULL";

const VIEW: &str = "\
SELECT 20, format('CREATE VIEW %s%s AS%s', {q}, (SELECT format(' WITH (%s)', string_agg(o, ', '))
    FROM unnest(c.reloptions) o HAVING count(*) > 0), E'\\n' || rtrim(pg_get_viewdef(c.oid), ';')),
  CASE WHEN EXISTS (SELECT FROM pg_attrdef WHERE adrelid = c.oid) THEN 'its columns have defaults'
       WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL)
         THEN 'its columns have rights of their own' END
FROM pg_class c WHERE c.oid = {relation}";

const MATERIALIZED_VIEW: &str = "\
SELECT 0, NULL, cant FROM cols WHERE cant IS NOT NULL
UNION ALL SELECT 0, NULL, cant FROM idx WHERE cant IS NOT NULL
UNION ALL SELECT 20, format('CREATE MATERIALIZED VIEW %s%s AS%s%s', {q}, (SELECT format(' WITH (%s)', string_agg(o, ', '))
    FROM unnest(c.reloptions) o HAVING count(*) > 0), E'\\n' || rtrim(pg_get_viewdef(c.oid), ';'),
    CASE WHEN c.relispopulated THEN '' ELSE E'\\nWITH NO DATA' END), NULL FROM pg_class c WHERE c.oid = {relation}
UNION ALL SELECT 50, written, NULL FROM idx
UNION ALL SELECT 60, comment, NULL FROM idx WHERE comment IS NOT NULL";

/// What else goes with it, besides what is known to go.
const DROPPED_COLUMN: &str = "\
SELECT 0, NULL, cant FROM cols WHERE attname = {own} AND cant IS NOT NULL
UNION ALL SELECT 0, NULL, 'it is NOT NULL without a default, and there is nothing to put into its rows' FROM cols
  WHERE attname = {own} AND needs_value
UNION ALL SELECT 0, NULL, cons.cant FROM cons, cols WHERE attname = {own} AND attnum = ANY (conkey) AND cons.cant IS NOT NULL
UNION ALL SELECT 0, NULL, idx.cant FROM idx, cols WHERE attname = {own} AND idx.cant IS NOT NULL
UNION ALL SELECT 0, NULL, 'other tables inherit from it' FROM pg_inherits WHERE inhparent = {relation}
UNION ALL SELECT 0, NULL, 'other things depend on the column' FROM cols, pg_depend d WHERE attname = {own}
  AND d.refclassid = 'pg_class'::regclass AND d.refobjid = {relation} AND d.refobjsubid = attnum
  AND NOT EXISTS (SELECT FROM pg_attrdef a WHERE d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid AND a.adnum = attnum)
  AND NOT EXISTS (SELECT FROM cons WHERE d.classid = 'pg_constraint'::regclass AND cons.oid = d.objid AND attnum = ANY (conkey))
  AND NOT EXISTS (SELECT FROM pg_constraint n WHERE d.classid = 'pg_constraint'::regclass AND n.oid = d.objid AND n.contype = 'n')
  AND NOT EXISTS (SELECT FROM idx WHERE d.classid = 'pg_class'::regclass AND idx.indexrelid = d.objid)
  AND NOT EXISTS (SELECT FROM pg_class s WHERE d.classid = 'pg_class'::regclass AND s.oid = d.objid AND s.relkind = 'S'
                  AND s.relacl IS NULL)
UNION ALL SELECT 10, sequence, NULL FROM cols WHERE attname = {own} AND sequence IS NOT NULL
UNION ALL SELECT 20, format('ALTER TABLE %s ADD COLUMN %s', {q}, written), NULL FROM cols WHERE attname = {own}
UNION ALL SELECT 30, owned, NULL FROM cols WHERE attname = {own} AND owned IS NOT NULL
UNION ALL SELECT 40 + strpos('puxcf', contype::text), cons.written, NULL FROM cons, cols
  WHERE attname = {own} AND attnum = ANY (conkey)
UNION ALL SELECT 50, idx.written, NULL FROM idx, cols WHERE attname = {own} AND EXISTS (SELECT FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.objid = indexrelid AND d.refobjid = {relation} AND d.refobjsubid = attnum)
UNION ALL SELECT 60, cons.comment, NULL FROM cons, cols WHERE attname = {own} AND attnum = ANY (conkey) AND comment IS NOT NULL
UNION ALL SELECT 60, idx.comment, NULL FROM idx, cols WHERE attname = {own} AND comment IS NOT NULL AND EXISTS (SELECT FROM
  pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = indexrelid AND d.refobjid = {relation} AND d.refobjsubid = attnum)
UNION ALL SELECT 61, format('COMMENT ON COLUMN %s.%I IS %L', {q}, attname, col_description({relation}, attnum)), NULL FROM cols
  WHERE attname = {own} AND col_description({relation}, attnum) IS NOT NULL";

/// A check or an index on an expression gets casts of the new type, and keeps them.
const COLUMN_TYPE: &str = "\
SELECT 0, NULL, cant FROM cols WHERE attname = {own} AND cant IS NOT NULL
UNION ALL SELECT 0, NULL, 'it is generated' FROM cols JOIN pg_attribute a USING (attnum) WHERE cols.attname = {own}
  AND a.attrelid = {relation} AND (cols.is_generated OR a.attidentity <> '')
UNION ALL SELECT 0, NULL, 'a check, which is written with the new type, says it' FROM cons, cols WHERE attname = {own}
  AND contype = 'c' AND attnum = ANY (conkey)
UNION ALL SELECT 0, NULL, 'an index, which is written with the new type, says it' FROM cols, pg_index i WHERE attname = {own}
  AND i.indrelid = {relation} AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = {relation} AND d.refobjsubid = attnum)
UNION ALL SELECT 20, format('ALTER TABLE %s %sALTER COLUMN %I TYPE %s%s USING %I::%s%s', {q},
    CASE WHEN d.adbin IS NULL THEN '' ELSE format('ALTER COLUMN %I DROP DEFAULT, ', a.attname) END, a.attname,
    format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attcollation <> ty.typcollation THEN (SELECT format(' COLLATE %I.%I', n.nspname, co.collname)
      FROM pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace WHERE co.oid = a.attcollation) ELSE '' END,
    a.attname, format_type(a.atttypid, a.atttypmod),
    coalesce(format(', ALTER COLUMN %I SET DEFAULT ', a.attname) || pg_get_expr(d.adbin, d.adrelid), '')), NULL
FROM pg_attribute a JOIN pg_type ty ON ty.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = {relation} AND a.attname = {own}";

const TRIGGER: &str = "\
SELECT 20, pg_get_triggerdef(oid), NULL FROM pg_trigger WHERE tgrelid = {relation} AND tgname = {own} AND NOT tgisinternal
UNION ALL SELECT 30, format('ALTER TABLE %s %s TRIGGER %I', {q}, CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN
  'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, tgname), NULL FROM pg_trigger
  WHERE tgrelid = {relation} AND tgname = {own} AND tgenabled <> 'O' AND NOT tgisinternal
UNION ALL SELECT 60, format('COMMENT ON TRIGGER %I ON %s IS %L', tgname, {q}, obj_description(oid, 'pg_trigger')), NULL
  FROM pg_trigger WHERE tgrelid = {relation} AND tgname = {own} AND obj_description(oid, 'pg_trigger') IS NOT NULL";

const POLICY: &str = "\
SELECT 20, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', polname, {q},
    CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(polroles) r),
    ' USING (' || pg_get_expr(polqual, polrelid) || ')', ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')'), NULL
FROM pg_policy WHERE polrelid = {relation} AND polname = {own}
UNION ALL SELECT 60, format('COMMENT ON POLICY %I ON %s IS %L', polname, {q}, obj_description(oid, 'pg_policy')), NULL
  FROM pg_policy WHERE polrelid = {relation} AND polname = {own} AND obj_description(oid, 'pg_policy') IS NOT NULL";

/// What is done to a table with children is done to them, too, and not always taken back with it.
const CHILDREN: &str =
    "UNION ALL SELECT 0, NULL, 'other tables inherit from its table' FROM pg_inherits WHERE inhparent = {relation}";
