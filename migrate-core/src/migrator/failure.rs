use super::Migrator;
use super::run::{Run, Trouble};
use crate::Error;
use crate::driver::{Cause, CauseKind, Driver};
use crate::error::{Cancelled, Failure, Kept};
use crate::event::Event;
use crate::plan::{Location, Mode, Step, Work};

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
                let at = piece.map(|piece| Location::of_failed(script, piece, cause.position));
                let line = at.as_ref().and_then(|at| at.line_in(script));
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
        // One that is half reverted has two steps in a plan: the rest of its way down, and its way up.
        let is_it = |other: &Step<'_>| (other.version, other.action) == (step.version, step.action);
        let position = run.plan.steps.iter().position(is_it);
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
