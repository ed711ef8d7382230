//! What the suites share: sets from texts, and looking at a database as a stranger would.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use migrate_core::sql::Dialect;
use migrate_core::{DownTarget, Error, Migrations, Migrator, Report, UpTarget, source};
use migrate_sqlite::Sqlite;
use rusqlite::Connection;

pub type Known = Migrations<'static, Connection>;

/// The migrations in these files.
pub fn known(files: &[(&str, &str)]) -> Known {
    let read = source::read(files.iter().copied(), Some(Dialect::Sqlite)).unwrap_or_else(|error| panic!("{error}"));
    Migrations::from_sql(read.migrations).unwrap_or_else(|error| panic!("{error}"))
}

pub fn memory() -> Connection {
    Connection::open_in_memory().unwrap()
}

pub fn up(db: &mut Connection, known: &Known) -> Result<Report, Error> {
    Migrator::new(&mut Sqlite::on(db)).up(known, UpTarget::All)
}

pub fn down(db: &mut Connection, known: &Known, target: DownTarget) -> Result<Report, Error> {
    Migrator::new(&mut Sqlite::on(db)).down(known, target)
}

/// What a run did, in a line: `+1 +2 -3`, by the last digits of the versions.
pub fn did(result: Result<Report, Error>) -> String {
    match result {
        Err(error) => error.to_string(),
        Ok(report) => {
            let one = |done: &migrate_core::Done| {
                let sign = match done.action {
                    migrate_core::Action::Apply => '+',
                    migrate_core::Action::Revert => '-',
                    migrate_core::Action::Record => 'r',
                    migrate_core::Action::Accept => 'a',
                };
                format!("{sign}{}", done.version.get() % 100)
            };
            let notes = report.notes.iter().map(|note| format!("({note})"));
            report.done.iter().map(one).chain(notes).collect::<Vec<_>>().join(" ")
        }
    }
}

/// The states, in a line: `1 applied, 2 pending`.
pub fn states(db: &mut Connection, known: &Known) -> String {
    let line = |status: &migrate_core::Status<'_>| {
        let one = |entry: &migrate_core::Entry<'_>| format!("{} {}", entry.version.get() % 100, entry.state.as_str());
        status.entries.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    Migrator::new(&mut Sqlite::on(db)).status(known, line).unwrap_or_else(|error| error.to_string())
}

/// The user's own tables, sorted.
pub fn tables(db: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'migrate%' \
               AND name NOT LIKE 'sqlite%' ORDER BY name";
    let mut list = db.prepare(sql).unwrap();
    list.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The recorded versions, by their last digits; `…` marks one that is not finished.
pub fn recorded(db: &Connection) -> String {
    let sql = "SELECT (version % 100) || iif(finished_at IS NULL, '…', '') FROM migrate_history ORDER BY version";
    // A run that failed in its first migration leaves nothing, no history either.
    let Ok(mut list) = db.prepare(sql) else { return String::new() };
    let all: Vec<String> = list.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    all.join(" ")
}

pub fn number(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}
