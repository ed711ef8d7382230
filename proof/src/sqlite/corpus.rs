//! The corpus against SQLite, and against its grammar where that knows the text.

use std::ops::Range;

use migrate_core::sql::{Dialect, statements};

use super::engine::Engine;
use super::grammar;
use crate::corpus::{Expected, read};

/// Whether every script is as SQLite has it.
pub fn run() -> rusqlite::Result<bool> {
    let scripts = read("sqlite");
    let (mut wrong, mut compiled, mut parsed) = (0, 0, 0);
    for script in &scripts {
        let engine = Engine::new()?;
        let verdict = match &script.expected {
            Expected::Statements(ranges) => {
                let verdict = engine.compare(&script.text, ranges, None);
                compiled += usize::from(verdict.refused == 0);
                let grammar = grammar::difference(&script.text, ranges);
                parsed += usize::from(grammar == Some(Ok(())));
                match (&script.client, verdict.difference, grammar) {
                    (_, _, Some(Err(difference))) => Err(format!("the grammar: {difference}")),
                    (None, Some(difference), _) => Err(format!("SQLite: {difference}")),
                    (Some(_), None, _) => Err("SQLite does the same now".to_owned()),
                    (Some(_), Some(_), None) => {
                        Err("SQLite differs, and the grammar can't tell who is right".to_owned())
                    }
                    (None, None, _) | (Some(_), Some(_), Some(Ok(()))) => Ok(()),
                }
            }
            Expected::Refused(what) => refused(what, &script.text, &engine),
        };
        if let Err(difference) = verdict {
            wrong += 1;
            println!("{}\n  {difference}\n", script.title);
        }
    }
    let (count, version) = (scripts.len(), rusqlite::version());
    println!("sqlite: {} of {count} scripts as SQLite {version} has them", count - wrong);
    println!("sqlite: it compiles all statements of {compiled}; {parsed} also by the grammar");
    Ok(wrong == 0 && count > 0)
}

/// For each reason to refuse a text, what shows on SQLite that it is a good one.
fn refused(what: &str, text: &str, engine: &Engine) -> Result<(), String> {
    let mut ours: Vec<Range<usize>> = Vec::new();
    let mut end = None;
    for statement in statements(text, Dialect::Sqlite) {
        match statement {
            Ok(statement) => ours.push(statement.offset..statement.offset + statement.text.len()),
            Err(error) => end = Some(error.offset),
        }
    }
    let end = end.ok_or_else(|| "it is not refused".to_owned())?;
    if let Some(difference) = engine.compare(text, &ours, Some(end)).difference {
        return Err(difference);
    }
    let rest = &text[end..];
    let (_, reason) = what.split_once(' ').unwrap_or_default();
    let shown = match reason {
        // What follows is never run.
        _ if reason.starts_with("NUL byte") => {
            let (_, behind) = rest.split_once('\0').unwrap_or_default();
            !behind.is_empty() && !engine.cut(text).iter().any(|found| found.contains(behind.trim()))
        }
        _ if reason.starts_with("carriage return without a newline") => {
            let (_, behind) = rest.split_once('\r').unwrap_or_default();
            !engine.cut(text).iter().any(|found| found.starts_with(behind.trim()))
        }
        _ => engine.refuses(rest),
    };
    shown.then_some(()).ok_or_else(|| format!("SQLite shows no reason to refuse it: {:?}", engine.cut(rest)))
}
