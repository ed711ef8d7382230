//! PostgreSQL's own tables, and SQL's quotes.

use migrate_core::driver::shown_query;
use migrate_core::sql::ObjectName;
use migrate_core::{Cause, CauseKind};
use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::error::cause;

/// The rows of one statement, in the simple protocol: one round trip, and no portal is left open whose snapshot a
/// `CREATE INDEX CONCURRENTLY` would wait for.
pub(crate) fn rows(client: &mut Client, sql: &str) -> Result<Vec<SimpleQueryRow>, Cause> {
    let messages = client.simple_query(sql).map_err(cause)?;
    let row = |message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None };
    Ok(messages.into_iter().filter_map(row).collect())
}

/// The only row of a statement.
pub(crate) fn row(client: &mut Client, sql: &str) -> Result<SimpleQueryRow, Cause> {
    let missing = || Cause::new(CauseKind::Access, "the server answered a question of ours with no row");
    rows(client, sql)?.into_iter().next().ok_or_else(missing)
}

/// The first column of all rows, without NULLs.
pub(crate) fn column(client: &mut Client, sql: &str) -> Result<Vec<String>, Cause> {
    Ok(rows(client, sql)?.iter().filter_map(|row| row.get(0)).map(str::to_owned).collect())
}

/// What a statement answers that returns one truth value.
pub(crate) fn is_true(client: &mut Client, sql: &str) -> Result<bool, Cause> {
    Ok(row(client, sql)?.get(0) == Some("t"))
}

/// The schemas in which a table or view of this name stands, whoever's it is.
pub(crate) fn schemas_with_table(client: &mut Client, table: &str) -> Result<Vec<String>, Cause> {
    let sql = format!(
        "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = {} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1",
        literal(table)
    );
    column(client, &sql)
}

pub(crate) fn schema_exists(client: &mut Client, schema: &str) -> Result<bool, Cause> {
    let sql = format!("SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {})", literal(schema));
    is_true(client, &sql)
}

/// The columns of a table, for the message that says why it is not ours.
pub(crate) fn columns(client: &mut Client, table: &str) -> Result<Vec<String>, Cause> {
    let sql = format!(
        "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass({}) AND attnum > 0 \
         AND NOT attisdropped ORDER BY attnum",
        literal(table)
    );
    column(client, &sql)
}

/// Who holds locks on these relations, or waits for them before us; when none is named, who has had a transaction
/// open for longest.
pub(crate) fn blockers(client: &mut Client, relations: &[String]) -> Result<Vec<String>, Cause> {
    let names: Vec<_> = relations.iter().map(|name| format!("pg_catalog.to_regclass({})", literal(name))).collect();
    let held = if names.is_empty() { "NULL".into() } else { names.join(", ") };
    let describe = "'backend ' || a.pid || coalesce(' (' || nullif(a.application_name, '') || ')', '') || ', ' \
                    || coalesce(a.state, 'state unknown') || coalesce(', in a transaction for ' \
                    || date_trunc('second', clock_timestamp() - a.xact_start), ''), left(a.query, 1000)";
    let sql = format!(
        "SELECT DISTINCT {describe}, a.xact_start FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_locks l \
         ON l.pid = a.pid WHERE a.pid <> pg_backend_pid() AND l.granted AND l.locktype IN ('relation', 'tuple') \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
         AND l.relation IN ({held}) ORDER BY a.xact_start LIMIT 5"
    );
    let shown = |row: &SimpleQueryRow| {
        let query = row.get(1).filter(|query| !query.is_empty());
        let query = query.map_or_else(String::new, |query| format!(": {}", shown_query(query)));
        format!("{}{query}", row.get(0).unwrap_or_default())
    };
    let found = rows(client, &sql)?;
    if !found.is_empty() {
        return Ok(found.iter().map(shown).collect());
    }
    let sql = format!(
        "SELECT {describe} FROM pg_catalog.pg_stat_activity a WHERE a.pid <> pg_backend_pid() \
         AND a.datname = current_database() AND a.xact_start IS NOT NULL ORDER BY a.xact_start LIMIT 3"
    );
    Ok(rows(client, &sql)?.iter().map(shown).collect())
}

/// A name as it was recognised in a statement, as SQL.
pub(crate) fn qualified(object: &ObjectName) -> String {
    let schema = object.schema.as_ref().map_or_else(String::new, |schema| format!("{}.", name(schema)));
    format!("{schema}{}", name(&object.name))
}

/// A name as an identifier of SQL.
pub(crate) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal of SQL, whatever `standard_conforming_strings` is.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') { format!(" E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}
