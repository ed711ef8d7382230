//! Whether migrations are sound, found out on scratch databases.
//!
//! Each migration is applied, reverted and applied again, in version order. The catalog is taken after each step: behind
//! the down it must be what it was before the up, and behind the second up what it was behind the first.
//!
//! ```
//! # #[cfg(feature = "sqlite")] {
//! use migrate_check::{Check, sqlite::InMemory};
//! use migrate_core::{Migrations, source};
//!
//! let files = [
//!     ("20260102030405_users.up.sql", "CREATE TABLE users (id INTEGER); CREATE INDEX users_id ON users (id);"),
//!     ("20260102030405_users.down.sql", "DROP TABLE users;"),
//! ];
//! let known = Migrations::from_sql(source::read(files, None)?.migrations)?;
//! let report = Check::new().run(&InMemory, &known)?;
//! assert_eq!(report.to_string(), "checked 1 migration: 1 up, down and up again");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On request the newest ones are also applied [in other orders](Check::order), as databases get them when branches are merged.
//!
//! Rows are not compared, nor what a server has besides the database: roles, other databases. A migration that names those
//! changes them here too.

mod catalog;
mod check;
mod error;
mod event;
#[cfg(feature = "mysql")]
pub mod mysql;
mod order;
#[cfg(feature = "postgres")]
pub mod postgres;
mod report;
mod run;
mod scratch;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use catalog::{Catalog, ColumnOrder, Columns, Difference, Inspect, Object, Part, Place};
pub use check::Check;
pub use error::{Error, Phase, Trouble};
pub use event::Event;
pub use order::ALL_ORDERS;
pub use report::{Finding, Orders, Report};
pub use scratch::{Made, Scratch};
