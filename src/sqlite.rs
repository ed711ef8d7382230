//! SQLite, on rusqlite: see [what it promises](migrate_sqlite).

pub use migrate_sqlite::{Sqlite, Url, UrlError, admin, down, up};
