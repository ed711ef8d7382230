//! SQLite for `migrate`, on rusqlite.
//!
//! ```
//! use migrate_core::{Migrations, source, sql::Dialect};
//!
//! let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY)")];
//! let known = Migrations::from_sql(source::read(files, Some(Dialect::Sqlite))?.migrations)?;
//!
//! let mut connection = rusqlite::Connection::open_in_memory()?;
//! let report = migrate_sqlite::up(&mut connection, &known)?;
//! assert_eq!(report.done.len(), 1);
//! assert!(migrate_sqlite::up(&mut connection, &known)?.is_up_to_date());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What SQLite promises
//!
//! - A migration, schema changes included, and its history row are one transaction: all or nothing, also when the
//!   process is killed.
//! - One run at a time: an exclusive lock on a side file, `<database>-miglock`, which the operating system frees when
//!   its holder dies. The file stays, empty; it is never in the way. In memory no lock is needed.
//! - `VACUUM` and `PRAGMA journal_mode` can't be in a transaction: a file of such statements runs statement by
//!   statement, with a journal.
//! - `PRAGMA foreign_keys` does nothing inside a transaction, silently; a table rebuild with it on deletes the rows
//!   that reference the table. `-- migrate:options foreign_keys:off` is the way: switched off outside, checked before
//!   the commit, put back afterwards.

pub mod admin;
mod catalog;
mod connect;
mod driver;
mod error;
mod history;
mod lock;
mod render;

use migrate_core::{DownTarget, Error, Migrations, Migrator, Report, UpTarget};
use rusqlite::Connection;

pub use connect::{Url, UrlError};
pub use driver::Sqlite;
pub use error::cause;
pub use render::renderer;

/// Applies what is pending, on a connection that you have.
///
/// # Errors
/// When the plan is refused, the lock can't be had within a minute, or a migration fails.
pub fn up<'a>(connection: &mut Connection, known: impl Into<Migrations<'a, Connection>>) -> Result<Report, Error> {
    Migrator::new(&mut Sqlite::on(connection)).up(&known.into(), UpTarget::All)
}

/// Reverts the newest `count` migrations.
///
/// # Errors
/// As [`up`].
pub fn down<'a>(
    connection: &mut Connection,
    known: impl Into<Migrations<'a, Connection>>,
    count: usize,
) -> Result<Report, Error> {
    Migrator::new(&mut Sqlite::on(connection)).down(&known.into(), DownTarget::Count(count))
}
