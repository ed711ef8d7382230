//! The `migrate` binary. All of it is in the library, so that an application can have the same command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    migrate_cli::directory()
}
