//! One command a file.

mod accept;
mod admin;
mod applied;
mod bootstrap;
pub(crate) mod check;
mod completions;
mod doctor;
mod down;
mod dump;
mod init;
mod man;
mod new;
mod plan;
mod redo;
mod run;
mod script;
mod settle;
mod statements;
mod status;
mod undo;
mod up;

use migrate_core::sql::Dialect;
use serde::Serialize;

use crate::args::{Args, Baseline, Command, DialectName, Wait};
use crate::config::Settings;
use crate::database::{self, Source};
use crate::exit::Exit;
use crate::output::{Format, Output};
use crate::problem::Problem;

/// What every command is given.
pub(crate) struct Context<'o> {
    pub(crate) settings: Settings,
    pub(crate) out: &'o Output,
}

pub(crate) fn run(args: Args, out: &Output, source: Source<'_>) -> Result<Exit, Problem> {
    require_version(args.global.require_version.as_deref())?;
    // Neither needs a setting, so that a faulty migrate.toml is in nobody's way.
    match args.command {
        Command::Completions(args) => return completions::run(&args, out),
        Command::Man => return man::run(out),
        _ => {}
    }
    let cx = Context { settings: Settings::read(&args.global, args.command.needs())?, out };
    match args.command {
        Command::Init => init::run(&cx),
        Command::New(args) => new::run(&cx, &args),
        Command::Up(args) => database::with(&cx, &source, &args),
        Command::Down(args) => database::with(&cx, &source, &args),
        Command::Redo(args) => database::with(&cx, &source, &args),
        Command::Status(args) => database::with(&cx, &source, &args),
        Command::Plan(args) => database::with(&cx, &source, &args),
        Command::Script(args) => script::run(&cx, &source, &args),
        Command::Check(args) => database::check(&cx, &source, &args),
        Command::Repair(args) => database::with(&cx, &source, &accept::Repair(args.version)),
        Command::Baseline(Baseline { version: Some(version), .. }) => {
            database::with(&cx, &source, &accept::Baseline(version))
        }
        Command::Baseline(args) => database::with(&cx, &source, &bootstrap::FromDatabase::named(&args)),
        Command::Doctor => database::with(&cx, &source, &doctor::Doctor),
        Command::Dump(args) => dump::run(&cx, &args),
        Command::RevertMissing(args) => database::with(&cx, &source, &args),
        Command::Settle(args) => database::with(&cx, &source, &args),
        Command::Create => admin::create(&cx),
        Command::Drop(args) => admin::drop(&cx, &args),
        Command::Wait(Wait { applied: Some(limit), .. }) => applied::wait(&cx, &source, limit),
        Command::Wait(Wait { limit, .. }) => admin::wait(&cx, limit),
        Command::Undo(args) => undo::run(&cx, &args),
        Command::Statements(args) => statements::run(&cx, &args),
        Command::Completions(args) => completions::run(&args, out),
        Command::Man => man::run(out),
    }
}

#[derive(Serialize)]
struct SqlJson<'s> {
    sql: &'s str,
}

impl Context<'_> {
    /// SQL for somebody else to run.
    fn sql(&self, sql: &str) -> Result<Exit, Problem> {
        match self.out.format {
            Format::Json => self.out.json(&SqlJson { sql })?,
            Format::Text if sql.is_empty() => self.out.say("nothing to do"),
            Format::Text => self.out.data(sql)?,
        }
        Ok(Exit::Done)
    }

    /// Which SQL it is: as the option says, else the database's URL.
    fn dialect(&self, named: Option<DialectName>) -> Result<Dialect, Problem> {
        if let Some(name) = named {
            return Ok(name.into());
        }
        let scheme = self.settings.url().map(|url| url.scheme().to_owned());
        scheme.and_then(|scheme| scheme.parse().ok()).ok_or_else(|| {
            Problem::usage("which SQL is it?").note("say `--dialect postgres`, `mysql`, `mariadb` or `sqlite`")
        })
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
