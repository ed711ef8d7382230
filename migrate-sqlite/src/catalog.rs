//! What stands in the database's own catalog.

use migrate_core::{Cause, CauseKind};
use rusqlite::Connection;

use crate::error::cause;

/// The schemas (`main`, `temp`, attached ones) that hold a table of this name.
pub(crate) fn schemas_with_table(connection: &Connection, table: &str) -> Result<Vec<String>, Cause> {
    let names = schemas(connection)?;
    let mut found = Vec::new();
    for schema in names {
        let catalog =
            if schema == "temp" { "sqlite_temp_master".into() } else { format!("{}.sqlite_master", name(&schema)) };
        let sql = format!("SELECT count(*) FROM {catalog} WHERE type IN ('table', 'view') AND lower(name) = lower(?1)");
        let count: i64 = connection.query_row(&sql, [table], |row| row.get(0)).map_err(cause)?;
        if count > 0 {
            found.push(schema);
        }
    }
    Ok(found)
}

/// The schemas of this connection.
pub(crate) fn schemas(connection: &Connection) -> Result<Vec<String>, Cause> {
    let mut list = connection.prepare("PRAGMA database_list").map_err(cause)?;
    let names = list.query_map([], |row| row.get(1)).map_err(cause)?;
    names.collect::<Result<_, _>>().map_err(cause)
}

/// The temporary tables, views and triggers, as `DROP` takes them: `TABLE temp."x"`.
pub(crate) fn temporary_objects(connection: &Connection) -> Result<Vec<String>, Cause> {
    // Asking a temporary schema that is not there would make it, and a script's `PRAGMA temp_store` fail.
    if !schemas(connection)?.iter().any(|schema| schema == "temp") {
        return Ok(Vec::new());
    }
    let sql = "SELECT upper(type), name FROM sqlite_temp_master WHERE type IN ('table', 'view', 'trigger') \
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type = 'table'";
    let mut list = connection.prepare(sql).map_err(cause)?;
    let object = |row: &rusqlite::Row<'_>| {
        let (kind, object): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(format!("{kind} IF EXISTS temp.{}", name(&object)))
    };
    let objects = list.query_map([], object).map_err(cause)?;
    objects.collect::<Result<_, _>>().map_err(cause)
}

/// The texts of all that is in the schema `main`, in an order in which they can be run, without these tables, what belongs
/// to them, and what SQLite makes by itself.
pub(crate) fn schema(connection: &Connection, without: [&String; 3]) -> Result<Vec<String>, Cause> {
    let has_virtual = "SELECT EXISTS (SELECT 1 FROM main.sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%')";
    // The tables behind a virtual one are made with it. Before 3.37 SQLite does not tell which they are: that is an error
    // only where there is one.
    let shadow = match connection.query_row(has_virtual, [], |row| row.get(0)).map_err(cause)? {
        true => "AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')",
        false => "",
    };
    let sql = format!(
        "SELECT sql FROM main.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND lower(tbl_name) NOT IN (lower(?1), lower(?2), lower(?3)) {shadow} \
         ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 WHEN 'view' THEN 3 ELSE 4 END, name"
    );
    let mut select = connection.prepare(&sql).map_err(cause)?;
    let texts = select.query_map(without, |row| row.get(0)).map_err(cause)?;
    texts.collect::<Result<_, _>>().map_err(cause)
}

/// The columns of a table, for the message that says why it is not ours.
pub(crate) fn columns(connection: &Connection, schema: &str, table: &str) -> Result<Vec<String>, Cause> {
    let sql = format!("PRAGMA {}.table_info({})", name(schema), name(table));
    let mut list = connection.prepare(&sql).map_err(cause)?;
    let names = list.query_map([], |row| row.get(1)).map_err(cause)?;
    names.collect::<Result<_, _>>().map_err(cause)
}

/// Whether a foreign key of this database waits for the commit. Two migrations in one transaction could then break
/// and mend each other's rows, which one by one would fail.
pub(crate) fn has_deferred_keys(connection: &Connection) -> Result<bool, Cause> {
    let sql = "SELECT EXISTS (SELECT 1 FROM main.sqlite_master WHERE sql LIKE '%deferr%')";
    connection.query_row(sql, [], |row| row.get(0)).map_err(cause)
}

/// Refuses when a row references one that is not there.
pub(crate) fn check_foreign_keys(connection: &Connection) -> Result<(), Cause> {
    let mut check = connection.prepare("PRAGMA foreign_key_check").map_err(cause)?;
    let mut rows = check.query([]).map_err(cause)?;
    let (mut count, mut shown) = (0_usize, Vec::new());
    while let Some(row) = rows.next().map_err(cause)? {
        count += 1;
        if shown.len() < 5 {
            let (table, rowid, parent): (String, Option<i64>, String) =
                (row.get(0).map_err(cause)?, row.get(1).map_err(cause)?, row.get(2).map_err(cause)?);
            let rowid = rowid.map_or("a row".into(), |rowid| format!("row {rowid}"));
            shown.push(format!("{rowid} of {table} -> {parent}"));
        }
    }
    if count == 0 {
        return Ok(());
    }
    let more = if count > shown.len() { format!(", and {} more", count - shown.len()) } else { String::new() };
    let plural = if count == 1 { "row references one that is" } else { "rows reference ones that are" };
    let message = format!("PRAGMA foreign_key_check: {count} {plural} not there");
    let mut cause = Cause::new(CauseKind::Statement, message);
    cause.detail = Some(format!("{}{more}", shown.join(", ")));
    cause.code = Some("SQLITE_CONSTRAINT_FOREIGNKEY".into());
    Err(cause.hint("mend these rows in the migration, before it ends"))
}

/// A name as an identifier of SQL.
pub(crate) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal of SQL, also in a script: sqlite3 drops a carriage return at the end of a line.
pub(crate) fn literal(text: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    if !text.contains('\r') {
        return quoted(text);
    }
    let lines = text.replace("\r\n", "\n");
    if !lines.contains('\r') && lines.matches('\n').count() == text.matches('\r').count() {
        return format!("replace({}, char(10), char(13, 10))", quoted(&lines));
    }
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("CAST(x'{digits}' AS TEXT)")
}
