use std::fmt;

use super::Piece;
use crate::Script;
use crate::driver::ServerPosition;
use crate::sql::{Position, offset_of_char, offset_of_line};

/// A place in a file: `migrations/20230314095813_create_users.up.sql:12:5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file, as it was named when it was read.
    pub file: String,
    /// The place in it.
    pub position: Position,
}

impl Location {
    /// The place of this byte of a script's text, in its file.
    pub fn in_script(script: &Script, offset: usize) -> Self {
        Self::from_script(script, crate::sql::position(&script.text, offset))
    }

    /// A position in a script's text, as a place in its file.
    pub(crate) fn from_script(script: &Script, position: Position) -> Self {
        let line = position.line.saturating_add(script.line).saturating_sub(1);
        Location { file: script.file.to_string(), position: Position { line, column: position.column } }
    }

    /// Where a statement failed, as its database counts.
    pub(crate) fn of_failed(script: &Script, piece: &Piece, place: Option<ServerPosition>) -> Self {
        let text = piece.text(script);
        let offset = match place {
            None | Some(ServerPosition::Line(0 | 1)) => 0,
            Some(ServerPosition::Byte(offset)) => offset,
            Some(ServerPosition::Character(n)) => offset_of_char(text, n),
            Some(ServerPosition::Line(line)) => {
                let offset = offset_of_line(text, usize::try_from(line).unwrap_or(usize::MAX));
                let at = Location::in_script(script, piece.offset_in_script(offset));
                return Location { position: Position { column: 1, ..at.position }, ..at };
            }
        };
        Location::in_script(script, piece.offset_in_script(offset))
    }

    /// The line of the script at this place.
    pub(crate) fn line_in(&self, script: &Script) -> Option<String> {
        let index = self.position.line.checked_sub(script.line)?;
        script.text.lines().nth(usize::try_from(index).ok()?).map(str::to_owned)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.position.line, self.position.column)
    }
}
