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
db.connection().execute("INSERT INTO books (title, isbn) VALUES ('Emma', '9780141439587')", [])?;
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused, reason = "no database is switched on")
)]

use migrate_core::sql::Dialect;
use migrate_core::{Cause, CauseKind, Error};

use crate::check::{self, Check, Report};
use crate::{Embedded, Set};

pub use migrate_testing::Template;
#[cfg(feature = "mysql")]
pub use migrate_testing::mysql::Mysql;
#[cfg(feature = "postgres")]
pub use migrate_testing::postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use migrate_testing::sqlite::{Sqlite, SqliteFile};

/// A template of a PostgreSQL database, for those who have no crate `postgres` to name its client by.
#[cfg(feature = "postgres")]
pub type PostgresTemplate<'a> = Template<'a, ::postgres::Client>;

/// A template of a SQLite database.
#[cfg(feature = "sqlite")]
pub type SqliteTemplate<'a> = Template<'a, rusqlite::Connection>;

/// A [`Template`] for MySQL and MariaDB.
#[cfg(feature = "mysql")]
pub type MysqlTemplate<'a> = Template<'a, ::mysql::Conn>;

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

/// Checks the migrations, on the database that they are written for: whether what is compiled in is what is on the disk, and each of
/// them up, down and up again on a scratch database. One line is the whole test:
///
/// ```
/// # use migrate::{Embedded, embed_migrations};
/// # macro_rules! embed_migrations { ($dir:literal, $dialect:ident) => { migrate::embed_migrations!("examples/quickstart/migrations", $dialect) } }
/// static MIGRATIONS: Embedded = embed_migrations!("migrations", sqlite);
///
/// # /*
/// #[test]
/// # */
/// fn migrations_are_sound() {
///     migrate::testing::check(&MIGRATIONS).unwrap();
/// }
/// # migrations_are_sound();
/// ```
///
/// SQLite is in memory. The server is the one in `TEST_DATABASE_URL` or `DATABASE_URL`, for PostgreSQL else a private one. Migrations that
/// are for several databases name none: [`migrate::check::check`](crate::check::check) takes the URL.
///
/// # Errors
/// The first migration that is not sound; when the migrations name no database; when there is no server, or only one that may
/// be no place for tests.
pub fn check<'a>(set: impl Into<Set<'a>>) -> Result<Report, check::Error> {
    check_with(&Check::new(), set)
}

/// As [`check`](fn@check), with options:
///
/// ```
/// # use migrate::{Embedded, embed_migrations};
/// use migrate::check::Check;
///
/// # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations", sqlite);
/// // The newest three also in other orders.
/// migrate::testing::check_with(&Check::new().order(3), &MIGRATIONS)?;
/// # Ok::<(), migrate::check::Error>(())
/// ```
///
/// # Errors
/// As [`check`](fn@check).
pub fn check_with<'a>(check: &Check, set: impl Into<Set<'a>>) -> Result<Report, check::Error> {
    let set = set.into();
    check::check_with(check, server_of(&set).map_err(check::not_begun)?, &set)
}

/// The URL of a server for tests, of the kind that the set is for.
fn server_of(set: &Set<'_>) -> Result<String, Error> {
    match set.embedded().dialect() {
        Some(Dialect::Sqlite) => Ok("sqlite::memory:".into()),
        #[cfg(feature = "postgres")]
        Some(Dialect::Postgres) => migrate_testing::postgres::server(),
        #[cfg(feature = "mysql")]
        Some(Dialect::Mysql | Dialect::Mariadb) => migrate_testing::mysql::server(),
        #[allow(unreachable_patterns, reason = "not where all databases are switched on")]
        Some(_) => {
            Err(no_server("the database that the migrations are for is not switched on", "switch its feature on"))
        }
        None => {
            let dir = set.embedded().dir();
            Err(no_server(
                &format!("the migrations in {dir} do not say which database they are for"),
                &format!(
                    "say it, `embed_migrations!({dir:?}, postgres)` for instance, or give the URL: \
                     `migrate::check::check(\"sqlite::memory:\", &MIGRATIONS)`"
                ),
            ))
        }
    }
}

fn no_server(message: &str, hint: &str) -> Error {
    let cause = Cause::new(CauseKind::Access, message).hint(hint);
    Error::Database { doing: "looking for a database to check on", cause }
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
