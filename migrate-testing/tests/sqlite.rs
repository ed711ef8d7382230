//! Test databases on SQLite.
#![allow(clippy::unwrap_used)]

mod common;

use common::{alone, succeeds};
use migrate_core::sql::Dialect;
use migrate_testing::Template;
use rusqlite::Connection;

fn template(salt: &str) -> Template<'static, Connection> {
    Template::of(common::known(Dialect::Sqlite, salt))
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn each_has_its_own_in_memory() {
    let template = template("memory").seed("INSERT INTO books VALUES ('Emma')");
    let (one, other) = (template.sqlite().unwrap(), template.sqlite().unwrap());
    one.connection().execute("DELETE FROM books", []).unwrap();
    // It grows beyond its image.
    one.connection().execute("CREATE TABLE big AS SELECT randomblob(1000000)", []).unwrap();
    assert_eq!((count(one.connection(), "books"), count(other.connection(), "books")), (0, 1));
    assert_eq!(count(other.connection(), "migrate_history"), 2);
}

/// A WAL database's image can't be opened in memory as it is (trap 40).
#[test]
fn a_set_that_asks_for_wal() {
    let template = template("wal").seed("PRAGMA journal_mode = wal; INSERT INTO books VALUES ('Emma')");
    assert_eq!(count(template.sqlite().unwrap().connection(), "books"), 1);
    let file = template.sqlite_file().unwrap();
    let mode: String = file.connect().unwrap().query_row("PRAGMA journal_mode = wal", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_file_is_for_other_clients_and_goes_with_the_test() {
    let db = template("file").sqlite_file().unwrap();
    let other = Connection::open(db.path()).unwrap();
    other.execute("INSERT INTO books VALUES ('Emma')", []).unwrap();
    assert_eq!(count(&db.connect().unwrap(), "books"), 1);
    assert_eq!(db.url(), format!("sqlite:{}", db.path().display()));
    let path = db.path().to_owned();
    drop(db);
    assert!(!path.exists());
}

#[test]
fn two_hundred_at_once_in_threads() {
    let template = template("threads");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let (memory, file) = (template.sqlite().unwrap(), template.sqlite_file().unwrap());
                    for connection in [memory.connection(), &file.connect().unwrap()] {
                        assert_eq!(count(connection, "books"), 0);
                        connection.execute("INSERT INTO books VALUES ('mine')", []).unwrap();
                    }
                }
            });
        }
    });
}

/// The next process finds the image, and never half of it; what a killed one has left is removed.
#[test]
fn processes_share_the_image_and_clear_up() {
    let dir = tempfile::tempdir().unwrap();
    let variables = [("MIGRATE_TESTING_DIR", dir.path().to_str().unwrap())];
    let children: Vec<_> = (0..8).map(|_| alone("in_a_process_of_its_own", &variables)).collect();
    children.into_iter().for_each(|child| drop(succeeds(child)));
    let names = || {
        let files = dir.path().join("sqlite").read_dir().unwrap();
        files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let [image] = &names()[..] else { panic!("{:?}", names()) };
    assert!(image.starts_with("template-"), "{image}");
    // No process has this number.
    std::fs::write(dir.path().join("sqlite/test-999999999-0.db"), "").unwrap();
    succeeds(alone("in_a_process_of_its_own", &variables));
    assert_eq!(names().len(), 1, "{:?}", names());
    // It is read, not made again.
    let file = dir.path().join("sqlite").join(image);
    std::fs::write(&file, "no database").unwrap();
    let output = alone("in_a_process_of_its_own", &variables).wait_with_output().unwrap();
    assert!(!output.status.success());
}

#[test]
#[ignore = "run by another, in processes of its own"]
fn in_a_process_of_its_own() {
    let template = template("process");
    assert_eq!(count(template.sqlite().unwrap().connection(), "members"), 1);
    assert_eq!(count(&template.sqlite_file().unwrap().connect().unwrap(), "members"), 1);
}
