//! An in-memory database for tests of the loop: it can refuse, or lose its connection, at the nth thing it is asked.
//!
//! A "statement" is any text; running it appends it to the list of [`effects`](FakeDatabase::effects). Drivers are
//! tested on real servers; this one exists so that the loop can be seen to fail at *every* step.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::driver::{
    Cause, CauseKind, Driver, Evidence, Expect, Facts, Failed, Group, Holder, LockAttempt, Savepoint, Unit, UnitMode,
};
use crate::history::{HistoryRow, JournalRow, NewRow, RowWrite};
use crate::render::{Checks, Render};
use crate::sql::Dialect;
use crate::{Checksum, Direction, Version};

/// Writes its units as they are.
struct Shown;

impl Render for Shown {
    fn facts(&self) -> Facts {
        Facts::unasked()
    }

    fn tables(&self) -> String {
        String::new()
    }

    fn units(&self, units: &[Unit<'_>], checks: Checks) -> String {
        format!("{checks:?} {units:?}\n")
    }

    fn opening(&self, head: &str) -> String {
        format!("{head}\n")
    }
}

/// A database in memory. Clones are the same database.
#[derive(Clone, Debug, Default)]
pub struct FakeDatabase {
    state: Arc<Mutex<State>>,
    autocommit_ddl: bool,
}

#[derive(Clone, Debug, Default)]
struct State {
    data: Data,
    holder: Option<u64>,
    connections: u64,
}

/// What a transaction can take back.
#[derive(Clone, Debug, Default, PartialEq)]
struct Data {
    history: Option<BTreeMap<Version, HistoryRow>>,
    texts: BTreeMap<String, String>,
    journal: BTreeMap<(Version, usize), JournalRow>,
    effects: Vec<String>,
}

impl FakeDatabase {
    /// An empty one, whose schema changes can be rolled back.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one, where each statement commits by itself, as DDL does on MySQL.
    pub fn autocommitting() -> Self {
        FakeDatabase { autocommit_ddl: true, ..Self::default() }
    }

    /// A new connection.
    pub fn connect(&self) -> Fake {
        let mut state = self.lock();
        state.connections += 1;
        let connection = FakeConnection { id: state.connections, effects: Vec::new() };
        drop(state);
        Fake {
            database: self.clone(),
            connection,
            open: None,
            savepoints: Vec::new(),
            calls: 0,
            fault: None,
            lost: false,
        }
    }

    /// The statements that ran and stayed, in the order in which they did.
    pub fn effects(&self) -> Vec<String> {
        self.lock().data.effects.clone()
    }

    /// The recorded versions, finished or not.
    pub fn versions(&self) -> Vec<i64> {
        self.lock().data.history.iter().flatten().map(|(version, _)| version.get()).collect()
    }

    /// How many lines the journal has.
    pub fn journal_len(&self) -> usize {
        self.lock().data.journal.len()
    }

    /// Whether somebody holds the lock.
    pub fn is_locked(&self) -> bool {
        self.lock().holder.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database refuses.
    Error,
    /// The connection is gone, before the database did what it was asked, or after: each is a call of its own.
    Lost,
}

/// A connection to a [`FakeDatabase`], and its driver.
#[derive(Debug)]
pub struct Fake {
    database: FakeDatabase,
    connection: FakeConnection,
    open: Option<Data>,
    savepoints: Vec<Data>,
    calls: usize,
    fault: Option<(usize, Fault)>,
    lost: bool,
}

/// What a migration in Rust is handed.
#[derive(Debug)]
pub struct FakeConnection {
    id: u64,
    effects: Vec<String>,
}

impl FakeConnection {
    /// Leaves an effect, as a statement would.
    pub fn run(&mut self, effect: &str) {
        self.effects.push(effect.into());
    }
}

impl Fake {
    /// Lets the `n`th thing that the database is asked go wrong, from 1.
    #[must_use]
    pub fn failing_at(mut self, n: usize, fault: Fault) -> Self {
        self.fault = Some((n, fault));
        self
    }

    /// How many things it was asked.
    pub fn calls(&self) -> usize {
        self.calls
    }

    fn tick(&mut self) -> Result<(), Cause> {
        self.calls += 1;
        match self.fault {
            _ if self.lost => Err(Cause::new(CauseKind::ConnectionLost, "the connection is gone")),
            Some((n, Fault::Error)) if n == self.calls => Err(Cause::new(CauseKind::Statement, "no")),
            Some((n, Fault::Lost)) if n == self.calls => {
                self.lost = true;
                self.open = None;
                let mut state = self.database.lock();
                if state.holder == Some(self.connection.id) {
                    state.holder = None;
                }
                Err(Cause::new(CauseKind::ConnectionLost, "the connection is gone"))
            }
            _ => Ok(()),
        }
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Data) -> T) -> T {
        match &mut self.open {
            Some(data) => change(data),
            None => change(&mut self.database.lock().data),
        }
    }

