use crate::driver::{Driver, Savepoint};
use crate::event::Event;
use crate::sql::split;
use crate::trace;
use crate::{BoxError, Version};

/// What a migration is handed: the live connection, and what the runner can do with it.
pub struct Session<'a, C> {
    driver: &'a mut dyn Driver<Connection = C>,
    observer: &'a mut dyn FnMut(&Event<'_>),
    version: Version,
}

impl<'a, C> Session<'a, C> {
    pub(crate) fn new(
        driver: &'a mut dyn Driver<Connection = C>,
        observer: &'a mut dyn FnMut(&Event<'_>),
        version: Version,
    ) -> Self {
        Session { driver, observer, version }
    }

    /// The client library's own connection. Inside a transactional migration do not begin or end a transaction on
    /// it: the guard notices, and the migration fails.
    pub fn connection(&mut self) -> &mut C {
        self.driver.connection()
    }

    /// Runs a script, statement by statement.
    ///
    /// # Errors
    /// When it can't be split, or the first thing the database refuses.
    pub fn run(&mut self, script: &str) -> Result<(), BoxError> {
        let syntax = self.driver.facts()?.syntax;
        for statement in split(script, syntax)? {
            self.driver.execute(statement.text)?;
        }
        Ok(())
    }

    /// Runs `work` in a savepoint: what it did is taken back when it fails, and the migration may go on.
    ///
    /// # Errors
    /// What `work` fails with, or what the database says.
    pub fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Session<'_, C>) -> Result<T, BoxError>,
    ) -> Result<T, BoxError> {
        self.driver.savepoint(Savepoint::Open)?;
        match work(self) {
            Ok(value) => {
                self.driver.savepoint(Savepoint::Release)?;
                Ok(value)
            }
            Err(error) => {
                // Its own error is the one to tell. If there is no savepoint any more, the guard will say so.
                let _ = self.driver.savepoint(Savepoint::RollBack);
                Err(error)
            }
        }
    }

    /// Tells whoever watches how far a long migration is.
    pub fn progress(&mut self, done: u64, total: Option<u64>) {
        let event = Event::Progress { version: self.version, done, total };
        trace::event(&event);
        (self.observer)(&event);
    }
}
