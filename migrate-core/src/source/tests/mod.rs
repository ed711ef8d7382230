//! Directories in, tables or mistakes out.

mod directories;
mod disk;
mod forms;
mod headers;
mod markers;
mod names;
mod stored;
mod texts;

use std::fmt::Write as _;

use super::{Read, read_labelled};
use crate::sql::Dialect;
use crate::{Down, Options, Script, Store, TransactionMode};

/// Reads the files as the directory `m`, for a database that is not known, and compares what is said.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    check_in(None, files, expected);
}

/// As [`check`], for one database.
#[track_caller]
fn check_in(dialect: impl Into<Option<Dialect>>, files: &[(&str, &str)], expected: &str) {
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    check_bytes(dialect.into(), &bytes, expected);
}

/// As [`check_in`], for what is no text. The order of the files must not matter.
#[track_caller]
fn check_bytes(dialect: Option<Dialect>, files: &[(&str, &[u8])], expected: &str) {
    let said = |files: Vec<(&str, &[u8])>| match read_labelled("m", files, dialect) {
        Ok(read) => summary(&read),
        Err(mistakes) => mistakes.to_string(),
    };
    let found = said(files.to_vec());
    assert_eq!(found, expected.trim_matches('\n'), "\n--- found:\n{found}\n--- expected:\n{expected}\n");
    assert_eq!(said(files.iter().rev().copied().collect()), found, "another order, another result");
}

/// One migration a line.
fn summary(read: &Read) -> String {
    let mut table = String::new();
    for migration in &read.migrations {
        let up = script(&migration.up);
        let down = match &migration.down {
            Down::Script(down) => script(down),
            Down::NothingToUndo => "nothing to undo".into(),
            Down::Irreversible => "irreversible".into(),
        };
        let store = if migration.store == Store::ChecksumOnly { " | not stored" } else { "" };
        writeln!(table, "{} | {up} | {down}{store}", migration.meta).unwrap();
    }
    table.trim_end().to_owned()
}

/// Where a script stands, what it says, and its options.
fn script(script: &Script) -> String {
    let Options { transaction, foreign_keys, lock_timeout, retry_safe } = script.options;
    let mut shown = format!("{}:{} {:?}", script.file, script.line, script.text);
    if transaction == TransactionMode::Outside {
        shown += " outside";
    }
    if foreign_keys == crate::ForeignKeys::Off {
        shown += " keys-off";
    }
    if let Some(wait) = lock_timeout {
        write!(shown, " lock {wait:?}").unwrap();
    }
    if retry_safe {
        shown += " retry-safe";
    }
    shown
}

#[test]
fn a_name_twice() {
    let twice = "m/20230314095813_x.sql: is given twice";
    check(&[("20230314095813_x.sql", "SELECT 1;"), ("./20230314095813_x.sql", "SELECT 2;")], twice);
}

/// Whatever the names and the bytes are, there is an answer. (A linear congruence is random enough, and always the same.)
#[test]
fn no_input_is_too_strange() {
    const PIECES: [&str; 40] = [
        "20230314095813",
        "2023-03-14-095813",
        "_",
        "x",
        ".",
        "up",
        "down",
        "sql",
        "/",
        "SQL",
        "é",
        "\u{301}",
        "~",
        "V1__",
        "no-db-txn",
        "metadata.toml",
        "-- migrate:",
        "-- migrate:up",
        "-- migrate:down",
        "options",
        " ",
        "\n",
        "\r",
        "'",
        "$$",
        "\\",
        "/*",
        "*/",
        ";",
        "COMMIT",
        "transaction:",
        "lock_timeout:",
        "nothing-to-undo",
        "\u{feff}",
        "\0",
        "1",
        "#",
        "--",
        "run_in_transaction",
        "=",
    ];
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for round in 0..20_000 {
        let mut text = |most| (0..random(most)).map(|_| PIECES[random(PIECES.len())]).collect::<String>();
        let good = ["20230314095813_x.sql", "20230314095813_x.up.sql", "20230314095813_x/up.sql"][round % 3];
        let files = [(text(8), text(12)), (good.to_owned(), text(12))];
        let bytes = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes()));
        let cut = bytes.map(|(name, bytes)| (name, bytes.get(..bytes.len().saturating_sub(round % 2)).unwrap()));
        let dialect = [None, Some(Dialect::Postgres), Some(Dialect::Mysql), Some(Dialect::Sqlite)][round % 4];
        match read_labelled("m", cut, dialect) {
            Ok(read) => assert!(read.migrations.len() < 3),
            Err(mistakes) => assert!(!mistakes.to_string().is_empty()),
        }
    }
}
