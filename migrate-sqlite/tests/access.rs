//! What a start with nothing to do leaves alone, and databases that can't be used.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{did, known, number, up};
use migrate_core::{Error, Event, Migrator, Report, Tables, UpTarget};
use migrate_sqlite::{Sqlite, Url};
use rusqlite::{Connection, OpenFlags};

const ONE: (&str, &str) = ("20260101000001_a.sql", "CREATE TABLE a (x);");
const TWO: (&str, &str) = ("20260101000002_b.sql", "CREATE TABLE b (x);");
const OUTSIDE: (&str, &str) = ("20260101000003_c.sql", "VACUUM;");

fn at(path: &Path) -> Result<Sqlite<'static>, Error> {
    let opened = Sqlite::open(&Url::file(path));
    opened.map_err(|cause| Error::Database { doing: "opening the database", cause })
}

fn up_at(path: &Path, files: &[(&str, &str)]) -> Result<Report, Error> {
    Migrator::new(&mut at(path)?).up(&known(files), UpTarget::All)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_start_with_nothing_to_do_writes_nothing_locks_nothing_and_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    // No migration, no database: no file either.
    assert_eq!(did(up_at(&path, &[])), "");
    assert!(!Migrator::new(&mut at(&path).unwrap()).status(&known(&[ONE]), |s| s.entries.is_empty()).unwrap());
    assert_eq!(names(dir.path()), [""; 0]);
    assert_eq!(did(up_at(&path, &[ONE])), "+1");
    assert_eq!(names(dir.path()), ["app.db", "app.db-miglock"]);
    fs::remove_file(dir.path().join("app.db-miglock")).unwrap();
    let before = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    // Also while somebody else writes, and on a connection that may not.
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(did(up_at(&path, &[ONE])), "");
    let mut reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(did(up(&mut reader, &known(&[ONE]))), "");
    drop(writer);
    assert_eq!((fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap()), before);
    assert_eq!(names(dir.path()), ["app.db"]);
}

#[test]
fn a_read_only_database_with_pending_work_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    up_at(&path, &[ONE]).unwrap();
    let mut reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(
        did(up(&mut reader, &known(&[ONE, TWO]))),
        "20260101000002_b: attempt to write a readonly database [SQLITE_READONLY]\n  \
         = hint: this process may not write to the database file or to its directory\n  \
         = rolled back: 20260101000002_b; applied before it: 0; still pending behind it: 0\n  \
         = see to the database, and run `migrate up` again"
    );
}

#[test]
fn a_file_that_is_no_database_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        did(up_at(dir.path(), &[ONE])),
        format!("opening the database: {} is a directory, not a database file", dir.path().display())
    );
    let text = dir.path().join("notes.txt");
    fs::write(&text, "a file that is long enough to be taken for a database header, but is none".repeat(20)).unwrap();
    assert_eq!(
        did(up_at(&text, &[ONE])),
        "reading the history: file is not a database [SQLITE_NOTADB]\n  \
         = hint: the file is no SQLite database, or it is encrypted"
    );
    let nowhere = dir.path().join("no/such/app.db");
    let said = did(up_at(&nowhere, &[ONE]));
    assert!(said.contains(&format!("there is no directory {}", dir.path().join("no/such").display())), "{said}");
}

#[test]
fn another_tools_table_under_our_name_is_left_alone() {
    let mut db = common::memory();
    db.execute_batch("CREATE TABLE migrate_history (id INTEGER, applied TEXT)").unwrap();
    assert_eq!(
        did(up(&mut db, &known(&[ONE]))),
        "reading the history: there is a table migrate_history that is no history of migrate: it has the columns id, \
         applied\n  = detail: no such column: version\n  \
         = hint: it belongs to another tool: give the history another name (`--table`), or rename that table"
    );
    let tables = Tables::named("our_history");
    let mut sqlite = Sqlite::on(&mut db).tables(tables);
    assert_eq!(did(Migrator::new(&mut sqlite).up(&known(&[ONE]), UpTarget::All)), "+1");
    drop(sqlite);
    assert_eq!(number(&db, "SELECT count(*) FROM our_history"), 1);
}

