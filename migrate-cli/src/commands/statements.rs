use std::fs;

use migrate_core::plan::Refusal;
use migrate_core::sql::{
    Dialect, InTransaction, ObjectName, Position, Recognised, Role, ServerVersion, Statement, Syntax, split,
};
use migrate_core::{
    Down, Facts, Migrations, Options, Planner, Policy, Script, SqlMigration, Status, Store, UpTarget, Version, source,
};
use serde::Serialize;

use super::Context;
use crate::args::{DialectName, Statements};
use crate::exit::Exit;
use crate::output::{Align, Column, Format, Table, TableCell};
use crate::problem::{Frame, Problem};

/// A statement, what is known of it, and what a run would say to it.
#[derive(Serialize)]
struct Found<'t> {
    line: u32,
    column: u32,
    text: &'t str,
    transactional: bool,
    problem: Option<String>,
    verb: String,
    objects: Vec<Name>,
    on: Option<Name>,
    kind: &'static str,
    in_transaction: &'static str,
    why: Option<&'static str>,
    commits: bool,
    parts: Vec<PartJson<'t>>,
}

#[derive(Serialize)]
struct Name {
    schema: Option<String>,
    name: String,
}

#[derive(Serialize)]
struct PartJson<'t> {
    text: &'t str,
    verb: String,
    name: Option<String>,
}

#[derive(Serialize)]
struct StatementsJson<'t> {
    statements: Vec<Found<'t>>,
}

/// Shows how a file is split. What a run would refuse is said, and is no failure; only what can't be split is one.
pub(super) fn run(cx: &Context<'_>, args: &Statements) -> Result<Exit, Problem> {
    let file = args.file.display().to_string();
    let syntax = syntax(cx, args)?;
    let bytes = fs::read(&args.file).map_err(|error| Problem::failed(format!("{file} can't be read: {error}")))?;
    let text =
        source::decode(&file, &bytes).map_err(|mistake| Problem::Failed(Box::new(Frame::of_mistake(&mistake))))?;
    let statements = split(text, syntax).map_err(|error| {
        let frame = Frame::new(error.to_string()).at(&file, error.position).line_of(text);
        Problem::Failed(Box::new(frame))
    })?;
    let mut found: Vec<_> = statements.iter().map(|statement| Found::of(statement, args.server_version)).collect();
    for (at, problem) in problems(text, syntax, args.server_version) {
        let upto = found.iter().take_while(|found| (found.line, found.column) <= (at.line, at.column)).count();
        match found.get_mut(upto.saturating_sub(1)) {
            Some(found) if upto > 0 => found.problem = found.problem.take().or(Some(problem)),
            _ => cx.out.note(&format!("{file}:{at}: {problem}")),
        }
    }
    let (count, dialect) = (found.len(), syntax.dialect());
    match cx.out.format {
        Format::Json => cx.out.json(&StatementsJson { statements: found })?,
        Format::Text if args.sql => {
            let text: String = found.iter().map(|found| found.sql(cx)).collect();
            cx.out.data(&text)?;
        }
        Format::Text if found.is_empty() => {}
        Format::Text => {
            cx.out.data(&table(&found).render(cx.out.width(), cx.out.paint))?;
            for found in &found {
                if let Some(problem) = &found.problem {
                    cx.out.note(&format!("{file}:{}: {problem}", found.place()));
                }
            }
        }
    }
    cx.out.say(&format!("{count} statement{}, read as {dialect}", if count == 1 { "" } else { "s" }));
    Ok(Exit::Done)
}

fn syntax(cx: &Context<'_>, args: &Statements) -> Result<Syntax, Problem> {
    let dialect = dialect(cx, args.dialect)?;
    match (dialect, &args.sql_mode) {
        (_, None) => Ok(dialect.into()),
        (Dialect::Mysql, Some(mode)) => Ok(Syntax::mysql(mode)),
        (Dialect::Mariadb, Some(mode)) => Ok(Syntax::mariadb(mode)),
        (Dialect::Postgres | Dialect::Sqlite, Some(_)) => {
            Err(Problem::usage(format!("{dialect} has no sql_mode")).note("leave `--sql-mode` away"))
        }
    }
}

/// How a file's SQL is read: as it was said, or as the database's URL says.
pub(super) fn dialect(cx: &Context<'_>, name: Option<DialectName>) -> Result<Dialect, Problem> {
    if let Some(name) = name {
        return Ok(name.into());
    }
    let scheme = cx.settings.url().map(|url| url.scheme().to_owned());
    scheme.and_then(|scheme| scheme.parse().ok()).ok_or_else(|| {
        Problem::usage("which SQL is it?").note("say `--dialect postgres`, `mysql`, `mariadb` or `sqlite`")
    })
}

