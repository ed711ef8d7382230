//! The files for deployment in examples/, run as plain processes: their commands and environment, in their order, on a
//! database of their own. What a container runtime does besides (images, networks, restarts) is not tested here.
#![cfg(unix)]
#![allow(clippy::unwrap_used, unreachable_pub)]

mod compose;
mod container;
mod database;
mod kubernetes;
