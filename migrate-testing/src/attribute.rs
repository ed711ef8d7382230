//! What `#[migrate::test]` expands to; not for anything else.

use std::sync::Arc;

use crate::held::Held;

/// What the attribute keeps beside the test's own guard.
pub struct Ending(Option<Arc<Held>>);

impl Ending {
    /// A test under the attribute keeps its database when it fails.
    #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
    fn of(held: Arc<Held>) -> Self {
        held.keep_on_failure();
        Ending(Some(held))
    }

    /// The test has come to its end, with this.
    pub fn with<T: Outcome>(self, outcome: T) -> T {
        if let Some(held) = self.0.filter(|_| outcome.is_failure()) {
            held.has_failed();
        }
        outcome
    }
}

/// What a test may return.
pub trait Outcome {
    /// Whether the test has failed.
    fn is_failure(&self) -> bool;
}

impl Outcome for () {
    fn is_failure(&self) -> bool {
        false
    }
}

impl<T, E> Outcome for Result<T, E> {
    fn is_failure(&self) -> bool {
        self.is_err()
    }
}

/// A database that the attribute hands out, by its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no test database",
    label = "the type says which database: `Postgres`, `Sqlite` or `SqliteFile` of `migrate::testing`"
)]
pub trait Guard {
    /// What is to be told how the test ended.
    fn ending(&self) -> Ending;
}

#[cfg(feature = "mysql")]
impl Guard for crate::mysql::Mysql {
    fn ending(&self) -> Ending {
        Ending::of(self.held())
    }
}

#[cfg(feature = "postgres")]
impl Guard for crate::postgres::Postgres {
    fn ending(&self) -> Ending {
        Ending::of(self.held())
    }
}

#[cfg(feature = "sqlite")]
impl Guard for crate::sqlite::Sqlite {
    fn ending(&self) -> Ending {
        Ending(None)
    }
}

#[cfg(feature = "sqlite")]
impl Guard for crate::sqlite::SqliteFile {
    fn ending(&self) -> Ending {
        Ending::of(self.held())
    }
}