    fn open(&mut self) -> Result<(), Cause> {
        self.tick()?;
        self.open = Some(self.database.lock().data.clone());
        self.savepoints.clear();
        Ok(())
    }

    fn close(&mut self) -> Result<(), Cause> {
        self.tick()?;
        if let Some(data) = self.open.take() {
            self.database.lock().data = data;
        }
        self.tick()
    }

    fn expect(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        let found = self.change(|data| {
            let row = data.history.iter().flatten().find(|(version, _)| **version == unit.version);
            row.map(|(_, row)| row.finished_at.is_some())
        });
        let expected = match unit.expect {
            Expect::Absent => None,
            Expect::Applied => Some(true),
            Expect::Begun => Some(false),
        };
        if found == expected { Ok(()) } else { Err(Cause::new(CauseKind::HistoryMoved, "the history moved")) }
    }

    fn statement(&mut self, text: &str) -> Result<(), Cause> {
        self.tick()?;
        self.change(|data| data.effects.push(text.into()));
        self.tick().inspect_err(|cause| {
            // A statement that a database refuses has done nothing; one whose answer was lost may have done all.
            if cause.kind != CauseKind::ConnectionLost {
                self.change(|data| data.effects.truncate(data.effects.len() - 1));
            }
        })
    }

    fn write(&mut self, writes: &[RowWrite<'_>]) -> Result<(), Cause> {
        for write in writes {
            self.tick()?;
            self.change(|data| data.write(write));
        }
        Ok(())
    }

    fn unit(&mut self, unit: &Unit<'_>) -> Result<(), (Option<usize>, Cause)> {
        self.expect(unit).map_err(|cause| (None, cause))?;
        self.write(&unit.before).map_err(|cause| (None, cause))?;
        for (n, piece) in unit.statements.iter().enumerate() {
            let text = unit.script.map(|script| piece.text(script)).unwrap_or_default();
            self.statement(text).map_err(|cause| (Some(n), cause))?;
        }
        self.write(&unit.after).map_err(|cause| (None, cause))
    }
}

impl Data {
    fn write(&mut self, write: &RowWrite<'_>) {
        let history = self.history.get_or_insert_default();
        match write {
            RowWrite::Begun(new) => drop(history.insert(new.version, row(new, None))),
            RowWrite::Applied(new) => drop(history.insert(new.version, row(new, Some("then".into())))),
            RowWrite::Accepted(new) => {
                if let Some(old) = history.get_mut(&new.version) {
                    *old = row(new, old.finished_at.clone());
                }
            }
            RowWrite::Finished(version) => {
                if let Some(row) = history.get_mut(version) {
                    row.finished_at = Some("then".into());
                }
            }
            RowWrite::Reverting(version, _) => {
                if let Some(row) = history.get_mut(version) {
                    row.finished_at = None;
                    row.direction = Direction::Down;
                }
            }
            RowWrite::Reverted(version) => drop(history.remove(version)),
            RowWrite::Text(key, text) => drop(self.texts.insert(key.to_string(), text.to_string())),
            RowWrite::Journal(line) => drop(self.journal.insert((line.version, line.n), line.clone())),
            RowWrite::JournalCleared(version) => self.journal.retain(|(of, _), _| of != version),
        }
    }
}

fn row(new: &NewRow, finished_at: Option<String>) -> HistoryRow {
    HistoryRow {
        version: new.version,
        name: new.name.clone(),
        checksum: new.checksum.clone(),
        statements_checksum: new.statements_checksum.clone(),
        down_checksum: new.down_checksum.clone(),
        direction: Direction::Up,
        started_at: "then".into(),
        finished_at,
        duration_ms: None,
    }
}

impl Driver for Fake {
    type Connection = FakeConnection;

    fn facts(&mut self) -> Result<Facts, Cause> {
        let transactional_ddl = !self.database.autocommit_ddl;
        Ok(Facts {
            syntax: Dialect::Sqlite.into(),
            server: "Fake 1".into(),
            version: None,
            transactional_ddl,
            sees_swaps: true,
        })
    }

    fn read_history(&mut self) -> Result<Option<Vec<HistoryRow>>, Cause> {
        self.tick()?;
        Ok(self.change(|data| data.history.as_ref().map(|rows| rows.values().cloned().collect())))
    }

