//! The corpus against the client, and each of its statements against the server's parser.

use std::error::Error;

use super::Family;
use super::client::{Client, Run};
use super::parser::Parser;
use super::recorder::Recorder;
use crate::corpus::{Expected, Script, read};
use crate::scratch::{Scratch, Server};

/// Whether every script is as client and server have it.
pub fn run(family: Family) -> Result<bool, Box<dyn Error>> {
    let name = family.name();
    let scripts = read(name);
    let scratch = Scratch::new("corpus")?;
    let server = Server::start(name);
    let program = server.directory.join("client");
    let client = Client { family, program, recorder: Recorder::in_front_of(server.port)?, scratch };
    let mut wrong = 0;
    let mut by_server = 0;
    let mut unproven = 0;
    for script in &scripts {
        let mut parser = Parser::connect(server.port)?;
        parser.fresh("proof")?;
        if let Some(mode) = &script.sql_mode {
            parser.set(mode)?;
        }
        let run = client.run(&script.text, script.sql_mode.as_deref())?;
        let verdict = match &script.expected {
            // The client is told by the server what it has set; a reader of the text can't know, and so there is
            // nothing to hold the refusal against.
            Expected::Refused(what) if what.contains("depends on NO_BACKSLASH_ESCAPES") => {
                unproven += 1;
                Ok(())
            }
            Expected::Refused(what) => refused(what, script, &run, &mut parser)?,
            Expected::Statements(ranges) => {
                let expected: Vec<&str> = ranges.iter().map(|range| &script.text[range.clone()]).collect();
                let parsed = parsed(&expected, &mut parser, script.client.is_some())?;
                by_server += usize::from(script.client.is_some() && parsed.is_ok());
                match (&script.client, family.comments().difference(&expected, &run.queries)) {
                    (None, Some(difference)) => Err(format!("the client: {difference}")),
                    (Some(_), None) => Err("the client does the same now".to_owned()),
                    (None, None) | (Some(_), Some(_)) => parsed,
                }
            }
        };
        if let Err(difference) = verdict {
            wrong += 1;
            println!("{}\n  {difference}\n", script.title);
        }
    }
    let (count, version) = (scripts.len(), client.version());
    println!("{name}: {} of {count} scripts as the client {version} has them,", count - wrong - unproven - by_server);
    println!(
        "{name}: {by_server} by the server alone, where the client is wrong; {unproven} can't be held against either"
    );
    Ok(wrong == 0 && count > 0)
}

/// No statement is two, or half of one. Where the client can't be the witness, each must run.
fn parsed(expected: &[&str], parser: &mut Parser, must_run: bool) -> Result<Result<(), String>, mysql::Error> {
    for statement in expected {
        if let Some(message) = parser.refusal(statement)? {
            return Ok(Err(format!("the server: {message}\n    {statement:?}")));
        }
        // The next one may need what this one makes or sets.
        if let Some(message) = parser.run(statement)?
            && must_run
        {
            return Ok(Err(format!("the server: {message}\n    {statement:?}")));
        }
    }
    Ok(Ok(()))
}

/// For each reason to refuse a text, what shows on the client or the server that it is a good one.
fn refused(what: &str, script: &Script, run: &Run, parser: &mut Parser) -> Result<Result<(), String>, Box<dyn Error>> {
    let (place, reason) = what.split_once(' ').unwrap_or_default();
    let rest = behind(&script.text, place);
    let sent = |part: &str| run.queries.iter().any(|query| query.contains(part));
    let shown = match reason {
        // The client sends what is left at the end.
        _ if reason.starts_with("unterminated") || reason.ends_with("has no END") => parser.refusal(rest)?.is_some(),
        _ if reason.starts_with("where this PL/SQL program ends") => {
            let mut refusals = Vec::new();
            for query in &run.queries {
                refusals.extend(parser.refusal(query)?);
            }
            !refusals.is_empty()
        }
        // What follows it on its line never arrives.
        _ if reason.starts_with("NUL byte") => {
            let (_, behind) = script.text.split_once('\0').unwrap_or_default();
            !sent(behind.lines().next().unwrap_or_default()) || run.stderr.contains("'\\0'")
        }
        _ if reason.starts_with("carriage return without a newline") => {
            let (_, behind) = rest.split_once('\r').unwrap_or_default();
            !run.queries.iter().any(|query| query.starts_with(behind.trim()))
        }
        _ if reason.starts_with("DELIMITER needs a line of its own") => {
            // Or what follows it is lost.
            let lost = rest.lines().nth(1).is_some_and(|line| !sent(line));
            run.stderr.contains("DELIMITER") || lost || refused_by(parser, &run.queries)?
        }
        _ if reason.starts_with("USE ends with its line") => sent(rest.lines().next().unwrap_or_default()),
        _ => match reason.split_once(" is a command of the database's command-line client") {
            Some((command, _)) => !sent(command) || refused_by(parser, &run.queries)?,
            None => return Err(format!("nobody knows how to check {reason:?}").into()),
        },
    };
    let Run { queries, stderr } = run;
    Ok(shown.then_some(()).ok_or_else(|| format!("nothing shows a reason to refuse it: {queries:?}\n{stderr}")))
}

fn refused_by(parser: &mut Parser, queries: &[String]) -> Result<bool, mysql::Error> {
    for query in queries {
        if parser.refusal(query)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// From `LINE:COLUMN` on.
fn behind<'a>(text: &'a str, place: &str) -> &'a str {
    let (line, column) = place.split_once(':').unwrap_or_default();
    let number = |text: &str| text.parse::<usize>().unwrap_or(1) - 1;
    let start: usize = text.split_inclusive('\n').take(number(line)).map(str::len).sum();
    let rest = &text[start..];
    let column = rest.char_indices().nth(number(column)).map_or(rest.len(), |(at, _)| at);
    &rest[column..]
}
