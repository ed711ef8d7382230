#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused, reason = "no driver is switched on")
)]

use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use migrate_core::{
    Cancel, Cancelled, Cause, CauseKind, DownTarget, Driver, Error, Migrations, Migrator, Report, StartupMode, Tables,
};

use crate::{Set, Startup};

/// Applies what is pending on the database that the URL names, on a connection of its own.
///
/// It connects, works and drops on a thread of its own and waits for it, so it is safe inside `#[tokio::main]`, where
/// blocking clients panic; like any call that waits it holds its worker up, so start-up is its place.
/// [`Startup`] takes options.
///
/// | URL | feature |
/// |---|---|
/// | `sqlite:app.db`, `sqlite:/var/lib/app.db`, `sqlite::memory:` | `sqlite` or `sqlite-bundled` |
/// | `postgres://user@host/app`, `postgresql://…?sslmode=verify-full` | `postgres`, with TLS `postgres-tls` |
/// | `mysql://user@host/app`, `mariadb://…?ssl-mode=VERIFY_IDENTITY` | `mysql`, with TLS `mysql-tls` |
///
/// # Errors
/// When there is no driver for the URL, the database can't be reached, the plan is refused, the lock can't be had within
/// a minute, or a migration fails.
pub fn up<'a>(url: impl AsRef<str>, set: impl Into<Set<'a>>) -> Result<Report, Error> {
    let started = Startup::new(set).mode(StartupMode::Migrate).run(url)?;
    Ok(started.into_report())
}

/// Reverts the newest `count` migrations on the database that the URL names; as [`up`] otherwise.
///
/// # Errors
/// As [`up`].
pub fn down<'a>(url: impl AsRef<str>, set: impl Into<Set<'a>>, count: usize) -> Result<Report, Error> {
    let (url, set) = (url.as_ref(), set.into());
    aside(|| with_driver(url, &set, &Tables::default(), Down(count)))
}

/// Whether everything that this program knows is applied on the database that the URL names; others may have applied
/// more. For a service whose role may not migrate: it reads, takes no lock and changes nothing.
///
/// # Errors
/// [`Error::NotApplied`] when something is pending, or begun and not finished; [`Error::Refused`] when an applied file
/// has changed; as [`up`] otherwise.
///
/// ```
/// # use migrate::{Embedded, Error, embed_migrations};
/// # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
/// # let dir = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}/app.db", dir.path().display());
/// assert!(matches!(migrate::verify(&url, &MIGRATIONS), Err(Error::NotApplied(_))));
/// migrate::up(&url, &MIGRATIONS)?;
/// migrate::verify(&url, &MIGRATIONS)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify<'a>(url: impl AsRef<str>, set: impl Into<Set<'a>>) -> Result<(), Error> {
    Startup::new(set).mode(StartupMode::Verify).run(url).map(drop)
}

struct Down(usize);

impl Work for Down {
    type Output = Report;

    fn on<D: Driver>(self, driver: &mut D, known: &Migrations<'_, D::Connection>) -> Result<Report, Error> {
        Migrator::new(driver).down(known, DownTarget::Count(self.0))
    }
}

/// What is done on the database of a URL, whichever it is.
pub(crate) trait Work {
    type Output;

    fn on<D: Driver>(self, driver: &mut D, known: &Migrations<'_, D::Connection>) -> Result<Self::Output, Error>;
}

/// On a thread of its own, and waits for it.
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let work = crate::trace::here(work);
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("migrate".into()).spawn_scoped(scope, work);
        let worker = worker.map_err(no_thread)?;
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

pub(crate) fn no_thread(error: std::io::Error) -> Error {
    access("starting a thread", error.to_string())
}

/// Opens the database of the URL, and hands it over with what it is to run. Must stand on a thread of its own.
pub(crate) fn with_driver<W: Work>(url: &str, set: &Set<'_>, tables: &Tables, work: W) -> Result<W::Output, Error> {
    let opening = |cause| Error::Database { doing: "opening the database", cause };
    match url.split_once(':').map(|(scheme, _)| scheme) {
        #[cfg(feature = "sqlite")]
        Some("sqlite") => {
            let driver = migrate_sqlite::Sqlite::open(&parsed(url)?).map_err(opening)?;
            work.on(&mut driver.tables(tables.clone()), &set.for_sqlite()?)
        }
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => {
            let driver = migrate_postgres::Postgres::connect(&parsed(url)?).map_err(opening)?;
            work.on(&mut driver.tables(tables.clone()), &set.for_postgres()?)
        }
        #[cfg(feature = "mysql")]
        Some("mysql" | "mariadb") => {
            let driver = migrate_mysql::Mysql::connect(&parsed(url)?).map_err(opening)?;
            work.on(&mut driver.tables(tables.clone()), &set.for_mysql()?)
        }
        scheme => Err(no_driver(scheme)),
    }
}

/// How long the server is waited for before somebody looks whether to go on.
const LOOK: Duration = Duration::from_millis(500);

/// Waits until the server of the URL answers, at most so long.
pub(crate) fn wait_for_server(url: &str, limit: Duration, cancel: &Cancel) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        if cancel.is_cancelled() {
            return Err(Cancelled::before_anything());
        }
        let left = limit.saturating_sub(began.elapsed());
        match answers(url, left.min(LOOK))? {
            Ok(()) => return Ok(()),
            Err(cause) if cause.kind == CauseKind::LockTimeout && left > LOOK => {}
            Err(cause) => return Err(Error::Database { doing: "waiting for the database", cause }),
        }
    }
}

fn answers(url: &str, limit: Duration) -> Result<Result<(), Cause>, Error> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        #[cfg(feature = "sqlite")]
        Some("sqlite") => Ok(migrate_sqlite::admin::wait(&parsed(url)?, limit)),
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => Ok(migrate_postgres::admin::wait(&parsed(url)?, limit)),
        #[cfg(feature = "mysql")]
        Some("mysql" | "mariadb") => Ok(migrate_mysql::admin::wait(&parsed(url)?, limit)),
        scheme => Err(no_driver(scheme)),
    }
}

/// Whoever reads a URL sees to it that its error shows no password.
pub(crate) fn parsed<U: std::str::FromStr<Err: std::fmt::Display>>(url: &str) -> Result<U, Error> {
    url.parse().map_err(|error: U::Err| access("reading the database URL", error.to_string()))
}

/// Only the scheme is ever named: the rest of a URL may hold a password.
pub(crate) fn no_driver(scheme: Option<&str>) -> Error {
    let known = [
        ("sqlite:", cfg!(feature = "sqlite")),
        ("postgres:", cfg!(feature = "postgres")),
        ("mysql:, mariadb:", cfg!(feature = "mysql")),
    ];
    let known: Vec<_> = known.into_iter().filter_map(|(scheme, is_on)| is_on.then_some(scheme)).collect();
    let known = match known.as_slice() {
        [] => "none, for no database is switched on as a feature".to_owned(),
        known => known.join(", "),
    };
    let found = match scheme {
        Some(scheme) if scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) => {
            format!("there is no driver for `{scheme}:` in this program")
        }
        _ => "the database URL has no scheme".to_owned(),
    };
    access("reading the database URL", format!("{found}; known: {known}"))
}

fn access(doing: &'static str, message: String) -> Error {
    Error::Database { doing, cause: Cause::new(CauseKind::Access, message) }
}
