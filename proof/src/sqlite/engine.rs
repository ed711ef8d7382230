//! How `sqlite3_prepare` cuts a text: each call compiles one statement, and says where the next begins.
//!
//! Two databases in memory run the same statements. One is given the text, and goes from tail to tail; the other is given
//! our statements, each alone, and refuses two in one. Where the first can't compile a statement it knows no tail: then
//! the second must have the same to say of ours, and the first goes on behind it.

use std::ops::Range;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::limits::Limit;
use rusqlite::{Batch, Connection, Error, Statement};

use crate::compare::SQLITE;

/// How many instructions of SQLite's virtual machine a statement may run.
const INSTRUCTIONS: i32 = 1_000_000;

#[derive(Debug)]
pub struct Engine {
    by_tails: Connection,
    by_ours: Connection,
}

/// How two have cut a text.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Statements that SQLite compiles, and of which it therefore says where they end.
    pub compiled: usize,
    /// Statements that it can't compile, with the same to say of ours.
    pub refused: usize,
    pub difference: Option<String>,
}

impl Engine {
    pub fn new() -> rusqlite::Result<Self> {
        let open = || {
            let mut connection = Connection::open_in_memory()?;
            // A stranger's file may not write others.
            connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
            // A query may count without end before its first row. Counted in instructions, not in time, both databases
            // stop at the same place.
            connection.progress_handler(INSTRUCTIONS, Some(|| true))?;
            Ok::<_, Error>(connection)
        };
        Ok(Engine { by_tails: open()?, by_ours: open()? })
    }

    /// Holds our statements against the text, up to `end`, where we refuse to read on.
    pub fn compare(&self, text: &str, ours: &[Range<usize>], end: Option<usize>) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.difference = self.first_difference(text, ours, end, &mut verdict).err();
        verdict
    }

    fn first_difference(
        &self,
        text: &str,
        ours: &[Range<usize>],
        end: Option<usize>,
        verdict: &mut Verdict,
    ) -> Result<(), String> {
        let mut batch = Batch::new(&self.by_tails, text);
        for (n, range) in ours.iter().enumerate() {
            let statement = &text[range.clone()];
            // "Incomplete" without its semicolon is "near ;" with it.
            let ended = SQLITE.behind_blanks(&text[range.end..]).starts_with(';');
            let alone = format!("{statement}{}", if ended { ";" } else { "" });
            let n = n + 1;
            match (next(&mut batch), self.by_ours.prepare(&alone)) {
                (Ok(None), _) => return Err(format!("statement {n} is missing: {statement:?}")),
                (Ok(Some(mut found)), Ok(mut own)) => {
                    let (cut, expected) = (expanded(&found), expanded(&own));
                    let expected = expected.strip_suffix(';').unwrap_or(&expected).trim_ascii_end();
                    if !SQLITE.holds(SQLITE.behind_empty(&cut), expected) {
                        return Err(format!("statement {n}\n    expected {expected:?}\n    found    {cut:?}"));
                    }
                    run(&mut found);
                    run(&mut own);
                    verdict.compiled += 1;
                }
                (Err(theirs), Err(own)) if message(&theirs) == message(&own) => {
                    verdict.refused += 1;
                    let next = ours.get(n).map_or(end.unwrap_or(text.len()), |next| next.start);
                    batch = Batch::new(&self.by_tails, &text[next..]);
                }
                (found, own) => {
                    let found = found.map(|found| found.map(|found| expanded(&found)));
                    let own = own.map(|own| expanded(&own));
                    return Err(format!(
                        "statement {n}, {statement:?}\n    of the text {found:?}\n    alone       {own:?}"
                    ));
                }
            }
        }
        match (next(&mut batch), end) {
            (Ok(Some(found)), None) => Err(format!("one more than the {}: {:?}", ours.len(), expanded(&found))),
            (Err(error), None) => Err(format!("one more than the {}: {}", ours.len(), message(&error))),
            _ => Ok(()),
        }
    }

    /// Whether SQLite, too, has something against what stands there, or takes nothing from it.
    pub fn refuses(&self, text: &str) -> bool {
        !matches!(next(&mut Batch::new(&self.by_tails, text)), Ok(Some(_)))
    }

    /// The statements from there on that SQLite compiles, up to the first that it can't.
    pub fn cut(&self, text: &str) -> Vec<String> {
        let mut batch = Batch::new(&self.by_tails, text);
        let mut found = Vec::new();
        while let Ok(Some(mut statement)) = next(&mut batch) {
            found.push(expanded(&statement));
            run(&mut statement);
        }
        found
    }
}

fn next<'c>(batch: &mut Batch<'c, '_>) -> rusqlite::Result<Option<Statement<'c>>> {
    batch.next()
}

/// The text of a statement up to its tail, placeholders filled with NULL.
fn expanded(statement: &Statement<'_>) -> String {
    statement.expanded_sql().unwrap_or_default()
}

/// What it has to say while it runs is of no interest, nor are more rows than these.
fn run(statement: &mut Statement<'_>) {
    let mut rows = statement.raw_query();
    for _ in 0..100 {
        if !matches!(rows.next(), Ok(Some(_))) {
            break;
        }
    }
}

/// Without the text that it is about.
fn message(error: &Error) -> String {
    match error {
        Error::SqlInputError { msg, .. } => msg.clone(),
        error => error.to_string(),
    }
}
