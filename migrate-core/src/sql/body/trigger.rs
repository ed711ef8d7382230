//! SQLite's `CREATE TRIGGER … BEGIN …; END`.

use super::{TokenKind, is};

/// `BEGIN` and `END` are no reserved words in SQLite: `UPDATE t SET end = 1`, `SELECT 1 AS end`
/// and a table named `begin` are all fine in a trigger, and `CASE` has an `END` too. But each
/// statement of a body ends with a semicolon, and none starts with `END`: so the `END` right
/// behind a semicolon is the body's, and no other one is. (`sqlite3_complete` knows this as well,
/// but goes on if anything but a semicolon follows; `sqlite3_prepare` stops with an error there,
/// and so a forgotten semicolon must not swallow the rest of the file.)
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::sql) enum Trigger {
    #[default]
    Start,
    /// Behind `EXPLAIN`, perhaps with `QUERY PLAN`.
    Explain,
    /// Behind `CREATE`, perhaps with `TEMP`.
    Create,
    /// In `CREATE TRIGGER …`.
    Header,
    /// The same, and there was a `BEGIN`, which may also be a name.
    Begun,
    /// In the body.
    Inside,
    /// In the body, right behind a semicolon.
    Fresh,
    /// In `CREATE VIRTUAL TABLE …`, in so many parentheses: what a module is given may be anything, semicolons too.
    Virtual(usize),
    /// In any other statement, or behind the body.
    Plain,
}

impl Trigger {
    pub(super) fn code(&mut self, kind: TokenKind, text: &str) {
        let is = |word| is(kind, text, word);
        *self = match *self {
            Trigger::Start if is("EXPLAIN") => Trigger::Explain,
            Trigger::Explain if is("QUERY") || is("PLAN") => Trigger::Explain,
            Trigger::Start | Trigger::Explain if is("CREATE") => Trigger::Create,
            Trigger::Create if is("TEMP") || is("TEMPORARY") => Trigger::Create,
            Trigger::Create if is("TRIGGER") => Trigger::Header,
            Trigger::Create if is("VIRTUAL") => Trigger::Virtual(0),
            Trigger::Virtual(depth) if text == "(" => Trigger::Virtual(depth + 1),
            Trigger::Virtual(depth) if text == ")" => Trigger::Virtual(depth.saturating_sub(1)),
            Trigger::Virtual(depth) => Trigger::Virtual(depth),
            Trigger::Start | Trigger::Explain | Trigger::Create | Trigger::Plain => Trigger::Plain,
            Trigger::Header if is("BEGIN") => Trigger::Begun,
            Trigger::Header => Trigger::Header,
            Trigger::Begun => Trigger::Begun,
            Trigger::Fresh if is("END") => Trigger::Plain,
            Trigger::Fresh | Trigger::Inside => Trigger::Inside,
        };
    }

    pub(super) fn semicolon(&mut self) -> bool {
        match self {
            Trigger::Begun | Trigger::Inside | Trigger::Fresh => {
                *self = Trigger::Fresh;
                false
            }
            Trigger::Virtual(depth) => *depth == 0,
            _ => true,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Trigger::Begun | Trigger::Inside | Trigger::Fresh)
    }
}
