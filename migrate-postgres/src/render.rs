//! The SQL of a run as text, for people and for psql.

use std::borrow::Cow;

use migrate_core::driver::{Expect, Facts, Unit, UnitMode};
use migrate_core::history::RowWrite;
use migrate_core::plan::Piece;
use migrate_core::render::{Checks, Render};
use migrate_core::sql::{Dialect, Role};
use migrate_core::{Tables, Version};

use crate::catalog::literal;
use crate::driver::settings::{ALWAYS, setting};
use crate::history::{Began, History};

/// Writes SQL for PostgreSQL without a connection. Without a schema in `tables` the history stands where the search_path
/// of the session leads.
///
/// ```
/// use migrate_core::{Migrations, Tables, Variables, Version, script, source, sql::Dialect};
///
/// let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY)")];
/// let known = Migrations::<()>::from_sql(source::read(files, Some(Dialect::Postgres))?.migrations)?;
/// let to = Version::new(20260102030405);
/// let sql = script(&*migrate_postgres::renderer(Tables::default()), &known, &Variables::default(), Version::ZERO, to)?;
/// assert!(sql.contains("CREATE TABLE users (id bigint PRIMARY KEY);"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn renderer(tables: Tables) -> Box<dyn Render> {
    Box::new(Renderer(Cow::Owned(History::new(tables))))
}

pub(crate) struct Renderer<'h>(pub(crate) Cow<'h, History>);

impl Render for Renderer<'_> {
    fn facts(&self) -> Facts {
        Facts {
            syntax: Dialect::Postgres.into(),
            server: "PostgreSQL".into(),
            version: None,
            transactional_ddl: true,
            sees_swaps: true,
        }
    }

    fn tables(&self) -> String {
        format!(
            "-- the tables of the history\nBEGIN;\n{}{}COMMIT;\n",
            self.0.create_sql(),
            block(&self.0.revoke_from_all_sql())
        )
    }

    fn units(&self, units: &[Unit<'_>], checks: Checks) -> String {
        let alone = units.iter().any(|unit| unit.mode == UnitMode::Alone);
        let mut sql = String::new();
        if !alone {
            sql.push_str("BEGIN;\n");
        }
        let rows = |writes: &[RowWrite<'_>]| -> String {
            let rows = writes.iter().map(|write| self.0.write_sql(write, Began::WithTransaction) + "\n").collect();
            if writes.is_empty() || !alone { rows } else { format!("BEGIN;\n{rows}COMMIT;\n") }
        };
        for unit in units {
            let checks: String =
                checks.of(unit).iter().map(|(version, expect)| self.check(*version, *expect)).collect();
            if !checks.is_empty() {
                sql.push_str(&block(&checks));
            }
            sql.push_str(&rows(&unit.before));
            let (note, put_back) = settings(unit);
            sql.push_str(&note);
            if let Some(wait) = unit.lock_timeout {
                let local = if alone { "" } else { "LOCAL " };
                sql.push_str(&format!("SET {local}lock_timeout = '{}ms';\n", wait.as_millis()));
            }
            texts(unit).for_each(|text| sql.push_str(&format!("{};\n", text.trim_end())));
            sql.push_str(&put_back);
            sql.push_str(&rows(&unit.after));
        }
        if !alone {
            sql.push_str("COMMIT;\n");
        }
        sql
    }

    fn opening(&self, head: &str) -> String {
        format!(
            "-- {head}\n\
             -- For psql, as a role that may do all this:  psql -X -f THIS_FILE DATABASE\n\
             -- Each migration is one transaction with its row in the history; the first error ends the script.\n\
             -- Let nobody else migrate meanwhile: a script takes no lock, it only looks whether the history has moved.\n\
             -- The two lines that begin with a backslash are psql's: another client stops at the first error by itself,\n\
             -- or must be told to.\n\
             \\set ON_ERROR_STOP on\n\
             \\set AUTOCOMMIT on\n\
             SET client_encoding = 'UTF8';\n"
        )
    }
}

impl Renderer<'_> {
    /// Ends in an error that says which version is not where it should be.
    fn check(&self, version: Version, expect: Expect) -> String {
        let state = self.0.state_sql(version);
        let (moved, problem) = match expect {
            Expect::Absent => (format!("{state} IS NOT NULL"), "is in the history already"),
            Expect::Applied => (format!("{state} IS NOT TRUE"), "is not applied"),
            Expect::Begun => (format!("{state} IS NOT FALSE"), "is not under way"),
        };
        format!("  IF {moved} THEN RAISE EXCEPTION '{version} {problem}'; END IF;\n")
    }
}

/// PL/pgSQL, of which every database has the language, and which says nothing when all is well.
fn block(body: &str) -> String {
    format!("DO $migrate$ BEGIN\n{body}END $migrate$;\n")
}

fn texts<'u>(unit: &'u Unit<'_>) -> impl Iterator<Item = &'u str> {
    unit.statements.iter().filter_map(|piece: &Piece| Some(piece.text(unit.script?)))
}

/// What notes the settings that a unit may change, and what puts them back; nothing for one that can't be seen to.
fn settings(unit: &Unit<'_>) -> (String, String) {
    let waits = unit.mode == UnitMode::Alone && unit.lock_timeout.is_some();
    if !unit.restore_settings && !waits && !texts(unit).any(|text| text.to_ascii_lowercase().contains("set_config")) {
        return (String::new(), String::new());
    }
    let mut names: Vec<_> = ALWAYS.iter().map(|name| literal(name)).collect();
    for name in texts(unit).filter_map(setting) {
        if !ALWAYS.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            names.push(literal(&name));
        }
    }
    let of_each = format!("FROM unnest(ARRAY[{}]) AS name", names.join(", "));
    let found = "'migrate.' || replace(name, '.', '_')";
    let now = "coalesce(current_setting(name, true), '')";
    let note =
        format!("  -- the settings, as they are found\n  PERFORM set_config({found}, {now}, false) {of_each};\n");
    let back = format!(
        "  -- and put back\n  PERFORM set_config(name, current_setting({found}), false) {of_each}\n    \
         WHERE {now} <> current_setting({found});\n"
    );
    let temporary = unit.statements.iter().any(|piece| piece.role == Role::TemporaryObject);
    (block(&note), block(&back) + if temporary { "DISCARD TEMP;\n" } else { "" })
}
