//! Statements of ours, and what is answered: rows as texts.

use migrate_core::{Cause, Error};
use migrate_mysql::{Url, cause};
use mysql::prelude::Queryable;
use mysql::{Conn, Value};

use crate::failed;

pub(super) type Row = Vec<Option<String>>;

/// Sends one or more statements, and reads all that each of them answers: the client library drops the errors of all
/// but the first, if nobody reads that far.
pub(super) fn send(conn: &mut Conn, message: &str) -> Result<Vec<Vec<Row>>, mysql::Error> {
    let mut results = Vec::new();
    let mut answer = conn.query_iter(message)?;
    while let Some(set) = answer.iter() {
        let rows = set.map(|row| Ok(row?.unwrap().into_iter().map(text).collect()));
        results.push(rows.collect::<Result<Vec<Row>, mysql::Error>>()?);
    }
    Ok(results)
}

/// Many statements, in messages that no server finds too long; what each has answered, in order.
pub(super) fn send_all(conn: &mut Conn, statements: &[String]) -> Result<Vec<Vec<Row>>, mysql::Error> {
    const ENOUGH: usize = 100_000;
    let mut results = Vec::with_capacity(statements.len());
    let mut message = String::new();
    for statement in statements {
        message.push_str(statement);
        message.push_str("\n;\n");
        if message.len() > ENOUGH {
            results.extend(send(conn, &message)?);
            message.clear();
        }
    }
    if !message.is_empty() {
        results.extend(send(conn, &message)?);
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

/// A column, empty for null.
pub(super) fn column(row: &Row, n: usize) -> String {
    row.get(n).cloned().flatten().unwrap_or_default()
}

/// The first column of the first row.
pub(super) fn one(conn: &mut Conn, sql: &str) -> Result<Option<String>, mysql::Error> {
    Ok(send(conn, sql)?.into_iter().next().unwrap_or_default().first().and_then(|row| row.first().cloned().flatten()))
}

pub(super) fn connect(url: &str) -> Result<Conn, Error> {
    let url: Url = url
        .parse()
        .map_err(|error: migrate_mysql::UrlError| Cause::new(migrate_core::CauseKind::Access, error.to_string()))
        .map_err(failed)?;
    url.connect().map_err(failed)
}

pub(super) fn told(error: mysql::Error) -> Error {
    failed(cause(error))
}

/// The server's number of what went wrong.
pub(super) fn code(error: &mysql::Error) -> u16 {
    match error {
        mysql::Error::MySqlError(said) => said.code,
        _ => 0,
    }
}

/// As a literal that means the same in every `sql_mode` and character set.
pub(super) fn quoted(text: &str) -> String {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("_utf8mb4 X'{hex}'")
}

/// As a name.
pub(super) fn name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
