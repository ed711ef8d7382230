//! PostgreSQL: `psql` through a recorder, and the server's own scanner and grammar (libpg_query).

pub mod corpus;
pub mod differential;
pub mod soup;

mod grammar;
mod psql;
mod recorder;
