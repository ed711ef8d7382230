//! The database itself: made, dropped, waited for.

use std::time::{Duration, Instant};

pub use migrate_core::driver::Outcome;
use migrate_core::{Cause, CauseKind};
use postgres::Client;

use crate::catalog::{self, literal, name};
use crate::connect::{Url, database_of, may_come_up};
use crate::error::cause;

/// Makes the database that the URL names.
///
/// # Errors
/// When the server can't be reached, or the role may not make databases.
pub fn create(url: &Url) -> Result<Outcome, Cause> {
    let database = database_of(url)?;
    let mut client = beside(url)?;
    if exists(&mut client, &database)? {
        return Ok(Outcome::AlreadySo);
    }
    match client.batch_execute(&format!("CREATE DATABASE {}", name(&database))).map_err(cause) {
        Ok(()) => Ok(Outcome::Done),
        // Somebody else has made it meanwhile: which error that is depends on how far they were.
        Err(why) if matches!(why.code.as_deref(), Some("42P04" | "23505")) => Ok(Outcome::AlreadySo),
        Err(why) => Err(why),
    }
}

/// Drops the database that the URL names. Nobody is thrown out of it.
///
/// # Errors
/// When the server can't be reached, the role may not drop it, or somebody is connected to it, who is then named.
pub fn drop(url: &Url) -> Result<Outcome, Cause> {
    let database = database_of(url)?;
    let mut client = beside(url)?;
    if !exists(&mut client, &database)? {
        return Ok(Outcome::AlreadySo);
    }
    let Err(mut why) = client.batch_execute(&format!("DROP DATABASE {}", name(&database))).map_err(cause) else {
        return Ok(Outcome::Done);
    };
    if why.code.as_deref() == Some("55006") {
        let sql = format!(
            "SELECT 'backend ' || pid || coalesce(' (' || nullif(application_name, '') || ')', '') \
             FROM pg_catalog.pg_stat_activity WHERE datname = {} ORDER BY pid LIMIT 5",
            literal(&database)
        );
        let connected = catalog::column(&mut client, &sql).unwrap_or_default();
        why.detail = Some(format!("connected: {}", connected.join(", ")));
        why = why.hint("end these sessions first");
    }
    Err(why)
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

/// A connection to a database of the same server that is always there.
fn beside(url: &Url) -> Result<Client, Cause> {
    if database_of(url)? == "postgres" {
        return url.with_database("template1").connect();
    }
    match url.with_database("postgres").connect() {
        Err(why) if matches!(why.code.as_deref(), Some("3D000" | "42501")) => url.with_database("template1").connect(),
        other => other,
    }
}

fn exists(client: &mut Client, database: &str) -> Result<bool, Cause> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = ";
    catalog::is_true(client, &format!("{sql}{})", literal(database)))
}
