//! MySQL and MariaDB for `migrate`, on mysql.
//!
//! ```no_run
//! use migrate_core::{Migrations, source, sql::Dialect};
//!
//! let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id BIGINT PRIMARY KEY)")];
//! let known = Migrations::from_sql(source::read(files, Some(Dialect::Mysql))?.migrations)?;
//!
//! let url: migrate_mysql::Url = "mysql://me@localhost/app".parse()?;
//! let report = migrate_mysql::up(&mut url.connect()?, &known)?;
//! assert_eq!(report.done.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What MySQL and MariaDB promise
//!
//! - A change of the schema commits by itself. A file with one runs statement by statement, each with its lines of a journal:
//!   a failed or killed run goes on at the statement where it stopped, also on the way down, and each has run exactly once.
//! - A file that only changes rows is one transaction with its history row. Where a table's engine has no transactions it is
//!   refused.
//! - One run at a time: a named lock of the session (`GET_LOCK`), polled, which the server frees when the session dies. On Galera
//!   it is one node's alone, which is told; a read-only server is refused.
//! - What a file sets (`sql_mode`, `USE`, `foreign_key_checks`, time-outs, its own variables) reaches neither the history nor the
//!   next migration, and a connection of yours comes back as it was.
//! - A statement waits a second for its lock, in the end five, not a year; the failure names who is in the way.
//!
//! # The statement that was under way
//!
//! When a run dies, or its server, one statement may or may not have run. What is then looked at was noted before it began:
//!
//! | statement | looked at | else |
//! |---|---|---|
//! | a change of rows | nothing: it is one with its line of the journal | engines without transactions: stop; reached only through a view, a join or a trigger, they are not seen |
//! | `CREATE`, `DROP` of a table, view, index, sequence, routine, trigger, event, database | whether it is there | was it so before: its definition and number |
//! | `DROP TABLE a, b` | whether both are gone | half on MariaDB: the rest is dropped |
//! | `CREATE OR REPLACE TABLE` (MariaDB) | the table's number | without numbers: its definition; the same: stop |
//! | `ALTER TABLE … ADD`, `DROP` of a column, index, constraint by name | whether it is there | |
//! | `ALTER TABLE … RENAME TO`, `RENAME TABLE a TO b` | which of the names is there | |
//! | any other `ALTER TABLE` | the table's definition | the same: again, which changes nothing |
//! | `ALTER TABLE … EXCHANGE`, `TRUNCATE PARTITION`, `TRUNCATE` | the table's number, and its partitions' | without numbers: stop |
//! | `RENAME TABLE` with several pairs | which name has which number | without numbers: refused before it runs |
//! | `ALTER` of a view, routine, event or database; `GRANT`, `REVOKE`, `ANALYZE`, `OPTIMIZE`, `FLUSH` … | nothing: again, which changes nothing | |
//! | `CREATE`, `DROP` of one user or role | whether it is in `mysql.user`, with its host | several, or one who may not look: stop |
//! | `CREATE EVENT … ON SCHEDULE AT` | | stop: it may have come to its time, and be gone |
//! | `CALL`, `DO`, `EXECUTE` | nothing: only with `retry_safe:true`, then again | |
//! | what is not known here | | stop |
//!
//! "Stop" names the statement and what to look at, and waits for `migrate settle`. The numbers are InnoDB's, which only a user with the
//! privilege `PROCESS` sees. A server before MySQL 8.0 or MariaDB 10.6 that dies in a change of the schema may leave half of it: when such a one was
//! restarted since, the run stops.
//!
//! A blocking client: `migrate::up` with a URL uses a thread of its own.

pub mod admin;
mod catalog;
mod connect;
mod driver;
mod error;
mod history;
mod lock;
mod render;

use migrate_core::{DownTarget, Error, Migrations, Migrator, Report, UpTarget};
use mysql::Conn;

pub use connect::{Url, UrlError};
pub use driver::Mysql;
pub use error::cause;
pub use render::renderer;

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
