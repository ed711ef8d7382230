//! The SQL of a run as text, for people and for sqlite3.

use std::borrow::Cow;
use std::time::Duration;

use migrate_core::driver::{Expect, Facts, Unit, UnitMode};
use migrate_core::history::RowWrite;
use migrate_core::render::{Checks, Render};
use migrate_core::sql::{Dialect, TokenKind, tokens};
use migrate_core::{ForeignKeys, Tables, Version};

use crate::history::History;

/// Writes SQL for SQLite without a connection.
///
/// ```
/// use migrate_core::{Migrations, Tables, Variables, Version, script, source, sql::Dialect};
///
/// let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY)")];
/// let known = Migrations::<()>::from_sql(source::read(files, Some(Dialect::Sqlite))?.migrations)?;
/// let to = Version::new(20260102030405);
/// let sql = script(&*migrate_sqlite::renderer(Tables::default()), &known, &Variables::default(), Version::ZERO, to)?;
/// assert!(sql.contains("CREATE TABLE users (id INTEGER PRIMARY KEY);"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn renderer(tables: Tables) -> Box<dyn Render> {
    Box::new(Renderer(Cow::Owned(History::new(tables))))
}

pub(crate) struct Renderer<'h>(pub(crate) Cow<'h, History>);

/// What a script checks by: a row that must not be in it is an error which says why.
const CHECK: &str = "temp.migrate_check";

impl Render for Renderer<'_> {
    fn facts(&self) -> Facts {
        Facts {
            syntax: Dialect::Sqlite.into(),
            server: "SQLite".into(),
            version: None,
            transactional_ddl: true,
            sees_swaps: true,
        }
    }

    fn tables(&self) -> String {
        format!("-- the tables of the history\nBEGIN IMMEDIATE;\n{}COMMIT;\n", self.0.create_sql())
    }

    fn units(&self, units: &[Unit<'_>], checks: Checks) -> String {
        let keys_off = units.iter().any(|unit| unit.foreign_keys == ForeignKeys::Off);
        let alone = units.iter().any(|unit| unit.mode == UnitMode::Alone);
        let mut sql = String::new();
        let mut line = |text: &str| {
            sql.push_str(text.trim_end());
            sql.push('\n');
        };
        let rows = |writes: &[RowWrite<'_>]| -> String {
            writes.iter().map(|write| self.0.write_sql(write, Duration::ZERO) + "\n").collect()
        };
        if keys_off {
            line("PRAGMA foreign_keys = OFF;");
        }
        if !alone {
            line("BEGIN IMMEDIATE;");
        }
        for unit in units {
            for (version, expect) in checks.of(unit) {
                line(&self.check(version, expect));
            }
            if !unit.before.is_empty() {
                line(&rows(&unit.before));
            }
            let texts = || unit.statements.iter().filter_map(|piece| Some(piece.text(unit.script?)));
            texts().for_each(|text| line(&format!("{text};")));
            if unit.restore_settings {
                texts().filter_map(put_back).for_each(|pragma| line(&pragma));
            }
            if !unit.after.is_empty() {
                line(&rows(&unit.after));
            }
        }
        if keys_off {
            line(&match checks {
                Checks::LeftOut => "PRAGMA foreign_key_check; -- any row: ROLLBACK".to_owned(),
                Checks::Written { .. } => {
                    format!("INSERT INTO {CHECK} (keys) SELECT count(*) = 0 FROM pragma_foreign_key_check;")
                }
            });
        }
        if !alone {
            line("COMMIT;");
        }
        if keys_off {
            line("PRAGMA foreign_keys = ON;");
        }
        sql
    }

    fn opening(&self, head: &str) -> String {
        format!(
            "-- {head}\n\
             -- For sqlite3:  sqlite3 DATABASE < THIS_FILE\n\
             -- Each migration is one transaction with its row in the history; the first error ends the script.\n\
             -- Let nobody else migrate meanwhile: a script takes no lock, it only looks whether the history has moved.\n\
             -- The line that begins with a dot is sqlite3's: another client must be told to stop at the first error.\n\
             .bail on\n\
             PRAGMA foreign_keys = ON;\n\
             CREATE TEMP TABLE migrate_check (\n  \
               holds INTEGER CONSTRAINT \"the history is not what this script was made for\" CHECK (holds),\n  \
               keys INTEGER CONSTRAINT \"a row references one that is not there\" CHECK (keys)\n);\n"
        )
    }

    fn objection(&self, unit: &Unit<'_>) -> Option<Cow<'static, str>> {
        let texts = unit.statements.iter().filter_map(|piece| Some(piece.text(unit.script?)));
        let drops = texts.filter(|text| text.contains('\r')).any(|text| {
            let strings = tokens(text, Dialect::Sqlite).flatten().filter(|token| token.kind == TokenKind::String);
            strings.filter_map(|token| text.get(token.start..token.end)).any(|string| string.contains('\r'))
        });
        drops.then_some("a text in it holds a carriage return, which sqlite3 drops".into())
    }

    fn closing(&self) -> String {
        format!("\nDROP TABLE {CHECK};\n")
    }
}

impl Renderer<'_> {
    /// An error unless the history says this of a version.
    fn check(&self, version: Version, expect: Expect) -> String {
        let state = self.0.state_sql(version);
        let holds = match expect {
            Expect::Absent => "IS NULL",
            Expect::Applied => "IS 1",
            Expect::Begun => "IS 0",
        };
        format!("INSERT INTO {CHECK} (holds) SELECT {state} {holds};")
    }
}

/// What a session of sqlite3 begins with, of the pragmas that a script may set.
const DEFAULTS: [(&str, &str); 17] = [
    ("foreign_keys", "ON"),
    ("legacy_alter_table", "OFF"),
    ("ignore_check_constraints", "OFF"),
    ("recursive_triggers", "OFF"),
    ("writable_schema", "OFF"),
    ("query_only", "OFF"),
    ("synchronous", "FULL"),
    ("cache_size", "-2000"),
    ("locking_mode", "NORMAL"),
    ("trusted_schema", "ON"),
    ("reverse_unordered_selects", "OFF"),
    ("automatic_index", "ON"),
    ("secure_delete", "OFF"),
    ("read_uncommitted", "OFF"),
    ("cell_size_check", "OFF"),
    ("temp_store", "DEFAULT"),
    ("case_sensitive_like", "OFF"),
];

/// The pragma that undoes this one, where it is one that lasts.
fn put_back(statement: &str) -> Option<String> {
    let rest = statement.get(..6).filter(|word| word.eq_ignore_ascii_case("pragma")).and(statement.get(6..))?;
    let set = rest.trim().rsplit('.').next()?.to_ascii_lowercase();
    let (name, default) = DEFAULTS.iter().find(|(name, _)| set.starts_with(name))?;
    Some(format!("PRAGMA {name} = {default};"))
}
