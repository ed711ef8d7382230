//! Drivers that are broken on purpose: for each of them a rule must say so.
#![allow(clippy::unwrap_used)]

use std::panic::catch_unwind;
use std::time::Duration;

use migrate_core::driver::{
    Cause, Driver, Evidence, Expect, Facts, Failed, Group, Holder, LockAttempt, Savepoint, Unit, UnitMode,
};
use migrate_core::history::{HistoryRow, JournalRow};
use migrate_core::render::Render;
use migrate_core::sql::Dialect;
use migrate_core::{BoxError, Checksum, Version};
use migrate_sqlite::Sqlite;
use migrate_testkit::{Samples, Subject, rules};
use rusqlite::Connection;

const WHOLE: u8 = 0;
const LOCKS_NOBODY_OUT: u8 = 1;
const KEEPS_THE_LOCK: u8 = 2;
const WRITES_NO_ROWS: u8 = 3;
const COMMITS_EACH_STATEMENT: u8 = 4;
const KEEPS_WHAT_A_SCRIPT_SETS: u8 = 5;
const EXPECTS_NOTHING: u8 = 6;
const SAYS_TOO_MUCH_IS_COMMITTED: u8 = 7;
const FORGETS_THE_JOURNAL: u8 = 8;
const FORGETS_TEXTS: u8 = 9;
const KNOWS_NO_STATEMENT: u8 = 10;

/// SQLite's driver, with one thing wrong.
struct Broken<'c, const HOW: u8>(Sqlite<'c>);

impl<const HOW: u8> Driver for Broken<'_, HOW> {
    type Connection = Connection;

    fn facts(&mut self) -> Result<Facts, Cause> {
        self.0.facts()
    }
    fn read_history(&mut self) -> Result<Option<Vec<HistoryRow>>, Cause> {
        self.0.read_history()
    }
    fn read_texts(&mut self, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause> {
        if HOW == FORGETS_TEXTS { Ok(vec![None; keys.len()]) } else { self.0.read_texts(keys) }
    }
    fn read_journal(&mut self, version: Version) -> Result<Vec<JournalRow>, Cause> {
        if HOW == FORGETS_THE_JOURNAL { Ok(Vec::new()) } else { self.0.read_journal(version) }
    }
    fn try_lock(&mut self) -> Result<LockAttempt, Cause> {
        if HOW == LOCKS_NOBODY_OUT { Ok(LockAttempt::Acquired) } else { self.0.try_lock() }
    }
    fn holder(&mut self) -> Result<Option<Holder>, Cause> {
        self.0.holder()
    }
    fn unlock(&mut self) -> Result<(), Cause> {
        if HOW == KEEPS_THE_LOCK {
            // As a pool would, that keeps the connection of a run that failed.
            let mut kept =
                Sqlite::on(Box::leak(Box::new(Connection::open(self.0.connection().path().unwrap()).unwrap())));
            self.0.unlock()?;
            let _ = kept.try_lock()?;
            std::mem::forget(kept);
            return Ok(());
        }
        self.0.unlock()
    }
    fn prepare(&mut self) -> Result<(), Cause> {
        self.0.prepare()
    }
    fn apply(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        let mut units = units.to_vec();
        for unit in &mut units {
            match HOW {
                WRITES_NO_ROWS if !unit.statements.is_empty() => unit.after.clear(),
                KEEPS_WHAT_A_SCRIPT_SETS => unit.restore_settings = false,
                EXPECTS_NOTHING => {
                    let rows = self.0.read_history().unwrap().unwrap_or_default();
                    let row = rows.iter().find(|row| row.version == unit.version);
                    unit.expect = match row.map(|row| row.finished_at.is_some()) {
                        None => Expect::Absent,
                        Some(true) => Expect::Applied,
                        Some(false) => Expect::Begun,
                    };
                }
                _ => {}
            }
        }
        if HOW == COMMITS_EACH_STATEMENT && units.iter().all(|unit| unit.mode == UnitMode::Transaction) {
            for (i, unit) in units.iter().enumerate() {
                for (n, piece) in unit.statements.iter().enumerate() {
                    let run = self.0.execute(piece.text(unit.script.unwrap()));
                    run.map_err(|cause| Failed { unit: i, statement: Some(n), committed: i, cause })?;
                }
                let rows = Unit { statements: &[], script: None, ..unit.clone() };
                self.0.apply(&[rows], group)?;
            }
            return Ok(vec![Duration::ZERO; units.len()]);
        }
        self.0.apply(&units, group).map_err(|mut failed| {
            match HOW {
                SAYS_TOO_MUCH_IS_COMMITTED => failed.committed = units.len(),
                KNOWS_NO_STATEMENT => failed.statement = None,
                _ => {}
            }
            failed
        })
    }
    fn render_prepare(&mut self) -> Result<String, Cause> {
        self.0.render_prepare()
    }
    fn renderer(&self) -> Box<dyn Render + '_> {
        self.0.renderer()
    }
    fn begin(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        self.0.begin(unit)
    }
    fn commit(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        self.0.commit(unit)
    }
    fn rollback(&mut self) -> Result<(), Cause> {
        self.0.rollback()
    }
    fn savepoint(&mut self, verb: Savepoint) -> Result<(), Cause> {
        self.0.savepoint(verb)
    }
    fn execute(&mut self, statement: &str) -> Result<(), Cause> {
        self.0.execute(statement)
    }
    fn connection(&mut self) -> &mut Connection {
        self.0.connection()
    }
    fn restore_settings(&mut self) -> Result<(), Cause> {
        if HOW == KEEPS_WHAT_A_SCRIPT_SETS { Ok(()) } else { self.0.restore_settings() }
    }
    fn pre_image(&mut self, statement: &str) -> Result<Option<String>, Cause> {
        self.0.pre_image(statement)
    }
    fn evidence(&mut self, statement: &str, begun: &JournalRow) -> Result<Evidence, Cause> {
        self.0.evidence(statement, begun)
    }
}

