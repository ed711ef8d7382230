//! The database itself: made, dropped, waited for.

use std::time::{Duration, Instant};

pub use migrate_core::driver::Outcome;
use migrate_core::{Cause, CauseKind};
use mysql::Conn;
use mysql::prelude::Queryable;

use crate::catalog::{self, name};
use crate::connect::{Url, may_come_up};
use crate::error::cause;

/// Makes the database that the URL names, with the server's own character set.
///
/// # Errors
/// When the URL names none, the server can't be reached, or the user may not make databases.
pub fn create(url: &Url) -> Result<Outcome, Cause> {
    let database = database_of(url)?;
    let mut conn = beside(url)?;
    match execute(&mut conn, "CREATE DATABASE", database) {
        Ok(()) => Ok(Outcome::Done),
        Err(why) if why.code.as_deref() == Some("1007") => Ok(Outcome::AlreadySo),
        // Who may not make it may well use it.
        Err(why) if why.code.as_deref() == Some("1044") && execute(&mut conn, "USE", database).is_ok() => {
            Ok(Outcome::AlreadySo)
        }
        Err(why) => Err(why),
    }
}

/// Ends the statement that another connection of the same user is at. A server works on when its client is gone.
///
/// The URL's name may lead to several servers, and on another one the number is somebody else's: only the
/// [same](which_server) one is told.
pub(crate) fn interrupt(url: &Url, connection: u32, server: &str) -> Result<(), Cause> {
    let mut conn = beside(url)?;
    if which_server(&mut conn)? == server {
        conn.query_drop(format!("KILL QUERY {connection}")).map_err(cause)?;
    }
    Ok(())
}

/// What tells a server from all others.
pub(crate) fn which_server(conn: &mut Conn) -> Result<String, Cause> {
    let row = catalog::row(conn, "SELECT concat_ws(' ', @@hostname, @@port, @@server_id, @@datadir)")?;
    Ok(row.into_iter().next().flatten().unwrap_or_default())
}

/// Drops the database that the URL names. Nobody is thrown out of it.
///
/// The server itself would not mind who uses it: so it is asked the moment before. A user without the privilege
/// `PROCESS` is told of its own sessions only, and others are then not seen.
///
/// # Errors
/// When the URL names none, the server can't be reached, the user may not drop it, or somebody uses it, who is then
/// named.
pub fn drop(url: &Url) -> Result<Outcome, Cause> {
    let database = database_of(url)?;
    let own = ["mysql", "sys", "information_schema", "performance_schema"];
    if own.iter().any(|name| name.eq_ignore_ascii_case(database)) {
        return Err(Cause::new(CauseKind::Access, format!("`{database}` is the server's own, and is not dropped")));
    }
    let mut conn = beside(url)?;
    let connected = connected(&mut conn, database)?;
    if !connected.is_empty() {
        let message = format!("database `{database}` is being accessed by other users");
        let mut why = Cause::new(CauseKind::Access, message);
        why.detail = Some(format!("connected: {}", connected.join(", ")));
        return Err(why.hint("end these sessions first"));
    }
    match execute(&mut conn, "DROP DATABASE", database) {
        Ok(()) => Ok(Outcome::Done),
        Err(why) if why.code.as_deref() == Some("1008") => Ok(Outcome::AlreadySo),
        Err(why) => Err(why),
    }
}

/// Waits until the server answers for the database that the URL names, at most so long. A server that is there and
/// refuses us, because of the password for instance, is not waited for.
///
/// # Errors
/// What was wrong at the last attempt; [`CauseKind::LockTimeout`] when the time is over.
pub fn wait(url: &Url, limit: Duration) -> Result<(), Cause> {
    let began = Instant::now();
    loop {
        match url.connect() {
            Ok(_) => return Ok(()),
            Err(mut why) if may_come_up(&why) && began.elapsed() >= limit => {
                why.kind = CauseKind::LockTimeout;
                return Err(why);
            }
            Err(why) if may_come_up(&why) => {
                std::thread::sleep(Duration::from_millis(200).min(limit.saturating_sub(began.elapsed())))
            }
            Err(why) => return Err(why),
        }
    }
}

fn database_of(url: &Url) -> Result<&str, Cause> {
    url.database().ok_or_else(|| {
        Cause::new(CauseKind::Access, "the URL names no database")
            .hint("put its name behind the host: mysql://user@localhost/app")
    })
}

/// A connection to the same server, and to no database.
fn beside(url: &Url) -> Result<Conn, Cause> {
    url.with_database(None).connect()
}

fn execute(conn: &mut Conn, verb: &str, database: &str) -> Result<(), Cause> {
    conn.query_drop(format!("{verb} {}", name(database))).map_err(cause)
}

/// The first few who use it. On some systems the server takes names that differ in their case for one: rather one too
/// many is found than one too few.
fn connected(conn: &mut Conn, database: &str) -> Result<Vec<String>, Cause> {
    // A view of MySQL's that knows the same is to go, and MariaDB has no other.
    let sessions: Vec<mysql::Row> = conn.query("SHOW PROCESSLIST").map_err(cause)?;
    let here = |session: &mysql::Row| {
        let name: Option<String> = session.get_opt("db")?.ok()?;
        (name?.to_lowercase() == database.to_lowercase()).then(|| describe(session))
    };
    Ok(sessions.iter().filter_map(here).take(5).collect())
}

fn describe(session: &mysql::Row) -> String {
    let text = |column| session.get_opt::<String, _>(column).and_then(Result::ok).unwrap_or_default();
    format!("connection {} ({}@{})", text("Id"), text("User"), text("Host"))
}
