use migrate_core::driver::ServerPosition;
use migrate_core::sql::only_word;
use migrate_core::{Cause, CauseKind};
use postgres::Error;
use postgres::error::{DbError, ErrorPosition, SqlState};

/// What PostgreSQL said, for the loop and for people.
pub fn cause(error: Error) -> Cause {
    let Some(said) = error.as_db_error() else {
        // `postgres` says only "error connecting to server"; what happened stands behind it.
        let mut cause = Cause::new(CauseKind::ConnectionLost, in_full(&error));
        cause.source = Some(Box::new(error));
        return cause;
    };
    let mut cause = Cause::new(kind(said.code()), said.message());
    cause.code = Some(said.code().code().to_owned());
    cause.detail = said.detail().map(str::to_owned);
    cause.hint = said.hint().or_else(|| hint(said.code())).map(str::to_owned);
    cause.context = said.where_().map(str::to_owned);
    cause.position = position(said);
    cause.source = Some(Box::new(error));
    cause
}

/// Where PostgreSQL gives no place for a relation, a type or the like that is missing, or there already: it names it in
/// quotes, and where the statement names it exactly once, that is the place.
pub(crate) fn find_place(statement: &str, cause: &mut Cause) {
    // Not only the place: what the server advises is also for the statement that stands there.
    isolation_hint(statement, cause);
    let named = ["42P01", "42P07", "42704", "42710", "42701", "42703", "3F000", "42P06"];
    if cause.position.is_some() || !cause.code.as_deref().is_some_and(|code| named.contains(&code)) {
        return;
    }
    let Some(name) = cause.message.split('"').nth(1) else { return };
    let name = name.rsplit('.').next().unwrap_or(name);
    if let Some(before) = only_word(statement, name).and_then(|at| statement.get(..at)) {
        cause.position = Some(ServerPosition::Character(before.chars().count() + 1));
    }
}

/// The server's advice is for a transaction of one's own.
fn isolation_hint(statement: &str, cause: &mut Cause) {
    let mut words = statement.split_whitespace().map(str::to_ascii_uppercase);
    let set = words.next().is_some_and(|word| word == "SET") && words.take(2).any(|word| word == "TRANSACTION");
    if set && cause.code.as_deref() == Some("25001") {
        cause.hint = Some(
            "the runner has looked at the history in this transaction by then, and outside of one it does nothing: take \
             it out, and let LOCK TABLE keep others out instead"
                .into(),
        );
    }
}

/// An error and all that stands behind it, in one line.
pub(crate) fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(behind) = source {
        let words = behind.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        source = behind.source();
    }
    text
}

/// Only a place in what was sent: one in the body of a function is told by the context.
fn position(said: &DbError) -> Option<ServerPosition> {
    match said.position() {
        Some(ErrorPosition::Original(n)) => usize::try_from(*n).ok().map(ServerPosition::Character),
        _ => None,
    }
}

fn kind(code: &SqlState) -> CauseKind {
    // Deadlocks and serialization failures come of what others do at the same time: the same again, later.
    let again = [&SqlState::LOCK_NOT_AVAILABLE, &SqlState::T_R_DEADLOCK_DETECTED, &SqlState::T_R_SERIALIZATION_FAILURE];
    let lost = ["57P01", "57P02", "57P05", "25P03", "25P04"];
    let access = ["25006", "3D000", "57P03", "58030"];
    match code.code() {
        _ if again.contains(&code) => CauseKind::LockTimeout,
        // Cancelled by somebody, or by a time limit.
        "57014" => CauseKind::Interrupted,
        code if code.starts_with("08") || lost.contains(&code) => CauseKind::ConnectionLost,
        code if code.starts_with("28") || code.starts_with("53") || access.contains(&code) => CauseKind::Access,
        _ => CauseKind::Statement,
    }
}

fn hint(code: &SqlState) -> Option<&'static str> {
    Some(match code.code() {
        "25006" => "this is a standby, or the session is read-only: give the URL of the primary",
        "25001" => "let the whole file run outside a transaction: `-- migrate:options transaction:false`",
        "2D000" => "a procedure or DO block can't commit inside the migration's transaction: take its COMMIT out",
        "40P01" => "it waited for a session that waited for it; run it again when there is less traffic",
        "42501" => "this role may not do that: let the owner of the object run the migration, or grant it",
        "57014" => "somebody has cancelled it, or a time limit of the session did (statement_timeout)",
        "53100" => "make room on the server's disk",
        "53200" => "the server ran out of memory, or of room in its lock table (max_locks_per_transaction)",
        "53300" => "the server has no connection left: close some, or raise max_connections",
        "55P04" => "a new value of an enum can be used only behind the commit: use it in a migration of its own",
        _ => return None,
    })
}
