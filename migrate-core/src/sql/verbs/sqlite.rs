//! SQLite. What happens in a transaction was measured with 3.40, in one begun with
//! `BEGIN IMMEDIATE`, as a run does it.

use super::{Row, control, row, session, temporary};

pub(super) const ROWS: &[Row] = &[
    control("END"),
    // Some pragmas act while they are prepared, EXPLAIN or not.
    row("-EXPLAIN [QUERY PLAN] PRAGMA @"),
    row("PRAGMA @"),
    temporary("CREATE -TEMP|TEMPORARY TABLE|VIEW|TRIGGER [IF NOT EXISTS] @"),
    row("CREATE -VIRTUAL TABLE [IF NOT EXISTS] @"),
    row("INSERT [OR ABORT|FAIL|IGNORE|REPLACE|ROLLBACK] -INTO @"),
    row("UPDATE [OR ABORT|FAIL|IGNORE|REPLACE|ROLLBACK] @"),
    row("REINDEX"),
    row("VACUUM").fails("SQLite cannot VACUUM from within a transaction"),
    session("ATTACH"),
    session("DETACH").may_fail(
        "SQLite holds every database that was attached before the transaction began, or written in it, until the transaction ends",
    ),
];

/// What `PRAGMA name` is, with or without a value.
pub(in crate::sql) fn pragma(name: &str, has_value: bool) -> Row {
    let found = PRAGMAS.iter().find(|(known, when, _)| *known == name && (*when == When::Always || has_value));
    match found {
        Some((_, _, row)) => *row,
        None if has_value => session("PRAGMA"),
        None => row("PRAGMA"),
    }
}

/// Which forms of a pragma a row is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// With a value: without, it is only a question.
    Set,
    Always,
}

const PRAGMAS: &[(&str, When, Row)] = &[
    ("foreign_keys", When::Set, session("PRAGMA").no_effect("SQLite ignores PRAGMA foreign_keys in a transaction")),
    (
        "journal_mode",
        When::Set,
        session("PRAGMA").fails(
            "SQLite cannot go into or out of WAL mode in a transaction, and after a write it ignores any change",
        ),
    ),
    (
        "synchronous",
        When::Set,
        session("PRAGMA").fails("SQLite's safety level may not be changed inside a transaction"),
    ),
    ("wal_checkpoint", When::Always, row("PRAGMA").fails("SQLite finds the database locked by the transaction itself")),
    (
        "page_size",
        When::Set,
        session("PRAGMA")
            .no_effect("SQLite changes the page size only of an empty database, before a transaction, or at a VACUUM"),
    ),
    (
        "auto_vacuum",
        When::Set,
        session("PRAGMA").may_fail(
            "SQLite turns auto_vacuum on or off only in an empty database, before a transaction, or at a VACUUM",
        ),
    ),
    ("defer_foreign_keys", When::Set, session("PRAGMA").ends_segment()),
    // These write to the database, and roll back with it.
    ("user_version", When::Always, row("PRAGMA")),
    ("application_id", When::Always, row("PRAGMA")),
    ("schema_version", When::Always, row("PRAGMA")),
    ("default_cache_size", When::Always, row("PRAGMA")),
    // What these have in parentheses is no value, but what to look at, or how much of it.
    ("incremental_vacuum", When::Always, row("PRAGMA")),
    ("optimize", When::Always, row("PRAGMA")),
    ("foreign_key_check", When::Always, row("PRAGMA")),
    ("foreign_key_list", When::Always, row("PRAGMA")),
    ("integrity_check", When::Always, row("PRAGMA")),
    ("quick_check", When::Always, row("PRAGMA")),
    ("table_info", When::Always, row("PRAGMA")),
    ("table_xinfo", When::Always, row("PRAGMA")),
    ("table_list", When::Always, row("PRAGMA")),
    ("index_info", When::Always, row("PRAGMA")),
    ("index_xinfo", When::Always, row("PRAGMA")),
    ("index_list", When::Always, row("PRAGMA")),
];
