//! Schema migrations for PostgreSQL, SQLite and MySQL/MariaDB, in plain SQL, compiled into your application.
//!
//! **Every migration that was not applied yet is applied, whatever its place in the order; a failure leaves nothing
//! behind; nobody needs a prompt on the production database.**
//!
//! ```
//! use migrate::{Embedded, embed_migrations};
//!
//! // The directory `migrations` beside your Cargo.toml, compiled in.
//! # macro_rules! embed_migrations { ($dir:literal) => { migrate::embed_migrations!("examples/quickstart/migrations") } }
//! static MIGRATIONS: Embedded = embed_migrations!("migrations");
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let url = format!("sqlite:{}/app.db", dir.path().display());
//! let report = migrate::up(&url, &MIGRATIONS)?; // url = "sqlite:app.db"
//! println!("{report}"); // applied 17
//! # assert_eq!(report.to_string(), "applied 17");
//! # Ok(())
//! # }
//! ```
//!
//! # The nouns
//!
//! Each is a plain, printable value, and only the last arrow touches a database.
//!
//! ```text
//! files / embedded / code -> Migrations ─┐
//!                                        ├─> Status (a State per version) ──> Plan (or every Refusal) ──> Report
//! database                -> HistoryRows ┘
//! ```
//!
//! - [`Embedded`] is a directory as it was when the program was compiled; [`Migrations`] a sorted list from anywhere.
//! - [`State`]: applied, pending, out-of-order, changed, missing, ahead, interrupted. The *set* of applied versions is
//!   recorded, never one "current version", so a branch that is merged late is applied, not skipped.
//! - [`Plan`]: what a run would do, or [every reason](Refused) why it would not.
//! - [`Migrator`] is the one loop behind every function here and behind the command line; it takes options, and an
//!   observer that sees each [`Event`].
//! - [`Error`]: one message says where, what, what is now true, and what to do.
//!
//! # Cookbook
//!
//! On a connection that you have:
//!
//! ```
//! # use migrate::{Embedded, embed_migrations};
//! # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
//! let mut connection = rusqlite::Connection::open_in_memory()?;
//! migrate::sqlite::up(&mut connection, &MIGRATIONS)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On PostgreSQL that is [`migrate::postgres::up`](crate::postgres::up) with a `postgres::Client`, on MySQL and MariaDB
//! [`migrate::mysql::up`](crate::mysql::up) with a `mysql::Conn`. Inside an asynchronous runtime, where the first panics, take the URL, which works on a thread of its own:
//!
//! ```no_run
//! # use migrate::{Embedded, embed_migrations};
//! # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> { Ok(()) }
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let url = std::env::var("DATABASE_URL")?; // postgres://app@db.example.com/shop?sslmode=verify-full
//!     migrate::up(&url, &MIGRATIONS)?;
//!     serve().await
//! }
//! ```
//!
//! A service that does about migrations what the variable `RUN_DATABASE_MIGRATIONS` says, when it starts: [`on_startup`],
//! in asynchronous code [`on_startup_async`], with options [`Startup`]. One that may not migrate asks [`verify`].
//!
//! A migration in Rust, where SQL is not enough, at its place among the files:
//!
//! ```
//! use migrate::{BoxError, Embedded, Meta, Migration, Migrations, Session, Version, embed_migrations};
//! use rusqlite::Connection;
//!
//! struct TrimTitles;
//!
//! impl Migration<Connection> for TrimTitles {
//!     fn meta(&self) -> &Meta {
//!         static META: Meta = Meta::code(Version::new(20260401120000), "trim_titles");
//!         &META
//!     }
//!
//!     fn up(&self, db: &mut Session<'_, Connection>) -> Result<(), BoxError> {
//!         db.connection().execute("UPDATE books SET title = trim(title)", [])?;
//!         Ok(())
//!     }
//! }
//!
//! static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
//!
//! let mut connection = Connection::open_in_memory()?;
//! let known = Migrations::from(&MIGRATIONS).with(TrimTitles)?;
//! let report = migrate::sqlite::up(&mut connection, &known)?;
//! assert_eq!(report.done.len(), 18);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With options, and watching:
//!
//! ```
//! use migrate::sqlite::Sqlite;
//! use migrate::{Event, Migrations, Migrator, OutOfOrder, Policy, UpTarget};
//! # use migrate::{Embedded, embed_migrations};
//! # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
//!
//! let mut connection = rusqlite::Connection::open_in_memory()?;
//! let mut policy = Policy::default();
//! policy.out_of_order = OutOfOrder::Refuse;
//! let mut driver = Sqlite::on(&mut connection);
//! let mut migrator = Migrator::new(&mut driver).policy(policy).observer(|event| {
//!     if let Event::Finished { step, duration } = event {
//!         println!("{} took {duration:?}", step.label());
//!     }
//! });
//! migrator.up(&Migrations::from(&MIGRATIONS), UpTarget::All)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! A feature adds names; it never changes a type, a default or a table.
//!
//! | feature | |
//! |---|---|
//! | `mysql` | MySQL and MariaDB, on the crate `mysql` |
//! | `mysql-tls` | the same, with TLS for the connections that it opens itself, by rustls |
//! | `postgres` | PostgreSQL, on the crate `postgres` |
//! | `postgres-tls` | the same, with TLS for the connections that it opens itself, by rustls |
//! | `sqlite` | SQLite, on `rusqlite`, with the library of the system |
//! | `sqlite-bundled` | the same, compiled in |
//! | `check` | [`check()`](check::check): whether migrations are sound, for a test of yours |
//! | `include_dir` | migrations from an `include_dir::Dir` |
//! | `tracing` | spans and events of `tracing`, target `migrate`: what a start decided, each migration, each statement |
//! | `testing` | a fresh, migrated database for every test, of the databases that are switched on: `testing`, and the attribute `test`; and `check` |

mod background;
mod by_url;
#[cfg(feature = "check")]
pub mod check;
mod embed;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
mod set;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod startup;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;

pub use by_url::{down, up, verify};
#[doc(hidden)]
pub use embed::__private;
pub use migrate_core::*;
#[cfg(feature = "testing")]
pub use migrate_macros::test;
pub use set::Set;
pub use startup::{Started, Startup, on_startup, on_startup_async};
