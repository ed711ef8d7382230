//! What can't run statement by statement: where a run dies in its middle, the next one has a new session, and has to
//! find out what the last statement did.

use super::script::refuse;
use super::{Piece, Refusal};
use crate::Script;
use crate::driver::Facts;
use crate::sql::{Role, Statement};

/// Why a statement is in the way of a later resumption, and the way out.
pub(super) fn not_resumable(
    script: &Script,
    statement: &Statement<'_>,
    piece: &Piece,
    facts: &Facts,
) -> Option<Refusal> {
    let (problem, help) = match piece.role {
        Role::TemporaryObject if piece.verb == "PREPARE" => (
            "makes something that lives in this session only, so the file could not be resumed after a failure",
            "make a procedure that does it, CALL it in a file with `-- migrate:options retry_safe:true`, and drop it",
        ),
        Role::TemporaryObject => (
            "makes something that lives in this session only, so the file could not be resumed after a failure",
            "use an ordinary table and drop it at the end, or let the file run in a transaction",
        ),
        Role::Opaque if !script.options.retry_safe => (
            "can't be looked into, so after a crash nobody could tell whether it ran",
            "if it may run twice, say so: `-- migrate:options retry_safe:true`",
        ),
        _ if statement.locks_tables() => (
            "locks tables, and with them the journal, which must be written behind every statement",
            "take it out, and UNLOCK TABLES too: there is one run at a time as it is (mysqldump leaves them away with \
             --skip-add-locks)",
        ),
        Role::Session => return None,
        _ if !statement.user_variables().is_empty() => (
            "uses a variable of this session, which is gone when the file is resumed after a failure",
            "write the value itself; or move what changes data only to a file of its own, which then runs in a transaction",
        ),
        _ if !facts.sees_swaps && statement.swaps_tables() => (
            "may swap two tables that are alike, so after a crash nobody could tell whether it ran",
            "GRANT PROCESS ON *.* to the user that migrates: then the numbers of the tables tell",
        ),
        _ => return None,
    };
    Some(refuse(script, piece, format!("{} {problem}", piece.verb), help))
}
