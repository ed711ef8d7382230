use std::fmt;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::hash::{BuildHasher, RandomState};

use migrate_core::{Cause, Tables};

use crate::Inspect;

/// Where scratch databases come from.
pub trait Scratch {
    /// The driver of one.
    type Driver: Inspect;

    /// Makes an empty database, and connects to it, with the history in these tables.
    ///
    /// # Errors
    /// When it can't be made.
    fn make(&self, history: &Tables) -> Result<Made<Self::Driver>, Cause>;
}

/// `migrate_check_5f3a…`
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn random_name() -> String {
    format!("migrate_check_{:016x}", RandomState::new().hash_one(std::process::id()))
}

/// A scratch database. It is removed when this is dropped, on every way out.
pub struct Made<D> {
    name: String,
    // Dropped before the database is removed: nobody may be connected to it then.
    driver: D,
    removal: Removal,
}

impl<D> Made<D> {
    /// One with this name, and what removes it when its driver is gone.
    pub fn new(name: String, driver: D, remove: impl FnOnce() -> Result<(), Cause> + Send + 'static) -> Self {
        Made { name, driver, removal: Removal(Some(Box::new(remove))) }
    }

    /// `migrate_check_5f3a…`
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The connection to it.
    pub fn driver(&mut self) -> &mut D {
        &mut self.driver
    }

    /// Removes it now.
    ///
    /// # Errors
    /// When it can't be removed, and is left.
    pub fn remove(self) -> Result<(), Cause> {
        let Made { driver, mut removal, .. } = self;
        drop(driver);
        removal.run()
    }
}

impl<D> fmt::Debug for Made<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").field("name", &self.name).finish_non_exhaustive()
    }
}

struct Removal(Option<Box<dyn FnOnce() -> Result<(), Cause> + Send>>);

impl Removal {
    fn run(&mut self) -> Result<(), Cause> {
        self.0.take().map_or(Ok(()), |remove| remove())
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        // Behind a failure, which is what is told.
        let _ = self.run();
    }
}