impl<'t> Found<'t> {
    fn of(statement: &Statement<'t>, server: Option<ServerVersion>) -> Self {
        let known = statement.recognise_on(server);
        let (in_transaction, why) = in_transaction(&known);
        let parts =
            statement.parts().into_iter().map(|part| PartJson { text: part.text, verb: part.verb, name: part.name });
        Found {
            line: statement.position.line,
            column: statement.position.column,
            text: statement.text,
            transactional: !known.commits && !matches!(known.in_transaction, InTransaction::Fails { .. }),
            problem: None,
            kind: kind(known.role),
            in_transaction,
            why,
            commits: known.commits,
            parts: parts.collect(),
            verb: known.verb,
            objects: known.objects.into_iter().map(Name::of).collect(),
            on: known.on.map(Name::of),
        }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.line, self.column)
    }

    /// `DROP TABLE a, b`; `CREATE INDEX i ON t`; an unknown statement's first word.
    fn statement(&self) -> String {
        let names: Vec<String> = self.objects.iter().map(Name::shown).collect();
        let on = self.on.as_ref().map_or(String::new(), |on| format!(" ON {}", on.shown()));
        let space = if names.is_empty() { "" } else { " " };
        format!("{}{space}{}{on}", self.verb, names.join(", "))
    }

    /// SQL again, with what is known of each statement in a comment above it.
    fn sql(&self, cx: &Context<'_>) -> String {
        let mut facts = vec![self.statement()];
        facts.extend((self.kind != "change").then(|| self.kind.to_owned()));
        facts.extend((self.in_transaction != "runs").then(|| format!("in a transaction: {}", self.in_transaction)));
        let problem = self.problem.as_ref().map_or(String::new(), |problem| format!("\n-- problem: {problem}"));
        let head = cx.out.paint.dim(&format!("-- {} {}{problem}", self.place(), facts.join("; ")));
        format!("{head}\n{};\n\n", self.text)
    }
}

impl Name {
    fn of(object: ObjectName) -> Self {
        Name { schema: object.schema, name: object.name }
    }

    fn shown(&self) -> String {
        self.schema.as_ref().map_or(self.name.clone(), |schema| format!("{schema}.{}", self.name))
    }
}

fn kind(role: Role) -> &'static str {
    match role {
        Role::Change => "change",
        Role::TransactionControl => "transaction control",
        Role::Session => "session",
        Role::TemporaryObject => "temporary",
        Role::Neutral => "neutral",
        Role::Opaque => "opaque",
        _ => "unknown",
    }
}

/// In a word, and why.
fn in_transaction(known: &Recognised) -> (&'static str, Option<&'static str>) {
    match known.in_transaction {
        InTransaction::Fails { why } => ("refused", Some(why)),
        InTransaction::MayFail { why } => ("may be refused", Some(why)),
        InTransaction::NoEffect { why } => ("no effect", Some(why)),
        _ if known.commits => ("commits it", None),
        _ if known.role == Role::TransactionControl => ("ends it", None),
        _ if known.role == Role::Unknown => ("unknown", None),
        _ => ("runs", None),
    }
}

fn table(found: &[Found<'_>]) -> Table {
    let column = |title, expendable| Column { title, align: Align::Left, expendable };
    let columns = vec![
        column("PLACE", None),
        column("STATEMENT", None),
        column("KIND", Some(1)),
        column("IN A TRANSACTION", Some(2)),
        column("TEXT", Some(0)),
    ];
    let row = |found: &Found<'_>| {
        let cells =
            [found.place(), found.statement(), found.kind.into(), found.in_transaction.into(), ends(found.text)];
        cells.map(TableCell::plain).to_vec()
    };
    Table { columns, rows: found.iter().map(row).collect() }
}

/// How a statement starts and how it ends, on one line: where it was cut is what one wants to see.
fn ends(text: &str) -> String {
    const MOST: usize = 50;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let chars = text.chars().count();
    if chars <= MOST * 4 {
        let line = words(text);
        if line.chars().count() <= MOST {
            return line;
        }
    }
    let start: String = words(&text.chars().take(MOST * 4).collect::<String>()).chars().take(MOST - 22).collect();
    let tail: String = text.chars().skip(chars.saturating_sub(MOST * 4)).collect();
    let tail = words(&tail);
    let end: String = tail.chars().skip(tail.chars().count().saturating_sub(20)).collect();
    format!("{} … {}", start.trim_end(), end.trim_start())
}

/// What a run would refuse, by the same reader and the same planner: the file as a migration of its own, up and down.
fn problems(text: &str, syntax: Syntax, server: Option<ServerVersion>) -> Vec<(Position, String)> {
    const NAME: &str = "20000101000000_x.sql";
    let mut problems = Vec::new();
    // The planner has something to say also where the reader has, and where it can't read: it knows no sql_mode.
    let whole = || vec![alone(Script::new(NAME.into(), text.to_owned().into(), 1, Options::NONE))];
    let migrations = match syntax == syntax.dialect().into() {
        true => source::read([(NAME, text)], Some(syntax.dialect())).map(|read| read.migrations).unwrap_or_else(
            |mistakes| {
                problems
                    .extend(mistakes.iter().filter_map(|mistake| Some((mistake.position?, mistake.problem.clone()))));
                whole()
            },
        ),
        false => whole(),
    };
    for migration in migrations {
        if let Down::Script(script) = &migration.down {
            problems.extend(refusals(alone(script.clone()), syntax, server));
        }
        problems.extend(refusals(migration, syntax, server));
    }
    problems
}

fn alone(script: Script) -> SqlMigration {
    SqlMigration::new(Version::ZERO, "x", script, Down::Irreversible, Store::Text)
}

fn refusals(migration: SqlMigration, syntax: Syntax, version: Option<ServerVersion>) -> Vec<(Position, String)> {
    let transactional_ddl = matches!(syntax.dialect(), Dialect::Postgres | Dialect::Sqlite);
    let facts = Facts { syntax, server: String::new(), version, transactional_ddl, sees_swaps: true };
    let Ok(known) = Migrations::<()>::from_sql([migration]) else { return Vec::new() };
    let planned = Planner::new(&known, &facts, &Policy::default()).up(&Status::of(&known, &[]), UpTarget::All);
    let refused = planned.err().map(|refused| refused.0).unwrap_or_default();
    let placed = |refusal| match refusal {
        Refusal::Script { at, problem, .. } => Some((at.position, problem)),
        _ => None,
    };
    refused.into_iter().filter_map(placed).collect()
}
