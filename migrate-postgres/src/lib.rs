//! PostgreSQL for `migrate`, on postgres.

mod error;
