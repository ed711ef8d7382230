use migrate_core::{Driver, Entry, Migrations, State, Version};
use serde::Serialize;

use super::Context;
use crate::args::Status;
use crate::config::duration;
use crate::database::Job;
use crate::exit::Exit;
use crate::output::{Align, Column, Format, Paint, Table, TableCell, json_text};
use crate::problem::Problem;

impl Job for Status {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let mut migrator = cx.migrator(driver);
        if let Some(holder) = migrator.holder()? {
            cx.out.note(&format!("a run is under way: the migration lock is held by {holder}"));
        }
        migrator.status(known, |status| {
            match cx.out.format {
                Format::Json => {
                    let migrations = status.entries.iter().map(EntryJson::of).collect();
                    cx.out.json(&StatusJson { migrations })?;
                }
                Format::Text => text(cx, status)?,
            }
            Ok(if self.exit_code { exit_code(status) } else { Exit::Done })
        })?
    }
}

fn exit_code(status: &migrate_core::Status<'_>) -> Exit {
    if status.any(|state| state == State::Changed) {
        return Exit::Refused;
    }
    let waits = |state: State| state.is_pending() || matches!(state, State::Interrupted(_));
    if status.any(waits) { Exit::Pending } else { Exit::Done }
}

#[derive(Serialize)]
struct StatusJson<'s> {
    migrations: Vec<EntryJson<'s>>,
}

#[derive(Serialize)]
struct EntryJson<'s> {
    #[serde(serialize_with = "json_text")]
    version: Version,
    name: &'s str,
    state: &'static str,
    applied_at: Option<&'s str>,
    duration_ms: Option<i64>,
    reversible: bool,
    /// Where the way back is a generated one.
    #[serde(skip_serializing_if = "Option::is_none")]
    generated_undo: Option<UndoJson<'s>>,
}

#[derive(Serialize)]
struct UndoJson<'s> {
    losses: &'s [String],
}

impl<'s> EntryJson<'s> {
    fn of(entry: &'s Entry<'_>) -> Self {
        EntryJson {
            version: entry.version,
            name: entry.name,
            state: entry.state.as_str(),
            applied_at: entry.row.and_then(|row| row.finished_at.as_deref()),
            duration_ms: entry.row.and_then(|row| row.duration_ms),
            reversible: entry.is_reversible(),
            generated_undo: entry.undo.as_ref().map(|undo| UndoJson { losses: &undo.losses }),
        }
    }
}

fn text(cx: &Context<'_>, status: &migrate_core::Status<'_>) -> Result<(), Problem> {
    if status.entries.is_empty() {
        cx.out.say("no migrations yet: `migrate new create users` makes the first");
        return Ok(());
    }
    let table = table(status).render(cx.out.width(), cx.out.paint);
    cx.out.data(&format!("{table}\n{}\n", summary(status)))?;
    for entry in status.entries.iter().filter(|entry| entry.state == State::CommentsChanged) {
        let label = entry.label();
        cx.out.note(&format!("{label} has changed since it was applied, but only in comments or blanks"));
    }
    Ok(())
}

fn table(status: &migrate_core::Status<'_>) -> Table {
    let column = |title, align, expendable| Column { title, align, expendable };
    let columns = vec![
        column("VERSION", Align::Left, None),
        column("STATE", Align::Left, None),
        column("NAME", Align::Left, None),
        column("APPLIED AT (UTC)", Align::Left, Some(1)),
        column("TOOK", Align::Right, Some(0)),
        column("REVERSIBLE", Align::Left, Some(2)),
    ];
    Table { columns, rows: status.entries.iter().map(row).collect() }
}

fn row(entry: &Entry<'_>) -> Vec<TableCell> {
    let version = entry.version.to_string();
    let reversible = match &entry.undo {
        Some(undo) if undo.losses.is_empty() => "generated",
        Some(_) => "generated, loses data",
        None if entry.is_reversible() => "yes",
        None => "no",
    };
    let row = entry.row.filter(|row| row.finished_at.is_some());
    let at = row.and_then(|row| row.finished_at.as_deref()).map_or(String::new(), to_the_second);
    let took = row.and_then(|row| row.duration_ms).and_then(|ms| u64::try_from(ms).ok());
    let took = took.map_or(String::new(), |ms| duration::words(std::time::Duration::from_millis(ms)));
    let state = TableCell { text: entry.state.as_str().into(), colour: colour(entry.state) };
    let rest = [entry.name.to_owned(), at, took, reversible.to_owned()];
    [TableCell::plain(version), state].into_iter().chain(rest.map(TableCell::plain)).collect()
}

/// `2026-11-23T18:47:00.123Z` as `2026-11-23 18:47:00`
fn to_the_second(at: &str) -> String {
    at.get(..19).unwrap_or(at).replacen('T', " ", 1)
}

fn colour(state: State) -> fn(Paint, &str) -> String {
    match state {
        State::Applied | State::CommentsChanged => |paint, text| paint.green(text),
        State::Changed | State::Interrupted(_) => |paint, text| paint.red(text),
        _ => |paint, text| paint.yellow(text),
    }
}

/// `14 applied, 2 pending, 1 out-of-order`
fn summary(status: &migrate_core::Status<'_>) -> String {
    const WORDS: [&str; 7] = ["applied", "pending", "out-of-order", "changed", "missing", "ahead", "interrupted"];
    let count = |word: &str| status.entries.iter().filter(|entry| entry.state.as_str() == word).count();
    let counted = WORDS.iter().map(|word| (count(word), word)).filter(|(count, _)| *count > 0);
    counted.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
