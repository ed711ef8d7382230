//! SQL as text: dialects and splitting.

/// A database's SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL
    Postgres,
    /// MySQL
    Mysql,
    /// MariaDB
    Mariadb,
    /// SQLite
    Sqlite,
}

/// Why a text can't be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("can't be split")]
pub struct SplitError {}

/// Feeds what the text means to `sink`.
///
/// # Errors
/// When the text can't be split.
pub fn normal_form(text: &str, _dialect: Dialect, sink: &mut dyn FnMut(&str)) -> Result<(), SplitError> {
    sink(text);
    Ok(())
}
