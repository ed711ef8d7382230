//! SQLite: a database in memory, and its catalog.
//!
//! `ALTER TABLE` rewrites the text of a table, so columns, keys and indexes are compared as SQLite understands them. Only the
//! text tells the rest (`CHECK`, generated columns, collations, `STRICT`): it is compared without blanks, comments, quotes of
//! names and the case of words.

use std::collections::BTreeMap;
use std::sync::Arc;

use migrate_core::sql::{Dialect, TokenKind, tokens};
use migrate_core::{Cause, Driver, Tables};
use migrate_sqlite::{Sqlite, Url};
use rusqlite::Connection;

use crate::{Catalog, Columns, Inspect, Made, Object, Part, Place, Scratch};

/// A database in memory.
#[derive(Clone, Copy, Debug)]
pub struct InMemory;

impl Scratch for InMemory {
    type Driver = Sqlite<'static>;

    fn make(&self, history: &Tables) -> Result<Made<Self::Driver>, Cause> {
        let url: Url = "sqlite::memory:"
            .parse()
            .map_err(|error| Cause::new(migrate_core::CauseKind::Access, format!("{error}")))?;
        let driver = Sqlite::open(&url)?.tables(history.clone());
        Ok(Made::new("in memory".into(), driver, || Ok(())))
    }
}

impl Inspect for Sqlite<'_> {
    type Memory = ();
    const COLUMNS: Place = Place::AtTheEnd;

    fn catalog(&mut self, history: &Tables, (): &mut ()) -> Result<Catalog, Cause> {
        read(self.connection(), history).map_err(|error| {
            self.cause_of(Box::new(error))
                .unwrap_or_else(|error| Cause::new(migrate_core::CauseKind::Access, error.to_string()))
        })
    }
}

/// `unique` and `primary key` are told by their columns, other indexes by their text.
const PRAGMAS: [&str; 3] = [
    "SELECT 'column', m.name || '.' || x.name, lower(x.type) || CASE WHEN x.\"notnull\" THEN ' not null' ELSE '' END || \
     coalesce(' default ' || x.dflt_value, '') || CASE WHEN x.pk THEN ' primary key ' || x.pk ELSE '' END || \
     CASE WHEN x.hidden THEN ' hidden ' || x.hidden ELSE '' END, m.name, x.name \
     FROM sqlite_schema m, pragma_table_xinfo(m.name) x WHERE m.type = 'table' ORDER BY m.name, x.cid",
    "SELECT 'foreign key', m.name || ' (' || group_concat(f.\"from\") || ')', f.\"table\" || ' (' || \
     coalesce(group_concat(f.\"to\"), '') || ') on update ' || f.on_update || ' on delete ' || f.on_delete, m.name, NULL \
     FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' GROUP BY m.name, f.id",
    "SELECT CASE i.origin WHEN 'u' THEN 'unique' ELSE 'primary key' END, m.name || ' (' || \
     (SELECT group_concat(x.name || CASE WHEN x.desc THEN ' desc' ELSE '' END || \
     CASE x.coll WHEN 'BINARY' THEN '' ELSE ' collate ' || x.coll END) FROM pragma_index_xinfo(i.name) x WHERE x.key) || ')', '', m.name, NULL \
     FROM sqlite_schema m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin <> 'c'",
];

fn read(connection: &Connection, history: &Tables) -> rusqlite::Result<Catalog> {
    let ours = [&history.history, &history.text, &history.journal];
    let left_out = |table: &str| table.starts_with("sqlite_") || ours.iter().any(|name| *name == table);
    let mut objects = Vec::new();
    let mut columns = BTreeMap::<String, Vec<String>>::new();
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL";
    let mut list = connection.prepare(sql)?;
    let mut rows = list.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, name, table, sql): (String, String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        if left_out(&table) {
            continue;
        }
        let words = words(&sql);
        let is_virtual = words.get(1).is_some_and(|word| word == "virtual");
        let definition = if kind == "table" && !is_virtual { only_in_text(&words) } else { words.join(" ") };
        objects.push(Object { kind, name, definition });
    }
    for pragma in PRAGMAS {
        let mut list = connection.prepare(pragma)?;
        let mut rows = list.query([])?;
        while let Some(row) = rows.next()? {
            let (table, column): (String, Option<String>) = (row.get(3)?, row.get(4)?);
            if left_out(&table) {
                continue;
            }
            objects.push(Object { kind: row.get(0)?, name: row.get(1)?, definition: row.get(2)? });
            columns.entry(table).or_default().extend(column);
        }
    }
    for name in ["user_version", "application_id"] {
        let value: i64 = connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
        objects.push(Object { kind: "pragma".into(), name: name.into(), definition: value.to_string() });
    }
    let columns = columns.into_iter().map(|(table, names)| Columns { table, names });
    Ok(Catalog::new(vec![Arc::new(Part::new(objects, columns.collect()))]))
}

/// The words of a text: names without quotes, all in small letters but strings.
fn words(sql: &str) -> Vec<String> {
    let mut words = Vec::new();
    for token in tokens(sql, Dialect::Sqlite).map_while(Result::ok).filter(|token| !token.kind.is_blank()) {
        let text = sql.get(token.start..token.end).unwrap_or_default();
        words.push(match token.kind {
            TokenKind::QuotedName => text.trim_matches(['"', '`', '[', ']']).to_lowercase(),
            TokenKind::String => text.to_owned(),
            _ => text.to_lowercase(),
        });
    }
    words
}

/// What of `CREATE TABLE` no pragma tells, sorted: with its column, where it belongs to one.
fn only_in_text(words: &[String]) -> String {
    let mut found = Vec::new();
    let (mut depth, mut column, mut options) = (0_usize, String::new(), Vec::new());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = |n: usize| words.get(at + n).map_or("", String::as_str);
        match word.as_str() {
            "(" => {
                depth += 1;
                if depth == 1 {
                    column = next(1).to_owned();
                }
            }
            ")" => {
                depth = depth.saturating_sub(1);
                options.clear();
            }
            "," if depth == 1 => column = next(1).to_owned(),
            // Its name is what an error tells. That of a check stands with it.
            "constraint" if depth == 1 => {
                let check = if next(2) == "check" { words.get(at + 3..group_end(words, at + 3)) } else { None };
                found.push(format!("constraint {} {} {}", next(1), next(2), check.unwrap_or_default().join(" ")));
            }
            "check" | "as" if depth == 1 && next(1) == "(" => {
                let end = group_end(words, at + 1);
                let group = words.get(at + 1..end).unwrap_or_default().join(" ");
                found.push(match word.as_str() {
                    "check" => format!("check {group}"),
                    _ => format!("{column} as {group}"),
                });
                at = end;
                continue;
            }
            "collate" if depth == 1 => found.push(format!("{column} collate {}", next(1))),
            "autoincrement" if depth == 1 => found.push(format!("{column} autoincrement")),
            "conflict" if depth == 1 => found.push(format!("{column} on conflict {}", next(1))),
            "deferrable" | "initially" if depth == 1 => {
                let not = if at > 0 && words.get(at - 1).is_some_and(|word| word == "not") { "not " } else { "" };
                let how = if word == "initially" { next(1) } else { "" };
                found.push(format!("{column} {not}{word} {how}"));
            }
            word if depth == 0 => options.push(word.to_owned()),
            _ => {}
        }
        at += 1;
    }
    found.sort_unstable();
    found.extend((!options.is_empty()).then(|| options.join(" ")));
    found.join("; ")
}

/// Behind the parenthesis that closes the one at `open`.
fn group_end(words: &[String], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate().skip(open) {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    words.len()
}
