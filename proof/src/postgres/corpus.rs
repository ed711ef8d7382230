//! The corpus against `psql`, and against the grammar where that knows the text.

use std::io;

use super::grammar;
use super::psql::{Psql, Run, queries};
use super::recorder::{Event, Recorder};
use crate::compare::POSTGRES;
use crate::corpus::{Expected, Script, read};
use crate::scratch::{Scratch, Server};

/// Whether every script is as the client has it.
pub fn run() -> io::Result<bool> {
    let scripts = read("postgres");
    let scratch = Scratch::new("corpus")?;
    let server = Server::start("postgres");
    let psql = Psql { recorder: Recorder::in_front_of(server.port)?, scratch };
    let mut wrong = 0;
    let mut parsed = 0;
    let mut unproven = 0;
    for script in &scripts {
        // psql is told by the server what it has set; a reader of the text can't know, and so there is nothing to hold
        // the refusal against.
        if matches!(&script.expected, Expected::Refused(what) if what.contains("depends on standard_conforming_strings"))
        {
            unproven += 1;
            continue;
        }
        let run = psql.run(&script.text, script.standard_conforming_strings)?;
        let verdict = match &script.expected {
            Expected::Refused(what) => refused(what, script, &run),
            Expected::Statements(ranges) => {
                let expected: Vec<&str> = ranges.iter().map(|range| &script.text[range.clone()]).collect();
                let parsed_alike = by_grammar(script, &expected);
                parsed += usize::from(parsed_alike == Some(Ok(())));
                let sent: Vec<String> = queries(run.events).collect();
                match (&script.client, POSTGRES.difference(&expected, &sent), parsed_alike) {
                    (_, _, Some(Err(difference))) => Err(format!("the grammar: {difference}")),
                    (None, Some(difference), _) => Err(format!("psql: {difference}")),
                    (Some(_), None, _) => Err("psql does the same now".to_owned()),
                    (Some(_), Some(_), None) => Err("psql differs, and the grammar can't tell who is right".to_owned()),
                    (None, None, _) | (Some(_), Some(_), Some(Ok(()))) => Ok(()),
                }
            }
        };
        if let Err(difference) = verdict {
            wrong += 1;
            println!("{}\n  {difference}\n", script.title);
        }
    }
    let (count, version) = (scripts.len(), Psql::version());
    println!("postgres: {} of {count} scripts as {version} has them", count - wrong - unproven);
    println!("postgres: {parsed} of them also by the grammar; {unproven} can't be held against a client");
    Ok(wrong == 0 && count > 0)
}

/// `None` where the grammar knows nothing: it wants valid statements, and `standard_conforming_strings`.
fn by_grammar(script: &Script, expected: &[&str]) -> Option<Result<(), String>> {
    if !script.standard_conforming_strings || script.text.contains("standard_conforming_strings") {
        return None;
    }
    let found = grammar::parse(&script.text).ok()?;
    Some(grammar::unlike(expected, &found).map_or(Ok(()), Err))
}

/// For each reason to refuse a text, what shows on the client that it is a good one.
fn refused(what: &str, script: &Script, run: &Run) -> Result<(), String> {
    let (place, reason) = what.split_once(' ').unwrap_or_default();
    let said = |part: &str| run.events.iter().any(|event| matches!(event, Event::Error(text) if text.contains(part)));
    let sent = |part: &str| run.events.iter().any(|event| matches!(event, Event::Query(text) if text.contains(part)));
    let shown = match reason {
        // psql sends what is left at the end, and the server says so.
        _ if reason.starts_with("unterminated") => said("unterminated"),
        // psql waits for the END as well, and at the end of the text sends all that it has.
        _ if reason.ends_with("has no END") => {
            let lines_before = place.split(':').next().and_then(|line| line.parse::<usize>().ok()).unwrap_or(1) - 1;
            let rest: String = script.text.split_inclusive('\n').skip(lines_before).collect();
            run.events.iter().any(|event| matches!(event, Event::Query(text) if text.trim() == rest.trim()))
        }
        _ if reason.starts_with("COPY FROM STDIN") => run.events.contains(&Event::CopyIn),
        // What follows it on its line never arrives.
        _ if reason.starts_with("NUL byte") => {
            let (_, behind) = script.text.split_once('\0').unwrap_or_default();
            !sent(behind.lines().next().unwrap_or_default())
        }
        _ => match reason.split_once(" is a command of the database's command-line client") {
            Some((command, _)) => !sent(command),
            None => return Err(format!("nobody knows how to check {reason:?}")),
        },
    };
    let events = &run.events;
    shown.then_some(()).ok_or_else(|| format!("psql shows no reason to refuse it: {events:?}\n{}", run.stderr))
}
