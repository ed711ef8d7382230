//! SQLite: the library itself, and its grammar in another language's hands (lemon-rs).

pub mod corpus;
pub mod differential;
pub mod soup;

mod engine;
mod grammar;
