//! One command a file.

mod accept;
mod admin;
mod applied;
pub(crate) mod check;
mod completions;
mod down;
mod init;
mod new;
mod plan;
mod redo;
mod run;
mod settle;
mod statements;
mod status;
mod undo;
mod up;

use crate::args::{Args, Command, Wait};
use crate::config::Settings;
use crate::database::{self, Source};
use crate::exit::Exit;
use crate::output::Output;
use crate::problem::Problem;

/// What every command is given.
pub(crate) struct Context<'o> {
    pub(crate) settings: Settings,
    pub(crate) out: &'o Output,
}

pub(crate) fn run(args: Args, out: &Output, source: Source<'_>) -> Result<Exit, Problem> {
    require_version(args.global.require_version.as_deref())?;
    if let Command::Completions(args) = args.command {
        return completions::run(&args, out);
    }
    let cx = Context { settings: Settings::read(&args.global)?, out };
    match args.command {
        Command::Init => init::run(&cx),
        Command::New(args) => new::run(&cx, &args),
        Command::Up(args) => database::with(&cx, source, &args),
        Command::Down(args) => database::with(&cx, source, &args),
        Command::Redo(args) => database::with(&cx, source, &args),
        Command::Status(args) => database::with(&cx, source, &args),
        Command::Plan(args) => database::with(&cx, source, &args),
        Command::Check => database::check(&cx, source),
        Command::Repair(args) => database::with(&cx, source, &accept::Repair(args.version)),
        Command::Baseline(args) => database::with(&cx, source, &accept::Baseline(args.version)),
        Command::RevertMissing(args) => database::with(&cx, source, &args),
        Command::Settle(args) => database::with(&cx, source, &args),
        Command::Create => admin::create(&cx),
        Command::Drop(args) => admin::drop(&cx, &args),
        Command::Wait(Wait { applied: Some(limit), .. }) => applied::wait(&cx, source, limit),
        Command::Wait(Wait { limit, .. }) => admin::wait(&cx, limit),
        Command::Undo(args) => undo::run(&cx, &args),
        Command::Statements(args) => statements::run(&cx, &args),
        Command::Completions(args) => completions::run(&args, out),
    }
}

fn require_version(required: Option<&str>) -> Result<(), Problem> {
    let ours = env!("CARGO_PKG_VERSION");
    match required.map(|required| required.strip_prefix('v').unwrap_or(required)) {
        Some(required) if required != ours => {
            Err(Problem::failed(format!("this is migrate {ours}, and {required} is required")))
        }
        _ => Ok(()),
    }
}
