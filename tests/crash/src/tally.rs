//! What came of the tries, as lines of a table.

use crate::Result;
use crate::database::Kind;

/// One line: what was done to which database, and what came of it.
pub struct Tally {
    pub kind: Kind,
    pub what: String,
    /// Where, or when.
    pub at: String,
    pub tries: usize,
    /// The run was still under way.
    pub hit: usize,
    /// A statement had begun of which nobody could tell whether it ran.
    pub in_doubt: usize,
    pub recovered: usize,
    pub wrong: Vec<String>,
    /// Why there are fewer tries than were asked for.
    pub note: String,
}

impl Tally {
    pub fn new(kind: Kind, what: impl Into<String>, at: impl Into<String>) -> Tally {
        let (what, at) = (what.into(), at.into());
        Tally { kind, what, at, tries: 0, hit: 0, in_doubt: 0, recovered: 0, wrong: Vec::new(), note: String::new() }
    }

    /// Counts a try and its recovery.
    pub fn count(&mut self, place: &str, in_doubt: bool, recovery: Result<()>) {
        self.tries += 1;
        self.hit += 1;
        self.in_doubt += usize::from(in_doubt);
        match recovery {
            Ok(()) => self.recovered += 1,
            Err(error) => {
                let wrong = format!("{}: {}, {place}: {error}", self.kind.title(), self.what);
                eprintln!("WRONG {wrong}");
                self.wrong.push(wrong);
            }
        }
    }

    pub fn line(&self) -> String {
        let Tally { kind, what, at, tries, hit, in_doubt, recovered, wrong, note } = self;
        let at = if note.is_empty() { at.clone() } else { format!("{at}; {note}") };
        format!("| {} | {what} | {at} | {tries} | {hit} | {in_doubt} | {recovered} | {} |", kind.title(), wrong.len())
    }
}

pub const HEAD: &str = "| database | what | where | tries | run was under way | left a statement in doubt | recovered | wrong |\n\
                        |---|---|---|---|---|---|---|---|";
