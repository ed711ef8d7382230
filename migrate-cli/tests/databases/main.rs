//! The binary on all four databases: what one of them does, the others do.
#![cfg(unix)]
#![allow(clippy::unwrap_used, unreachable_pub)]

mod doctors;
mod dumps;
mod place;
mod scenarios;
mod scripts;
