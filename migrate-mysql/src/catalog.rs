//! The server's own tables, and SQL's quotes.

use std::collections::BTreeSet;

use migrate_core::driver::shown_query;
use migrate_core::{Cause, CauseKind};
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Value};

use crate::error::cause;

/// A row as texts.
pub(crate) type Row = Vec<Option<String>>;

/// Sends a message of one or more statements and reads all that it answers: the rows of each result, in order. What
/// fails comes with the number of results before it. `mysql` itself drops the errors of all but the first (trap 1).
pub(crate) fn send(conn: &mut Conn, message: &str) -> Result<Vec<Vec<Row>>, (usize, Error)> {
    let mut results = Vec::new();
    let mut answer = conn.query_iter(message).map_err(|error| (0, error))?;
    while let Some(set) = answer.iter() {
        let mut rows = Vec::new();
        for row in set {
            match row {
                Ok(row) => rows.push(row.unwrap().into_iter().map(text).collect()),
                Err(error) => return Err((results.len(), error)),
            }
        }
        results.push(rows);
    }
    Ok(results)
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        // Never in the text protocol.
        other => Some(other.as_sql(true)),
    }
}

/// The rows of one statement of ours.
pub(crate) fn rows(conn: &mut Conn, sql: &str) -> Result<Vec<Row>, Cause> {
    let results = send(conn, sql).map_err(|(_, error)| cause(error))?;
    Ok(results.into_iter().next().unwrap_or_default())
}

/// Its only row.
pub(crate) fn row(conn: &mut Conn, sql: &str) -> Result<Row, Cause> {
    let missing = || Cause::new(CauseKind::Access, "the server answered a question of ours with no row");
    rows(conn, sql)?.into_iter().next().ok_or_else(missing)
}

/// The first column of all rows, without NULLs.
pub(crate) fn column(conn: &mut Conn, sql: &str) -> Result<Vec<String>, Cause> {
    Ok(rows(conn, sql)?.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
}

/// Whether the statement returns a row.
pub(crate) fn exists(conn: &mut Conn, sql: &str) -> Result<bool, Cause> {
    Ok(!rows(conn, sql)?.is_empty())
}

/// The columns of a table, for the message that says why it is not ours.
pub(crate) fn columns(conn: &mut Conn, database: &str, table: &str) -> Result<Vec<String>, Cause> {
    let sql = format!(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = {} AND table_name = {} \
         ORDER BY ordinal_position",
        literal(database),
        literal(table)
    );
    column(conn, &sql)
}

/// The tables among these that are in an engine without transactions, with it.
pub(crate) fn without_transactions(conn: &mut Conn, tables: &BTreeSet<(String, String)>) -> Result<Vec<String>, Cause> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    // Both servers look at every table of the server, unless they are asked for one by its name.
    let one = |(schema, name): &(String, String)| {
        format!(
            "SELECT concat(t.table_name, ' (', t.engine, ')') FROM information_schema.tables t \
             JOIN information_schema.engines e ON e.engine = t.engine \
             WHERE t.table_schema = {} AND t.table_name = {} AND e.transactions <> 'YES'",
            literal(schema),
            literal(name)
        )
    };
    let all: Vec<_> = tables.iter().map(one).collect();
    column(conn, &all.join(" UNION ALL "))
}

/// Who holds locks on these tables; when nobody can tell, who has a transaction open.
pub(crate) fn blockers(conn: &mut Conn, tables: &BTreeSet<(String, String)>) -> Vec<String> {
    let describe = "concat('connection ', p.id, ' (', coalesce(p.user, ''), '@', coalesce(p.host, ''), '), ', \
                    lower(coalesce(p.command, '')), ' for ', coalesce(p.time, 0), ' s'), left(p.info, 1000)";
    let mut found = |sql: &str| -> Vec<String> {
        let shown = |row: &Row| {
            let cell = |index: usize| row.get(index).and_then(Option::as_deref);
            let query = cell(1).map_or_else(String::new, |query| format!(": {}", shown_query(query)));
            format!("{}{query}", cell(0).unwrap_or_default())
        };
        rows(conn, sql).unwrap_or_default().iter().map(shown).collect()
    };
    let pairs: Vec<_> =
        tables.iter().map(|(schema, name)| format!("({}, {})", literal(schema), literal(name))).collect();
    if !pairs.is_empty() {
        // Not on MariaDB, nor for every user.
        let sql = format!(
            "SELECT DISTINCT {describe} FROM performance_schema.metadata_locks l \
             JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id \
             JOIN information_schema.processlist p ON p.id = t.processlist_id \
             WHERE l.lock_status = 'GRANTED' AND p.id <> connection_id() \
             AND (l.object_schema, l.object_name) IN ({}) LIMIT 5",
            pairs.join(", ")
        );
        let holders = found(&sql);
        if !holders.is_empty() {
            return holders;
        }
    }
    let sql = format!(
        "SELECT {describe} FROM information_schema.innodb_trx x JOIN information_schema.processlist p \
         ON p.id = x.trx_mysql_thread_id WHERE p.id <> connection_id() ORDER BY x.trx_started LIMIT 3"
    );
    found(&sql)
}

/// A name as an identifier of SQL.
pub(crate) fn name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as a literal of SQL, whatever `sql_mode` and character set a script has set meanwhile.
pub(crate) fn literal(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii() && byte != b'\\' && byte != 0) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("CONVERT(0x{digits} USING utf8mb4)")
}
