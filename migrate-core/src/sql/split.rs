//! A text into its statements.

use super::dialect::Dialect;
use super::error::SplitError;
use super::lexer::TokenKind;
use super::location::{Position, Positions};
use super::scan::{Place, Scan};

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
pub fn split(text: &str, dialect: Dialect) -> Result<Vec<Statement<'_>>, SplitError> {
    let mut scan = Scan::new(text, dialect);
    let mut positions = Positions::new(text);
    let mut statements = Vec::new();
    let mut piece = Piece::default();
    while let Some((token, place)) = scan.next()? {
        match place {
            Place::Code => piece.extend(token.kind, token.start, token.end),
            Place::End => statements.extend(piece.take(text, &mut positions)),
            Place::Between | Place::Within => {}
        }
    }
    scan.finish()?;
    statements.extend(piece.take(text, &mut positions));
    Ok(statements)
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

    fn take<'a>(&mut self, text: &'a str, positions: &mut Positions<'a>) -> Option<Statement<'a>> {
        let Piece { span, has_code } = std::mem::take(self);
        let (start, end) = span.filter(|_| has_code)?;
        Some(Statement { text: text.get(start..end)?, offset: start, position: positions.at(start) })
    }
}

#[cfg(test)]
mod tests;
