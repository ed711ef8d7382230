//! A text into its statements.

use super::error::SplitError;
use super::lexer::TokenKind;
use super::location::{Position, Positions};
use super::scan::{Place, Scan};
use super::syntax::Syntax;

/// One statement of a text: from its first to its last bit of code. What stands around it, and its
/// delimiter, are left out; comments inside stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The statement as it stands in the text.
    pub text: &'a str,
    /// Where it starts, in bytes from the start of the text.
    pub offset: usize,
    /// The same place, for people.
    pub position: Position,
    /// How it is to be read, with what the statements before it have set.
    pub syntax: Syntax,
}

/// Cuts a text into statements. What holds no code (comments only, or nothing between two
/// semicolons) is no statement.
///
/// ```
/// use migrate_core::sql::{Dialect, split};
///
/// let statements = split(
///     "CREATE TABLE a (x); -- the first\n\
///      CREATE TRIGGER b AFTER INSERT ON a BEGIN DELETE FROM a; END;",
///     Dialect::Sqlite,
/// )?;
/// assert_eq!(statements.len(), 2);
/// assert_eq!(statements[0].text, "CREATE TABLE a (x)");
/// assert_eq!(statements[1].position.to_string(), "2:1");
/// # Ok::<_, migrate_core::sql::SplitError>(())
/// ```
///
/// # Errors
///
/// A literal, comment or body without an end; what the command-line clients understand but the
/// servers do not; and a NUL byte.
pub fn split(text: &str, syntax: impl Into<Syntax>) -> Result<Vec<Statement<'_>>, SplitError> {
    statements(text, syntax).collect()
}

/// The statements of a text one by one, as [`split`] finds them, in one pass and without any memory
/// that grows with the text. After an error the iterator ends.
///
/// ```
/// use migrate_core::sql::{Dialect, statements};
///
/// let mut found = statements("SELECT 1; SELECT 'oops", Dialect::Sqlite);
/// assert_eq!(found.next().unwrap()?.text, "SELECT 1");
/// assert!(found.next().unwrap().is_err());
/// assert!(found.next().is_none());
/// # Ok::<_, migrate_core::sql::SplitError>(())
/// ```
pub fn statements(text: &str, syntax: impl Into<Syntax>) -> Statements<'_> {
    let scan = Scan::new(text, syntax.into());
    Statements { text, scan, positions: Positions::new(text), piece: Piece::default(), done: false }
}

/// The iterator that [`statements`] returns.
#[derive(Debug)]
pub struct Statements<'a> {
    text: &'a str,
    scan: Scan<'a>,
    positions: Positions<'a>,
    piece: Piece,
    done: bool,
}

impl<'a> Statements<'a> {
    fn read(&mut self) -> Result<Option<Statement<'a>>, SplitError> {
        loop {
            let syntax = self.scan.syntax();
            let Some((token, place)) = self.scan.next()? else { break };
            match place {
                Place::Code => self.piece.extend(token.kind, token.start, token.end),
                Place::End => {
                    if let Some(statement) = self.take(syntax) {
                        return Ok(Some(statement));
                    }
                }
                Place::Between | Place::Within => {}
            }
        }
        self.done = true;
        self.scan.finish()?;
        Ok(self.take(self.scan.syntax()))
    }

    fn take(&mut self, syntax: Syntax) -> Option<Statement<'a>> {
        let Piece { span, has_code } = std::mem::take(&mut self.piece);
        let (start, end) = span.filter(|_| has_code)?;
        let position = self.positions.at(start);
        Some(Statement { text: self.text.get(start..end)?, offset: start, position, syntax })
    }
}

impl<'a> Iterator for Statements<'a> {
    type Item = Result<Statement<'a>, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read();
        self.done |= read.is_err();
        read.transpose()
    }
}

/// The statement that is being read.
#[derive(Debug, Default)]
struct Piece {
    span: Option<(usize, usize)>,
    /// A hint alone makes no statement.
    has_code: bool,
}

impl Piece {
    fn extend(&mut self, kind: TokenKind, start: usize, end: usize) {
        self.has_code |= !matches!(kind, TokenKind::Hint | TokenKind::VersionedOpen | TokenKind::VersionedClose);
        let (first, _) = self.span.unwrap_or((start, end));
        self.span = Some((first, end));
    }
}

#[cfg(test)]
mod tests;
