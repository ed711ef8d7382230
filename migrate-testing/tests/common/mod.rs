//! What the suites share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(all(unix, feature = "postgres"))]
pub mod postgres;

use std::process::{Child, Command, Stdio};

use migrate_core::sql::Dialect;
use migrate_core::{Migrations, source};

/// Two tables, one with a row; `salt` makes the set another one.
pub fn known<C: 'static>(dialect: Dialect, salt: &str) -> Migrations<'static, C> {
    let books = format!("CREATE TABLE books (title text NOT NULL); -- {salt}");
    let files = [
        ("20260101000000_books.sql", books.as_str()),
        ("20260102000000_members.sql", "CREATE TABLE members (name text); INSERT INTO members VALUES ('ada');"),
    ];
    let read = source::read(files, Some(dialect)).unwrap_or_else(|error| panic!("{error}"));
    Migrations::from_sql(read.migrations).unwrap_or_else(|error| panic!("{error}"))
}

/// This very program, at one of its ignored tests, in a process of its own: as nextest runs them.
pub fn alone(test: &str, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    for (name, value) in variables {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for it; what it said, when it did not succeed.
pub fn succeeds(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}
