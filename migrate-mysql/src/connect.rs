//! Where a database is. (Its twin is under way.)

use migrate_core::Cause;

/// Where a database is.
#[derive(Debug)]
pub struct Url;

impl Url {
    /// Opens a connection.
    ///
    /// # Errors
    /// Always, until this is written.
    pub fn connect(&self) -> Result<mysql::Conn, Cause> {
        Err(Cause::default())
    }
}
