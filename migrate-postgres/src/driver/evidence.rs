//! Statements that can't be in a transaction: what is noted before one runs, whether one ran whose run died, and what
//! it left when it failed.

use migrate_core::driver::Evidence;
use migrate_core::sql::{ObjectName, Recognised, split};
use migrate_core::{Cause, CauseKind};

use super::Postgres;
use crate::catalog::{self, literal, name, qualified};

/// What a statement is about, and how it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Image {
    /// `CREATE INDEX CONCURRENTLY`: the table, the index's name if it has one, and the table's indexes.
    CreateIndex { table: String, name: String, indexes: String },
    /// `DROP INDEX CONCURRENTLY`: those of the named indexes that are there.
    DropIndex { indexes: String },
    /// `REINDEX … CONCURRENTLY`: what earlier ones have left.
    Reindex { leftovers: String },
    /// `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`: the two tables, where the one is a partition of the other.
    Detach { parent: String, child: String },
    /// Something of the whole server or database, by its catalog and name: whether it is there.
    Named { catalog: String, name: String, there: String },
    /// Done twice is done once.
    Harmless,
}

impl Image {
    /// As the journal keeps it: the kind and its parts, one a line.
    fn to_text(&self) -> String {
        let parts: Vec<&str> = match self {
            Image::CreateIndex { table, name, indexes } => vec!["create index", table, name, indexes],
            Image::DropIndex { indexes } => vec!["drop index", indexes],
            Image::Reindex { leftovers } => vec!["reindex", leftovers],
            Image::Detach { parent, child } => vec!["detach", parent, child],
            Image::Named { catalog, name, there } => vec!["named", catalog, name, there],
            Image::Harmless => vec!["harmless"],
        };
        parts.iter().map(|part| part.replace('\\', "\\\\").replace('\n', "\\n")).collect::<Vec<_>>().join("\n")
    }

    fn parse(text: &str) -> Option<Image> {
        let parts: Vec<String> = text.split('\n').map(|part| part.replace("\\n", "\n").replace("\\\\", "\\")).collect();
        let mut parts = parts.into_iter();
        let kind = parts.next()?;
        let mut part = || parts.next();
        Some(match kind.as_str() {
            "create index" => Image::CreateIndex { table: part()?, name: part()?, indexes: part()? },
            "drop index" => Image::DropIndex { indexes: part()? },
            "reindex" => Image::Reindex { leftovers: part()? },
            "detach" => Image::Detach { parent: part()?, child: part()? },
            "named" => Image::Named { catalog: part()?, name: part()?, there: part()? },
            "harmless" => Image::Harmless,
            _ => return None,
        })
    }
}

/// Run again, they do the same again.
const HARMLESS: [&str; 9] = [
    "VACUUM",
    "CLUSTER",
    "REINDEX",
    "ALTER SYSTEM",
    "ALTER DATABASE",
    "ALTER SUBSCRIPTION",
    "DISCARD",
    "DISCARD ALL",
    "CHECKPOINT",
];

