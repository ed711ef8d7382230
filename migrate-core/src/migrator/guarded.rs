//! Being cancelled: between two calls of the driver, during a pause, and in the middle of a call that can be interrupted.

use std::time::Duration;

use super::Migrator;
use super::run::{Run, Trouble};
use crate::driver::{Cause, CauseKind, Driver, Failed, Group, Unit};
use crate::error::Cancelled;
use crate::event::Event;
use crate::{Error, Report};

/// Why a call is not made.
pub(super) fn cancelled() -> Cause {
    Cause::new(CauseKind::Interrupted, "cancelled")
}

impl<D: Driver> Migrator<'_, D> {
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(crate::Cancel::is_cancelled)
    }

    /// Pauses, at most until it is cancelled.
    pub(super) fn pause(&self, pause: Duration) {
        match &self.cancel {
            Some(cancel) => drop(cancel.wait(pause)),
            None => std::thread::sleep(pause),
        }
    }

    /// A call of the driver that may take long, and that may be interrupted.
    pub(super) fn guarded<T>(&mut self, call: impl FnOnce(&mut D) -> Result<T, Cause>) -> Result<T, Cause> {
        let called = self.interruptible(call).unwrap_or_else(|| Err(cancelled()));
        called.map_err(|cause| self.variables.redact_cause(cause))
    }

    pub(super) fn apply(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        let not_begun = || Failed { unit: 0, statement: None, committed: 0, cause: cancelled() };
        let applied = self.interruptible(|driver| driver.apply(units, group)).unwrap_or_else(|| Err(not_begun()));
        applied.map_err(|failed| Failed { cause: self.variables.redact_cause(failed.cause), ..failed })
    }

    /// `None` when it is cancelled, and the call not made.
    pub(super) fn interruptible<T>(&mut self, call: impl FnOnce(&mut D) -> T) -> Option<T> {
        let Some(cancel) = self.cancel.clone() else { return Some(call(self.driver)) };
        if !cancel.begin(self.driver.interrupter()) {
            return None;
        }
        let done = call(self.driver);
        if cancel.end() {
            self.driver.absorb_interrupts();
        }
        Some(done)
    }

    /// Nothing is under way, and nothing is to begin any more.
    pub(super) fn between_steps(&mut self, run: &Run<'_, '_, D::Connection>, left: usize) -> Result<(), Trouble> {
        match self.is_cancelled() {
            true => Err(Trouble::Failed(self.ended(run.report.clone(), left))),
            false => Ok(()),
        }
    }

    /// The end of a cancelled run in which no step is under way.
    pub(super) fn ended(&mut self, report: Report, left: usize) -> Error {
        let cancelled = Cancelled { report, failure: None, still_pending: left };
        self.tell(&Event::Cancelled(&cancelled));
        Error::Cancelled(Box::new(cancelled))
    }
}
