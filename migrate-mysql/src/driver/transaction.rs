//! Transactions, of rows and of files that only change data; and statements that commit by themselves, each with its
//! lines of the journal in one message.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use migrate_core::driver::{Cause, CauseKind, Failed, Unit};
use migrate_core::history::RowWrite;
use migrate_core::sql::{Role, Statement, split};

use super::Mysql;
use super::evidence::is_not_transactional;
use super::message::{GUARD, ended};
use crate::catalog;
use crate::error::find_place;

impl Mysql<'_> {
    /// Units that share a transaction: all of them, or nothing. One statement a message, for the error of a later one
    /// must not be lost.
    pub(super) fn transaction(&mut self, units: &[Unit<'_>]) -> Result<Vec<Duration>, Failed> {
        let mut durations = Vec::with_capacity(units.len());
        for (i, unit) in units.iter().enumerate() {
            let began = Instant::now();
            let ran = self.part(unit, i == 0, i + 1 == units.len());
            ran.map_err(|(statement, mut cause)| {
                if self.roll_back_all() == RolledBack::InPart {
                    cause = kept_rows(cause);
                    // Once more, and these rows would be there twice.
                    cause.kind = CauseKind::TransactionEnded;
                }
                Failed { unit: i, statement, committed: 0, cause }
            })?;
            durations.push(began.elapsed());
        }
        Ok(durations)
    }

    fn part(&mut self, unit: &Unit<'_>, first: bool, last: bool) -> Result<(), (Option<usize>, Cause)> {
        let other = |cause| (None, cause);
        let began = Instant::now();
        let head = if first { self.head(unit, &unit.before) } else { self.next_head(unit, &unit.before) };
        let close = if last { "COMMIT" } else { "" };
        let why = |(at, cause)| other(head.why(at, cause));
        if unit.statements.is_empty() {
            let rows = self.rows_sql(&unit.after, Duration::ZERO);
            return self.send(&format!("{}{rows}{close}", head.text)).map(|_| ()).map_err(why);
        }
        self.check_engines(unit).map_err(other)?;
        self.send(&format!("{}SAVEPOINT {GUARD}", head.text)).map_err(why)?;
        for (n, piece) in unit.statements.iter().enumerate() {
            let Some(script) = unit.script else { continue };
            let text = piece.text(script);
            if piece.role != Role::Change {
                self.note(text);
            }
            self.statement(text).map_err(|mut cause| {
                find_place(text, &mut cause);
                self.name_blockers(text, &mut cause);
                (Some(n), cause)
            })?;
        }
        let rows = self.rows_sql(&unit.after, began.elapsed());
        self.batch(&format!("RELEASE SAVEPOINT {GUARD};\n{rows}{close}")).map_err(|cause| other(self_made(cause)))
    }

    /// One statement of a script, to its end, with what the server warns of.
    pub(super) fn statement(&mut self, text: &str) -> Result<(), Cause> {
        let answered = self.send(&format!("{}SHOW WARNINGS", ended(text))).map_err(|(_, cause)| cause)?;
        self.take_warnings(answered.last());
        Ok(())
    }

    /// A statement that commits by itself, and its lines of the journal, as one message: what is before it becomes
    /// durable with its commit, and what does not commit is one with its lines.
    pub(super) fn alone(&mut self, unit: &Unit<'_>) -> Result<Duration, (Option<usize>, Cause)> {
        let other = |cause| (None, cause);
        let began = Instant::now();
        let [piece] = unit.statements else { return Ok(Duration::ZERO) };
        let Some(script) = unit.script else { return Ok(Duration::ZERO) };
        let text = piece.text(script);
        if piece.role != Role::Change {
            self.note(text);
        }
        let mut before = unit.before.as_slice();
        if is_not_transactional(before) {
            // Its rows would stay where ours are rolled back.
            self.rows(unit, before).map_err(other)?;
            before = &[];
        }
        let head = self.head(unit, before);
        let after = self.rows_sql(&unit.after, Duration::ZERO);
        let message = format!("{}{}SHOW WARNINGS;\n{after}COMMIT", head.text, ended(text));
        let behind = 1 + unit.after.len() + 1;
        match self.send(&message) {
            Ok(answered) => {
                let results = answered.len() - head.results.min(answered.len());
                self.take_warnings(answered.get(answered.len().saturating_sub(behind)));
                // A routine that is called answers as it likes.
                if results != 1 + behind && piece.role != Role::Opaque {
                    return Err(other(splits_differently()));
                }
                Ok(began.elapsed())
            }
            Err((at, mut cause)) => {
                if self.roll_back_all() == RolledBack::InPart {
                    cause = kept_rows(cause);
                    cause.kind = if cause.kind == CauseKind::LockTimeout { CauseKind::Statement } else { cause.kind };
                }
                if at < head.results {
                    return Err(other(head.why(at, cause)));
                }
                if at == head.results || piece.role == Role::Opaque {
                    find_place(text, &mut cause);
                    self.name_blockers(text, &mut cause);
                    return Err((Some(0), cause));
                }
                // The statement has run. "Locked, try again" would send it once more; in doubt is what it is.
                cause.kind = if cause.kind == CauseKind::LockTimeout { CauseKind::Access } else { cause.kind };
                Err(other(cause))
            }
        }
    }

    /// Rows alone, in a transaction of their own.
    fn rows(&mut self, unit: &Unit<'_>, writes: &[RowWrite<'_>]) -> Result<(), Cause> {
        let head = self.head(unit, writes);
        self.send(&format!("{}COMMIT", head.text)).map(|_| ()).map_err(|(at, cause)| {
            self.roll_back_all();
            head.why(at, cause)
        })
    }

    /// A failure of this file would leave rows in these tables, while the history says that nothing ran.
    fn check_engines(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        let mut tables = BTreeSet::new();
        for text in unit.statements.iter().filter_map(|piece| Some(piece.text(unit.script?))) {
            tables.extend(self.tables_of(text)?);
        }
        let found = catalog::without_transactions(self.conn(), &tables)?;
        if found.is_empty() {
            return Ok(());
        }
        let message = format!("a change of {} can't be rolled back: its engine has no transactions", found.join(", "));
        Err(Cause::new(CauseKind::Statement, message).hint(
            "change the table to InnoDB first; or let the file run statement by statement: \
             `-- migrate:options transaction:false`",
        ))
    }

    /// The tables that a statement names, each with its database.
    pub(super) fn tables_of(&mut self, text: &str) -> Result<BTreeSet<(String, String)>, Cause> {
        let Ok(statements) = split(text, self.syntax_now()?) else { return Ok(BTreeSet::new()) };
        let known = statements.iter().map(Statement::recognise);
        let objects: Vec<_> = known.flat_map(|known| known.objects.into_iter().chain(known.on)).collect();
        if objects.is_empty() {
            return Ok(BTreeSet::new());
        }
        let current =
            if objects.iter().any(|object| object.schema.is_none()) { self.current_database()? } else { None };
        let current = current.unwrap_or_default();
        Ok(objects.into_iter().map(|object| (object.schema.unwrap_or_else(|| current.clone()), object.name)).collect())
    }

    /// After a lock that could not be had: who has it.
    fn name_blockers(&mut self, text: &str, cause: &mut Cause) {
        if cause.kind != CauseKind::LockTimeout || cause.detail.is_some() || self.lost {
            return;
        }
        let tables = self.tables_of(text).unwrap_or_default();
        let found = catalog::blockers(self.conn(), &tables);
        if !found.is_empty() {
            cause.detail = Some(format!("in the way: {}", found.join("; ")));
        }
    }

    fn take_warnings(&mut self, rows: Option<&Vec<catalog::Row>>) {
        for row in rows.into_iter().flatten() {
            let cell = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
            // "Note" is for what was asked for: IF EXISTS of something that does not exist.
            if cell(0) != "Note" {
                self.warnings.push(format!("{} [{}]", cell(2), cell(1)));
            }
        }
    }

    /// A transaction that was begun before is not ours to commit.
    pub(super) fn check_transaction(&mut self) -> Result<(), Cause> {
        // Inside a transaction a savepoint can be released; outside it was gone with its statement.
        match self.batch("SAVEPOINT migrate_inside; RELEASE SAVEPOINT migrate_inside") {
            Err(why) if why.code.as_deref() == Some("1305") => Ok(()),
            Err(why) => Err(why),
            Ok(()) => {
                Err(Cause::new(CauseKind::Access, "the connection is inside a transaction that was begun before")
                    .hint("commit it or roll it back first, and let autocommit be on; or hand over another connection"))
            }
        }
    }

    /// Harmless outside a transaction.
    pub(super) fn roll_back_all(&mut self) -> RolledBack {
        if self.lost {
            return RolledBack::Whole;
        }
        let warned = self.send("ROLLBACK; SHOW WARNINGS").unwrap_or_default().pop().unwrap_or_default();
        // "Some non-transactional changed tables couldn't be rolled back".
        let kept = warned.iter().any(|row| row.get(1).and_then(Option::as_deref) == Some("1196"));
        if kept { RolledBack::InPart } else { RolledBack::Whole }
    }
}

