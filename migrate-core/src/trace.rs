//! What happens, as spans and events of `tracing`; nothing at all without the feature.

use crate::event::Event;
use crate::plan::Step;

/// A span that is open as long as this lives.
pub(crate) struct Span {
    #[cfg(feature = "tracing")]
    _entered: tracing::span::EnteredSpan,
}

#[cfg(not(feature = "tracing"))]
mod off {
    use super::{Event, Span, Step};

    pub(crate) fn run(_migrations: usize) -> Span {
        Span {}
    }

    pub(crate) fn step(_step: &Step<'_>) -> Span {
        Span {}
    }

    pub(crate) fn event(_event: &Event<'_>) {}
}

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{event, run, step};

#[cfg(feature = "tracing")]
pub(crate) use on::{event, run, step};

#[cfg(feature = "tracing")]
mod on {
    use std::time::Duration;

    use tracing::{debug, error, info, info_span, warn};

    use super::{Event, Span, Step};
    use crate::driver::shown;
    use crate::{Action, StartupMode};

    /// So much of a statement is shown: one that inserts a picture must not fill the log.
    const STATEMENT: usize = 2000;

    pub(crate) fn run(migrations: usize) -> Span {
        Span { _entered: info_span!(target: "migrate", "migrate.run", migrations).entered() }
    }

    pub(crate) fn step(step: &Step<'_>) -> Span {
        Span { _entered: span_of(step).entered() }
    }

    fn span_of(step: &Step<'_>) -> tracing::Span {
        // Not `name`: that is a span's own in JSON, and a line with the same key twice is refused by who collects it.
        let (version, migration) = (step.version.get(), step.name.as_ref());
        match step.action {
            Action::Revert => info_span!(target: "migrate", "migrate.revert", version, migration),
            _ => info_span!(target: "migrate", "migrate.apply", version, migration),
        }
    }

    /// Of migrations that shared a transaction none had a span while it was under way.
    fn within<T>(step: &Step<'_>, log: impl FnOnce() -> T) -> T {
        let is_open = tracing::Span::current()
            .metadata()
            .is_some_and(|span| matches!(span.name(), "migrate.apply" | "migrate.revert"));
        if is_open { log() } else { span_of(step).in_scope(log) }
    }

    fn millis(duration: Duration) -> u64 {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn event(event: &Event<'_>) {
        match event {
            Event::Startup { mode: StartupMode::Off, because } => {
                info!(target: "migrate", "migrations are off, the database is not touched: {because}");
            }
            Event::Startup { mode, because } => {
                let will = match mode {
                    StartupMode::Verify => "the database is only looked at",
                    StartupMode::Wait => "others are waited for",
                    _ => "what is pending is applied",
                };
                info!(target: "migrate", %mode, "{will}: {because}");
            }
            Event::UpToDate { migrations: 0 } => info!(target: "migrate", "nothing to do: there are no migrations"),
            Event::UpToDate { migrations } => {
                info!(target: "migrate", migrations, "nothing to do: all of them are applied");
            }
            Event::Awaiting { pending, holder, waited } => {
                let who = holder.map_or_else(|| "nobody is at work".to_owned(), |holder| format!("at work: {holder}"));
                info!(target: "migrate", pending, waited_ms = millis(*waited), "waiting until all is applied; {who}");
            }
            Event::Waiting { holder, waited } => {
                info!(target: "migrate", waited_ms = millis(*waited), "waiting for the migration lock, held by {holder}");
            }
            Event::Planned(plan) => info!(target: "migrate", steps = plan.steps.len(), "has the lock, and begins"),
            Event::Started(step) => within(step, || debug!(target: "migrate", "begins")),
            Event::Statement { step, n, file, position, text } => within(step, || {
                debug!(target: "migrate", n, "sends {file}:{position}: {}", shown(text, STATEMENT));
            }),
            Event::StatementDone { step, n } => within(step, || debug!(target: "migrate", n, "statement done")),
            Event::Progress { version, done, total } => {
                let of = total.map_or(String::new(), |total| format!(" of {total}"));
                info!(target: "migrate", version = version.get(), done, "works: {done}{of}");
            }
            Event::Retry { step, message, pause } => within(step, || {
                warn!(target: "migrate", pause_ms = millis(*pause), "waited for a lock in vain, tries again: {message}");
            }),
            Event::Finished { step, duration } => within(step, || {
                let did = match step.action {
                    Action::Apply => "applied",
                    Action::Revert => "reverted",
                    Action::Record => "recorded",
                    Action::Accept => "accepted",
                };
                info!(target: "migrate", duration_ms = millis(*duration), "{did}");
            }),
            Event::Failed { step, failure } => within(step, || error!(target: "migrate", "failed: {failure}")),
            Event::Cancelled(cancelled) => warn!(target: "migrate", "{cancelled}"),
            Event::Note(note) => warn!(target: "migrate", "{note}"),
        }
    }
}
