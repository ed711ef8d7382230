//! Transactions: units that commit as a whole, with a guard; and statements that can't be in one.

use std::time::{Duration, Instant};

use migrate_core::ForeignKeys;
use migrate_core::driver::{Cause, CauseKind, Expect, Failed, Group, Unit};
use migrate_core::history::RowWrite;

use super::{HistoryTables, Sqlite};
use crate::catalog;
use crate::error::cause_in;

/// The savepoint that turns a stray COMMIT of a script into an error.
pub(super) const GUARD: &str = "migrate_guard";

/// How long the journal's last line may wait for a writer: its statement has run already.
const LAST_WAIT: Duration = Duration::from_secs(30);

impl Sqlite<'_> {
    /// Opens a transaction that writes: a deferred one would find out too late that somebody else does, and would not
    /// wait for the busy time-out at all.
    pub(super) fn begin_immediate(&mut self, lock_timeout: Option<Duration>) -> Result<(), Cause> {
        if !self.db().is_autocommit() {
            return Err(inside_a_transaction());
        }
        // Zero is also what a busy handler of the application's own reads as: it stays.
        let patient = self.settings.as_ref().is_some_and(|settings| settings.busy_timeout != 0);
        if let Some(timeout) = lock_timeout.filter(|_| patient) {
            self.batch(&format!("PRAGMA busy_timeout = {}", timeout.as_millis()))?;
        }
        self.batch("BEGIN IMMEDIATE")?;
        if self.tables == HistoryTables::ToBeMade {
            self.batch(&self.history.create_sql()).inspect_err(|_| self.roll_back_all())?;
        }
        Ok(())
    }

    /// Commits, and with it the history's tables where this transaction made them.
    pub(super) fn commit_all(&mut self) -> Result<(), Cause> {
        self.batch("COMMIT")?;
        self.tables = HistoryTables::There;
        Ok(())
    }

    /// On a read-only database `BEGIN IMMEDIATE` succeeds, and the first statement of the file would be blamed.
    pub(super) fn check_writable(&self) -> Result<(), Cause> {
        self.batch(&self.history.no_op_sql())
    }

    pub(super) fn expect(&self, unit: &Unit<'_>) -> Result<(), Cause> {
        let expected = match unit.expect {
            Expect::Absent => None,
            Expect::Applied => Some(true),
            Expect::Begun => Some(false),
        };
        if self.history.recorded(self.db(), unit.version)? == expected {
            return Ok(());
        }
        Err(Cause::new(CauseKind::HistoryMoved, format!("the history of {} changed meanwhile", unit.version)))
    }

    /// The guard is still there, or the script has ended the transaction that was opened for it.
    pub(super) fn release_guard(&self) -> Result<(), Cause> {
        let ended = || {
            Cause::new(CauseKind::TransactionEnded, "the migration ended the transaction that was opened for it")
                .hint("take its COMMIT, END or ROLLBACK out; what it did until then is committed")
        };
        if self.db().is_autocommit() {
            return Err(ended());
        }
        self.batch(&format!("RELEASE {GUARD}")).map_err(|_| ended())
    }

    /// Several units that share a transaction.
    pub(super) fn transaction(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        let fail = |unit, statement, committed, cause| Failed { unit, statement, committed, cause };
        let timeout = units.first().and_then(|unit| unit.lock_timeout);
        self.begin_immediate(timeout).map_err(|cause| fail(0, None, 0, cause))?;
        let mut durations = Vec::with_capacity(units.len());
        for (i, unit) in units.iter().enumerate() {
            let began = Instant::now();
            self.began = Some(began);
            let writable = if i == 0 { self.check_writable() } else { Ok(()) };
            if let Err((statement, cause)) = writable.map_err(|cause| (None, cause)).and_then(|()| self.unit(unit)) {
                let committed = self.keep_those_before(i, group);
                return Err(fail(i, statement, committed, cause));
            }
            durations.push(began.elapsed());
        }
        match self.commit_all() {
            Ok(()) => Ok(durations),
            Err(cause) => {
                self.roll_back_all();
                Err(fail(units.len().saturating_sub(1), None, 0, cause))
            }
        }
    }

    pub(super) fn unit(&mut self, unit: &Unit<'_>) -> Result<(), (Option<usize>, Cause)> {
        let other = |cause| (None, cause);
        self.batch(&format!("SAVEPOINT {GUARD}")).map_err(other)?;
        self.expect(unit).map_err(other)?;
        self.write(&unit.before).map_err(other)?;
        for (n, piece) in unit.statements.iter().enumerate() {
            let Some(script) = unit.script else { continue };
            self.statement(piece.text(script)).map_err(|cause| (Some(n), cause))?;
        }
        if unit.foreign_keys == ForeignKeys::Off {
            catalog::check_foreign_keys(self.db()).map_err(other)?;
        }
        if unit.restore_settings {
            self.put_back().map_err(other)?;
        }
        if self.db().is_autocommit() {
            return self.release_guard().map_err(other);
        }
        self.write(&unit.after).map_err(other)?;
        self.release_guard().map_err(other)
    }

    /// One statement, to its end. SQLite must see exactly one where we see one.
    pub(super) fn statement(&self, sql: &str) -> Result<(), Cause> {
        let cause = |error| cause_in(sql, error);
        let mut statement = self.db().prepare(sql).map_err(cause)?;
        if statement.parameter_count() > 0 {
            return Err(Cause::new(CauseKind::Statement, "a bind parameter, for which a migration has no value")
                .hint("write the value itself, or quote it"));
        }
        if statement.expanded_sql().is_some_and(|seen| seen.trim_end().len() != sql.trim_end().len()) {
            return Err(splits_differently());
        }
        let mut rows = statement.query([]).map_err(cause)?;
        while rows.next().map_err(cause)?.is_some() {}
        Ok(())
    }

    /// After a failure in unit `i`: commits those before it, if they are to stay and SQLite still has them. Says how
    /// many are committed.
    pub(super) fn keep_those_before(&mut self, i: usize, group: Group) -> usize {
        let kept = i > 0
            && group == Group::Segment
            && !self.db().is_autocommit()
            && self.batch(&format!("ROLLBACK TO {GUARD}; RELEASE {GUARD}")).is_ok()
            && self.commit_all().is_ok();
        self.roll_back_all();
        if kept { i } else { 0 }
    }

    /// SQLite may have rolled back by itself (a full disk, `ON CONFLICT ROLLBACK`); then there is nothing to do.
    pub(super) fn roll_back_all(&self) {
        if !self.db().is_autocommit() {
            let _ = self.batch("ROLLBACK");
        }
    }

    /// A statement that can't be in a transaction: its journal line before it, and behind it.
    pub(super) fn alone(&mut self, unit: &Unit<'_>) -> Result<Duration, (Option<usize>, Cause)> {
        let other = |cause| (None, cause);
        let began = Instant::now();
        self.rows(unit.lock_timeout, unit, &unit.before).map_err(other)?;
        for (n, piece) in unit.statements.iter().enumerate() {
            let Some(script) = unit.script else { continue };
            self.statement(piece.text(script)).map_err(|cause| (Some(n), cause))?;
        }
        // The statement has run. "Locked, try again" would send it once more; in doubt is what it is.
        let noted = self.rows(Some(LAST_WAIT), unit, &unit.after);
        noted.map_err(|mut cause| {
            cause.kind = if cause.kind == CauseKind::LockTimeout { CauseKind::Access } else { cause.kind };
            (None, cause)
        })?;
        Ok(began.elapsed())
    }

    pub(super) fn rows(
        &mut self,
        wait: Option<Duration>,
        unit: &Unit<'_>,
        writes: &[RowWrite<'_>],
    ) -> Result<(), Cause> {
        self.begin_immediate(wait)?;
        let written = self.expect(unit).and_then(|()| self.write(writes)).and_then(|()| self.commit_all());
        if written.is_err() {
            self.roll_back_all();
        }
        written
    }

    /// How many of these units may share the next transaction: not across a foreign key that waits for the commit,
    /// for then one migration could break rows and the next one mend them, which one by one would fail.
    pub(super) fn shared(&self, units: &[Unit<'_>], group: Group) -> Result<usize, Cause> {
        if group == Group::AllOrNothing || units.len() < 2 {
            return Ok(units.len());
        }
        if catalog::has_deferred_keys(self.db())? {
            return Ok(1);
        }
        let defers = |unit: &Unit<'_>| unit.script.is_some_and(|s| s.text.to_ascii_lowercase().contains("deferr"));
        Ok(units.iter().position(defers).map_or(units.len(), |i| i + 1))
    }
}

/// A statement that is not run at all would be the worst outcome of two readers that disagree.
fn splits_differently() -> Cause {
    Cause::new(
        CauseKind::Statement,
        "SQLite reads more than one statement here, where migrate reads one: please report this file",
    )
}

pub(super) fn inside_a_transaction() -> Cause {
    Cause::new(CauseKind::Access, "the connection is inside a transaction that was begun before")
        .hint("commit it or roll it back first, or hand over another connection")
}
