//! `create`, `drop` and `wait`: the database itself.

use std::time::Duration;

use migrate_core::driver::Outcome;
use serde::Serialize;

use super::Context;
use crate::args::Drop;
use crate::database::{self, Answer};
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::Problem;

#[derive(Serialize)]
struct Created {
    created: bool,
}

#[derive(Serialize)]
struct Dropped {
    dropped: bool,
}

#[derive(Serialize)]
struct Answers {
    answers: bool,
}

pub(super) fn create(cx: &Context<'_>) -> Result<Exit, Problem> {
    let created = database::create(cx)? == Outcome::Done;
    said(cx, &Created { created }, if created { "created" } else { "it is there already:" })
}

pub(super) fn drop(cx: &Context<'_>, args: &Drop) -> Result<Exit, Problem> {
    let url = cx.settings.database_url()?;
    if !args.yes {
        let problem = Problem::usage(format!("`drop` would destroy {url} and everything in it"));
        return Err(problem.note("say `migrate drop --yes` if that is what you want; nothing was dropped"));
    }
    let dropped = database::drop(cx)? == Outcome::Done;
    said(cx, &Dropped { dropped }, if dropped { "dropped" } else { "there is none:" })
}

pub(super) fn wait(cx: &Context<'_>, limit: Duration) -> Result<Exit, Problem> {
    let words = match database::wait(cx, limit)? {
        Answer::Ready => "it answers:",
        Answer::NoDatabase => "its server answers, and it is yet to be made (`migrate create`):",
    };
    said(cx, &Answers { answers: true }, words)
}

fn said(cx: &Context<'_>, json: &impl Serialize, words: &str) -> Result<Exit, Problem> {
    match cx.out.format {
        Format::Json => cx.out.json(json)?,
        Format::Text => cx.out.say(&format!("{words} {}", cx.settings.database_url()?)),
    }
    Ok(Exit::Done)
}
