use std::time::Duration;

use crate::driver::Holder;
use crate::error::{Cancelled, Failure};
use crate::plan::{Note, Plan, Step};
use crate::sql::Position;
use crate::{StartupMode, Version};

/// What happens during a run, as it happens. The library prints nothing; whoever watches may.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// What a service that starts was told to do about migrations, before anything is touched.
    Startup {
        /// What.
        mode: StartupMode,
        /// By whom: `RUN_DATABASE_MIGRATIONS is not set`.
        because: &'a str,
    },
    /// There is nothing to do, and nothing was written.
    UpToDate {
        /// How many migrations the program knows.
        migrations: usize,
    },
    /// Others are to apply what is pending, and have not yet; said at the first look, then every five seconds.
    Awaiting {
        /// How many migrations of this program are not applied.
        pending: usize,
        /// Who is at work, where somebody is and that can be told.
        holder: Option<&'a Holder>,
        /// For how long we have been waiting.
        waited: Duration,
    },
    /// Somebody else holds the lock; said at the first failed attempt, then each second.
    Waiting {
        /// Who.
        holder: &'a Holder,
        /// For how long we have been waiting.
        waited: Duration,
    },
    /// The lock is ours, and this is what will be done.
    Planned(&'a Plan<'a>),
    /// A step begins. Where several share one transaction, which are sent together, none is told.
    Started(&'a Step<'a>),
    /// A statement is about to be sent, alone or together with those told before it.
    Statement {
        /// Of which step.
        step: &'a Step<'a>,
        /// Which statement, from 1.
        n: usize,
        /// The file that it stands in.
        file: &'a str,
        /// Where in it.
        position: Position,
        /// As it stands there. It may hold a password: [`shown_query`](crate::driver::shown_query) leaves it out.
        text: &'a str,
    },
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
    Failed {
        /// Which.
        step: &'a Step<'a>,
        /// The whole story.
        failure: &'a Failure,
    },
    /// The run was cancelled, and ends.
    Cancelled(&'a Cancelled),
    /// Something deserves a word.
    Note(&'a Note),
}

/// Tells who watches, and the log: for events outside of a run.
#[doc(hidden)]
pub fn announce(event: &Event<'_>, observer: &mut dyn FnMut(&Event<'_>)) {
    crate::trace::event(event);
    observer(event);
}
