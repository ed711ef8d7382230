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
    /// Whether that statement was under way when the run died, and what was noted before it.
    pub(crate) in_doubt: Option<JournalRow>,
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
    let mut in_doubt = None;
    for row in journal.iter().filter(|row| row.direction == direction) {
        let index = row.n.saturating_sub(1);
        if row.state == JournalState::Failed {
            continue;
        }
        let piece = pieces.get(index);
        if piece.map(|piece| Checksum::of_text(piece.text(script))) != Some(row.statement.clone()) {
            let at = match piece.or(pieces.last()) {
                Some(piece) => Location { file: script.file.to_string(), position: piece.position },
                None => Location::in_script(script, 0),
            };
            let what = if row.state == JournalState::Done { "is done already" } else { "may have run already" };
            return Err(Refusal::Script {
                at,
                problem: format!("statement {} {what}, and is not the same any more", row.n),
                help: format!(
                    "put the file's first {} statements back as they were when they ran; only what comes behind them \
                     can still be changed",
                    row.n
                ),
            });
        }
        match row.state {
            JournalState::Done => from = from.max(index + 1),
            JournalState::Started => in_doubt = Some(row.clone()),
            JournalState::Failed => {}
        }
    }
    // A session statement leaves no line in the journal; those right behind the last one that does may have run too.
    let in_doubt = in_doubt.filter(|row| row.n > from);
    if let Some(row) = &in_doubt {
        from = row.n.saturating_sub(1);
    }
    let session = |(_, piece): &(usize, &Piece)| piece.role == Role::Session;
    let again = pieces.iter().enumerate().take(from).filter(session).map(|(i, _)| i).collect();
    Ok(Resume { from, in_doubt, again })
}
