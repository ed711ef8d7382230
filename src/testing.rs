//! A fresh, fully migrated database for every test, in milliseconds.
//!
//! The migrations run once, in a *template*, and each test gets a copy, which is dropped at its end, or on MySQL and MariaDB
//! restored for another test. There is nothing to set up: the server is the one in `TEST_DATABASE_URL` or `DATABASE_URL`, else a private one, started from the programs on
//! this machine and stopped when no test uses it. The guide is
//! [docs/testing.md](https://docs.rs/crate/migrate/latest/source/docs/testing.md).
#![cfg_attr(
    feature = "sqlite",
    doc = r#"
```
use migrate::{Embedded, embed_migrations};

static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");

let db = migrate::testing::sqlite(&MIGRATIONS)?;
db.connection().execute("INSERT INTO books (title, isbn) VALUES ('Emma', '1')", [])?;
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused, reason = "no database is switched on")
)]

use migrate_core::Error;

use crate::{Embedded, Set};

pub use migrate_testing::Template;
#[cfg(feature = "mysql")]
pub use migrate_testing::mysql::Mysql;
#[cfg(feature = "postgres")]
pub use migrate_testing::postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use migrate_testing::sqlite::{Sqlite, SqliteFile};

/// A PostgreSQL database for this test.
///
/// ```no_run
/// # use migrate::{Embedded, embed_migrations};
/// # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
/// let mut db = migrate::testing::postgres(&MIGRATIONS)?;
/// db.client()?.batch_execute("INSERT INTO books (title) VALUES ('Emma')")?;
/// println!("any client finds it at {}", db.url());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When there is no server, or only one that may be no place for tests; when a migration fails.
#[cfg(feature = "postgres")]
pub fn postgres<'a>(set: impl Into<Set<'a>>) -> Result<Postgres, Error> {
    let set = set.into();
    Template::of(set.for_postgres()?).postgres()
}

/// A MySQL or MariaDB database for this test.
///
/// ```no_run
/// # use migrate::{Embedded, embed_migrations};
/// # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
/// use mysql::prelude::Queryable;
///
/// let mut db = migrate::testing::mysql(&MIGRATIONS)?;
/// db.conn()?.query_drop("INSERT INTO books (title) VALUES ('Emma')")?;
/// println!("any client finds it at {}", db.url());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When there is no server, or only one that may be no place for tests; when a migration fails.
#[cfg(feature = "mysql")]
pub fn mysql<'a>(set: impl Into<Set<'a>>) -> Result<Mysql, Error> {
    let set = set.into();
    Template::of(set.for_mysql()?).mysql()
}

/// A SQLite database in memory for this test. One that other clients can open is a file: [`sqlite_file`].
///
/// # Errors
/// When a migration fails.
#[cfg(feature = "sqlite")]
pub fn sqlite<'a>(set: impl Into<Set<'a>>) -> Result<Sqlite, Error> {
    let set = set.into();
    Template::of(set.for_sqlite()?).sqlite()
}

/// A SQLite database in a file for this test, removed at its end.
///
/// # Errors
/// When a migration fails, or the file can't be made.
#[cfg(feature = "sqlite")]
pub fn sqlite_file<'a>(set: impl Into<Set<'a>>) -> Result<SqliteFile, Error> {
    let set = set.into();
    Template::of(set.for_sqlite()?).sqlite_file()
}

/// What `#[migrate::test(…)]` makes a test's database of: embedded migrations, a [`Set`], a [`Template`].
#[diagnostic::on_unimplemented(
    message = "no `{D}` can be made of `{Self}`",
    label = "embedded migrations, a `Set`, or a `Template` of the same database"
)]
pub trait Source<D> {
    /// Makes it.
    ///
    /// # Errors
    /// As the functions of this module.
    fn database(&self) -> Result<D, Error>;
}

macro_rules! sources {
    ($feature:literal, $guard:ty, $connection:ty, $function:ident) => {
        #[cfg(feature = $feature)]
        impl Source<$guard> for Embedded {
            fn database(&self) -> Result<$guard, Error> {
                $function(self)
            }
        }

        #[cfg(feature = $feature)]
        impl Source<$guard> for Set<'_> {
            fn database(&self) -> Result<$guard, Error> {
                $function(self)
            }
        }

        #[cfg(feature = $feature)]
        impl Source<$guard> for Template<'_, $connection> {
            fn database(&self) -> Result<$guard, Error> {
                self.$function()
            }
        }
    };
}

sources!("mysql", Mysql, ::mysql::Conn, mysql);
sources!("postgres", Postgres, ::postgres::Client, postgres);
sources!("sqlite", Sqlite, rusqlite::Connection, sqlite);
sources!("sqlite", SqliteFile, rusqlite::Connection, sqlite_file);

/// For what [`test`](macro@crate::test) expands to; not for anything else.
#[doc(hidden)]
pub mod __private {
    pub use migrate_testing::attribute::Ending;

    use super::Source;

    /// The test's database, and what is to be told how the test ends.
    ///
    /// # Panics
    /// When there is no database: that is the test's failure.
    #[track_caller]
    pub fn begin<D: migrate_testing::attribute::Guard>(source: &impl Source<D>) -> (D, Ending) {
        let database = source.database().unwrap_or_else(|error| panic!("{error}"));
        let ending = database.ending();
        (database, ending)
    }
}