struct File<const HOW: u8>(tempfile::TempDir);

impl<const HOW: u8> Subject for File<HOW> {
    type Connection = Connection;
    type Driver<'c> = Broken<'c, HOW>;

    fn fresh() -> Self {
        File(tempfile::tempdir().unwrap())
    }
    fn connect(&self) -> Connection {
        Connection::open(self.0.path().join("app.db")).unwrap()
    }
    fn driver(connection: &mut Connection) -> Broken<'_, HOW> {
        Broken(Sqlite::on(connection))
    }
    fn execute(connection: &mut Connection, sql: &str) -> Result<(), BoxError> {
        Ok(connection.execute_batch(sql)?)
    }
    fn value(connection: &mut Connection, sql: &str) -> String {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().to_string()
    }
    fn samples() -> Samples {
        Samples {
            dialect: Dialect::Sqlite,
            alone: "VACUUM",
            set: "PRAGMA recursive_triggers = ON",
            setting: "SELECT recursive_triggers FROM pragma_recursive_triggers",
        }
    }
}

/// The rules of the suite for such a driver.
fn rules<const HOW: u8>() -> [(&'static str, fn()); 12] {
    [
        ("one_holder_at_a_time", rules::locking::one_holder_at_a_time::<File<HOW>>),
        ("an_error_gives_the_lock_back", rules::locking::an_error_gives_the_lock_back::<File<HOW>>),
        ("each_migration_once", rules::transactions::each_migration_once::<File<HOW>>),
        ("a_failure_leaves_those_before_it", rules::transactions::a_failure_leaves_those_before_it::<File<HOW>>),
        ("together_is_as_one_by_one", rules::transactions::together_is_as_one_by_one::<File<HOW>>),
        ("one_transaction_for_all", rules::transactions::one_transaction_for_all::<File<HOW>>),
        ("a_failure_says_where", rules::transactions::a_failure_says_where::<File<HOW>>),
        ("a_history_that_moved", rules::transactions::a_history_that_moved_is_looked_at_again::<File<HOW>>),
        ("it_goes_on_where_it_failed", rules::journal::it_goes_on_where_it_failed::<File<HOW>>),
        ("the_stored_text_runs", rules::undo::the_stored_text_runs_when_the_file_is_gone::<File<HOW>>),
        ("between_the_files", rules::code::between_the_files::<File<HOW>>),
        ("settings", rules::settings::what_a_file_sets_reaches_neither_the_next_one_nor_the_caller::<File<HOW>>),
    ]
}

/// One rule alone: what a broken driver does to the others may take its time.
fn breaks<const HOW: u8>(name: &str) {
    let rule = rules::<HOW>().into_iter().find(|(other, _)| *other == name).unwrap().1;
    assert!(catch_unwind(rule).is_err(), "{name} holds for a driver that is broken ({HOW})");
}

#[test]
fn each_broken_driver_breaks_a_rule() {
    rules::<WHOLE>().into_iter().for_each(|(_, rule)| rule());
    breaks::<LOCKS_NOBODY_OUT>("one_holder_at_a_time");
    breaks::<KEEPS_THE_LOCK>("an_error_gives_the_lock_back");
    breaks::<WRITES_NO_ROWS>("each_migration_once");
    breaks::<COMMITS_EACH_STATEMENT>("a_failure_leaves_those_before_it");
    breaks::<KEEPS_WHAT_A_SCRIPT_SETS>("settings");
    breaks::<EXPECTS_NOTHING>("a_history_that_moved");
    breaks::<SAYS_TOO_MUCH_IS_COMMITTED>("a_failure_leaves_those_before_it");
    breaks::<FORGETS_THE_JOURNAL>("it_goes_on_where_it_failed");
    breaks::<FORGETS_TEXTS>("the_stored_text_runs");
    breaks::<KNOWS_NO_STATEMENT>("a_failure_leaves_those_before_it");
}
