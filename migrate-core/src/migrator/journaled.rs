use std::time::Instant;

use super::Migrator;
use super::rows::{self, Signature, expected};
use super::run::{Run, Trouble};
use crate::driver::{Cause, CauseKind, Driver, Evidence, Expect, Group, Unit, UnitMode};
use crate::error::Kept;
use crate::event::Event;
use crate::history::{JournalRow, JournalState, RowWrite};
use crate::journal::{Resume, resume};
use crate::plan::{Action, Location, Piece, Reason, Refused, Step};
use crate::sql::{InTransaction, Role};
use crate::{Checksum, Direction, Error, Migrations, Script};

/// What is known of a statement that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The database refused it: it has not run.
    Refused,
    /// It may have run: something around it failed.
    InDoubt,
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
        (self.observer)(&Event::Started(step));
        let began = Instant::now();
        let resumed = self.whereabouts(step, script, pieces)?;
        self.begin_journaled(run, step)?;
        let result = self.statements(run, step, script, pieces, resumed);
        let restored = self.settings_back(run, step);
        result?;
        restored?;
        self.finish_journaled(run, step, true)?;
        self.finished(run, std::slice::from_ref(step), &[began.elapsed()]);
        Ok(())
    }

    fn whereabouts(&mut self, step: &Step<'_>, script: &Script, pieces: &[Piece]) -> Result<Resume, Trouble> {
        let failed = |error| Trouble::Failed(error);
        let mut resume = self.where_it_goes_on(step, script, pieces).map_err(failed)?;
        let Some(row) = &resume.in_doubt else { return Ok(resume) };
        let Some(piece) = pieces.get(resume.from) else { return Ok(resume) };
        let evidence = self.driver.evidence(piece.text(script), row.pre_image.as_deref());
        match evidence.map_err(Error::database("looking whether a statement ran")).map_err(failed)? {
            Evidence::RunAgain => {}
            Evidence::Ran => {
                let mut line = row.clone();
                line.state = JournalState::Done;
                let unit = rows::part(step, Expect::Begun, vec![RowWrite::Journal(line)]);
                self.write(unit).map_err(|cause| failed(Error::database("writing the journal")(cause)))?;
                resume.from += 1;
            }
            Evidence::Undecided { look_at } => {
                return Err(failed(Error::Undecided {
                    version: step.version,
                    label: step.label(),
                    direction: step.direction(),
                    n: row.n,
                    at: Location { file: script.file.to_string(), position: piece.position },
                    look_at,
                }));
            }
        }
        Ok(resume)
    }

    /// Where a step goes on, by its journal; a fresh one begins at its first statement.
    pub(super) fn where_it_goes_on(
        &mut self,
        step: &Step<'_>,
        script: &Script,
        pieces: &[Piece],
    ) -> Result<Resume, Error> {
        if step.reason != Reason::Resume {
            return Ok(Resume { from: 0, in_doubt: None, again: Vec::new() });
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
            if let Err(cause) = self.driver.execute(piece.text(script)) {
                return Err(self.failed(run, step, Some(n), cause, Some(Kept::Statements(resume.from))));
            }
        }
        for (n, piece) in pieces.iter().enumerate().skip(resume.from) {
            let result = match piece.role {
                Role::Session => self.session_statement(step, script, n, piece),
                _ => self.statement(step, script, n, piece),
            };
            if let Err((known, cause)) = result {
                if cause.kind == CauseKind::HistoryMoved {
                    return Err(Trouble::Moved);
                }
                // Only what the database refused has certainly not run. Where the journal's own line could not be
                // written, or a commit was not answered, the statement stays in doubt, and the next run asks for
                // evidence.
                if known == Known::Refused && cause.kind != CauseKind::ConnectionLost {
                    let mut line = line(step, script, n, piece, JournalState::Failed);
                    line.error = Some(cause.to_string());
                    let _ = self.write(rows::part(step, Expect::Begun, vec![RowWrite::Journal(line)]));
                }
                return Err(self.failed_behind(run, step, n, cause));
            }
            (self.observer)(&Event::StatementDone { step, n: n + 1 });
        }
        Ok(())
    }

    /// A statement for the session: a resumed run sends it again, and its line in the journal is there so that nobody
    /// puts another statement in its place meanwhile.
    fn session_statement(
        &mut self,
        step: &Step<'_>,
        script: &Script,
        n: usize,
        piece: &Piece,
    ) -> Result<(), (Known, Cause)> {
        self.driver.execute(piece.text(script)).map_err(|cause| (Known::InDoubt, cause))?;
        let done = done_line(step, script, n, piece);
        self.write(rows::part(step, Expect::Begun, vec![done])).map_err(|cause| (Known::InDoubt, cause))
    }

    fn statement(&mut self, step: &Step<'_>, script: &Script, n: usize, piece: &Piece) -> Result<(), (Known, Cause)> {
        let not_sent = |cause| (Known::InDoubt, cause);
        let transactional = self.driver.facts().map_err(not_sent)?.transactional_ddl;
        let mut rung = 0;
        loop {
            let (timeout, pause) = self.rung(step, rung);
            let mut unit = statement_unit(step, script, n, piece, transactional);
            unit.lock_timeout = timeout;
            if let [RowWrite::Journal(started)] = unit.before.as_mut_slice() {
                started.pre_image = self.driver.pre_image(piece.text(script)).map_err(not_sent)?;
            }
            match (self.driver.apply(&[unit], Group::AllOrNothing), pause) {
                (Ok(_), _) => return Ok(()),
                (Err(failed), Some(pause)) if failed.cause.kind == CauseKind::LockTimeout => {
                    (self.observer)(&Event::Retry { step, message: &failed.cause.message, pause });
                    std::thread::sleep(pause);
                    rung += 1;
                }
                (Err(failed), _) if failed.statement.is_some() => return Err((Known::Refused, failed.cause)),
                (Err(failed), _) => return Err((Known::InDoubt, failed.cause)),
            }
        }
    }

    /// Records that a step has begun; a resumed one takes the checksums of its file as it is now.
    pub(super) fn begin_journaled(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
    ) -> Result<(), Trouble> {
        let after = begin_rows(step, run.known, run.signed);
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
) -> Vec<RowWrite<'s>> {
    let mut writes = match (step.action, step.reason) {
        (Action::Revert, Reason::Resume) => Vec::new(),
        (Action::Revert, _) => vec![RowWrite::Reverting(step.version, &signed.run_id)],
        (_, Reason::Resume) => rows::recorded(step, known, signed, RowWrite::Accepted),
        _ => rows::recorded(step, known, signed, RowWrite::Begun),
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
        statement: Checksum::of_text(piece.text(script)),
        state,
        pre_image: None,
        error: None,
    }
}
