//! A migration and its history row are one.

use migrate_core::driver::{Driver, Expect};
use migrate_core::{Error, Migrator, Transactions, UpTarget};

use super::{A, B, C, is_there, is_transactional, states};
use crate::{Subject, did, known, up};

/// What is recorded is not run again, and what ran is recorded, with its checksum and times.
pub fn each_migration_once<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let set = known::<S>(&[A, B, C]);
    assert_eq!(did(up::<S>(connection, &set)), "+1 +2 +3");
    assert_eq!(did(up::<S>(connection, &set)), "");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "11");
    let rows = S::driver(connection).read_history().ok().flatten().unwrap_or_default();
    let versions: Vec<_> = rows.iter().map(|row| row.version.get() % 100).collect();
    assert_eq!(versions, [1, 2, 3], "sorted by version");
    for row in rows {
        let begun = row.started_at.as_str();
        assert!(begun.len() == 24 && begun.ends_with('Z'), "UTC with milliseconds: {begun}");
        assert!(row.finished_at.is_some_and(|ended| ended.as_str() >= begun), "it ended after it began");
        assert!(row.duration_ms.is_some_and(|took| took >= 0));
        assert!(row.statements_checksum.is_some());
    }
}

const WRONG: (&str, &str) = (
    "20260101000003_c.sql",
    "CREATE TABLE c (n INTEGER);\nINSERT INTO nosuch VALUES (1);\nCREATE TABLE d (n INTEGER);",
);

/// The file that fails leaves nothing, or, where the schema's changes commit by themselves, what ran before the failure;
/// those before it stay; mended, it goes on.
pub fn a_failure_leaves_those_before_it<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let error = up::<S>(connection, &known::<S>(&[A, B, WRONG])).map(|_| ());
    let Err(Error::Failed(failure)) = error else { panic!("{error:?}") };
    assert_eq!((failure.statement, failure.report.done.len(), failure.still_pending), (Some((2, 3)), 2, 0));
    let all_or_nothing = is_transactional::<S>(connection);
    assert_eq!(is_there::<S>(connection, "c"), !all_or_nothing);
    assert!(!is_there::<S>(connection, "d"));
    let state = if all_or_nothing { "pending" } else { "interrupted" };
    let states = states::<S>(connection, &known::<S>(&[A, B, WRONG]));
    assert_eq!(states, format!("1 applied, 2 applied, 3 {state}"));
    let mended = (WRONG.0, "CREATE TABLE c (n INTEGER);\nUPDATE a SET n = n + 10;");
    assert_eq!(did(up::<S>(connection, &known::<S>(&[A, B, mended]))), "+3");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "11");
}

/// On a fresh database files may share a transaction; nobody must be able to tell.
pub fn together_is_as_one_by_one<S: Subject>() {
    let sets: [&[(&str, &str)]; 3] = [
        &[A, B, WRONG],
        &[A, ("20260101000002_b.sql", "CREATE TABL b (n INTEGER)"), C],
        &[
            A,
            B,
            ("20260101000003_c.sql", "CREATE TABLE c (n INTEGER);\nINSERT INTO a (nosuch) VALUES (1)"),
            ("20260101000004_d.sql", "CREATE TABLE d (n INTEGER)"),
        ],
    ];
    for files in sets {
        let (together, one_by_one) = (S::fresh(), S::fresh());
        let connection = &mut together.connect();
        let said = up::<S>(connection, &known::<S>(files)).map(|_| ()).map_err(|error| error.to_string());
        let other = &mut one_by_one.connect();
        let mut said_last = Ok(());
        for n in 1..=files.len() {
            let part = known::<S>(files.get(..n).unwrap_or_default());
            said_last = up::<S>(other, &part).map(|_| ()).map_err(|error| error.to_string());
            if said_last.is_err() {
                break;
            }
        }
        // The place and the code: the message may name the database.
        let what = |said: Result<(), String>| {
            let said = said.err()?;
            let line = said.lines().next()?;
            Some((line.split_once(": ")?.0.to_owned(), line.rsplit_once('[')?.1.to_owned()))
        };
        assert_eq!(what(said), what(said_last), "{files:?}");
        let set = known::<S>(files);
        assert_eq!(states::<S>(connection, &set), states::<S>(other, &set), "{files:?}");
        assert_eq!(S::value(connection, "SELECT n FROM a"), S::value(other, "SELECT n FROM a"), "{files:?}");
        for table in ["b", "c", "d"] {
            assert_eq!(is_there::<S>(connection, table), is_there::<S>(other, table), "{table} {files:?}");
        }
    }
}

