//! Reads the lists of what happens to a statement in a transaction.

use std::fs;
use std::path::Path;

/// One list: a dialect's.
#[derive(Debug)]
pub struct Facts {
    /// What is run before each measurement.
    pub setup: Vec<String>,
    pub facts: Vec<Fact>,
}

/// What happens to one statement.
#[derive(Debug)]
pub struct Fact {
    pub line: usize,
    pub statement: String,
    /// Each up to but without a major version, the last one without an end.
    outcomes: Vec<(String, Option<u32>)>,
}

impl Fact {
    /// The outcome on a server of this major version: `runs`, `refused`, `commits`, `no-effect`, or `-` where it does
    /// not know the statement.
    pub fn on(&self, major: u32) -> &str {
        let found = self.outcomes.iter().find(|(_, before)| before.is_none_or(|before| major < before));
        found.map_or("-", |(outcome, _)| outcome)
    }
}

/// The list of a dialect.
///
/// # Panics
///
/// Where the list itself is wrong: nobody else has written it.
pub fn read(dialect: &str) -> Facts {
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find_map(|directory| {
        let lists = directory.join("migrate-core/tests/transactions");
        lists.is_dir().then_some(lists)
    });
    let file = lists.expect("the lists stand in this repository").join(format!("{dialect}.txt"));
    let content = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut list = Facts { setup: Vec::new(), facts: Vec::new() };
    for (line, text) in content.lines().enumerate().filter(|(_, text)| !text.is_empty() && !text.starts_with('#')) {
        let (outcome, statement) = text.split_once(' ').unwrap_or_else(|| panic!("{}:{}", file.display(), line + 1));
        let statement = statement.to_owned();
        if outcome == "setup" {
            list.setup.push(statement);
            continue;
        }
        let outcomes = outcome.split(',').map(|outcome| match outcome.split_once('<') {
            Some((outcome, before)) => (outcome.to_owned(), Some(before.parse().expect("a major version"))),
            None => (outcome.to_owned(), None),
        });
        list.facts.push(Fact { line: line + 1, statement, outcomes: outcomes.collect() });
    }
    list
}
