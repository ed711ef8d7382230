//! PostgreSQL for `migrate`, on postgres.

pub mod admin;
mod catalog;
mod connect;
mod driver;
mod error;
mod history;
mod lock;

use migrate_core::{DownTarget, Error, Migrations, Migrator, Report, UpTarget};
use postgres::Client;

pub use connect::{Url, UrlError};
pub use driver::Postgres;

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
