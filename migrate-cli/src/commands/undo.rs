use std::fs;
use std::path::Path;

use migrate_core::plan::{Refusal, Refused};
use migrate_core::sql::ServerVersion;
use migrate_core::undo::{Generated, NoInverse, ToldBy, Undo as Inverse};
use migrate_core::{Error, Script, source};
use serde::Serialize;

use super::Context;
use crate::args::{DialectName, Undo};
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::{Frame, Problem};

#[derive(Serialize)]
struct UndoJson<'s> {
    sql: &'s str,
    /// What it does not bring back.
    losses: &'s [String],
}

/// Prints what takes a file back.
pub(super) fn run(cx: &Context<'_>, args: &Undo) -> Result<Exit, Problem> {
    let undo = generate(cx, &args.file, args.dialect, args.server_version)?;
    match cx.out.format {
        Format::Json => cx.out.json(&UndoJson { sql: &undo.text, losses: &undo.losses })?,
        Format::Text => cx.out.data(&undo.text)?,
    }
    undo.losses.iter().for_each(|loss| cx.out.note(&format!("it does not bring back {loss}")));
    Ok(Exit::Done)
}

/// By the file's text alone: what only a catalog tells has no inverse here.
pub(super) fn generate(
    cx: &Context<'_>,
    path: &Path,
    dialect: Option<DialectName>,
    version: Option<ServerVersion>,
) -> Result<Generated, Problem> {
    let file = path.display().to_string();
    let dialect = cx.dialect(dialect)?;
    let bytes = fs::read(path).map_err(|error| Problem::failed(format!("{file} can't be read: {error}")))?;
    let mistake = |mistake| Problem::Failed(Box::new(Frame::of_mistake(&mistake)));
    let text = source::decode(&file, &bytes).map_err(mistake)?;
    // Any name will do: what counts is what the file says of itself.
    let read = source::read([("20000101000000_x.sql", text)], Some(dialect)).map_err(|mistakes| {
        let first = mistakes.into_iter().next().map(|mut first| {
            first.file.clone_from(&file);
            first
        });
        first.map_or_else(|| Problem::failed(format!("{file} can't be read")), mistake)
    })?;
    let Some(sql) = read.migrations.into_iter().next() else {
        return Err(Problem::failed(format!("{file} holds no statement")));
    };
    let script = Script::new(file.into(), sql.up.text, sql.up.line, sql.up.options);
    let undo = Inverse::of(&script, dialect.into(), version).map_err(|why| refused(vec![why]))?;
    undo.finish().map_err(refused)
}

fn refused(why: Vec<NoInverse>) -> Problem {
    let refusal = |why: NoInverse| Refusal::Script {
        at: why.at,
        problem: format!("`{}` has no inverse: {}", why.statement, why.why),
        help: match why.told_by {
            ToldBy::Catalog => "`migrate up --generate-undo` asks the database just before it runs the file".into(),
            _ => "write the down yourself".into(),
        },
    };
    Error::Refused(Refused(why.into_iter().map(refusal).collect())).into()
}
