use migrate_core::driver::ServerPosition;
use migrate_core::sql::only_word;
use migrate_core::{Cause, CauseKind};
use mysql::{DriverError, Error, MySqlError};

/// What MySQL or MariaDB said, for the loop and for people.
pub fn cause(error: Error) -> Cause {
    let Error::MySqlError(said) = &error else {
        let mut cause = Cause::new(CauseKind::ConnectionLost, in_words(&error));
        cause.source = Some(Box::new(error));
        return cause;
    };
    let mut cause = Cause::new(kind(said.code), said.message.as_str());
    cause.code = Some(said.code.to_string());
    cause.hint = hint(said.code).map(str::to_owned);
    cause.position = line(said);
    cause.source = Some(Box::new(error));
    cause
}

/// The server gives a line for what it can't read, and no place else: it names what is missing, or there already, in
/// quotes, and where the statement names it exactly once, that is the place.
pub(crate) fn find_place(statement: &str, cause: &mut Cause) {
    if cause.code.as_deref() == Some("1064") {
        return place_of_mistake(statement, cause);
    }
    // `FUNCTION app.md5 does not exist`: without quotes.
    if cause.code.as_deref() == Some("1305")
        && let Some(name) = cause.message.split(' ').nth(1).and_then(|name| name.rsplit('.').next())
    {
        cause.position = only_word(statement, name).map(ServerPosition::Byte);
        return;
    }
    let quoted: Vec<&str> = cause.message.split('\'').skip(1).step_by(2).collect();
    let place = quoted.first().map(|name| name.rsplit('.').next().unwrap_or(name));
    if let Some(at) = place.and_then(|name| only_word(statement, name)) {
        cause.position = Some(ServerPosition::Byte(at));
    }
}

/// Of what it can't read, the server quotes 80 characters from the place on, and what stands behind the statement in our
/// message with them.
fn place_of_mistake(statement: &str, cause: &mut Cause) {
    let Some((before, quoted)) = cause.message.split_once(" near '") else { return };
    let Some((near, line)) = quoted.rsplit_once("' at line ") else { return };
    let statement = statement.trim_end();
    let (near, at) = match near.split_once(ENDED).or_else(|| near.strip_suffix('\n').map(|near| (near, ""))) {
        Some((near, _)) => (near, statement.strip_suffix(near.trim_end()).map(str::len)),
        None => (near, statement.find(near).filter(|at| statement.rfind(near) == Some(*at))),
    };
    if let Some(at) = at.filter(|at| *at < statement.len()) {
        cause.position = Some(ServerPosition::Byte(at));
    }
    cause.message = format!("{before} near '{near}' at line {line}");
}

/// Behind each statement of a message of ours.
pub(crate) const ENDED: &str = "\n;\n";

/// `… near 'x' at line 3`.
fn line(said: &MySqlError) -> Option<ServerPosition> {
    let (_, line) = said.message.rsplit_once(" at line ")?;
    line.trim().parse().ok().map(ServerPosition::Line)
}

/// What went wrong on the wire: the client library has two places for it.
pub(crate) fn io(error: &Error) -> Option<&std::io::Error> {
    match error {
        Error::IoError(error) => Some(error),
        Error::CodecError(error) => std::error::Error::source(error)?.downcast_ref(),
        _ => None,
    }
}

/// The client library's own words: its `Display` puts the variant around them.
pub(crate) fn in_words(error: &Error) -> String {
    match error {
        // rustls explains to programmers how to close a connection.
        _ if io(error).is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof) => {
            "the server closed the connection".into()
        }
        _ if io(error).is_some() => io(error).map(ToString::to_string).unwrap_or_default(),
        Error::CodecError(error) => error.to_string(),
        Error::DriverError(DriverError::CouldNotConnect(Some((address, why, _)))) => format!("{address}: {why}"),
        Error::DriverError(error) => error.to_string(),
        #[cfg(feature = "tls")]
        Error::TlsError(error) => format!("TLS: {error}"),
        other => other.to_string(),
    }
}

fn kind(code: u16) -> CauseKind {
    match code {
        // A lock that could not be had in time, or at once, and deadlocks: the same again, later.
        1205 | 1213 | 1614 | 3572 => CauseKind::LockTimeout,
        // Server shutdown, killed, disconnected by the server, gone away.
        1053 | 1927 | 2006 | 2013 | 4031 => CauseKind::ConnectionLost,
        // Access denied, unknown database, too many connections, read-only, no disk.
        1040 | 1044 | 1045 | 1049 | 1129 | 1130 | 1203 | 1226 | 1290 | 1836 | 1021 | 1041 => CauseKind::Access,
        1317 => CauseKind::Interrupted,
        _ => CauseKind::Statement,
    }
}

fn hint(code: u16) -> Option<&'static str> {
    Some(match code {
        1051 => "of several, MariaDB has dropped the others by now: say IF EXISTS",
        1040 | 1203 | 1226 => "the server, or this user, has no connection left: close some, or raise the limit",
        1044 | 1142 | 1143 | 1227 | 1370 => {
            "this user may not do that: let a user who may run the migration, or grant it"
        }
        1205 => "another session holds a lock that this statement needs",
        1213 => "it waited for a session that waited for it; run it again when there is less traffic",
        1290 | 1836 => "this server is read-only, a replica perhaps: give the URL of the primary",
        1317 => "the statement was interrupted, by somebody or by a time limit",
        1419 => "with the binary log on, this needs SUPER, or log_bin_trust_function_creators = 1 on the server",
        1799 | 1878 => {
            "the server ran out of room for what was written meanwhile: see its innodb_online_alter_log_max_size"
        }
        3024 => "a time limit of the server ended it: see max_execution_time",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_told_in_words_for_people() {
        let rustls = "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest";
        let error = Error::IoError(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, rustls));
        let cause = cause(error);
        assert_eq!(
            (cause.kind, cause.message.as_str()),
            (CauseKind::ConnectionLost, "the server closed the connection")
        );
    }
}
