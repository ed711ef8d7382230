//! Where a migration that runs outside a transaction goes on: decided from its statements and its journal. No I/O.

use crate::history::{JournalRow, JournalState};
use crate::plan::{Location, Piece, Refusal};
use crate::sql::Role;
use crate::{Checksum, Direction, Script};

/// Where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resume {
    /// The first statement that is not known to be done, from 0.
    pub(crate) from: usize,
    /// The line of that statement, if it was begun: it was under way when the run died, or the database refused it.
    pub(crate) begun: Option<JournalRow>,
    /// Session statements before it: the session that they were for is gone, so they are sent again.
    pub(crate) again: Vec<usize>,
}

/// Compares a script with its journal.
///
/// # Errors
/// When a statement that is done, or may be, is not the one in the file any more.
pub(crate) fn resume(
    script: &Script,
    pieces: &[Piece],
    journal: &[JournalRow],
    direction: Direction,
) -> Result<Resume, Refusal> {
    let mut from = 0;
    let mut begun = None;
    for row in journal.iter().filter(|row| row.direction == direction && row.state != JournalState::Failed) {
        let piece = row.n.checked_sub(1).and_then(|index| pieces.get(index));
        if piece.map(|piece| Checksum::of_text(piece.shown(script))) != Some(row.statement.clone()) {
            return Err(not_the_same(script, piece.or(pieces.last()), row));
        }
        // Each statement that is done has its line, in order: a gap would mean one that nobody knows about.
        if row.n != from + 1 {
            return Err(not_the_same(script, pieces.get(from), row));
        }
        match row.state {
            JournalState::Done => from = row.n,
            _ => {
                begun = Some(row.clone());
                break;
            }
        }
    }
    let session = |(_, piece): &(usize, &Piece)| piece.role == Role::Session;
    let again = pieces.iter().enumerate().take(from).filter(session).map(|(i, _)| i).collect();
    let refused = |row: &&JournalRow| {
        row.direction == direction && row.state == JournalState::Failed && row.n == from + 1 && row.pre_image.is_some()
    };
    let begun = begun.or_else(|| journal.iter().find(refused).cloned());
    Ok(Resume { from, begun, again })
}

fn not_the_same(script: &Script, piece: Option<&Piece>, row: &JournalRow) -> Refusal {
    let at = match piece {
        Some(piece) => Location { file: script.file.to_string(), position: piece.position },
        None => Location::in_script(script, 0),
    };
    let what = if row.state == JournalState::Done { "is done already" } else { "may have run already" };
    let first = if row.n == 1 {
        "first statement back as it was when it".into()
    } else {
        format!("first {} statements back as they were when they", row.n)
    };
    let values = piece.is_some_and(|piece| piece.substituted.is_some());
    let values = if values { ", and the values of its variables as well" } else { "" };
    Refusal::DoneChanged {
        at,
        problem: format!("statement {} {what}, and is not the same any more", row.n),
        help: format!("put the file's {first} ran{values}; only what comes behind can still be changed"),
        diff: None,
    }
}
