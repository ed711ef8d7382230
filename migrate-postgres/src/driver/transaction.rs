//! Transactions: units that commit as a whole, with a guard; and statements that can't be in one.

use std::time::{Duration, Instant};

use migrate_core::Version;
use migrate_core::driver::{Cause, CauseKind, Failed, Group, Unit};
use migrate_core::history::{RowSql, RowWrite};
use migrate_core::sql::split;

use super::Postgres;
use super::message::{CHECK_CONSTRAINTS, GIVEN_AWAY, GUARD, MOVED, Message, OTHER_SESSION};
use super::settings::Scope;
use crate::catalog::{self, literal};
use crate::error::{cause, find_place};
use crate::lock::{another_session, given_away};

/// No message is longer, as long as more than one unit is in it.
const LONGEST_MESSAGE: usize = 4 << 20;

/// Settings that change how the text behind them is read, while the server reads a whole message before it runs any of
/// it.
const READ_OTHERWISE: [&str; 3] = ["standard_conforming_strings", "backslash_quote", "client_encoding"];

/// How long the journal's last line may wait for a lock: its statement has run already.
const LAST_WAIT: Duration = Duration::from_secs(30);

impl Postgres<'_> {
    /// How many of these units may share the next transaction.
    pub(super) fn shared(units: &[Unit<'_>], group: Group) -> usize {
        if group == Group::AllOrNothing {
            return units.len();
        }
        let mut bytes = 0;
        for (i, unit) in units.iter().enumerate() {
            bytes += texts(unit).map(str::len).sum::<usize>();
            // What a file sets for its session or its transaction, the next one must not inherit.
            if unit.restore_settings || is_read_otherwise(unit) || bytes > LONGEST_MESSAGE {
                return i.max(1);
            }
        }
        units.len()
    }

    /// Several units that share a transaction.
    pub(super) fn transaction(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        let began = Instant::now();
        for unit in units.iter().filter(|unit| unit.restore_settings) {
            texts(unit).for_each(|text| self.note_custom(text));
        }
        if units.iter().any(is_read_otherwise) {
            return match self.stepwise(units) {
                Ok(()) => Ok(self.durations(units, began.elapsed())),
                Err((unit, statement, cause)) => {
                    self.roll_back_all();
                    Err(Failed { unit, statement, committed: 0, cause })
                }
            };
        }
        let message = self.message(units);
        match self.client().batch_execute(&message.text) {
            Ok(()) => Ok(self.durations(units, began.elapsed())),
            Err(error) => Err(self.why(units, group, &message, self_made(cause(error)))),
        }
    }

    /// Finds out which unit and which statement failed, keeps the units before it if they are to stay, and leaves no
    /// transaction open.
    fn why(&mut self, units: &[Unit<'_>], group: Group, message: &Message, mut cause: Cause) -> Failed {
        let place = message.place(cause.position);
        cause.position = place.map(|(.., position)| position);
        if cause.kind == CauseKind::ConnectionLost {
            let (unit, statement) = place.map_or((0, None), |(unit, statement, _)| (unit, Some(statement)));
            return Failed { unit, statement, committed: 0, cause };
        }
        let kept = if group == Group::Segment && units.len() > 1 { self.keep_those_before(units) } else { None };
        self.roll_back_all();
        if cause.kind == CauseKind::TransactionEnded {
            let committed = self.leading_recorded(units);
            return Failed { unit: committed.min(units.len() - 1), statement: None, committed, cause };
        }
        if let Some((unit, statement, _)) = place {
            self.name_blockers(units.get(unit), Some(statement), &mut cause);
            return Failed { unit, statement: Some(statement), committed: kept.unwrap_or(0), cause };
        }
        let committed = kept.unwrap_or(0);
        // What another session holds now it may not hold at a second try, which would tell something else. What somebody
        // has cancelled must not begin again.
        if cause.kind == CauseKind::Statement {
            let left = units.get(committed..).unwrap_or_default();
            let only = if group == Group::Segment && kept.is_some() { left.get(..1).unwrap_or_default() } else { left };
            if let Some((unit, statement, replayed)) = self.replay(only)
                && replayed.code == cause.code
            {
                return Failed { unit: committed + unit, statement: Some(statement), committed, cause: replayed };
            }
        }
        let unit = if kept.is_some() { committed } else { 0 };
        self.name_blockers(units.get(unit), None, &mut cause);
        Failed { unit, statement: None, committed, cause }
    }

    /// After a failure in a segment: commits the units before the one that failed. `None` when nothing could be kept,
    /// for instance because the server could not even read the message.
    fn keep_those_before(&mut self, units: &[Unit<'_>]) -> Option<usize> {
        self.batch(&format!("ROLLBACK TO SAVEPOINT {GUARD}; RELEASE SAVEPOINT {GUARD}")).ok()?;
        let kept = self.leading_recorded(units);
        // Without this the next attempt of the same files would find them recorded.
        self.batch(&format!("{}COMMIT", self.put_back_sql())).ok()?;
        Some(kept)
    }

    /// How many of these units are recorded, from the first one on without a gap.
    fn leading_recorded(&mut self, units: &[Unit<'_>]) -> usize {
        let versions: Vec<_> = units.iter().map(|unit| unit.version).collect();
        let sql = self.history.recorded_sql(&versions);
        let recorded = catalog::column(self.client(), &sql).unwrap_or_default();
        let is_recorded = |unit: &&Unit<'_>| recorded.iter().any(|found| *found == unit.version.get().to_string());
        units.iter().take_while(is_recorded).count()
    }

    /// Runs units again statement by statement, and takes them back: to know which statement fails, where the server
    /// gave no place.
    fn replay(&mut self, units: &[Unit<'_>]) -> Option<(usize, usize, Cause)> {
        self.batch("BEGIN").ok()?;
        let failed = self.statements(units).err();
        self.roll_back_all();
        failed.and_then(|(unit, statement, cause)| Some((unit, statement?, cause)))
    }

    /// Units statement by statement, as one transaction.
    fn stepwise(&mut self, units: &[Unit<'_>]) -> Result<(), (usize, Option<usize>, Cause)> {
        self.batch("BEGIN").map_err(|cause| (0, None, cause))?;
        self.statements(units)?;
        self.batch("COMMIT").map_err(|cause| (units.len().saturating_sub(1), None, self_made(cause)))
    }

    fn statements(&mut self, units: &[Unit<'_>]) -> Result<(), (usize, Option<usize>, Cause)> {
        for (i, unit) in units.iter().enumerate() {
            let other = |cause| (i, None, self_made(cause));
            self.batch(&self.head_sql(unit)).map_err(other)?;
            for (n, piece) in unit.statements.iter().enumerate() {
                let Some(script) = unit.script else { continue };
                let run = self.batch(piece.text(script));
                run.map_err(|mut cause| {
                    find_place(piece.text(script), &mut cause);
                    (i, Some(n), cause)
                })?;
            }
            let tail = self.tail_sql(unit);
            if is_read_otherwise(unit) {
                // The server reads a whole message in the encoding that the script has set.
                self.batch(CHECK_CONSTRAINTS).map_err(other)?;
                self.batch(&self.put_back_sql()).map_err(other)?;
                self.batch(&tail).map_err(other)?;
            } else {
                self.batch(&format!("{CHECK_CONSTRAINTS}{tail}")).map_err(other)?;
            }
        }
        Ok(())
    }

    /// A statement that can't be in a transaction: its journal line before it, and behind it.
    pub(super) fn alone(&mut self, unit: &Unit<'_>) -> Result<Duration, (Option<usize>, Cause)> {
        let other = |cause| (None, cause);
        let began = Instant::now();
        self.rows(unit, &unit.before, unit.lock_timeout).map_err(other)?;
        for (n, piece) in unit.statements.iter().enumerate() {
            let Some(script) = unit.script else { continue };
            let text = piece.text(script);
            let run = self.by_itself(unit.lock_timeout, text);
            run.and_then(|()| self.is_as_it_should_be(text)).map_err(|mut cause| {
                find_place(text, &mut cause);
                self.name_blockers(Some(unit), Some(n), &mut cause);
                (Some(n), cause)
            })?;
        }
        // The statement has run. "Locked, try again" would send it once more; in doubt is what it is.
        let noted = self.rows(unit, &unit.after, Some(LAST_WAIT));
        noted.map_err(|mut cause| {
            cause.kind = if cause.kind == CauseKind::LockTimeout { CauseKind::Access } else { cause.kind };
            (None, cause)
        })?;
        Ok(began.elapsed())
    }

    /// One statement by itself. A client that is killed meanwhile must not take a half-built index with it: the server
    /// goes on, keeps our lock as long, and the next run finds the index valid.
    fn by_itself(&mut self, timeout: Option<Duration>, text: &str) -> Result<(), Cause> {
        let unwatched = "client_connection_check_interval";
        let asked = format!("SELECT current_setting('lock_timeout'), current_setting('{unwatched}', true)");
        let before = catalog::row(self.client(), &asked)?;
        let mut set = self.lock_timeout_sql(timeout, Scope::Session);
        let mut back = String::new();
        let put_back = |name: &str, value: &str| format!("SELECT set_config('{name}', {}, false);\n", literal(value));
        if let Some(found) = before.get(0) {
            back.push_str(&put_back("lock_timeout", found));
        }
        if let Some(found) = before.get(1).filter(|found| *found != "0") {
            set.push_str(&put_back(unwatched, "0"));
            back.push_str(&put_back(unwatched, found));
        }
        self.batch(&set)?;
        let ran = self.batch(text);
        let restored = self.batch(&back);
        ran.and(restored)
    }

    /// Rows alone, in a transaction of their own.
    pub(super) fn rows(
        &mut self,
        unit: &Unit<'_>,
        writes: &[RowWrite<'_>],
        wait: Option<Duration>,
    ) -> Result<(), Cause> {
        let message = self.rows_message(unit, writes, wait);
        self.batch(&message).map_err(|cause| {
            self.roll_back_all();
            self_made(cause)
        })
    }

    /// Harmless outside a transaction, where the server only warns.
    pub(super) fn roll_back_all(&mut self) {
        let _ = self.batch("ROLLBACK");
    }
}

/// Our own checks and our guard speak through the server's errors.
pub(super) fn self_made(mut cause: Cause) -> Cause {
    let code = cause.code.as_deref().unwrap_or_default();
    let says = |words: &str| cause.message.contains(words);
    if code == "22P02" && says(MOVED) {
        return Cause::new(CauseKind::HistoryMoved, "the history changed meanwhile");
    }
    if code == "22P02" && says(OTHER_SESSION) {
        return another_session();
    }
    if code == "22P02" && says(GIVEN_AWAY) {
        return given_away();
    }
    // 3B001: there is no such savepoint; 25P01: there is no transaction.
    if (code == "3B001" && says(GUARD)) || code == "25P01" {
        cause.kind = CauseKind::TransactionEnded;
        cause.message = "the migration ended the transaction that was opened for it".into();
        return cause.hint("take its COMMIT, END or ROLLBACK out; what it did until then is committed");
    }
    cause
}

fn is_read_otherwise(unit: &Unit<'_>) -> bool {
    unit.restore_settings
        && texts(unit).any(|text| {
            let text = text.to_ascii_lowercase();
            READ_OTHERWISE.iter().any(|setting| text.contains(setting))
        })
}

fn texts<'u>(unit: &'u Unit<'_>) -> impl Iterator<Item = &'u str> {
    unit.statements.iter().filter_map(|piece| Some(piece.text(unit.script?)))
}

impl Postgres<'_> {
    /// After a lock that could not be had: who has it.
    fn name_blockers(&mut self, unit: Option<&Unit<'_>>, statement: Option<usize>, cause: &mut Cause) {
        if cause.kind != CauseKind::LockTimeout || cause.detail.is_some() {
            return;
        }
        let mut relations = Vec::new();
        if let Some(unit) = unit
            && let Some(script) = unit.script
        {
            let all = unit.statements.iter().enumerate();
            for (_, piece) in all.filter(|(n, _)| statement.is_none_or(|only| only == *n)) {
                let Ok(split) = split(piece.text(script), self.syntax()) else { continue };
                let known = split.iter().map(migrate_core::sql::Statement::recognise);
                for object in known.flat_map(|known| known.objects.into_iter().chain(known.on)) {
                    relations.push(crate::catalog::qualified(&object));
                }
            }
        }
        let found = catalog::blockers(self.client(), &relations).unwrap_or_default();
        if !found.is_empty() {
            cause.detail = Some(format!("in the way: {}", found.join("; ")));
        }
    }

    fn durations(&mut self, units: &[Unit<'_>], elapsed: Duration) -> Vec<Duration> {
        let versions: Vec<_> = units.iter().map(|unit| unit.version).collect();
        let mut durations = vec![elapsed / u32::try_from(units.len().max(1)).unwrap_or(1); units.len()];
        if units.len() < 2 {
            return durations;
        }
        // The server's clock tells each one's share; a report is no reason to fail.
        let sql = self.history.durations_sql(&versions);
        for row in catalog::rows(self.client(), &sql).unwrap_or_default() {
            let version = row.get(0).and_then(|text| text.parse().ok()).map(Version::new);
            let micros = row.get(1).and_then(|text| text.parse().ok()).map(Duration::from_micros);
            let at = versions.iter().position(|other| Some(*other) == version);
            if let (Some(slot), Some(micros)) = (at.and_then(|at| durations.get_mut(at)), micros) {
                *slot = micros;
            }
        }
        durations
    }
}
