//! The engine of `migrate`.

mod checksum;
mod embedded;
mod meta;
mod migration;
mod migrations;
mod session;
pub mod source;
pub mod sql;
mod version;

pub use checksum::Checksum;
pub use embedded::Embedded;
pub use meta::{ForeignKeys, Meta, Options, Store, TransactionMode};
pub use migration::{BoxError, Direction, Down, Migration, Script, SqlMigration};
pub use migrations::{DuplicateVersion, Migrations};
pub use session::Session;
pub use version::{Version, VersionError};
