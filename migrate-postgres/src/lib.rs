//! PostgreSQL for `migrate`, on postgres.
//!
//! ```no_run
//! use migrate_core::{Migrations, source, sql::Dialect};
//!
//! let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY)")];
//! let known = Migrations::from_sql(source::read(files, Some(Dialect::Postgres))?.migrations)?;
//!
//! let url: migrate_postgres::Url = "postgres://me@localhost/app".parse()?;
//! let report = migrate_postgres::up(&mut url.connect()?, &known)?;
//! assert_eq!(report.done.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What PostgreSQL promises
//!
//! - A migration, schema changes included, and its history row are one transaction, sent as one message: all or nothing,
//!   also when the client or the server is killed.
//! - One run at a time: an advisory lock of the session, which the server frees when the session dies. It is polled, so that
//!   nobody who waits is in the way of a `CREATE INDEX CONCURRENTLY`. A connection pooler is refused.
//! - `CREATE INDEX CONCURRENTLY`, `VACUUM` and others can't be in a transaction: a file of such statements runs statement by
//!   statement, with a journal. What a failed one has left, an invalid index, is dropped before it is tried again; an
//!   invalid index of somebody else is told, and left.
//! - What a script sets (`search_path`, a role, time-outs) reaches neither the history nor the next migration, and a
//!   connection of yours comes back as it was.
//! - An ordinary statement waits only briefly for its lock, and is tried again; the failure names who is in the way.
//!
//! A blocking client: on a thread of an asynchronous runtime it panics. `migrate::up` with a URL uses a thread of its own.

pub mod admin;
mod catalog;
mod connect;
mod driver;
mod error;
mod history;
mod lock;
mod render;

use migrate_core::{DownTarget, Error, Migrations, Migrator, Report, UpTarget};
use postgres::Client;

pub use connect::{Url, UrlError};
pub use driver::Postgres;
pub use error::cause;
pub use render::renderer;

/// Applies what is pending, on a connection that you have.
///
/// # Errors
/// When the plan is refused, the lock can't be had within a minute, or a migration fails.
pub fn up<'a>(client: &mut Client, known: impl Into<Migrations<'a, Client>>) -> Result<Report, Error> {
    Migrator::new(&mut Postgres::on(client)).up(&known.into(), UpTarget::All)
}

/// Reverts the newest `count` migrations.
///
/// # Errors
/// As [`up`].
pub fn down<'a>(client: &mut Client, known: impl Into<Migrations<'a, Client>>, count: usize) -> Result<Report, Error> {
    Migrator::new(&mut Postgres::on(client)).down(&known.into(), DownTarget::Count(count))
}