/// What a ROLLBACK took back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RolledBack {
    Whole,
    /// Rows of tables without transactions are still there.
    InPart,
}

/// No look at the statements tells this before: a join, a view or a trigger may lead to such a table.
fn kept_rows(mut cause: Cause) -> Cause {
    let said = "the rows that it wrote to a table without transactions (MyISAM, Aria, MEMORY) could not be rolled back";
    cause.detail = Some(cause.detail.map_or(said.to_owned(), |detail| format!("{detail}; {said}")));
    cause.hint("take these rows back by hand before the next run, and change the table to InnoDB")
}

/// Our guard speaks through the server's errors.
pub(super) fn self_made(mut cause: Cause) -> Cause {
    // There is no such savepoint.
    if cause.code.as_deref() == Some("1305") && cause.message.contains(GUARD) {
        cause.kind = CauseKind::TransactionEnded;
        cause.message = "the migration ended the transaction that was opened for it".into();
        return cause.hint(
            "take its COMMIT or ROLLBACK out; a change of the schema commits by itself, also in code, which must then say \
             that it is not transactional; what it did until then is committed",
        );
    }
    cause
}

/// A statement that is not run at all would be the worst outcome of two readers that disagree.
fn splits_differently() -> Cause {
    let message = "the server reads more than one statement here, where migrate reads one: please report this file";
    Cause::new(CauseKind::Access, message)
}
