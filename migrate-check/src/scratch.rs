use std::fmt;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::hash::{BuildHasher, RandomState};

use migrate_core::Cause;

use crate::Inspect;

/// Where scratch databases come from.
pub trait Scratch {
    /// The driver of one.
    type Driver: Inspect;

    /// Makes an empty database, and connects to it.
    ///
    /// # Errors
    /// When it can't be made.
    fn make(&self) -> Result<Made<Self::Driver>, Cause>;
}

/// `migrate_check_5f3a…`
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn random_name() -> String {
    format!("migrate_check_{:016x}", RandomState::new().hash_one(std::process::id()))
}

type Remove = Box<dyn FnOnce() -> Result<(), Cause> + Send>;

/// A scratch database. It is removed when this is dropped, on every way out.
pub struct Made<D> {
    name: String,
    driver: Option<D>,
    remove: Option<Remove>,
}

impl<D> Made<D> {
    /// One with this name, and what removes it when its driver is gone.
    pub fn new(name: String, driver: D, remove: impl FnOnce() -> Result<(), Cause> + Send + 'static) -> Self {
        Made { name, driver: Some(driver), remove: Some(Box::new(remove)) }
    }

    /// `migrate_check_5f3a…`
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The connection to it; none behind its removal.
    pub fn driver(&mut self) -> Option<&mut D> {
        self.driver.as_mut()
    }

    /// Removes it now.
    ///
    /// # Errors
    /// When it can't be removed, and is left.
    pub fn remove(mut self) -> Result<(), Cause> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Cause> {
        self.driver = None;
        self.remove.take().map_or(Ok(()), |remove| remove())
    }
}

impl<D> Drop for Made<D> {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl<D> fmt::Debug for Made<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").field("name", &self.name).finish_non_exhaustive()
    }
}
