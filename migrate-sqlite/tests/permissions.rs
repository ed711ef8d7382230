//! Directories and files that this process may not write, or not even read. Root may do all, so when the suite runs as
//! root the work is done in a process of another user.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use common::{did, known};
use migrate_core::sql::Dialect;
use migrate_core::{Migrator, UpTarget, source};
use migrate_sqlite::{Sqlite, Url};
use rusqlite::Connection;

const ONE: (&str, &str) = ("20260101000001_a.sql", "CREATE TABLE a (x);");
const TWO: (&str, &str) = ("20260101000002_b.sql", "CREATE TABLE b (x);");
const NOBODY: u32 = 65534;

/// Not a test by itself: one `up`, what it says on one line of its own.
#[test]
#[ignore = "run by the other tests, in a process of its own"]
#[allow(clippy::print_stdout)]
fn child() {
    let Ok(path) = std::env::var("MIGRATE_TEST_PATH") else { return };
    let said = if std::env::var_os("MIGRATE_TEST_READ_DIR").is_some() {
        source::read_dir(Path::new(&path), Some(Dialect::Sqlite))
            .map_or_else(|error| error.to_string(), |_| "read".into())
    } else {
        let files = if std::env::var_os("MIGRATE_TEST_PENDING").is_some() { &[ONE, TWO][..] } else { &[ONE][..] };
        match Sqlite::open(&Url::file(path)) {
            Ok(mut sqlite) => did(Migrator::new(&mut sqlite).up(&known(files), UpTarget::All)),
            Err(cause) => cause.to_string(),
        }
    };
    println!("\n<<{said}>>");
}

/// A directory that everybody may enter, and the test program in it.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::copy(std::env::current_exe().unwrap(), dir.path().join("child")).unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        Place { dir }
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// What the other user's process says.
    fn says(&self, path: &Path, variable: &str) -> String {
        let mut command = Command::new(self.dir.path().join("child"));
        command
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env("MIGRATE_TEST_PATH", path)
            .env(variable, "1");
        command.current_dir(self.dir.path());
        // The owner of what this process makes tells who it is.
        if fs::metadata(self.data()).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = said.split_once("<<").and_then(|(_, rest)| rest.split_once(">>")).map(|(said, _)| said.to_owned());
        let said = said.unwrap_or_else(|| panic!("{output:?}"));
        said.replace(self.dir.path().to_str().unwrap(), "[dir]")
    }

    fn database(&self, journal_mode: &str) -> std::path::PathBuf {
        let path = self.data().join("app.db");
        let mut db = Connection::open(&path).unwrap();
        let _: String = db.query_row(&format!("PRAGMA journal_mode = {journal_mode}"), [], |row| row.get(0)).unwrap();
        common::up(&mut db, &known(&[ONE])).unwrap();
        drop(db);
        path
    }

    fn close(&self, path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Else the directory could not be removed.
        let _ = fs::set_permissions(self.data(), Permissions::from_mode(0o755));
    }
}

#[test]
fn a_read_only_database_in_rollback_mode() {
    let place = Place::new();
    let path = place.database("delete");
    place.close(&path, 0o444);
    place.close(&place.data(), 0o555);
    assert_eq!(place.says(&path, "MIGRATE_TEST_NOTHING"), "");
    assert_eq!(
        place.says(&path, "MIGRATE_TEST_PENDING"),
        "20260101000002_b: attempt to write a readonly database [SQLITE_READONLY]\n  \
         = hint: this process may not write to the database file or to its directory\n  \
         = rolled back: 20260101000002_b; applied before it: 0; still pending behind it: 0\n  \
         = see to the database, and run `migrate up` again"
    );
}

/// TRAPS 40: it can't even be read, and SQLite does not say why.
#[test]
fn a_wal_database_in_a_read_only_directory() {
    let place = Place::new();
    let path = place.database("wal");
    place.close(&path, 0o444);
    place.close(&place.data(), 0o555);
    let said = place.says(&path, "MIGRATE_TEST_NOTHING");
    assert!(said.starts_with("reading the history: "), "{said}");
    assert!(
        said.ends_with(
            "\n  = hint: [dir]/data/app.db is in WAL mode: even reading it needs its -shm file beside it, so the \
             directory must be writable for this process"
        ),
        "{said}"
    );
}

#[test]
fn a_database_that_may_not_be_read() {
    let place = Place::new();
    let path = place.database("delete");
    place.close(&path, 0o000);
    let said = place.says(&path, "MIGRATE_TEST_NOTHING");
    assert!(said.starts_with("[dir]/data/app.db: unable to open database file"), "{said}");
    assert!(said.contains("this process may use them"), "{said}");
}

#[test]
fn where_only_the_database_may_be_written_there_is_no_lock_and_transactions_are_enough() {
    let place = Place::new();
    let path = place.database("memory");
    fs::remove_file(place.data().join("app.db-miglock")).unwrap();
    place.close(&path, 0o666);
    place.close(&place.data(), 0o555);
    let said = place.says(&path, "MIGRATE_TEST_PENDING");
    // SQLite's rollback journal needs the directory as well: the first write says so, not the lock.
    assert!(said.contains("attempt to write a readonly database [SQLITE_READONLY 1544]"), "{said}");
    assert!(said.contains("may not write to the database file or to its directory"), "{said}");
}

#[test]
fn a_directory_of_migrations_that_may_not_be_read() {
    let place = Place::new();
    fs::write(place.data().join(ONE.0), ONE.1).unwrap();
    place.close(&place.data(), 0o000);
    let said = place.says(&place.data(), "MIGRATE_TEST_READ_DIR");
    assert!(said.starts_with("[dir]/data: ") && said.to_lowercase().contains("permission"), "{said}");
}
