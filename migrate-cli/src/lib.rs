//! The `migrate` command line, as a library.
//!
//! The binary is one call of [`run`]. An application that has migrations in Rust, or compiles its files in, offers the
//! same commands with [`run_with`] on SQLite, with [`run_with_postgres`] on PostgreSQL, with [`run_with_mysql`] on MySQL and
//! MariaDB:
//!
//! ```no_run
//! use migrate_core::{Migrations, source};
//!
//! # fn main() -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
//! let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY)")];
//! let known = Migrations::from_sql(source::read(files, None)?.migrations)?;
//! Ok(migrate_cli::run_with_postgres(std::env::args_os(), known))
//! # }
//! ```
//!
//! This crate alone prints, reads the environment and installs signal handlers; what is done to a database is the
//! library's own loop, so that what the library refuses, the command line refuses.

// Without any database only `new`, `init`, `statements` and `completions` have something to do.
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(dead_code, unreachable_code, unused_imports, unused_variables, reason = "no driver is switched on")
)]

mod args;
mod commands;
mod config;
mod database;
mod dump;
mod exit;
mod output;
mod problem;
#[cfg(unix)]
mod signals;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::Args;
use database::Source;
use exit::Exit;
use output::Output;

/// The connection of migrations in Rust, for [`run_with`].
#[cfg(feature = "sqlite")]
pub use database::SqliteConnection;

/// The connection of migrations in Rust, for [`run_with_mysql`].
#[cfg(feature = "mysql")]
pub use database::MysqlConnection;

/// The connection of migrations in Rust, for [`run_with_postgres`].
#[cfg(feature = "postgres")]
pub use database::PostgresConnection;

/// Runs the command line, with the migrations of a directory. The first argument is the program's name.
///
/// It prints, and returns what the process should exit with: 0 done, 1 failed, 2 wrong usage, 3 pending
/// (`status --exit-code`), 4 changed or refused, 6 a lock, or the server, could not be had in time.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    main(args, Source::directory()).into()
}

/// As [`run`] on SQLite, with migrations that the program knows by itself: compiled in, written in Rust, or both.
#[cfg(feature = "sqlite")]
pub fn run_with<'m>(
    args: impl IntoIterator<Item = OsString>,
    known: impl Into<migrate_core::Migrations<'m, SqliteConnection>>,
) -> ExitCode {
    main(args, Source::Sqlite(known.into())).into()
}

/// As [`run`] on PostgreSQL, with migrations that the program knows by itself: compiled in, written in Rust, or both.
#[cfg(feature = "postgres")]
pub fn run_with_postgres<'m>(
    args: impl IntoIterator<Item = OsString>,
    known: impl Into<migrate_core::Migrations<'m, PostgresConnection>>,
) -> ExitCode {
    main(args, Source::Postgres(known.into())).into()
}

/// As [`run`] on MySQL and MariaDB, with migrations that the program knows by itself: compiled in, written in Rust, or
/// both.
#[cfg(feature = "mysql")]
pub fn run_with_mysql<'m>(
    args: impl IntoIterator<Item = OsString>,
    known: impl Into<migrate_core::Migrations<'m, MysqlConnection>>,
) -> ExitCode {
    main(args, Source::Mysql(known.into())).into()
}

fn main(args: impl IntoIterator<Item = OsString>, source: Source<'_>) -> Exit {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout and is no error; a closed pipe is none either.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let out = Output::new(args.global.format, args.global.verbosity());
    let ended = commands::run(args, &out, source);
    #[cfg(unix)]
    if let Some(exit) = signals::last_word(&ended) {
        return exit;
    }
    match ended {
        Ok(exit) => exit,
        Err(problem) => out.problem(&problem),
    }
}
