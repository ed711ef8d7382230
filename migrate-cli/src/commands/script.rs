//! `script`: a run as SQL, for a database that only its DBA may change.

use migrate_core::{Driver, Migrations, Version};

use super::Context;
use crate::args::{Script, Start};
use crate::database::{self, Job, Source};
use crate::exit::Exit;
use crate::problem::Problem;

/// What the database says is pending, or the way back from it.
enum Pending {
    Up,
    Undo,
}

pub(super) fn run(cx: &Context<'_>, source: &Source<'_>, args: &Script) -> Result<Exit, Problem> {
    if !cx.settings.hooks.is_empty() {
        cx.out.note("hooks are not part of a script");
    }
    let pending = match (args.from, args.to) {
        (Start::Version(from), Some(to)) => {
            let dialect = cx.dialect(args.dialect)?;
            return cx.sql(&database::script(cx, source, dialect, from, to)?);
        }
        (Start::Version(from), None) => {
            let problem = Problem::usage("a script goes from one version to another, and only one is named");
            let example = if from == Version::ZERO { "0".to_owned() } else { from.to_string() };
            return Err(problem.note(format!("say `migrate script {example} TO`, or `migrate script pending`")));
        }
        (_, Some(_)) => {
            let problem = Problem::usage("where a pending script ends the database says, not you");
            return Err(problem.note("leave the second version away, or name two versions"));
        }
        (Start::Pending, None) => Pending::Up,
        (Start::PendingUndo, None) => Pending::Undo,
    };
    if args.dialect.is_some() {
        let problem = Problem::usage("the database is asked what is pending, and its URL says which SQL it is");
        return Err(problem.note("leave `--dialect` away"));
    }
    database::with(cx, source, &pending)
}

impl Job for Pending {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let mut migrator = cx.migrator(driver);
        cx.sql(&match self {
            Pending::Up => migrator.script_pending(known)?,
            Pending::Undo => migrator.script_pending_undo(known)?,
        })
    }
}
