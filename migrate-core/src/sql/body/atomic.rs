//! PostgreSQL's `CREATE FUNCTION … BEGIN ATOMIC …; END`, and its parentheses.

use super::{TokenKind, is};

/// As `psql` does it: the head is read by its words alone; `CASE` has an `END` too and is counted, but only in a
/// body and outside of parentheses. Unlike `psql`, this wants `ATOMIC` behind `BEGIN`, because `begin` is a fine name
/// for a function, and knows where `end` can only be a name.
#[derive(Debug)]
pub(in crate::sql) struct Atomic {
    parentheses_hold: bool,
    parentheses: usize,
    /// The body's `BEGIN` and the `CASE`s that are open in it.
    depth: usize,
    phase: Phase,
    before: Before,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Start,
    /// Behind `CREATE`, perhaps with `OR REPLACE`.
    Create,
    Routine,
    Plain,
}

/// The last token, as far as it matters.
#[derive(Debug, PartialEq, Eq)]
enum Before {
    Begin,
    /// `AS` or a dot: what follows is a name, be it `end`.
    Naming,
    Other,
}

impl Atomic {
    pub(super) fn new(parentheses_hold: bool) -> Self {
        Atomic { parentheses_hold, parentheses: 0, depth: 0, phase: Phase::Start, before: Before::Other }
    }

    pub(super) fn code(&mut self, kind: TokenKind, text: &str) {
        let is = |word| is(kind, text, word);
        match text {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        match self.phase {
            Phase::Start | Phase::Create if kind != TokenKind::Word => {}
            Phase::Start if is("CREATE") => self.phase = Phase::Create,
            Phase::Create if is("OR") || is("REPLACE") => {}
            Phase::Create if is("FUNCTION") || is("PROCEDURE") => self.phase = Phase::Routine,
            Phase::Start | Phase::Create | Phase::Plain => self.phase = Phase::Plain,
            Phase::Routine if self.depth == 0 => {
                if self.before == Before::Begin && self.parentheses == 0 && is("ATOMIC") {
                    self.depth = 1;
                }
            }
            Phase::Routine if self.before == Before::Naming || self.parentheses > 0 => {}
            Phase::Routine if is("CASE") => self.depth += 1,
            Phase::Routine if is("END") => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.phase = Phase::Plain;
                }
            }
            Phase::Routine => {}
        }
        self.before = match () {
            () if is("BEGIN") => Before::Begin,
            () if is("AS") || text == "." => Before::Naming,
            () => Before::Other,
        };
    }

    pub(super) fn semicolon(&mut self) -> bool {
        self.before = Before::Other;
        self.depth == 0 && !(self.parentheses_hold && self.parentheses > 0)
    }

    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }
}
