use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use super::guarded::cancelled;
use super::lock::Locked;
use super::rows::{self, Signature};
use super::undo::Undos;
use super::{Intent, LockLadder, Migrator, Transactions};
use crate::driver::{Cause, CauseKind, Driver, Group, Unit};
use crate::error::Kept;
use crate::event::Event;
use crate::hook::Moment;
use crate::plan::{Action, DownTarget, Mode, Note, Piece, Plan, Refusal, Refused, Step, UpTarget, Work};
use crate::report::Done;
use crate::session::Session;
use crate::trace;
use crate::{BoxError, Direction, Error, HistoryRow, Meta, Migration, Migrations, Report, Script};

/// At most so many migrations share a transaction: PostgreSQL's lock table is the whole server's, and about 1,600
/// new tables in one transaction fill it, for other sessions too.
const SEGMENT: usize = 100;

/// How often a run looks again when the history changed under it. With the lock that never happens; without one, on
/// SQLite, other starters take their share of the steps in between.
const MOST_LOOKS: usize = 1000;

/// Why a step did not come to its end.
pub(super) enum Trouble {
    /// The history is not what it was: look again.
    Moved,
    /// It failed.
    Failed(Error),
}

/// What is the same for all steps of one look.
pub(super) struct Run<'r, 'k, C> {
    pub(super) known: &'r Migrations<'k, C>,
    pub(super) rows: &'r [HistoryRow],
    pub(super) signed: &'r Signature,
    pub(super) plan: &'r Plan<'r>,
    pub(super) report: &'r mut Report,
}

