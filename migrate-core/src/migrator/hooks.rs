//! Calling hooks: between transactions, under the lock.

use super::Migrator;
use super::guarded::cancelled;
use crate::driver::{CauseKind, Driver};
use crate::event::Event;
use crate::hook::{Hook, HookFailure, Moment};
use crate::plan::{Action, Note, Plan, Refused, Step, pieces};
use crate::session::{ScriptError, Session};
use crate::{BoxError, Error, Report, Version};

impl<D: Driver> Migrator<'_, D> {
    /// Before anything is touched: whether the scripts can be read, and have their variables.
    pub(super) fn readable_hooks(&mut self) -> Result<(), Error> {
        if self.hooks.scripts().next().is_none() {
            return Ok(());
        }
        let facts = self.facts()?;
        let scripts = self.hooks.scripts();
        let refused = scripts.filter_map(|script| pieces(script, &facts, &self.variables).err());
        let refused: Vec<_> = refused.flatten().collect();
        if refused.is_empty() { Ok(()) } else { Err(Refused(refused).into()) }
    }

    pub(super) fn before_run(&mut self, plan: &Plan<'_>) -> Result<(), Error> {
        if !plan.steps.iter().any(works) {
            return Ok(());
        }
        self.call_hooks(&Moment::BeforeRun(plan), &Report::default(), plan.steps.len())
    }

    pub(super) fn around(&mut self, moment: &Moment<'_>, report: &Report, left: usize) -> Result<(), Error> {
        if !moment.step().is_some_and(works) {
            return Ok(());
        }
        self.call_hooks(moment, report, left)
    }

    pub(super) fn after_run(&mut self, report: &Report) -> Result<(), Error> {
        if !report.done.iter().any(|done| matches!(done.action, Action::Apply | Action::Revert)) {
            return Ok(());
        }
        self.call_hooks(&Moment::AfterRun(report), report, 0)
    }

    /// The run has failed already: what goes wrong now deserves a word, and is not what is told.
    pub(super) fn on_failure(&mut self, error: &Error) {
        if error.is_refused() || error.is_lock_timeout() && !matches!(error, Error::Failed(_)) {
            return;
        }
        // Also after a cancel: who is to be told of a failure is to be told of that.
        let cancel = self.cancel.take();
        if let Err(failed) = self.call_hooks(&Moment::OnFailure(error), &Report::default(), 0) {
            let message = match failed {
                Error::Hook(failure) => format!("{}: {}", failure.title(), failure.cause),
                other => other.to_string(),
            };
            self.tell(&Event::Note(&Note::Hook { message }));
        }
        self.cancel = cancel;
    }

    fn call_hooks(&mut self, moment: &Moment<'_>, report: &Report, left: usize) -> Result<(), Error> {
        let mut hooks = std::mem::take(&mut self.hooks);
        let mut called = false;
        let result = hooks.at(moment.when()).try_for_each(|hook| {
            called = true;
            self.call_hook(moment, hook)
        });
        self.hooks = hooks;
        let restored = if called { self.driver.restore_settings().map_err(BoxError::from) } else { Ok(()) };
        let Err(error) = result.and(restored) else { return Ok(()) };
        let (at, line, cause) = match error.downcast::<ScriptError>() {
            Ok(script) => (Some(script.at), script.line, script.cause),
            Err(error) => (None, None, self.code_cause(error)),
        };
        if cause.kind == CauseKind::Interrupted && self.is_cancelled() {
            return Err(self.ended(report.clone(), left));
        }
        let label = moment.step().map(Step::label);
        let cause = self.variables.redact_cause(cause);
        let failure =
            HookFailure { when: moment.when(), label, at, line, cause, report: report.clone(), still_pending: left };
        Err(Error::Hook(Box::new(failure)))
    }

    fn call_hook(&mut self, moment: &Moment<'_>, hook: &mut Hook<'_, D::Connection>) -> Result<(), BoxError> {
        let cancel = self.cancel.clone();
        if cancel.as_ref().is_some_and(|cancel| !cancel.begin(self.driver.interrupter())) {
            return Err(Box::new(cancelled()));
        }
        let version = moment.step().map_or(Version::ZERO, |step| step.version);
        let mut session = Session::new(&mut *self.driver, &mut *self.observer, &self.variables, version);
        let called = match hook {
            Hook::Script(script) => session.run_script(script),
            Hook::Code(code) => code(moment, &mut session),
        };
        if cancel.is_some_and(|cancel| cancel.end()) {
            self.driver.absorb_interrupts();
        }
        called
    }
}

/// Whether a step runs something.
fn works(step: &Step<'_>) -> bool {
    matches!(step.action, Action::Apply | Action::Revert)
}
