//! Alone in its file, and so alone on the server: it fills what all sessions share.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, known, text, up};

/// Trap 35: the lock table is the whole server's, and one transaction with this many tables would fill it.
#[test]
fn two_thousand_tables_on_a_fresh_database() {
    let db = Database::fresh();
    let client = &mut db.client();
    let all: String = (0..4000).map(|n| format!("CREATE TABLE all{n} (id int PRIMARY KEY);\n")).collect();
    let full = client.batch_execute(&all).is_err_and(|why| why.code().is_some_and(|code| code.code() == "53200"));
    // PostgreSQL 18 keeps most of such locks elsewhere.
    let roomy = text(client, "SELECT current_setting('server_version_num')::int >= 180000") == "t";
    assert!(full || roomy, "the test's server has room for them all: it proves nothing");
    let name = |n: usize| format!("20260101{:02}{:02}{:02}_t{n}.sql", n / 3600, n / 60 % 60, n % 60);
    let files: Vec<_> = (0..2000).map(|n| (name(n), format!("CREATE TABLE t{n} (id int PRIMARY KEY)"))).collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let report = up(client, &known(&files)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.done.len(), 2000);
    assert_eq!(text(client, "SELECT count(*) FROM migrate_history"), "2000");
}
