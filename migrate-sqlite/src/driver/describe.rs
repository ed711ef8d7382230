//! What SQLite's schema table says of something that a script is about to change: the text that made it.

use migrate_core::undo::{Answer, Asks, Object, ObjectKind};
use migrate_core::{Cause, Driver};
use rusqlite::{Connection, OptionalExtension};

use super::Sqlite;
use crate::catalog::name;
use crate::error::cause;

impl Sqlite<'_> {
    pub(super) fn described(&mut self, object: &Object) -> Result<Answer, Cause> {
        let schema = object.name.schema.as_deref().unwrap_or("main");
        if !schema.eq_ignore_ascii_case("main") {
            return Ok(cant("it is in an attached or temporary database"));
        }
        let connection = self.connection();
        if object.kind == ObjectKind::Pragma {
            let sql = format!("PRAGMA main.{}", name(&object.name.name));
            let value: i64 = connection.query_row(&sql, [], |row| row.get(0)).map_err(cause)?;
            return Ok(Answer::There(value.to_string()));
        }
        let kind = match object.kind {
            ObjectKind::Table | ObjectKind::Definition => "table",
            ObjectKind::Index => "index",
            ObjectKind::View => "view",
            ObjectKind::Trigger => "trigger",
            _ => return Ok(cant("what it was before is not read from the catalog")),
        };
        let Some(text) = text_of(connection, kind, object)? else { return Ok(Answer::Absent) };
        match object.kind {
            _ if object.asks == Asks::Presence => Ok(Answer::There(String::new())),
            ObjectKind::Table if text.to_ascii_uppercase().starts_with("CREATE VIRTUAL") => {
                Ok(cant("it is a virtual table"))
            }
            ObjectKind::Table => Ok(Answer::There(with_its_own(connection, text, object)?)),
            _ => Ok(Answer::There(text)),
        }
    }
}

fn text_of(connection: &Connection, kind: &str, object: &Object) -> Result<Option<String>, Cause> {
    // A view stands where a table would.
    let presence = object.asks == Asks::Presence;
    let kinds =
        if presence && matches!(kind, "table" | "view") { "('table', 'view')".into() } else { format!("('{kind}')") };
    let sql = format!(
        "SELECT sql FROM main.sqlite_master WHERE type IN {kinds} AND lower(name) = lower(?1) AND sql IS NOT NULL"
    );
    connection.query_row(&sql, [&object.name.name], |row| row.get(0)).optional().map_err(cause)
}

/// With the indexes and triggers that go with a table.
fn with_its_own(connection: &Connection, table: String, object: &Object) -> Result<String, Cause> {
    let sql = "SELECT sql FROM main.sqlite_master WHERE type IN ('index', 'trigger') AND lower(tbl_name) = lower(?1) \
               AND sql IS NOT NULL ORDER BY rowid";
    let mut list = connection.prepare(sql).map_err(cause)?;
    let texts = list.query_map([&object.name.name], |row| row.get::<_, String>(0)).map_err(cause)?;
    let texts: Vec<String> = texts.collect::<Result<_, _>>().map_err(cause)?;
    Ok([vec![table], texts].concat().join(";\n"))
}

fn cant(why: &str) -> Answer {
    Answer::CantTell(why.to_owned())
}