impl<D: Driver> Migrator<'_, D> {
    pub(super) fn run(&mut self, known: &Migrations<'_, D::Connection>, intent: Intent) -> Result<Report, Error> {
        let _span = trace::run(known.len());
        if self.is_cancelled() {
            return Err(self.ended(Report::default(), 0));
        }
        let no_lock = match self.nothing_to_do(known, intent)? {
            Some(report) => return Ok(report),
            None => match self.lock(Some((known, intent)))? {
                Locked::NotNeeded(report) => return Ok(report),
                Locked::Yes => None,
                Locked::Impossible(why) => Some(why),
            },
        };
        let result = self.run_locked(known, intent, no_lock).and_then(|report| {
            self.after_run(&report)?;
            Ok(report)
        });
        if let Err(error) = &result {
            self.on_failure(error);
        }
        let released = self.release();
        let report = result?;
        released?;
        Ok(report)
    }

    /// Looks, without a lock, whether there is anything to do at all; then there is a report already. Whether what is to
    /// be done can be, or is being done by another run, only the lock tells.
    pub(super) fn nothing_to_do(
        &mut self,
        known: &Migrations<'_, D::Connection>,
        intent: Intent,
    ) -> Result<Option<Report>, Error> {
        let rows = match self.look(known, intent) {
            Ok(Some(rows)) => rows,
            Ok(None) => {
                self.tell(&Event::UpToDate { migrations: known.len() });
                return Ok(Some(Report::default()));
            }
            // Whoever migrates may keep readers out, too: the lock tells when that is over.
            Err(error) if error.is_lock_timeout() => return Ok(None),
            Err(error) => return Err(error),
        };
        match self.plan(known, intent, &rows) {
            Ok(plan) if plan.steps.is_empty() => {
                self.announce(&plan.notes);
                self.tell(&Event::UpToDate { migrations: known.len() });
                Ok(Some(Report { done: Vec::new(), notes: plan.notes }))
            }
            // Where a row is unfinished, another run may be at work right now.
            Err(error) if rows.iter().all(|row| row.finished_at.is_some()) => Err(error),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// The history; `None` when it is known without reading all of it that nothing is to be done.
    fn look(
        &mut self,
        known: &Migrations<'_, D::Connection>,
        intent: Intent,
    ) -> Result<Option<Vec<HistoryRow>>, Error> {
        let asks_for_all = matches!(intent, Intent::Up(UpTarget::All));
        if asks_for_all && self.has_all(known)? { Ok(None) } else { self.read().map(Some) }
    }

    /// Whether the history holds all that is known, by what the driver can tell without reading all of it.
    pub(super) fn has_all(&mut self, known: &Migrations<'_, D::Connection>) -> Result<bool, Error> {
        let metas: Vec<&Meta> = known.iter().map(Migration::meta).collect();
        self.driver.is_up_to_date(&metas).map_err(Error::database("reading the history"))
    }

    fn run_locked(
        &mut self,
        known: &Migrations<'_, D::Connection>,
        intent: Intent,
        no_lock: Option<String>,
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut begun = false;
        for look in 0..MOST_LOOKS {
            let rows = self.read()?;
            let mut plan = self.plan(known, remaining(intent, &report), &rows)?;
            if let Some(why) = &no_lock {
                transactions_are_enough(&plan, why)?;
                plan.notes.push(Note::NoLock { why: why.clone() });
            }
            if look == 0 {
                self.announce(&plan.notes);
                report.notes = plan.notes.clone();
            }
            if plan.steps.is_empty() {
                if report.done.is_empty() {
                    self.tell(&Event::UpToDate { migrations: known.len() });
                }
                return Ok(report);
            }
            self.tell(&Event::Planned(&plan));
            self.driver.prepare().map_err(Error::database("preparing the history tables"))?;
            if !std::mem::replace(&mut begun, true) {
                self.before_run(&plan)?;
            }
            let dialect = self.facts()?.syntax.dialect();
            let signed = self.signature(dialect);
            let mut run = Run { known, rows: &rows, signed: &signed, plan: &plan, report: &mut report };
            match self.steps(&mut run) {
                Ok(()) => return Ok(report),
                Err(Trouble::Moved) => {}
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        Err(Error::HistoryKeepsMoving { attempts: MOST_LOOKS })
    }

    fn steps(&mut self, run: &mut Run<'_, '_, D::Connection>) -> Result<(), Trouble> {
        let steps = run.plan.steps.as_slice();
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            self.between_steps(run, steps.len() - at)?;
            let together = self.together(steps.get(at..).unwrap_or_default(), run);
            let group = steps.get(at..at + together).unwrap_or_default();
            let left = steps.len() - at;
            self.around(&Moment::BeforeEach(step), run.report, left).map_err(Trouble::Failed)?;
            match (&step.work, step.mode) {
                (Work::Code, mode) => self.code(run, step, mode)?,
                (Work::Script(script, pieces), Mode::Journal) => self.journaled(run, step, script, pieces)?,
                _ => self.transaction(run, group)?,
            }
            at += together;
            self.around(&Moment::AfterEach(step), run.report, steps.len() - at).map_err(Trouble::Failed)?;
        }
        Ok(())
    }

    /// How many of these steps share the next transaction.
    fn together(&mut self, steps: &[Step<'_>], run: &Run<'_, '_, D::Connection>) -> usize {
        // A baseline is one decision: all of it, in one transaction.
        let records = steps.iter().take_while(|step| step.action == Action::Record).count();
        if records > 0 {
            return records;
        }
        let most = match self.transactions {
            Transactions::One => return steps.len(),
            // A fresh database: nobody waits for its tables, and one commit costs as much as a hundred.
            Transactions::PerMigration if run.rows.is_empty() && !self.hooks.between() => SEGMENT,
            Transactions::PerMigration => 1,
        };
        let plain = steps.iter().take(most).take_while(|step| rows::is_plain(step)).count();
        // What the catalog is asked, it is asked before the transaction: what comes later in it is not there yet.
        let asks = steps.iter().take(plain).skip(1).position(|step| self.asks_for_undo(run, step));
        asks.map_or(plain, |behind_first| behind_first + 1).max(1)
    }

    /// Steps that share a transaction; a lock that can't be had in time takes them up the ladder.
    fn transaction(&mut self, run: &mut Run<'_, '_, D::Connection>, steps: &[Step<'_>]) -> Result<(), Trouble> {
        let group = match self.transactions {
            Transactions::One => Group::AllOrNothing,
            Transactions::PerMigration if steps.iter().all(|step| step.action == Action::Record) => Group::AllOrNothing,
            Transactions::PerMigration => Group::Segment,
        };
        let _span = if let [step] = steps { Some(trace::step(step)) } else { None };
        let mut left = steps;
        let mut rung = 0;
        while let Some(first) = left.first() {
            if left.len() == 1 {
                self.tell(&Event::Started(first));
            }
            left.iter().for_each(|step| self.tell_statements(step));
            let (timeout, pause) = self.rung(first, rung);
            let undos = self.undos(run, left);
            let units: Vec<_> = left
                .iter()
                .map(|step| {
                    let mut unit = rows::unit(step, run.known, run.signed, &undos);
                    unit.lock_timeout = timeout;
                    unit
                })
                .collect();
            let changed = units.iter().any(|unit| unit.restore_settings);
            let result = self.apply(&units, group);
            self.pass_warnings_on(first);
            // Also after a failure: what is run again must not inherit what the failed file had set.
            let restored = if changed { self.driver.restore_settings() } else { Ok(()) };
            let failed = match result {
                Ok(durations) => {
                    self.tell_undos(run, left, &undos);
                    self.finished(run, left, &durations);
                    return restored.map_err(|cause| self.failed(run, first, None, cause, Some(Kept::Unknown)));
                }
                Err(failed) => failed,
            };
            let (committed, rest) = left.split_at(failed.committed.min(left.len()));
            self.tell_undos(run, committed, &undos);
            self.finished(run, committed, &[]);
            if !committed.is_empty() {
                rung = 0;
            }
            left = rest;
            let at = failed.unit - failed.committed.min(failed.unit);
            match (failed.cause.kind, pause) {
                (CauseKind::HistoryMoved, _) => return Err(Trouble::Moved),
                (CauseKind::LockTimeout, Some(pause)) => {
                    if let Some(step) = left.get(at) {
                        self.tell(&Event::Retry { step, message: &failed.cause.message, pause });
                    }
                    self.pause(pause);
                    rung += 1;
                }
                // The whole segment went with its last statement. What came before it is as good as it was: one by
                // one, so that the outcome is the one that running one by one has.
                (kind, _) if at > 0 && group == Group::Segment && may_begin_again(kind) => {
                    for step in left.get(..=at).unwrap_or_default() {
                        self.transaction(run, std::slice::from_ref(step))?;
                    }
                    left = left.get(at + 1..).unwrap_or_default();
                }
                // What stood before it in its transaction is committed now. Some things fail only together with others:
                // a new value of an enum, a table whose checks are outstanding.
                (CauseKind::Statement, _) if group == Group::Segment && !committed.is_empty() => {
                    let (first, rest) = left.split_at(1.min(left.len()));
                    self.transaction(run, first)?;
                    left = rest;
                }
                _ => {
                    let Some(step) = left.get(at) else { return Err(Trouble::Moved) };
                    let others = left.len().saturating_sub(1);
                    let kept = (group == Group::AllOrNothing && others > 0).then_some(Kept::NothingOfAll(others));
                    return Err(self.failed(run, step, failed.statement, failed.cause, kept));
                }
            }
        }
        Ok(())
    }

    /// How long the attempt may wait for a lock of the database, and how long to pause after it; `None` = it is the
    /// last one.
    pub(super) fn rung(&self, step: &Step<'_>, rung: usize) -> (Option<Duration>, Option<Duration>) {
        Self::rung_of(&self.ladder, step, rung)
    }

    pub(super) fn rung_of(ladder: &LockLadder, step: &Step<'_>, rung: usize) -> (Option<Duration>, Option<Duration>) {
        if let Work::Script(script, _) = &step.work
            && let Some(timeout) = script.options.lock_timeout
        {
            return (Some(timeout), None);
        }
        let last = rung + 1 >= ladder.rungs.len();
        let Some((timeout, pause)) = ladder.rungs.get(rung) else { return (None, None) };
        (Some(*timeout), (!last).then_some(*pause))
    }

    /// A migration in Rust.
    fn code(&mut self, run: &mut Run<'_, '_, D::Connection>, step: &Step<'_>, mode: Mode) -> Result<(), Trouble> {
        let Some(migration) = run.known.find(step.version) else { return Err(Trouble::Moved) };
        let _span = trace::step(step);
        self.tell(&Event::Started(step));
        let began = Instant::now();
        if mode == Mode::Journal {
            self.begin_journaled(run, step, &Undos::new())?;
            let result = self.call(migration, step);
            self.settings_back(run, step)?;
            match result {
                Ok(Ok(())) => self.finish_journaled(run, step, false)?,
                Ok(Err(error)) => {
                    let kept = Some(Kept::Unknown);
                    return Err(self.failed(run, step, None, self.code_cause(error), kept));
                }
                Err(panic) => resume_unwind(panic),
            }
            self.finished(run, std::slice::from_ref(step), &[began.elapsed()]);
            return Ok(());
        }
        let undos = Undos::new();
        let unit = rows::unit(step, run.known, run.signed, &undos);
        self.begin_code(run, step, unit.clone())?;
        let result = match self.call(migration, step) {
            Ok(Ok(())) => self.guarded(|driver| driver.commit(&unit)),
            Ok(Err(error)) => Err(self.code_cause(error)),
            Err(panic) => {
                let _ = self.driver.rollback();
                let _ = self.driver.restore_settings();
                resume_unwind(panic);
            }
        };
        if let Err(cause) = result {
            let _ = self.driver.rollback();
            self.settings_back(run, step)?;
            let ended = cause.kind == CauseKind::TransactionEnded;
            return Err(self.failed(run, step, None, cause, ended.then_some(Kept::Unknown)));
        }
        self.settings_back(run, step)?;
        self.finished(run, std::slice::from_ref(step), &[began.elapsed()]);
        Ok(())
    }

    /// Opens the transaction of code. Nothing has run yet, so it may be tried again like any step.
    fn begin_code(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
        mut unit: Unit<'_>,
    ) -> Result<(), Trouble> {
        let mut rung = 0;
        loop {
            let (timeout, pause) = self.rung(step, rung);
            unit.lock_timeout = timeout;
            match (self.guarded(|driver| driver.begin(&unit)), pause) {
                (Ok(()), _) => return Ok(()),
                (Err(cause), _) if cause.kind == CauseKind::HistoryMoved => return Err(Trouble::Moved),
                (Err(cause), Some(pause)) if cause.kind == CauseKind::LockTimeout => {
                    self.tell(&Event::Retry { step, message: &cause.message, pause });
                    self.pause(pause);
                    rung += 1;
                }
                (Err(cause), _) => return Err(self.failed(run, step, None, cause, None)),
            }
        }
    }

    /// An error of a migration in Rust: what the database said, through us or through its own client, stays as it is.
    pub(super) fn code_cause(&self, error: BoxError) -> Cause {
        let error = match error.downcast::<Cause>() {
            Ok(cause) => return *cause,
            Err(error) => error,
        };
        self.driver.cause_of(error).unwrap_or_else(|error| Cause {
            message: error.to_string(),
            source: error_source(error),
            ..Cause::default()
        })
    }

    fn call(
        &mut self,
        migration: &dyn Migration<D::Connection>,
        step: &Step<'_>,
    ) -> Result<Result<(), BoxError>, Box<dyn Any + Send>> {
        let cancel = self.cancel.clone();
        if cancel.as_ref().is_some_and(|cancel| !cancel.begin(self.driver.interrupter())) {
            return Ok(Err(Box::new(cancelled())));
        }
        let mut session = Session::new(&mut *self.driver, &mut *self.observer, &self.variables, step.version);
        let called = catch_unwind(AssertUnwindSafe(|| match step.direction() {
            Direction::Up => migration.up(&mut session),
            Direction::Down => migration.down(&mut session),
        }));
        if cancel.is_some_and(|cancel| cancel.end()) {
            self.driver.absorb_interrupts();
        }
        called
    }

    fn tell_statements(&mut self, step: &Step<'_>) {
        let Work::Script(script, pieces) = &step.work else { return };
        for (n, piece) in pieces.iter().enumerate() {
            self.tell_statement(step, script, n, piece);
        }
    }

    pub(super) fn tell_statement(&mut self, step: &Step<'_>, script: &Script, n: usize, piece: &Piece) {
        let (file, position, text) = (script.file.as_ref(), piece.position, piece.shown(script));
        self.tell(&Event::Statement { step, n: n + 1, file, position, text });
    }

    pub(super) fn settings_back(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
    ) -> Result<(), Trouble> {
        match self.driver.restore_settings() {
            Ok(()) => Ok(()),
            // What ran before is committed all the same.
            Err(cause) => Err(self.failed(run, step, None, cause, Some(Kept::Unknown))),
        }
    }

    /// What the server warned of, as notes.
    pub(super) fn pass_warnings_on(&mut self, step: &Step<'_>) {
        for message in self.driver.warnings() {
            let message = self.variables.redact(&message).unwrap_or(message);
            self.tell(&Event::Note(&Note::Warning { label: step.label(), message }));
        }
    }

    pub(super) fn finished(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        steps: &[Step<'_>],
        durations: &[Duration],
    ) {
        for (i, step) in steps.iter().enumerate() {
            let duration = durations.get(i).copied().unwrap_or_default();
            run.report.done.push(Done::new(step, duration));
            self.tell(&Event::Finished { step, duration });
        }
    }

    fn announce(&mut self, notes: &[Note]) {
        for note in notes {
            self.tell(&Event::Note(note));
        }
    }
}

/// Whether what came before a failed unit may be sent once more without it.
fn may_begin_again(kind: CauseKind) -> bool {
    !matches!(kind, CauseKind::ConnectionLost | CauseKind::Interrupted)
}

/// What stands behind an error whose own words are printed already.
fn error_source(error: BoxError) -> Option<BoxError> {
    error.source().map(|source| source.to_string().into())
}

/// `down 2` that was interrupted after one by another run's change is `down 1` now.
fn remaining(intent: Intent, report: &Report) -> Intent {
    let left = |count: usize| count.saturating_sub(report.done.len());
    let applied = report.done.iter().filter(|done| done.direction() == Direction::Up).count();
    match intent {
        Intent::Up(UpTarget::Count(count)) => Intent::Up(UpTarget::Count(count.saturating_sub(applied))),
        Intent::Down(DownTarget::Count(count)) => Intent::Down(DownTarget::Count(left(count))),
        other => other,
    }
}

/// Without a lock only transactions protect: a step outside one can't run.
fn transactions_are_enough(plan: &Plan<'_>, why: &str) -> Result<(), Error> {
    let journaled = plan.steps.iter().filter(|step| step.mode == Mode::Journal);
    let refused: Vec<_> = journaled.map(|step| Refusal::NoLock { label: step.label(), why: why.to_owned() }).collect();
    if refused.is_empty() { Ok(()) } else { Err(Refused(refused).into()) }
}
