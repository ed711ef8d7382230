//! What all commands that change a database have in common: they are watched, and they report.

use migrate_core::{Action, Driver, Error, Migrator, Report};
use serde::Serialize;

use super::Context;
use crate::exit::Exit;
use crate::output::{Applied, FailureJson, Format, Progress, ShowBar};
use crate::problem::Problem;

#[derive(Serialize)]
struct RunJson {
    /// What ran, up or down.
    applied: Vec<Applied>,
    /// By `baseline`, without running.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recorded: Vec<Applied>,
    /// By `repair`, without running.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<Applied>,
    notes: Vec<String>,
    #[serde(flatten)]
    failure: Option<FailureJson>,
}

/// Runs `go`, says each step as it is done, and a summary; `nothing` is said when there was nothing to do.
pub(super) fn run<D: Driver>(
    cx: &Context<'_>,
    driver: &mut D,
    nothing: &str,
    go: impl FnOnce(Migrator<'_, D>) -> Result<Report, Error>,
) -> Result<Exit, Problem> {
    // A program would write into the middle of the bar.
    let bar = if cx.settings.hooks.has_programs() { ShowBar::Never } else { ShowBar::OnTerminals };
    let progress = Progress::new(cx.out, bar);
    let result = go(cx.migrator(driver).observer(|event| progress.event(event))).map_err(Problem::from);
    progress.end();
    if cx.out.format == Format::Json {
        let failure = result.as_ref().err().map(FailureJson::of);
        cx.out.json(&RunJson {
            applied: progress.done(&[Action::Apply, Action::Revert]),
            recorded: progress.done(&[Action::Record]),
            accepted: progress.done(&[Action::Accept]),
            notes: progress.notes(),
            failure,
        })?;
    }
    let report = result?;
    match report.is_up_to_date() {
        true => cx.out.say(nothing),
        false => cx.out.say(&format!("{report} in {}", progress.elapsed())),
    }
    Ok(Exit::Done)
}
