//! PostgreSQL, on postgres: see [what it promises](migrate_postgres).

pub use migrate_postgres::{Postgres, Url, UrlError, admin, down, up};
