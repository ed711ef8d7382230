//! Comment lines that speak to this tool: found here, understood elsewhere.

use super::error::SplitError;
use super::lexer::{Token, TokenKind};
use super::location::{BOM, Position, Positions};
use super::scan::{Place, Scan};
use super::syntax::Syntax;

const MARK: &str = "-- migrate:";

/// A line `-- migrate:WORD …`, as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive<'a> {
    /// What follows the colon, up to white space. Empty if nothing does.
    pub word: &'a str,
    /// The rest of the line, without blanks around it.
    pub rest: &'a str,
    /// Where the line starts, in bytes from the start of the text.
    pub offset: usize,
    /// The same place, for people.
    pub position: Position,
    /// There are blanks between the colon and the word: prose, or a slip.
    pub spaced: bool,
    /// No code stands before it in the text.
    pub before_code: bool,
    /// A statement has begun before it that no delimiter has ended.
    pub in_statement: bool,
    /// Where the line ends, before its newline.
    pub line_end: usize,
}

impl<'a> Directive<'a> {
    fn read(line: &'a str, offset: usize) -> Option<Self> {
        let content = line.strip_prefix(MARK)?;
        let trimmed = content.trim_start();
        let (word, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        Some(Directive {
            word,
            rest: rest.trim(),
            offset,
            position: Position { line: 1, column: 1 },
            spaced: trimmed.len() < content.len() && !word.is_empty(),
            before_code: false,
            in_statement: false,
            line_end: offset + line.len(),
        })
    }
}

/// The lines that begin with `-- migrate:`, in order; inside literals and block comments there are
/// none.
///
/// ```
/// use migrate_core::sql::{Dialect, directives};
///
/// let text = "-- migrate:up transaction:false\nSELECT '\n-- migrate:down';";
/// let found = directives(text, Dialect::Sqlite)?;
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].word, found[0].rest), ("up", "transaction:false"));
/// # Ok::<_, migrate_core::sql::SplitError>(())
/// ```
///
/// # Errors
///
/// As [`split`](super::split()), but for a body without an end. A text without the mark is not
/// read at all, so its mistakes are not reported here.
pub fn directives(text: &str, syntax: impl Into<Syntax>) -> Result<Vec<Directive<'_>>, SplitError> {
    if !text.contains(MARK) {
        return Ok(Vec::new());
    }
    let mut scan = Scan::new(text, syntax.into());
    let mut positions = Positions::new(text);
    let mut found = Vec::new();
    let mut before_code = true;
    while let Some((token, place)) = scan.next()? {
        before_code &= !matches!(place, Place::Code);
        if let Some(directive) = directive_at(text, token) {
            found.push(Directive {
                position: positions.at(token.start),
                before_code,
                in_statement: place == Place::Within,
                ..directive
            });
        }
    }
    Ok(found)
}

/// The directive that the token is, if it is one.
pub(crate) fn directive_at(text: &str, token: Token) -> Option<Directive<'_>> {
    if token.kind != TokenKind::LineComment {
        return None;
    }
    let before = text.get(..token.start)?;
    let starts_line =
        before.is_empty() || before.ends_with(['\n', '\r']) || before.strip_prefix(BOM).is_some_and(str::is_empty);
    let line = text.get(token.start..token.end)?;
    starts_line.then(|| Directive::read(line, token.start))?
}

#[cfg(test)]
mod tests;
