//! Who is measured: the floor, ours, and the peers, each behind the same two calls.

pub mod dbmate;
mod diesel;
mod floor;
mod ours;
mod refinery;
mod rusqlite_migration;
mod sqlx;

use crate::File;
use crate::database::Kind;

/// A connection that is open, and a list of migrations that is built, as a macro's is when a program starts: calling
/// it applies what is pending.
pub type Start = Box<dyn FnMut()>;

/// What is measured against what.
pub struct Tool {
    pub name: &'static str,
    /// `None`: not for this database.
    pub open: fn(Kind, &str, &[File]) -> Option<Start>,
}

/// What can't be undercut: everything in one message and one transaction, with its history; on MySQL and MariaDB each
/// statement by itself.
pub const FLOOR: Tool = Tool { name: "floor", open: floor::all };

/// What can't be undercut by a start with nothing to do: one SELECT of versions and checksums from our history.
pub const ONE_SELECT: Tool = Tool { name: "one SELECT", open: floor::one_select };

pub const OURS: Tool = Tool { name: "migrate", open: ours::open };

pub const PEERS: [Tool; 6] = [
    Tool { name: "refinery", open: refinery::one_by_one },
    Tool { name: "refinery, grouped", open: refinery::grouped },
    Tool { name: "sqlx", open: sqlx::open },
    Tool { name: "diesel", open: diesel::open },
    Tool { name: "rusqlite_migration", open: rusqlite_migration::open },
    Tool { name: "dbmate", open: dbmate::open },
];