#[test]
fn a_newer_format_is_not_guessed_at() {
    let mut db = common::memory();
    up(&mut db, &known(&[ONE])).unwrap();
    db.execute_batch("UPDATE migrate_history SET format = 2, tool_version = 'migrate 9.9.9'").unwrap();
    assert_eq!(
        did(up(&mut db, &known(&[ONE, TWO]))),
        format!(
            "reading the history: the history was written by migrate 9.9.9 in format 2, and this is migrate {}, which \
             knows formats up to 1\n  = hint: update this program's migrate; nothing was changed",
            env!("CARGO_PKG_VERSION")
        )
    );
}

/// TRAPS 36, for SQLite: a history elsewhere must never read as an empty one.
#[test]
fn a_history_in_another_schema_is_named() {
    let dir = tempfile::tempdir().unwrap();
    up_at(&dir.path().join("app.db"), &[ONE]).unwrap();
    let mut db = common::memory();
    db.execute("ATTACH ?1 AS app", [dir.path().join("app.db").to_str().unwrap()]).unwrap();
    let said = did(up(&mut db, &known(&[ONE])));
    assert!(
        said.starts_with(
            "reading the history: the history is looked for in main.migrate_history, but stands in app.migrate_history"
        ),
        "{said}"
    );
    let mut there = Sqlite::on(&mut db).tables(Tables::default().in_schema("app"));
    assert_eq!(did(Migrator::new(&mut there).up(&known(&[ONE]), UpTarget::All)), "");
}

#[test]
fn a_connection_inside_a_transaction_is_refused() {
    let mut db = common::memory();
    db.execute_batch("BEGIN; CREATE TABLE mine (x)").unwrap();
    assert_eq!(
        did(up(&mut db, &known(&[ONE]))),
        "taking the migration lock: the connection is inside a transaction that was begun before\n  \
         = hint: commit it or roll it back first, or hand over another connection"
    );
    db.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn whoever_waits_is_told_for_whom_and_gives_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let holder = Connection::open(dir.path().join("app.db-miglock")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut events = 0;
    let count = |event: &Event<'_>| events += usize::from(matches!(event, Event::Waiting { .. }));
    let mut sqlite = at(&path).unwrap();
    let migrator = Migrator::new(&mut sqlite).lock_wait(Duration::from_millis(20)).observer(count);
    let error = { migrator }.up(&known(&[ONE]), UpTarget::All).unwrap_err();
    assert!(error.is_lock_timeout());
    let said = error.to_string();
    // The kernel names the holder: this very process.
    let who =
        if cfg!(target_os = "linux") { format!("process {}", std::process::id()) } else { "another process".into() };
    assert!(said.starts_with(&format!("another run holds the migration lock: {who}")), "{said}");
    assert!(said.ends_with("the lock dies with its holder, there is nothing to clean up"), "{said}");
    drop(sqlite);
    assert_eq!(events, 1);
    drop(holder);
    assert_eq!(did(up_at(&path, &[ONE])), "+1");
}

#[test]
fn without_a_side_file_transactions_are_enough_and_the_rest_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    // A directory where the side file should be: it can't be made.
    fs::create_dir(dir.path().join("app.db-miglock")).unwrap();
    let said = did(up_at(&path, &[ONE]));
    assert!(said.starts_with("+1 (running without a lock, each transaction by itself: "), "{said}");
    let said = did(up_at(&path, &[ONE, OUTSIDE]));
    assert!(
        said.contains("20260101000003_c runs outside a transaction and needs the lock, which can't be had"),
        "{said}"
    );
}

