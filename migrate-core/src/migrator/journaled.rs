use std::time::Instant;

use super::Migrator;
use super::guarded::cancelled;
use super::rows::{self, Signature, expected};
use super::run::{Run, Trouble};
use super::undo::Undos;
use crate::driver::{Cause, CauseKind, Driver, Evidence, Expect, Group, Unit, UnitMode};
use crate::error::Kept;
use crate::event::Event;
use crate::history::{JournalRow, JournalState, RowWrite};
use crate::journal::{Resume, resume};
use crate::plan::{Action, Location, Piece, Reason, Refused, Step};
use crate::sql::{InTransaction, Role};
use crate::trace;
use crate::{Checksum, Direction, Error, Migrations, Script};

/// What is known of a statement that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The database refused it: it has not run.
    Refused,
    /// It may have run: something around it failed.
    InDoubt,
}

/// A statement that is not known to be done, and why.
struct NotDone {
    known: Known,
    /// What was noted before it began: the next run needs it, to take away what it left.
    pre_image: Option<String>,
    cause: Cause,
}

impl NotDone {
    fn in_doubt(cause: Cause) -> Self {
        NotDone { known: Known::InDoubt, pre_image: None, cause }
    }
}

impl<D: Driver> Migrator<'_, D> {
    /// A step outside a transaction, statement by statement: each one's journal line is `done` with it, or `started`
    /// before it where the two can't be one. A run that died is taken up at the first statement that is not done.
    pub(super) fn journaled(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
        script: &Script,
        pieces: &[Piece],
    ) -> Result<(), Trouble> {
        let _span = trace::step(step);
        self.tell(&Event::Started(step));
        let began = Instant::now();
        let resumed = self.whereabouts(step, script, pieces)?;
        let undos = self.undos(run, std::slice::from_ref(step));
        self.begin_journaled(run, step, &undos)?;
        let result = self.statements(run, step, script, pieces, resumed);
        let restored = self.settings_back(run, step);
        result?;
        restored?;
        self.finish_journaled(run, step, true)?;
        self.tell_undos(run, std::slice::from_ref(step), &undos);
        self.finished(run, std::slice::from_ref(step), &[began.elapsed()]);
        Ok(())
    }

    fn whereabouts(&mut self, step: &Step<'_>, script: &Script, pieces: &[Piece]) -> Result<Resume, Trouble> {
        let mut resume = self.where_it_goes_on(step, script, pieces).map_err(Trouble::Failed)?;
        let Some(row) = resume.begun.clone() else { return Ok(resume) };
        let Some(piece) = pieces.get(resume.from) else { return Ok(resume) };
        if self.has_run(step, script, piece, &row).map_err(Trouble::Failed)? {
            let written = self.write_done(step, row).map_err(Error::database("writing the journal"));
            written.map_err(Trouble::Failed)?;
            resume.from += 1;
        }
        Ok(resume)
    }

    fn write_done(&mut self, step: &Step<'_>, mut line: JournalRow) -> Result<(), Cause> {
        line.state = JournalState::Done;
        self.write(rows::part(step, Expect::Begun, vec![RowWrite::Journal(line)]))
    }

    /// What the evidence says of a statement that was begun and is not known to be done. One that the database refused
    /// may have left something, an invalid index for instance, which the evidence takes away by what was noted before
    /// it began: the statement's text may be another one by now.
    fn has_run(&mut self, step: &Step<'_>, script: &Script, piece: &Piece, row: &JournalRow) -> Result<bool, Error> {
        let refused = !row.is_in_doubt();
        let evidence =
            self.driver.evidence(piece.text(script), row).map_err(|cause| self.variables.redact_cause(cause));
        match evidence.map_err(Error::database("looking whether a statement ran"))? {
            Evidence::RunAgain => Ok(false),
            Evidence::Ran => Ok(!refused || row.statement == Checksum::of_text(piece.shown(script))),
            Evidence::Undecided { .. } if refused => Ok(false),
            // Whoever wrote it has said that it may run twice.
            Evidence::Undecided { .. } if piece.role == Role::Opaque && script.options.retry_safe => Ok(false),
            Evidence::Undecided { look_at } => Err(Error::Undecided {
                version: step.version,
                label: step.label(),
                direction: step.direction(),
                n: row.n,
                at: Location { file: script.file.to_string(), position: piece.position },
                look_at: self.variables.redact(&look_at).unwrap_or(look_at),
            }),
        }
    }

    /// Where a step goes on, by its journal; a fresh one begins at its first statement.
    pub(super) fn where_it_goes_on(
        &mut self,
        step: &Step<'_>,
        script: &Script,
        pieces: &[Piece],
    ) -> Result<Resume, Error> {
        if step.reason != Reason::Resume {
            return Ok(Resume { from: 0, begun: None, again: Vec::new() });
        }
        let journal = self.driver.read_journal(step.version).map_err(Error::database("reading the journal"))?;
        resume(script, pieces, &journal, step.direction()).map_err(|refusal| Refused(vec![refusal]).into())
    }

    fn statements(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
        script: &Script,
        pieces: &[Piece],
        resume: Resume,
    ) -> Result<(), Trouble> {
        for n in resume.again {
            let Some(piece) = pieces.get(n) else { continue };
            self.tell_statement(step, script, n, piece);
            if let Err(cause) = self.guarded(|driver| driver.execute(piece.text(script))) {
                return Err(self.failed(run, step, Some(n), cause, Some(Kept::Statements(resume.from))));
            }
        }
        for (n, piece) in pieces.iter().enumerate().skip(resume.from) {
            if self.is_cancelled() {
                return Err(self.failed_behind(run, step, n, cancelled()));
            }
            self.tell_statement(step, script, n, piece);
            let result = match piece.role {
                Role::Session => self.session_statement(step, script, n, piece),
                _ => self.statement(step, script, n, piece),
            };
            if let Err(NotDone { known, pre_image, cause }) = result {
                if cause.kind == CauseKind::HistoryMoved {
                    return Err(Trouble::Moved);
                }
                // Only what the database refused has certainly not run. Where the journal's own line could not be
                // written, or a commit was not answered, the statement stays in doubt, and the next run asks for
                // evidence.
                if known == Known::Refused && cause.kind != CauseKind::ConnectionLost {
                    let mut line = line(step, script, n, piece, JournalState::Failed);
                    line.error = Some(cause.to_string());
                    line.pre_image = pre_image;
                    let _ = self.write(rows::part(step, Expect::Begun, vec![RowWrite::Journal(line)]));
                }
                return Err(self.failed_behind(run, step, n, cause));
            }
            self.tell(&Event::StatementDone { step, n: n + 1 });
        }
        Ok(())
    }

    /// A statement for the session: a resumed run sends it again, and its line in the journal is there so that nobody
    /// puts another statement in its place meanwhile.
    fn session_statement(&mut self, step: &Step<'_>, script: &Script, n: usize, piece: &Piece) -> Result<(), NotDone> {
        let executed = self.guarded(|driver| driver.execute(piece.text(script)));
        self.pass_warnings_on(step);
        executed.map_err(NotDone::in_doubt)?;
        let done = done_line(step, script, n, piece);
        self.write(rows::part(step, Expect::Begun, vec![done])).map_err(NotDone::in_doubt)
    }

    fn statement(&mut self, step: &Step<'_>, script: &Script, n: usize, piece: &Piece) -> Result<(), NotDone> {
        let facts = self.driver.facts().map_err(NotDone::in_doubt)?;
        let patient = facts.transactional_ddl && matches!(piece.in_transaction, InTransaction::Fails { .. });
        let mut rung = 0;
        loop {
            let ladder = if patient { &self.patient_ladder } else { &self.ladder };
            let (timeout, pause) = Self::rung_of(ladder, step, rung);
            let mut unit = statement_unit(step, script, n, piece, facts.transactional_ddl);
            unit.lock_timeout = timeout;
            let mut before = None;
            if let [RowWrite::Journal(started)] = unit.before.as_mut_slice() {
                let image =
                    self.driver.pre_image(piece.text(script)).map_err(|cause| self.variables.redact_cause(cause));
                before = image.map_err(NotDone::in_doubt)?;
                started.pre_image.clone_from(&before);
            }
            let started = match unit.before.as_slice() {
                [RowWrite::Journal(started)] => Some(started.clone()),
                _ => None,
            };
            let applied = self.apply(&[unit], Group::AllOrNothing);
            self.pass_warnings_on(step);
            let Err(failed) = applied else { return Ok(()) };
            let known = if failed.statement.is_some() { Known::Refused } else { Known::InDoubt };
            let not_done = NotDone { known, pre_image: before, cause: failed.cause };
            let (CauseKind::LockTimeout, Some(pause)) = (not_done.cause.kind, pause) else { return Err(not_done) };
            self.tell(&Event::Retry { step, message: &not_done.cause.message, pause });
            self.pause(pause);
            // A `CREATE INDEX CONCURRENTLY` that gave up has left an index, which would be in its own way.
            let Some(mut started) = started else {
                rung += 1;
                continue;
            };
            started.state = JournalState::Failed;
            match self.driver.evidence(piece.text(script), &started) {
                Ok(Evidence::Ran) => return self.write_done(step, started).map_err(NotDone::in_doubt),
                Ok(_) => {}
                Err(cause) => return Err(NotDone { cause: self.variables.redact_cause(cause), ..not_done }),
            }
            rung += 1;
        }
    }

    /// Records that a step has begun; a resumed one takes the checksums of its file as it is now.
    pub(super) fn begin_journaled(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
        undos: &Undos,
    ) -> Result<(), Trouble> {
        let after = begin_rows(step, run.known, run.signed, undos);
        match self.write(rows::part(step, expected(step), after)) {
            Ok(()) => Ok(()),
            Err(cause) if cause.kind == CauseKind::HistoryMoved => Err(Trouble::Moved),
            Err(cause) => Err(self.failed(run, step, None, cause, None)),
        }
    }

    /// Records that it is done, and clears its journal.
    pub(super) fn finish_journaled(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
        journal: bool,
    ) -> Result<(), Trouble> {
        match self.write(rows::part(step, Expect::Begun, finish_rows(step, journal))) {
            Ok(()) => Ok(()),
            Err(cause) => Err(self.failed(run, step, None, cause, Some(Kept::Unknown))),
        }
    }

    /// Writes rows, in a transaction of their own.
    pub(super) fn write(&mut self, mut unit: Unit<'_>) -> Result<(), Cause> {
        unit.lock_timeout = self.ladder.rungs.last().map(|(wait, _)| *wait);
        self.driver.apply(&[unit], Group::AllOrNothing).map(|_| ()).map_err(|failed| failed.cause)
    }
}

