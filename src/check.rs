//! Whether migrations are sound: each is applied, reverted and applied again on a scratch database, and the schema compared
//! behind each step. One line of your own tests:
//!
//! ```
//! # use migrate::{Embedded, embed_migrations};
//! # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
//! # fn main() -> Result<(), migrate::check::Error> {
//! let report = migrate::check::check("sqlite::memory:", &MIGRATIONS)?;
//! println!("{report}"); // checked 17 migrations: 16 up, down and up again; 1 irreversible, …
//! # assert_eq!(report.checked.len() + report.irreversible.len(), 17);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused, reason = "no driver is switched on")
)]

pub use migrate_check::*;

use crate::Set;
use crate::by_url::{aside, no_driver};

/// Checks migrations on a scratch database: on the server of the URL, beside its own database, which is not touched; on
/// SQLite in memory. [`check_with`] takes options; `migrate::testing::check` (feature `testing`) finds the server by itself.
///
/// The scratch database, `migrate_check_<random>`, is removed on every way out.
///
/// # Errors
/// The first migration that is not sound: which, when, and what differs. Or why that can't be found out.
pub fn check<'a>(url: impl AsRef<str>, set: impl Into<Set<'a>>) -> Result<Report, Error> {
    check_with(&Check::new(), url, set)
}

/// As [`check`], with options.
///
/// ```
/// # use migrate::{Embedded, embed_migrations};
/// use migrate::check::Check;
///
/// # static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
/// // The newest three also in the five other orders.
/// let report = migrate::check::check_with(&Check::new().order(3), "sqlite::memory:", &MIGRATIONS)?;
/// # assert_eq!(report.orders.map(|orders| orders.same + orders.failing), Some(5));
/// # Ok::<(), migrate::check::Error>(())
/// ```
///
/// # Errors
/// As [`check`].
pub fn check_with<'a>(check: &Check, url: impl AsRef<str>, set: impl Into<Set<'a>>) -> Result<Report, Error> {
    let (url, set) = (url.as_ref(), set.into());
    aside(|| Ok(on_scratch(check, url, &set))).map_err(not_begun)?
}

fn on_scratch(check: &Check, url: &str, set: &Set<'_>) -> Result<Report, Error> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        #[cfg(feature = "sqlite")]
        Some("sqlite") => check.run(&sqlite::InMemory, &set.for_sqlite().map_err(not_begun)?),
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => {
            let scratch = postgres::Beside::new(crate::by_url::parsed(url).map_err(not_begun)?);
            check.run(&scratch, &set.for_postgres().map_err(not_begun)?)
        }
        #[cfg(feature = "mysql")]
        Some("mysql" | "mariadb") => {
            let scratch = mysql::Beside::new(crate::by_url::parsed(url).map_err(not_begun)?);
            check.run(&scratch, &set.for_mysql().map_err(not_begun)?)
        }
        scheme => Err(not_begun(no_driver(scheme))),
    }
}

pub(crate) fn not_begun(error: impl Into<migrate_core::Error>) -> Error {
    Error::NotBegun(Box::new(error.into()))
}
