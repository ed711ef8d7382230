#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused, reason = "no driver is switched on")
)]

use std::panic::resume_unwind;
use std::thread;

use migrate_core::{Cause, CauseKind, DownTarget, Driver, Error, Migrations, Migrator, Report, UpTarget};

use crate::Set;

/// Applies what is pending on the database that the URL names, on a connection of its own.
///
/// It connects, works and drops on a thread of its own and waits for it, so it is safe inside `#[tokio::main]`, where
/// blocking clients panic; like any call that waits it holds its worker up, so start-up is its place.
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
    run(url.as_ref(), &set.into(), Way::Up)
}

/// Reverts the newest `count` migrations on the database that the URL names; as [`up`] otherwise.
///
/// # Errors
/// As [`up`].
pub fn down<'a>(url: impl AsRef<str>, set: impl Into<Set<'a>>, count: usize) -> Result<Report, Error> {
    run(url.as_ref(), &set.into(), Way::Down(DownTarget::Count(count)))
}

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down(DownTarget),
}

fn run(url: &str, set: &Set<'_>, way: Way) -> Result<Report, Error> {
    let work = || match url.split_once(':').map(|(scheme, _)| scheme) {
        #[cfg(feature = "sqlite")]
        Some("sqlite") => on_sqlite(url, set, way),
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => on_postgres(url, set, way),
        #[cfg(feature = "mysql")]
        Some("mysql" | "mariadb") => on_mysql(url, set, way),
        scheme => Err(no_driver(scheme)),
    };
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("migrate".into()).spawn_scoped(scope, work);
        let worker = worker.map_err(|error| access("starting a thread", error.to_string()))?;
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

#[cfg(feature = "sqlite")]
fn on_sqlite(url: &str, set: &Set<'_>, way: Way) -> Result<Report, Error> {
    let url: migrate_sqlite::Url = url.parse().map_err(not_a_url)?;
    go(migrate_sqlite::Sqlite::open(&url), &set.for_sqlite()?, way)
}

#[cfg(feature = "postgres")]
fn on_postgres(url: &str, set: &Set<'_>, way: Way) -> Result<Report, Error> {
    let url: migrate_postgres::Url = url.parse().map_err(not_a_url)?;
    go(migrate_postgres::Postgres::connect(&url), &set.for_postgres()?, way)
}

#[cfg(feature = "mysql")]
fn on_mysql(url: &str, set: &Set<'_>, way: Way) -> Result<Report, Error> {
    let url: migrate_mysql::Url = url.parse().map_err(not_a_url)?;
    go(migrate_mysql::Mysql::connect(&url), &set.for_mysql()?, way)
}

fn go<D: Driver>(opened: Result<D, Cause>, known: &Migrations<'_, D::Connection>, way: Way) -> Result<Report, Error> {
    let mut driver = opened.map_err(|cause| Error::Database { doing: "opening the database", cause })?;
    let mut migrator = Migrator::new(&mut driver);
    match way {
        Way::Up => migrator.up(known, UpTarget::All),
        Way::Down(target) => migrator.down(known, target),
    }
}

/// Whoever reads a URL sees to it that its error shows no password.
fn not_a_url(error: impl std::fmt::Display) -> Error {
    access("reading the database URL", error.to_string())
}

/// Only the scheme is ever named: the rest of a URL may hold a password.
fn no_driver(scheme: Option<&str>) -> Error {
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