/// All that is pending, or nothing; refused where that can't be.
pub fn one_transaction_for_all<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let run = |connection: &mut S::Connection, files: &[(&str, &str)]| {
        let mut driver = S::driver(connection);
        did(Migrator::new(&mut driver).transactions(Transactions::One).up(&known::<S>(files), UpTarget::All))
    };
    let said = run(connection, &[A, B, WRONG]);
    if !is_transactional::<S>(connection) {
        assert!(
            said.contains("refused, nothing was changed") && said.contains("can't share one transaction"),
            "{said}"
        );
        assert!(!is_there::<S>(connection, "a"));
        return;
    }
    assert!(said.contains("and the 2 others of its transaction"), "{said}");
    assert!(!is_there::<S>(connection, "a"));
    assert_eq!(run(connection, &[A, B, C]), "+1 +2 +3");
}

/// Down to the line, behind characters of several bytes and lines that end with CRLF.
pub fn a_failure_says_where<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let text =
        "CREATE TABLE e (n INTEGER);\r\n-- é 漢字\r\nINSERT INTO e VALUES (1);\r\nINSERT INTO nosuch VALUES (2);\r\n";
    let error = up::<S>(connection, &known::<S>(&[("20260101000001_e.sql", text)])).map(|_| ());
    let Err(Error::Failed(failure)) = error else { panic!("{error:?}") };
    let at = failure.at.as_ref().map(|at| (at.file.as_str(), at.position.line));
    assert_eq!(at, Some(("20260101000001_e.sql", 4)));
    assert_eq!(failure.line.as_deref().map(str::trim_end), Some("INSERT INTO nosuch VALUES (2);"));
    assert!(failure.cause.code.is_some() && failure.cause.message.contains("nosuch"), "{}", failure.cause);
}

/// What a run relies on is looked at again inside the transaction that relies on it.
pub fn a_history_that_moved_is_looked_at_again<S: Subject>() {
    use migrate_core::driver::{CauseKind, Group, Unit, UnitMode};
    let db = S::fresh();
    let connection = &mut db.connect();
    let set = known::<S>(&[A]);
    assert_eq!(did(up::<S>(connection, &set)), "+1");
    let mut driver = S::driver(connection);
    assert!(driver.try_lock().is_ok() && driver.prepare().is_ok());
    for (expect, version, fits) in [
        (Expect::Absent, 20260101000001, false),
        (Expect::Begun, 20260101000001, false),
        (Expect::Applied, 20260101000009, false),
        (Expect::Absent, 20260101000009, true),
        (Expect::Applied, 20260101000001, true),
    ] {
        let unit = Unit {
            version: migrate_core::Version::new(version),
            direction: migrate_core::Direction::Up,
            script: None,
            statements: &[],
            mode: UnitMode::Transaction,
            expect,
            before: Vec::new(),
            after: Vec::new(),
            foreign_keys: migrate_core::ForeignKeys::AsTheyAre,
            restore_settings: false,
            lock_timeout: None,
        };
        let kind = driver.apply(&[unit], Group::Segment).map(|_| ()).map_err(|failed| failed.cause.kind);
        assert_eq!(kind, if fits { Ok(()) } else { Err(CauseKind::HistoryMoved) }, "{expect:?} {version}");
    }
    assert!(driver.unlock().is_ok());
}
