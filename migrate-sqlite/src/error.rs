use migrate_core::driver::ServerPosition;
use migrate_core::sql::only_word;
use migrate_core::{Cause, CauseKind};
use rusqlite::{Error, ErrorCode, ffi};

/// What SQLite said, for the loop and for people.
pub fn cause(error: Error) -> Cause {
    let (code, message, position) = match &error {
        Error::SqlInputError { error, msg, offset, .. } => {
            let position = usize::try_from(*offset).ok().map(ServerPosition::Byte);
            (Some(*error), msg.clone(), position)
        }
        Error::SqliteFailure(error, message) => {
            (Some(*error), message.clone().unwrap_or_else(|| ffi::code_to_str(error.extended_code).into()), None)
        }
        other => (None, other.to_string(), None),
    };
    let mut cause = Cause::new(code.map_or(CauseKind::Statement, |code| kind(code.code)), message);
    cause.code = code.map(|code| name(code.extended_code));
    cause.hint = code.and_then(|code| hint(code.code)).map(str::to_owned);
    cause.position = position;
    cause.source = Some(Box::new(error));
    cause
}

/// What SQLite said of this statement. It gives no place for a table that is not there; where the statement names it
/// exactly once, that is the place.
pub(crate) fn cause_in(sql: &str, error: Error) -> Cause {
    let mut cause = cause(error);
    if cause.position.is_none() {
        let name = cause.message.strip_prefix("no such table: ").map(|name| name.rsplit('.').next().unwrap_or(name));
        cause.position = name.and_then(|name| only_word(sql, name)).map(ServerPosition::Byte);
    }
    cause
}

fn kind(code: ErrorCode) -> CauseKind {
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => CauseKind::LockTimeout,
        ErrorCode::ReadOnly
        | ErrorCode::CannotOpen
        | ErrorCode::NotADatabase
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::PermissionDenied
        | ErrorCode::FileLockingProtocolFailed => CauseKind::Access,
        ErrorCode::OperationInterrupted => CauseKind::Interrupted,
        _ => CauseKind::Statement,
    }
}

fn hint(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::DatabaseBusy => "another connection is writing to the database, or reads while this one commits",
        ErrorCode::ReadOnly => "this process may not write to the database file or to its directory",
        ErrorCode::CannotOpen => "see that the file and its directory exist, and that this process may use them",
        ErrorCode::NotADatabase => "the file is no SQLite database, or it is encrypted",
        ErrorCode::DiskFull => "make room on the disk",
        ErrorCode::DatabaseCorrupt => "the file is damaged: restore it from a backup",
        _ => return None,
    })
}

/// The name under which sqlite.org documents a result code.
fn name(extended: i32) -> String {
    let primary = match extended & 0xff {
        1 => "SQLITE_ERROR",
        2 => "SQLITE_INTERNAL",
        3 => "SQLITE_PERM",
        4 => "SQLITE_ABORT",
        5 => "SQLITE_BUSY",
        6 => "SQLITE_LOCKED",
        7 => "SQLITE_NOMEM",
        8 => "SQLITE_READONLY",
        9 => "SQLITE_INTERRUPT",
        10 => "SQLITE_IOERR",
        11 => "SQLITE_CORRUPT",
        13 => "SQLITE_FULL",
        14 => "SQLITE_CANTOPEN",
        15 => "SQLITE_PROTOCOL",
        17 => "SQLITE_SCHEMA",
        18 => "SQLITE_TOOBIG",
        19 => "SQLITE_CONSTRAINT",
        20 => "SQLITE_MISMATCH",
        21 => "SQLITE_MISUSE",
        23 => "SQLITE_AUTH",
        26 => "SQLITE_NOTADB",
        _ => return format!("SQLite {extended}"),
    };
    if extended > 0xff { format!("{primary} {extended}") } else { primary.into() }
}
