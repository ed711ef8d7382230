use std::fmt;

use crate::driver::{Driver, Savepoint};
use crate::event::Event;
use crate::plan::{self, Location, Piece, Refusal};
use crate::sql::split;
use crate::trace;
use crate::{BoxError, Cause, CauseKind, Script, Variables, Version};

/// What a migration is handed: the live connection, and what the runner can do with it.
pub struct Session<'a, C> {
    driver: &'a mut dyn Driver<Connection = C>,
    observer: &'a mut dyn FnMut(&Event<'_>),
    variables: &'a Variables,
    version: Version,
}

impl<'a, C> Session<'a, C> {
    pub(crate) fn new(
        driver: &'a mut dyn Driver<Connection = C>,
        observer: &'a mut dyn FnMut(&Event<'_>),
        variables: &'a Variables,
        version: Version,
    ) -> Self {
        Session { driver, observer, variables, version }
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

    /// Runs the script of a file, with the run's [`Variables`] in the place of `${name}`, statement by statement.
    ///
    /// # Errors
    /// A [`ScriptError`]: the first thing that can't be read, or that the database refuses.
    pub fn run_script(&mut self, script: &Script) -> Result<(), BoxError> {
        let facts = self.driver.facts()?;
        for piece in plan::pieces(script, &facts, self.variables).map_err(|why| ScriptError::refused(script, why))? {
            self.driver.execute(piece.text(script)).map_err(|cause| ScriptError::failed(script, &piece, cause))?;
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

/// Why a [script](Session::run_script) did not come to its end.
#[derive(Debug)]
#[non_exhaustive]
pub struct ScriptError {
    /// Where.
    pub at: Location,
    /// The line of the file at that place.
    pub line: Option<String>,
    /// Why.
    pub cause: Cause,
}

impl ScriptError {
    fn failed(script: &Script, piece: &Piece, cause: Cause) -> Self {
        let at = Location::of_failed(script, piece, cause.position);
        ScriptError { line: at.line_in(script), at, cause }
    }

    fn refused(script: &Script, refusals: Vec<Refusal>) -> Self {
        let (at, problem, help) = match refusals.into_iter().next() {
            Some(Refusal::Script { at, problem, help }) => (at, problem, Some(help)),
            other => (Location::in_script(script, 0), other.map_or(String::new(), |why| why.to_string()), None),
        };
        let cause = Cause { hint: help, ..Cause::new(CauseKind::Statement, problem) };
        ScriptError { line: at.line_in(script), at, cause }
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.cause)
    }
}

impl std::error::Error for ScriptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source.as_deref().map(|source| source as _)
    }
}
