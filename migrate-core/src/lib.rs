//! The engine of `migrate`: files, versions, history, planning and the run loop, without any database client.
//!
//! One line is the whole product. Each noun is a plain, printable value, and only the last arrow touches a database:
//!
//! ```text
//! files / embedded / code -> Migrations ─┐
//!                                        ├─> Status (a State per version) ──> Plan (or every Refusal) ──> Report
//! database                -> HistoryRows ┘       pure                            pure               Migrator, the loop
//! ```
//!
//! Applications use the facade crate, `migrate`; drivers use this one: see [`Driver`].

mod cancel;
mod checksum;
mod diff;
pub mod doctor;
pub mod driver;
#[doc(hidden)]
pub mod embedded;
mod error;
mod event;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
pub mod history;
mod hook;
mod journal;
mod meta;
mod migration;
mod migrations;
mod migrator;
pub mod plan;
pub mod render;
mod report;
mod session;
pub mod source;
pub mod sql;
mod startup;
mod status;
mod trace;
pub mod undo;
#[cfg(feature = "url")]
pub mod url;
mod variables;
mod version;

pub use cancel::{Cancel, Interrupt};
pub use checksum::Checksum;
pub use driver::{Cause, CauseKind, Driver, Facts, Holder};
pub use embedded::{Embedded, Freshness};
pub use error::{Cancelled, Error, Failure, Kept, NotApplied, Stale};
pub use event::Event;
#[doc(hidden)]
pub use event::announce;
pub use history::{HistoryRow, Tables};
pub use hook::{HookFailure, Hooks, Moment, When};
pub use meta::{ForeignKeys, Meta, Options, Store, TransactionMode};
pub use migration::{BoxError, Direction, Down, Migration, Script, SqlMigration};
pub use migrations::{DuplicateVersion, Migrations};
pub use migrator::{Answer, GenerateUndo, LockLadder, Migrator, Transactions, script};
pub use plan::{
    Action, DataLoss, DownTarget, Location, Missing, Note, OutOfOrder, Plan, Planner, Policy, Refusal, Refused, Step,
    UpTarget,
};
pub use report::{Done, Report};
pub use session::{ScriptError, Session};
pub use startup::{NotAMode, StartupMode};
pub use status::{Entry, State, Status, StoredUndo};
pub use variables::{VariableName, Variables};
pub use version::{Version, VersionError};
