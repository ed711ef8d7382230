//! MySQL and MariaDB for `migrate`, on mysql.

pub mod admin;
mod catalog;
mod connect;
mod driver;
mod error;
mod history;
mod lock;

use migrate_core::{DownTarget, Error, Migrations, Migrator, Report, UpTarget};
use mysql::Conn;

pub use connect::{Url, UrlError};
pub use driver::Mysql;

/// Applies what is pending, on a connection that you have.
///
/// # Errors
/// When the plan is refused, the lock can't be had within a minute, or a migration fails.
pub fn up<'a>(conn: &mut Conn, known: impl Into<Migrations<'a, Conn>>) -> Result<Report, Error> {
    Migrator::new(&mut Mysql::on(conn)).up(&known.into(), UpTarget::All)
}

/// Reverts the newest `count` migrations.
///
/// # Errors
/// As [`up`].
pub fn down<'a>(conn: &mut Conn, known: impl Into<Migrations<'a, Conn>>, count: usize) -> Result<Report, Error> {
    Migrator::new(&mut Mysql::on(conn)).down(&known.into(), DownTarget::Count(count))
}