#[test]
fn a_writer_that_holds_the_database_is_waited_for_in_vain_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    up_at(&path, &[ONE]).unwrap();
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut retries = 0;
    let count = |event: &Event<'_>| retries += usize::from(matches!(event, Event::Retry { .. }));
    let ms = Duration::from_millis;
    let ladder = migrate_core::LockLadder { rungs: vec![(ms(1), ms(1)), (ms(1), ms(1)), (ms(1), ms(0))] };
    let mut sqlite = at(&path).unwrap();
    let error = { Migrator::new(&mut sqlite).ladder(ladder).observer(count) };
    let error = { error }.up(&known(&[ONE, TWO]), UpTarget::All).unwrap_err();
    drop(sqlite);
    assert_eq!(retries, 2);
    assert!(error.is_lock_timeout());
    assert_eq!(
        error.to_string(),
        "20260101000002_b: database is locked [SQLITE_BUSY]\n  \
         = hint: another connection is writing to the database, or reads while this one commits\n  \
         = rolled back: 20260101000002_b; applied before it: 0; still pending behind it: 0\n  \
         = run `migrate up` again when the other session is done"
    );
    drop(writer);
    assert_eq!(did(up_at(&path, &[ONE, TWO])), "+2");
}

#[test]
fn the_busy_time_out_of_a_connection_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut db = Connection::open(dir.path().join("app.db")).unwrap();
    db.busy_timeout(Duration::from_millis(1234)).unwrap();
    up(&mut db, &known(&[ONE, OUTSIDE])).unwrap();
    assert_eq!(number(&db, "PRAGMA busy_timeout"), 1234);
}

/// Code waits for a writer as files do.
#[test]
fn a_migration_in_rust_waits_for_a_writer_too() {
    use migrate_core::{BoxError, Meta, Migration, Session, Version};
    struct Code;
    impl Migration<Connection> for Code {
        fn meta(&self) -> &Meta {
            static META: Meta = Meta::code(Version::new(20260101000002), "code");
            &META
        }
        fn up(&self, db: &mut Session<'_, Connection>) -> Result<(), BoxError> {
            db.run("INSERT INTO a VALUES (1)")
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    up_at(&path, &[ONE]).unwrap();
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut held = Some(writer);
    // The writer lets go at the first retry.
    let let_go = |event: &Event<'_>| {
        if matches!(event, Event::Retry { .. }) {
            held.take();
        }
    };
    let mut sqlite = at(&path).unwrap();
    let known = known(&[ONE]).with(Code).unwrap();
    assert_eq!(did(Migrator::new(&mut sqlite).observer(let_go).up(&known, UpTarget::All)), "+2");
}

#[test]
fn settings_are_given_back_without_a_lock_too() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("app.db-miglock")).unwrap();
    let mut db = Connection::open(dir.path().join("app.db")).unwrap();
    db.busy_timeout(Duration::from_millis(1234)).unwrap();
    assert!(up(&mut db, &known(&[("20260101000001_a.sql", "PRAGMA recursive_triggers = ON; SELECT nope;")])).is_err());
    assert_eq!((number(&db, "PRAGMA busy_timeout"), number(&db, "PRAGMA recursive_triggers")), (1234, 0));
}

/// A writer that comes in between a statement outside a transaction and its line in the journal must not make the
/// statement run twice.
#[test]
fn a_journal_line_that_has_to_wait_does_not_repeat_its_statement() {
    use rusqlite::functions::FunctionFlags;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let copy = dir.path().join("copy.db").to_str().unwrap().to_owned();
    let mut db = Connection::open(&path).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let (counted, database) = (Arc::clone(&calls), path.clone());
    let hook = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let writer = Connection::open(&database)?;
        writer.execute_batch("BEGIN IMMEDIATE")?;
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            drop(writer);
        });
        Ok::<_, rusqlite::Error>(copy.clone())
    };
    db.create_scalar_function("hook", 0, FunctionFlags::SQLITE_UTF8, move |_| hook()).unwrap();
    let files = [("20260101000001_a.sql", "-- migrate:options transaction:false\nVACUUM INTO hook();")];
    assert_eq!(did(up(&mut db, &known(&files))), "+1");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// Two names of one file are one lock.
#[cfg(unix)]
#[test]
fn a_symbolic_link_is_no_way_around_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let (real, link) = (dir.path().join("app.db"), dir.path().join("link.db"));
    up_at(&real, &[ONE]).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    assert_eq!(did(up_at(&link, &[ONE, TWO])), "+2");
    assert_eq!(names(dir.path()), ["app.db", "app.db-miglock", "link.db"]);
}