/// What says that a step has begun.
pub(super) fn begin_rows<'s, C>(
    step: &Step<'_>,
    known: &'s Migrations<'_, C>,
    signed: &'s Signature,
    undos: &'s Undos,
) -> Vec<RowWrite<'s>> {
    let mut writes = match (step.action, step.reason) {
        (Action::Revert, Reason::Resume) => Vec::new(),
        (Action::Revert, _) => vec![RowWrite::Reverting(step.version, &signed.run_id)],
        (_, Reason::Resume) => rows::recorded(step, known, signed, undos, RowWrite::Accepted),
        _ => rows::recorded(step, known, signed, undos, RowWrite::Begun),
    };
    if step.reason != Reason::Resume {
        // Lines that an earlier run left would make this one skip its statements.
        writes.insert(0, RowWrite::JournalCleared(step.version));
    }
    writes
}

/// What says that it is done.
pub(super) fn finish_rows(step: &Step<'_>, journal: bool) -> Vec<RowWrite<'static>> {
    let cleared = journal.then_some(RowWrite::JournalCleared(step.version));
    let done = match step.direction() {
        Direction::Up => RowWrite::Finished(step.version),
        Direction::Down => RowWrite::Reverted(step.version),
    };
    cleared.into_iter().chain([done]).collect()
}

/// One statement with its line of the journal; where the two can't be one, a line before it says that it begins.
pub(super) fn statement_unit<'s>(
    step: &Step<'_>,
    script: &'s Script,
    n: usize,
    piece: &'s Piece,
    transactional: bool,
) -> Unit<'s> {
    let journal = |state| RowWrite::Journal(line(step, script, n, piece, state));
    let mut unit = rows::part(step, Expect::Begun, vec![journal(JournalState::Done)]);
    unit.script = Some(script);
    unit.statements = std::slice::from_ref(piece);
    if !transactional || piece.in_transaction != InTransaction::Runs {
        unit.mode = UnitMode::Alone;
        unit.before = vec![journal(JournalState::Started)];
    }
    unit
}

/// What says that a statement is done.
pub(super) fn done_line(step: &Step<'_>, script: &Script, n: usize, piece: &Piece) -> RowWrite<'static> {
    RowWrite::Journal(line(step, script, n, piece, JournalState::Done))
}

fn line(step: &Step<'_>, script: &Script, n: usize, piece: &Piece, state: JournalState) -> JournalRow {
    JournalRow {
        version: step.version,
        direction: step.direction(),
        n: n + 1,
        statement: Checksum::of_text(piece.shown(script)),
        state,
        pre_image: None,
        error: None,
    }
}
