use std::fs;

use migrate_core::plan::Refusal;
use migrate_core::sql::{Dialect, InTransaction, Position, Statement, split};
use migrate_core::{
    Down, Facts, Migrations, Options, Planner, Policy, Script, SqlMigration, Status, Store, UpTarget, Version, source,
};
use serde::Serialize;

use super::Context;
use crate::args::Statements;
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::{Frame, Problem};

/// A statement, and what a run would say to it.
#[derive(Serialize)]
struct Found<'t> {
    line: u32,
    column: u32,
    text: &'t str,
    transactional: bool,
    problem: Option<String>,
}

#[derive(Serialize)]
struct StatementsJson<'t> {
    statements: Vec<Found<'t>>,
}

/// Shows how a file is split. What a run would refuse is said, and is no failure; only what can't be split is one.
pub(super) fn run(cx: &Context<'_>, args: &Statements) -> Result<Exit, Problem> {
    let file = args.file.display().to_string();
    let dialect = dialect(cx, args)?;
    let bytes = fs::read(&args.file).map_err(|error| Problem::failed(format!("{file} can't be read: {error}")))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Problem::failed(format!("{file} is not UTF-8")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let statements = split(text, dialect).map_err(|error| {
        let frame = Frame::new(error.to_string()).at(&file, error.position).line_of(text);
        Problem::Failed(Box::new(frame))
    })?;
    let problems = problems(text, dialect);
    let mut found: Vec<_> = statements.iter().map(Found::of).collect();
    for (at, problem) in problems {
        let upto = found.iter().take_while(|found| (found.line, found.column) <= (at.line, at.column)).count();
        match found.get_mut(upto.saturating_sub(1)) {
            Some(found) if upto > 0 => found.problem = found.problem.take().or(Some(problem)),
            _ => cx.out.note(&format!("{file}:{at}: {problem}")),
        }
    }
    match cx.out.format {
        Format::Json => cx.out.json(&StatementsJson { statements: found })?,
        Format::Text => {
            let text: String = found.iter().map(|found| found.text(cx)).collect();
            cx.out.data(&text)?;
            let count = found.len();
            cx.out.say(&format!("{count} statement{}, read as {dialect}", if count == 1 { "" } else { "s" }));
        }
    }
    Ok(Exit::Done)
}

fn dialect(cx: &Context<'_>, args: &Statements) -> Result<Dialect, Problem> {
    if let Some(name) = args.dialect {
        return Ok(name.into());
    }
    let scheme = cx.settings.url().map(|url| url.scheme().to_owned());
    scheme.and_then(|scheme| scheme.parse().ok()).ok_or_else(|| {
        Problem::usage("which SQL is it?").note("say `--dialect postgres`, `mysql`, `mariadb` or `sqlite`")
    })
}

impl<'t> Found<'t> {
    fn of(statement: &Statement<'t>) -> Self {
        let known = statement.recognise();
        Found {
            line: statement.position.line,
            column: statement.position.column,
            text: statement.text,
            transactional: !known.commits && !matches!(known.in_transaction, InTransaction::Fails { .. }),
            problem: None,
        }
    }

    /// SQL again, with what is known of each statement in a comment above it.
    fn text(&self, cx: &Context<'_>) -> String {
        let Found { line, column, text, .. } = self;
        let outside = if self.transactional { "" } else { ", not transactional" };
        let problem = self.problem.as_ref().map_or(String::new(), |problem| format!("\n-- problem: {problem}"));
        let head = cx.out.paint.dim(&format!("-- {line}:{column}{outside}{problem}"));
        format!("{head}\n{text};\n\n")
    }
}

/// What a run would refuse, by the same reader and the same planner: the file as a migration of its own, up and down.
fn problems(text: &str, dialect: Dialect) -> Vec<(Position, String)> {
    const NAME: &str = "20000101000000_x.sql";
    let mut problems = Vec::new();
    let migrations =
        source::read([(NAME, text)], Some(dialect)).map(|read| read.migrations).unwrap_or_else(|mistakes| {
            problems.extend(mistakes.iter().filter_map(|mistake| Some((mistake.position?, mistake.problem.clone()))));
            // The planner still has something to say to the other statements.
            vec![alone(Script::new(NAME.into(), text.to_owned().into(), 1, Options::NONE))]
        });
    for migration in migrations {
        if let Down::Script(script) = &migration.down {
            problems.extend(refusals(alone(script.clone()), dialect));
        }
        problems.extend(refusals(migration, dialect));
    }
    problems
}

fn alone(script: Script) -> SqlMigration {
    SqlMigration::new(Version::ZERO, "x", script, Down::Irreversible, Store::Text)
}

fn refusals(migration: SqlMigration, dialect: Dialect) -> Vec<(Position, String)> {
    let transactional_ddl = matches!(dialect, Dialect::Postgres | Dialect::Sqlite);
    let facts = Facts { syntax: dialect.into(), server: String::new(), version: None, transactional_ddl };
    let Ok(known) = Migrations::<()>::from_sql([migration]) else { return Vec::new() };
    let planned = Planner::new(&known, &facts, &Policy::default()).up(&Status::of(&known, &[]), UpTarget::All);
    let refused = planned.err().map(|refused| refused.0).unwrap_or_default();
    let placed = |refusal| match refusal {
        Refusal::Script { at, problem, .. } => Some((at.position, problem)),
        _ => None,
    };
    refused.into_iter().filter_map(placed).collect()
}
