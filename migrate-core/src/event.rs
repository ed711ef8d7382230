use std::time::Duration;

use crate::Version;
use crate::driver::Holder;
use crate::plan::{Note, Plan, Step};

/// What happens during a run, as it happens. The library prints nothing; whoever watches may.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// There is nothing to do, and nothing was written.
    UpToDate,
    /// Somebody else holds the lock; said at the first failed attempt, then each second.
    Waiting {
        /// Who.
        holder: &'a Holder,
        /// For how long we have been waiting.
        waited: Duration,
    },
    /// The lock is ours, and this is what will be done.
    Planned(&'a Plan<'a>),
    /// A step begins.
    Started(&'a Step<'a>),
    /// A statement of a step that runs outside a transaction is done.
    StatementDone {
        /// Of which step.
        step: &'a Step<'a>,
        /// Which statement, from 1.
        n: usize,
    },
    /// A migration in Rust tells how far it is.
    Progress {
        /// Which one.
        version: Version,
        /// How much is done.
        done: u64,
        /// Of how much, where that is known.
        total: Option<u64>,
    },
    /// A step waited for a lock of the database in vain, and is tried again.
    Retry {
        /// Which.
        step: &'a Step<'a>,
        /// What the database said.
        message: &'a str,
        /// How long we pause before.
        pause: Duration,
    },
    /// A step is done, and its row is committed.
    Finished {
        /// Which.
        step: &'a Step<'a>,
        /// How long it took.
        duration: Duration,
    },
    /// A step failed.
    Failed(&'a Step<'a>),
    /// Something deserves a word.
    Note(&'a Note),
}
