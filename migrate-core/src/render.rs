//! What a run does as SQL text: for a person to read, and for a database's own client to run.

use std::borrow::Cow;

use crate::Version;
use crate::driver::{Expect, Facts, Unit};

/// A database's SQL as text, written without a connection to it.
///
/// [`Migrator::render_up`](crate::Migrator::render_up) and [`script`](fn@crate::script) both write with it, so that what is
/// shown, what a DBA is handed and what a run sends are the same words.
pub trait Render {
    /// How the database reads SQL, and what it can do, as far as that is known without a server.
    fn facts(&self) -> Facts;

    /// Makes those of the history's tables that are missing.
    fn tables(&self) -> String;

    /// What [`Driver::apply`](crate::Driver::apply) would run; several units share one transaction here too. A unit
    /// [alone](crate::driver::UnitMode::Alone) stands outside of any, and its rows in transactions of their own.
    ///
    /// What a statement may change in the session is put back as it was found.
    fn units(&self, units: &[Unit<'_>], checks: Checks) -> String;

    /// What a script begins with: a head of comments that says how it is run, and what its client must be told.
    fn opening(&self, head: &str) -> String;

    /// What it ends with.
    fn closing(&self) -> String {
        String::new()
    }

    /// Why this unit can't be in a script, where no driver watches over it; `None` if it can.
    fn objection(&self, unit: &Unit<'_>) -> Option<Cow<'static, str>> {
        let _ = unit;
        None
    }
}

/// Whether a text looks at the history before it changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// It is only read.
    LeftOut,
    /// It ends in an error, before its first statement, unless the history says what the unit expects, and what the
    /// step before it must have left: a client that goes on after an error goes no further either.
    Written {
        /// What must be so besides.
        behind: Option<(Version, Expect)>,
    },
}

impl Checks {
    /// What the history must say before this unit.
    pub fn of(self, unit: &Unit<'_>) -> Vec<(Version, Expect)> {
        match self {
            Checks::LeftOut => Vec::new(),
            Checks::Written { behind } => behind.into_iter().chain([(unit.version, unit.expect)]).collect(),
        }
    }
}
