//! The `migrate` command line, as a library.
//!
//! The binary is one call of [`directory`]. An application that has migrations in Rust, or compiles its files in, offers the
//! same commands, for every database that is switched on as a feature:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use migrate::{Embedded, embed_migrations};
//!
//! static MIGRATIONS: Embedded = embed_migrations!("../examples/quickstart/migrations");
//!
//! fn main() -> ExitCode {
//!     migrate_cli::run(&MIGRATIONS)
//! }
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
mod habits;
mod output;
mod problem;
#[cfg(unix)]
mod signals;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use migrate::Set;

use args::Args;
use database::Source;
use exit::Exit;
use output::Output;

/// Runs the command line with the migrations of an application, [those in Rust](Set) included, by the arguments and the
/// environment of the process.
///
/// It prints, and returns what the process should exit with: 0 done, 1 failed, 2 wrong usage, 3 pending
/// (`status --exit-code`), 4 changed or refused, 6 a lock, or the server, could not be had in time.
pub fn run<'m>(set: impl Into<Set<'m>>) -> ExitCode {
    run_from(std::env::args_os(), set)
}

/// As [`run`], by these arguments. The first one is the program's name.
pub fn run_from<'m>(args: impl IntoIterator<Item = OsString>, set: impl Into<Set<'m>>) -> ExitCode {
    main(args, Source::Own(set.into())).into()
}

/// The `migrate` binary: as [`run`], with the migrations of a directory.
pub fn directory() -> ExitCode {
    main(std::env::args_os(), Source::Directory).into()
}

fn main(args: impl IntoIterator<Item = OsString>, source: Source<'_>) -> Exit {
    let words: Vec<OsString> = args.into_iter().collect();
    let args = match Args::try_parse_from(&words) {
        Ok(args) => args,
        Err(error) => {
            let error = habits::explain(error, &words);
            return match error.print() {
                _ if error.use_stderr() => Exit::Usage,
                // Help goes to stdout and is no error; a closed pipe is none either.
                Err(lost) if lost.kind() != ErrorKind::BrokenPipe => Exit::Failed,
                _ => Exit::Done,
            };
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
