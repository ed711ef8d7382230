//! Why a text cannot be cut into statements.

use std::fmt;

use super::location::{Position, position};

/// A text that cannot be cut into statements, and the place where the trouble starts.
///
/// ```
/// use migrate_core::sql::{Dialect, split};
///
/// let error = split("SELECT 1;\nSELECT 'oops;", Dialect::Sqlite).unwrap_err();
/// assert_eq!(error.to_string(), "unterminated string that starts here");
/// assert_eq!(error.position.to_string(), "2:8");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitError {
    /// The place, for people.
    pub position: Position,
    /// The same place, in bytes from the start of the text.
    pub offset: usize,
    /// What is wrong there.
    pub kind: SplitErrorKind,
}

impl SplitError {
    pub(crate) fn new(text: &str, offset: usize, kind: SplitErrorKind) -> Self {
        SplitError { position: position(text, offset), offset, kind }
    }
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for SplitError {}

/// What is wrong at the place of a [`SplitError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitErrorKind {
    /// A string that is never closed.
    UnterminatedString,
    /// A quoted name that is never closed.
    UnterminatedQuotedName,
    /// A block comment that is never closed.
    UnterminatedComment,
    /// A dollar-quoted string that is never closed.
    UnterminatedDollarQuote {
        /// Its delimiter, with both dollar signs.
        tag: String,
    },
    /// A placeholder `$name(…` of SQLite whose index is never closed.
    UnterminatedPlaceholder,
    /// A trigger, routine or event whose body has no end.
    UnterminatedBody,
    /// A NUL byte: libpq and SQLite would silently stop reading there.
    NulByte,
    /// A command to `psql`, `mysql` or `sqlite3`, which the server does not know.
    MetaCommand {
        /// The command as it was found.
        what: String,
    },
    /// `USE name` that ends with its line, as it may for the `mysql` client only.
    UnendedUse,
    /// `COPY … FROM STDIN`, whose data would have to follow in the file.
    CopyData,
    /// A `DELIMITER` line without a usable delimiter, or in the middle of a statement.
    BadDelimiter,
    /// A literal with a backslash, behind a `SET sql_mode` whose value only the server can work out.
    UnknownMode,
    /// A literal with a backslash, where `standard_conforming_strings` was set for a transaction only or rolled back.
    UnknownStrings,
    /// A package, or a stored program in MariaDB's Oracle mode, without a `DELIMITER` line.
    NeedsDelimiter,
    /// A carriage return alone in a line comment, which does not end it in this dialect: the
    /// statement behind it would silently be part of the comment.
    LoneCarriageReturn,
}

impl fmt::Display for SplitErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SplitErrorKind::UnterminatedString => f.write_str("unterminated string that starts here"),
            SplitErrorKind::UnterminatedQuotedName => f.write_str("unterminated quoted name that starts here"),
            SplitErrorKind::UnterminatedComment => f.write_str("unterminated comment that starts here"),
            SplitErrorKind::UnterminatedDollarQuote { tag } => {
                write!(f, "unterminated {tag} string that starts here")
            }
            SplitErrorKind::UnterminatedPlaceholder => {
                f.write_str("the index of the placeholder that starts here has no closing parenthesis")
            }
            SplitErrorKind::UnterminatedBody => f.write_str("the body of the statement that starts here has no END"),
            SplitErrorKind::NulByte => f.write_str("NUL byte: databases stop reading a text there"),
            SplitErrorKind::MetaCommand { what } => {
                write!(f, "{what} is a command of the database's command-line client, not SQL")
            }
            SplitErrorKind::UnendedUse => {
                f.write_str("USE ends with its line for the command-line client only; put a semicolon behind it")
            }
            SplitErrorKind::CopyData => {
                f.write_str("COPY FROM STDIN needs a client that sends the data; use INSERT instead")
            }
            SplitErrorKind::BadDelimiter => {
                f.write_str("DELIMITER needs a line of its own between statements, and a delimiter of 1 to 15 bytes")
            }
            SplitErrorKind::UnknownMode => f.write_str(
                "where this literal ends depends on NO_BACKSLASH_ESCAPES and ANSI_QUOTES, and the sql_mode that this file \
                 has set before can't be worked out here; set it to a plain list of modes",
            ),
            SplitErrorKind::UnknownStrings => f.write_str(
                "where this literal ends depends on standard_conforming_strings, which this file has set for a transaction \
                 only, or rolled back; use SET without LOCAL, or an E'…' string",
            ),
            SplitErrorKind::NeedsDelimiter => f.write_str(
                "where this PL/SQL program ends can't be told from its text; put it between the lines DELIMITER // and \
                 DELIMITER ;",
            ),
            SplitErrorKind::LoneCarriageReturn => f.write_str(
                "carriage return without a newline: it does not end this comment, so what follows would be skipped",
            ),
        }
    }
}
