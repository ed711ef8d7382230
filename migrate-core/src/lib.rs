//! The engine of `migrate`.
#![warn(missing_docs)]

pub mod sql;
