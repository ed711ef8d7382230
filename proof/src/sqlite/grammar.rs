//! Where SQLite's grammar, which needs no tables, has the ends of statements.

use std::ops::Range;

use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator};

use crate::compare::SQLITE;

/// `None` where the grammar refuses the text.
pub fn difference(text: &str, ours: &[Range<usize>]) -> Option<Result<(), String>> {
    let bump = Bump::new();
    let mut parser = Parser::new(&bump, text.as_bytes());
    let mut ours = ours.iter();
    let mut at = 0;
    loop {
        let found = parser.next().ok()?;
        let end = offset(text, parser.position().line, parser.position().column);
        if found.is_none() {
            return Some(ours.next().map_or(Ok(()), |own| Err(format!("one more: {:?}", &text[own.clone()]))));
        }
        let theirs = &text[at..end];
        match ours.next() {
            Some(own)
                if own.start >= at
                    && own.end <= end
                    && SQLITE.holds(SQLITE.behind_empty(theirs), &text[own.clone()]) => {}
            own => {
                let own = own.map(|own| &text[own.clone()]);
                return Some(Err(format!("expected {own:?}\n    found    {theirs:?}")));
            }
        }
        at = end;
    }
}

/// Lines and columns count from one, columns in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    before + column - 1
}
