//! From files to migrations.
use crate::sql::Dialect;
use crate::*;
/// m
#[derive(Debug, Clone, thiserror::Error)]
#[error("m")]
pub struct Mistakes;
/// r
pub struct Read {
    /// x
    pub migrations: Vec<SqlMigration>,
}
/// r
pub fn read<N: Into<String>, B: AsRef<[u8]>>(
    _: impl IntoIterator<Item = (N, B)>,
    _: Option<Dialect>,
) -> Result<Read, Mistakes> {
    Err(Mistakes)
}
/// x
pub fn from_stored(_: Version, _: &str, _: Option<&str>, _: &str) -> Result<SqlMigration, Mistakes> {
    Err(Mistakes)
}
