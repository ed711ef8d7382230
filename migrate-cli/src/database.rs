//! From a URL to a driver, and from there to the command: each is written once for all databases.

use std::marker::PhantomData;

#[cfg(feature = "sqlite")]
use migrate_core::sql::Dialect;
use migrate_core::{Driver, Migrations, Migrator};

use crate::commands::Context;
use crate::exit::Exit;
use crate::problem::Problem;

/// The connection that migrations in Rust are handed on SQLite.
#[cfg(feature = "sqlite")]
pub type SqliteConnection = <migrate_sqlite::Sqlite<'static> as Driver>::Connection;

/// Where the migrations come from.
pub(crate) enum Source<'m> {
    /// The directory of the settings.
    Directory(PhantomData<&'m ()>),
    /// An application that brings its own.
    #[cfg(feature = "sqlite")]
    Sqlite(Migrations<'m, SqliteConnection>),
}

impl Source<'_> {
    pub(crate) const fn directory() -> Self {
        Source::Directory(PhantomData)
    }
}

/// A command that needs a database.
pub(crate) trait Job {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem>;
}

/// Opens the database of the settings, and hands it over together with the migrations.
pub(crate) fn with(cx: &Context<'_>, source: Source<'_>, job: &impl Job) -> Result<Exit, Problem> {
    let url = cx.settings.database_url()?;
    cx.out.detail(&format!("database: {url}"));
    #[cfg(unix)]
    crate::signals::listen();
    match (url.scheme(), source) {
        #[cfg(feature = "sqlite")]
        ("sqlite", source) => {
            let parsed: migrate_sqlite::Url =
                url.secret().parse().map_err(|error: migrate_sqlite::UrlError| Problem::usage(error.to_string()))?;
            let known = match source {
                Source::Sqlite(known) => known,
                Source::Directory(_) => directory(cx, Dialect::Sqlite)?,
            };
            let driver = migrate_sqlite::Sqlite::open(&parsed)
                .map_err(|cause| migrate_core::Error::Database { doing: "opening the database", cause })?;
            job.run(cx, &mut driver.tables(cx.settings.tables()), &known)
        }
        _ => Err(url.not_built_in()),
    }
}

#[cfg(feature = "sqlite")]
fn directory<C: 'static>(cx: &Context<'_>, dialect: Dialect) -> Result<Migrations<'static, C>, Problem> {
    let read = migrate_core::source::read_dir(&cx.settings.dir, Some(dialect)).map_err(migrate_core::Error::from)?;
    cx.out.detail(&format!("migrations: {} in {}", read.migrations.len(), cx.settings.dir.display()));
    Ok(Migrations::from_sql(read.migrations).map_err(migrate_core::Error::from)?)
}

impl Context<'_> {
    /// The loop, as the settings want it.
    pub(crate) fn migrator<'d, D: Driver>(&self, driver: &'d mut D) -> Migrator<'d, D> {
        let migrator = Migrator::new(driver);
        match self.settings.lock_timeout {
            Some(limit) => migrator.lock_wait(limit),
            None => migrator,
        }
    }
}