    fn read_texts(&mut self, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause> {
        self.tick()?;
        Ok(self.change(|data| keys.iter().map(|key| data.texts.get(&key.to_string()).cloned()).collect()))
    }

    fn read_journal(&mut self, version: Version) -> Result<Vec<JournalRow>, Cause> {
        self.tick()?;
        Ok(self.change(|data| data.journal.values().filter(|line| line.version == version).cloned().collect()))
    }

    fn try_lock(&mut self) -> Result<LockAttempt, Cause> {
        self.tick()?;
        let mut state = self.database.lock();
        match state.holder {
            Some(id) if id != self.connection.id => Ok(LockAttempt::Held(Holder::named(format!("connection {id}")))),
            _ => {
                state.holder = Some(self.connection.id);
                Ok(LockAttempt::Acquired)
            }
        }
    }

    fn holder(&mut self) -> Result<Option<Holder>, Cause> {
        self.tick()?;
        Ok(self.database.lock().holder.map(|id| Holder::named(format!("connection {id}"))))
    }

    fn unlock(&mut self) -> Result<(), Cause> {
        // Without a tick before it: a connection that still lives always gives its lock back.
        let mut state = self.database.lock();
        if state.holder == Some(self.connection.id) {
            state.holder = None;
        }
        Ok(())
    }

    fn prepare(&mut self) -> Result<(), Cause> {
        self.tick()?;
        self.change(|data| {
            data.history.get_or_insert_default();
        });
        Ok(())
    }

    fn apply(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        let fail = |unit, statement, committed, cause| Failed { unit, statement, committed, cause };
        if let [unit] = units
            && unit.mode == UnitMode::Alone
        {
            return match self.unit(unit) {
                Ok(()) => Ok(vec![Duration::ZERO]),
                Err((statement, cause)) => Err(fail(0, statement, 0, cause)),
            };
        }
        self.open().map_err(|cause| fail(0, None, 0, cause))?;
        for (i, unit) in units.iter().enumerate() {
            let before = self.open.clone();
            if let Err((statement, cause)) = self.unit(unit) {
                self.open = None;
                let mut committed = 0;
                if group == Group::Segment && !self.lost && i > 0 {
                    self.open = before;
                    committed = if self.close().is_ok() { i } else { 0 };
                }
                return Err(fail(i, statement, committed, cause));
            }
        }
        match self.close() {
            Ok(()) => Ok(vec![Duration::ZERO; units.len()]),
            Err(cause) => Err(fail(units.len() - 1, None, 0, cause)),
        }
    }

    fn render_prepare(&mut self) -> Result<String, Cause> {
        Ok(String::new())
    }

    fn renderer(&self) -> Box<dyn Render + '_> {
        Box::new(Shown)
    }

    fn begin(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        self.open()?;
        self.connection.effects.clear();
        self.expect(unit).inspect_err(|_| self.open = None)
    }

    fn commit(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        for effect in std::mem::take(&mut self.connection.effects) {
            self.statement(&effect)?;
        }
        self.write(&unit.after)?;
        self.close()
    }

    fn rollback(&mut self) -> Result<(), Cause> {
        self.open = None;
        self.tick()
    }

    fn savepoint(&mut self, verb: Savepoint) -> Result<(), Cause> {
        self.tick()?;
        let now = self.open.clone().unwrap_or_default();
        match verb {
            Savepoint::Open => self.savepoints.push(now),
            Savepoint::Release => drop(self.savepoints.pop()),
            Savepoint::RollBack => self.open = self.savepoints.pop(),
        }
        Ok(())
    }

    fn execute(&mut self, statement: &str) -> Result<(), Cause> {
        self.statement(statement)
    }

    fn connection(&mut self) -> &mut FakeConnection {
        &mut self.connection
    }

    fn restore_settings(&mut self) -> Result<(), Cause> {
        self.tick()
    }

    fn pre_image(&mut self, statement: &str) -> Result<Option<String>, Cause> {
        self.tick()?;
        Ok(Some(self.change(|data| data.effects.iter().filter(|effect| *effect == statement).count()).to_string()))
    }

    fn evidence(&mut self, statement: &str, begun: &JournalRow) -> Result<Evidence, Cause> {
        self.tick()?;
        let ran = self.change(|data| data.effects.iter().filter(|effect| *effect == statement).count()).to_string();
        let undecided = || Evidence::Undecided { look_at: format!("whether `{statement}` ran") };
        Ok(match begun.pre_image.as_deref() {
            None => undecided(),
            Some(_) if statement.contains("opaque") => undecided(),
            Some(before) if before == ran => Evidence::RunAgain,
            Some(_) => Evidence::Ran,
        })
    }
}
