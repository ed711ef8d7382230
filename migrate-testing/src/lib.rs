//! A fresh, fully migrated database for every test, in milliseconds.
//!
//! The migrations run once, in a *template*; each test gets a copy, on MySQL and MariaDB one that is restored behind it. A template is known by its fingerprint: what the
//! migrations and the seeds are. Another process with the same ones finds it ready.
//!
//! Applications use it as `migrate::testing`, with the feature `testing`. The guide is `docs/testing.md`.
#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused, reason = "not every database is switched on")
)]

#[doc(hidden)]
pub mod attribute;
mod fingerprint;
mod held;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod server;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod template;

pub use template::Template;

use std::sync::{Mutex, MutexGuard, PoisonError};

use migrate_core::{Cause, CauseKind, Error};

/// What we were doing, in every error of this crate that is none of a migration.
const DOING: &str = "handing out a test database";

fn failed(cause: Cause) -> Error {
    Error::Database { doing: DOING, cause }
}

fn refused(message: impl Into<String>, hint: impl Into<String>) -> Error {
    failed(Cause::new(CauseKind::Access, message).hint(hint))
}

/// On a thread of its own: a blocking client panics on one of an asynchronous runtime, also when it is dropped there.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