impl Postgres<'_> {
    pub(super) fn image_before(&mut self, statement: &str) -> Result<Option<String>, Cause> {
        let Some(known) = self.recognised(statement) else { return Ok(None) };
        let upper = statement.to_ascii_uppercase();
        let concurrently = upper.contains("CONCURRENTLY");
        let object = known.objects.first();
        let image = match known.verb.as_str() {
            "CREATE INDEX" if concurrently => {
                let Some(table) = &known.on else { return Ok(None) };
                let table = self.oid(table)?;
                let name = object.map_or_else(String::new, |object| object.name.clone());
                let indexes =
                    self.list(&format!("SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = {table}"))?;
                Image::CreateIndex { table, name, indexes }
            }
            "DROP INDEX" if concurrently => {
                let mut oids = Vec::new();
                for object in &known.objects {
                    oids.push(self.oid(object)?);
                }
                oids.retain(|oid| oid != "0");
                Image::DropIndex { indexes: oids.join(" ") }
            }
            verb if verb.starts_with("REINDEX") && concurrently => Image::Reindex { leftovers: self.list(LEFTOVERS)? },
            "ALTER TABLE" if concurrently => match self.partition(&known.objects)? {
                Some((parent, child)) => Image::Detach { parent, child },
                None => return Ok(None),
            },
            "CREATE DATABASE" | "DROP DATABASE" => self.named("pg_database", "datname", object)?,
            "CREATE TABLESPACE" | "DROP TABLESPACE" => self.named("pg_tablespace", "spcname", object)?,
            "CREATE SUBSCRIPTION" | "DROP SUBSCRIPTION" => self.named("pg_subscription", "subname", object)?,
            verb if HARMLESS.iter().any(|harmless| verb.starts_with(harmless)) => Image::Harmless,
            _ => return Ok(None),
        };
        Ok(Some(image.to_text()))
    }

    pub(super) fn what_happened(&mut self, statement: &str, before: Option<&str>) -> Result<Evidence, Cause> {
        let Some(image) = before.and_then(Image::parse) else {
            return Ok(undecided(format!("whether `{}` took effect", shortened(statement))));
        };
        match image {
            Image::Harmless => Ok(Evidence::RunAgain),
            Image::CreateIndex { table, name, indexes } => self.index_made(&table, &name, &indexes),
            Image::DropIndex { indexes } if indexes.is_empty() => Ok(Evidence::RunAgain),
            Image::DropIndex { indexes } => {
                let left = self.list(&format!(
                    "SELECT indexrelid FROM pg_catalog.pg_index WHERE indexrelid IN ({})",
                    indexes.replace(' ', ", ")
                ))?;
                Ok(ran_if(left.is_empty()))
            }
            Image::Reindex { leftovers } => {
                self.drop_indexes(&format!("{LEFTOVERS}{}", not_in("c.oid", &leftovers)))?;
                Ok(Evidence::RunAgain)
            }
            Image::Detach { parent, child } => self.partition_detached(&parent, &child),
            Image::Named { catalog, name, there } => {
                let now = self.is_named(&catalog, &name)?;
                Ok(ran_if(now != there))
            }
        }
    }

    /// A `CREATE INDEX CONCURRENTLY` that succeeds may have made nothing: `IF NOT EXISTS` is content with the invalid
    /// index that an earlier failure has left.
    pub(super) fn is_as_it_should_be(&mut self, statement: &str) -> Result<(), Cause> {
        let Some(known) = self.recognised(statement) else { return Ok(()) };
        if known.verb != "CREATE INDEX" && !known.verb.starts_with("REINDEX") {
            return Ok(());
        }
        let (Some(object), Some(table)) = (known.objects.first(), &known.on) else { return Ok(()) };
        let sql = format!(
            "SELECT i.indexrelid::regclass FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indrelid = to_regclass({}) AND c.relname = {} AND NOT i.indisvalid",
            literal(&qualified(table)),
            literal(&object.name)
        );
        let Some(index) = catalog::column(self.client(), &sql)?.into_iter().next() else { return Ok(()) };
        let message = format!("the index {index} was there before, and it is invalid: no query uses it");
        Err(Cause::new(CauseKind::Statement, message).hint(format!(
            "an earlier CONCURRENTLY has left it, not one of this history: DROP INDEX CONCURRENTLY {index}, and run again"
        )))
    }

    /// Whether our index is there and valid; if it is there and is not, it is taken away.
    fn index_made(&mut self, table: &str, index: &str, before: &str) -> Result<Evidence, Cause> {
        // PostgreSQL calls an index without a name after its table: what is called otherwise is somebody else's.
        let ours = if index.is_empty() {
            "EXISTS (SELECT FROM pg_catalog.pg_class t WHERE t.oid = i.indrelid \
             AND left(t.relname, 20) = left(c.relname, length(left(t.relname, 20)))) AND c.relname ~ '_idx[0-9]*$'"
                .to_owned()
        } else {
            format!("c.relname = {}", literal(index))
        };
        let new = format!(
            "SELECT c.oid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indrelid = {table} AND {ours}{}",
            not_in("c.oid", before)
        );
        if !self.list(&format!("{new} AND i.indisvalid"))?.is_empty() {
            return Ok(Evidence::Ran);
        }
        self.drop_indexes(&format!("{new} AND NOT i.indisvalid AND {NOT_IN_PROGRESS}"))?;
        Ok(Evidence::RunAgain)
    }

    fn drop_indexes(&mut self, oids: &str) -> Result<(), Cause> {
        let names = catalog::column(
            self.client(),
            &format!(
                "SELECT quote_ident(n.nspname) || '.' || quote_ident(d.relname) FROM pg_catalog.pg_class d \
                 JOIN pg_catalog.pg_namespace n ON n.oid = d.relnamespace WHERE d.oid IN ({oids})"
            ),
        )?;
        names.iter().try_for_each(|index| self.batch(&format!("DROP INDEX CONCURRENTLY IF EXISTS {index}")))
    }

    fn partition_detached(&mut self, parent: &str, child: &str) -> Result<Evidence, Cause> {
        let sql = format!(
            "SELECT inhdetachpending, quote_ident(pn.nspname) || '.' || quote_ident(p.relname), \
             quote_ident(cn.nspname) || '.' || quote_ident(c.relname) FROM pg_catalog.pg_inherits i \
             JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace \
             JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace \
             WHERE i.inhparent = {parent} AND i.inhrelid = {child}"
        );
        let rows = catalog::rows(self.client(), &sql)?;
        let Some(row) = rows.first() else { return Ok(Evidence::Ran) };
        if row.get(0) != Some("t") {
            return Ok(Evidence::RunAgain);
        }
        let (parent, child) = (row.get(1).unwrap_or_default(), row.get(2).unwrap_or_default());
        self.batch(&format!("ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE"))?;
        Ok(Evidence::Ran)
    }

    /// The oids of the two tables that a `DETACH` names, where they are there.
    fn partition(&mut self, objects: &[ObjectName]) -> Result<Option<(String, String)>, Cause> {
        let [parent, child] = objects else { return Ok(None) };
        let (parent, child) = (self.oid(parent)?, self.oid(child)?);
        Ok((parent != "0" && child != "0").then_some((parent, child)))
    }

    fn named(&mut self, table: &str, column: &str, object: Option<&ObjectName>) -> Result<Image, Cause> {
        let catalog = format!("{table} {column}");
        let name = object.map(|object| object.name.clone()).unwrap_or_default();
        let there = self.is_named(&catalog, &name)?;
        Ok(Image::Named { catalog, name, there })
    }

    /// `t` or `f`.
    fn is_named(&mut self, catalog: &str, object: &str) -> Result<String, Cause> {
        let (table, column) = catalog.split_once(' ').unwrap_or_default();
        let sql = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.{} WHERE {} = {})",
            name(table),
            name(column),
            literal(object)
        );
        Ok(if catalog::is_true(self.client(), &sql)? { "t" } else { "f" }.to_owned())
    }

    /// The number by which PostgreSQL knows a relation; 0 = there is none.
    fn oid(&mut self, object: &ObjectName) -> Result<String, Cause> {
        let sql = format!("SELECT coalesce(to_regclass({})::oid, 0)", literal(&qualified(object)));
        Ok(catalog::column(self.client(), &sql)?.into_iter().next().unwrap_or_else(|| "0".into()))
    }

    fn list(&mut self, sql: &str) -> Result<String, Cause> {
        Ok(catalog::column(self.client(), sql)?.join(" "))
    }

    fn recognised(&mut self, statement: &str) -> Option<Recognised> {
        let statements = split(statement, self.syntax()).ok()?;
        statements.first().map(migrate_core::sql::Statement::recognise)
    }
}

/// Indexes that a `REINDEX CONCURRENTLY` leaves when it fails.
const LEFTOVERS: &str = "SELECT c.oid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND n.nspname <> 'pg_toast' \
    AND c.relname ~ '_cc(new|old)[0-9]*$' \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid)";

/// Somebody else may be building an index on the same table right now.
const NOT_IN_PROGRESS: &str =
    "NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid)";

fn not_in(column: &str, oids: &str) -> String {
    if oids.is_empty() { String::new() } else { format!(" AND {column} NOT IN ({})", oids.replace(' ', ", ")) }
}

fn ran_if(ran: bool) -> Evidence {
    if ran { Evidence::Ran } else { Evidence::RunAgain }
}

fn undecided(look_at: String) -> Evidence {
    Evidence::Undecided { look_at }
}

fn shortened(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 80 { line.chars().take(79).chain(['…']).collect() } else { line }
}
