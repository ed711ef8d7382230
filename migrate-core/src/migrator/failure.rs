use super::Migrator;
use super::run::{Run, Trouble};
use crate::driver::{Cause, CauseKind, Driver, ServerPosition};
use crate::error::{Cancelled, Failure, Kept};
use crate::event::Event;
use crate::plan::{Location, Mode, Piece, Step, Work};
use crate::sql::{Position, offset_of_char, offset_of_line};
use crate::{Error, Script};

impl<D: Driver> Migrator<'_, D> {
    /// The whole story of a step that failed. `kept` is what is committed of it, where that is not nothing.
    pub(super) fn failed(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
        statement: Option<usize>,
        cause: Cause,
        kept: Option<Kept>,
    ) -> Trouble {
        let (at, line, statement) = match &step.work {
            Work::Script(script, pieces) => {
                let piece = statement.and_then(|n| pieces.get(n));
                let at = piece.map(|piece| place(script, piece, cause.position));
                let line = at.as_ref().and_then(|at| line_of(script, at));
                // A database that can't be had is no fault of the file's.
                let blameless =
                    matches!(cause.kind, CauseKind::LockTimeout | CauseKind::Access | CauseKind::ConnectionLost);
                let at = at.or_else(|| (!blameless).then(|| Location::in_script(script, 0)));
                (at, line, statement.map(|n| (n + 1, pieces.len())))
            }
            Work::Code | Work::Nothing => (None, None, None),
        };
        let kept = kept.unwrap_or(match cause.kind {
            CauseKind::TransactionEnded => Kept::Unknown,
            CauseKind::ConnectionLost => Kept::Unanswered,
            _ => Kept::Nothing,
        });
        let position = run.plan.steps.iter().position(|other| other.version == step.version);
        let still_pending = run.plan.steps.len() - position.map_or(0, |i| i + 1);
        let failure = Box::new(Failure {
            version: step.version,
            label: step.label(),
            direction: step.direction(),
            at,
            line,
            statement,
            cause,
            kept,
            report: run.report.clone(),
            still_pending,
        });
        if failure.cause.kind == CauseKind::Interrupted && self.is_cancelled() {
            let cancelled = Cancelled { report: run.report.clone(), failure: Some(failure), still_pending };
            self.tell(&Event::Cancelled(&cancelled));
            return Trouble::Failed(Error::Cancelled(Box::new(cancelled)));
        }
        self.tell(&Event::Failed { step, failure: &failure });
        Trouble::Failed(Error::Failed(failure))
    }

    /// A failure outside a transaction: what the journal says is done stays.
    pub(super) fn failed_behind(
        &mut self,
        run: &mut Run<'_, '_, D::Connection>,
        step: &Step<'_>,
        statement: usize,
        cause: Cause,
    ) -> Trouble {
        debug_assert_eq!(step.mode, Mode::Journal);
        self.failed(run, step, Some(statement), cause, Some(Kept::Statements(statement)))
    }
}

/// A place in a statement, as its database counts, in the file.
fn place(script: &Script, piece: &Piece, position: Option<ServerPosition>) -> Location {
    let text = piece.text(script);
    let offset = match position {
        None => 0,
        Some(ServerPosition::Byte(offset)) => offset,
        Some(ServerPosition::Character(n)) => offset_of_char(text, n),
        Some(ServerPosition::Line(line)) if line > 1 => {
            let offset = offset_of_line(text, usize::try_from(line).unwrap_or(usize::MAX));
            let at = Location::in_script(script, piece.offset_in_script(offset));
            return Location { position: Position { column: 1, ..at.position }, ..at };
        }
        Some(ServerPosition::Line(_)) => 0,
    };
    Location::in_script(script, piece.offset_in_script(offset))
}

fn line_of(script: &Script, at: &Location) -> Option<String> {
    let index = at.position.line.checked_sub(script.line)?;
    script.text.lines().nth(usize::try_from(index).ok()?).map(str::to_owned)
}
