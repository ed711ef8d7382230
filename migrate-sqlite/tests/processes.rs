//! Several processes on one file, and processes that are killed: each migration once, and nothing for a human to do.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{known, number, recorded};
use migrate_core::{DownTarget, Migrator, UpTarget};
use migrate_sqlite::{Sqlite, Url};
use rusqlite::Connection;

/// Every migration counts itself, which running twice would show. Up and down; the third one outside a transaction.
fn counting() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for n in 1..=12 {
        let name = |way: &str| format!("202601010000{n:02}_m{n}.{way}.sql");
        let count = format!("UPDATE counter SET n{n} = n{n} + 1;");
        let busy = "INSERT INTO ballast WITH i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 500) \
                    SELECT hex(randomblob(100)) FROM i;";
        let (up, down) = match n {
            1 => {
                let columns: Vec<_> = (2..=12).map(|n| format!("n{n} DEFAULT 0")).collect();
                let tables = format!("CREATE TABLE counter ({}); CREATE TABLE ballast (x);", columns.join(", "));
                (format!("{tables} INSERT INTO counter DEFAULT VALUES;"), "-- migrate:options nothing-to-undo".into())
            }
            3 | 7 => {
                let outside = "-- migrate:options transaction:false";
                (
                    format!("{outside}\n{count}\nVACUUM;\n{busy}"),
                    format!("{outside}\n{count}\nVACUUM;\nDELETE FROM ballast;"),
                )
            }
            _ => (format!("{count}\n{busy}\nCREATE TABLE t{n} (x);"), format!("DROP TABLE t{n};\n{count}\n{busy}")),
        };
        files.push((name("up"), up));
        files.push((name("down"), down));
    }
    files
}

/// Not a test by itself: what the other processes run.
#[test]
#[ignore = "run by the other tests, in processes of their own"]
fn child() {
    let Ok(path) = std::env::var("MIGRATE_TEST_DATABASE") else { return };
    let files = counting();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut sqlite = Sqlite::open(&Url::file(path)).unwrap();
    let mut migrator = Migrator::new(&mut sqlite);
    let result = match std::env::var("MIGRATE_TEST_WAY").as_deref() {
        Ok("down") => migrator.down(&known(&files), DownTarget::Count(11)),
        _ => migrator.up(&known(&files), UpTarget::All),
    };
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn start(database: &Path, way: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored"]).env("MIGRATE_TEST_DATABASE", database).env("MIGRATE_TEST_WAY", way);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

fn database(dir: &Path, journal_mode: &str) -> std::path::PathBuf {
    let path = dir.join(format!("{journal_mode}.db"));
    let mode = format!("PRAGMA journal_mode = {journal_mode}");
    let set: String = Connection::open(&path).unwrap().query_row(&mode, [], |row| row.get(0)).unwrap();
    assert_eq!(set, journal_mode);
    path
}

/// Each counter, joined: `11111111111` when every migration ran once.
fn counters(db: &Connection) -> String {
    let columns: Vec<_> = (2..=12).map(|n| format!("n{n}")).collect();
    db.query_row(&format!("SELECT {} FROM counter", columns.join(" || ")), [], |row| row.get(0)).unwrap()
}

#[test]
fn eight_at_once_apply_each_migration_once() {
    let dir = tempfile::tempdir().unwrap();
    for mode in ["delete", "wal"] {
        let path = database(dir.path(), mode);
        let children: Vec<_> = (0..8).map(|_| start(&path, "up")).collect();
        children.into_iter().for_each(finish);
        let db = Connection::open(&path).unwrap();
        assert_eq!(recorded(&db), "1 2 3 4 5 6 7 8 9 10 11 12", "{mode}");
        assert_eq!(counters(&db), "11111111111", "{mode}");
        assert_eq!(number(&db, "SELECT count(DISTINCT run_id) FROM migrate_history"), 1, "{mode}");
    }
}

#[test]
fn a_killed_run_is_taken_up_by_the_next_one_up_and_down() {
    let dir = tempfile::tempdir().unwrap();
    let mut killed = 0;
    for (round, mode) in ["delete", "wal"].iter().cycle().take(10).enumerate() {
        let path = database(dir.path(), mode);
        for (way, versions, counted) in
            [("up", "1 2 3 4 5 6 7 8 9 10 11 12", "11111111111"), ("down", "1", "22222222222")]
        {
            // A few starts that are killed, each a little later than the one before, then one that is not.
            for kill in 0..4 {
                let mut child = start(&path, way);
                std::thread::sleep(Duration::from_millis(4 + 7 * kill + 3 * round as u64));
                if child.try_wait().unwrap().is_none() {
                    child.kill().unwrap();
                    killed += 1;
                }
                child.wait().unwrap();
                if way == "down" {
                    break;
                }
            }
            // An `up` that was killed is finished by `up`; a `down` that was killed in a file outside a transaction
            // is finished by whichever comes first, and what is then left is reverted.
            let db = Connection::open(&path).unwrap();
            if way == "down" {
                let rest = known_versions(&db) - 1;
                drop(db);
                down(&path, rest);
            } else {
                drop(db);
                finish(start(&path, way));
            }
            let db = Connection::open(&path).unwrap();
            assert_eq!(recorded(&db), versions, "round {round}, {mode}, {way}");
            assert_eq!(counters(&db), counted, "round {round}, {mode}, {way}");
            assert_eq!(number(&db, "SELECT count(*) FROM migrate_journal"), 0);
            assert_eq!(db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
        }
        std::fs::remove_file(&path).unwrap();
    }
    assert!(killed > 0, "no run was killed: the test proves nothing");
}

fn known_versions(db: &Connection) -> usize {
    number(db, "SELECT count(*) FROM migrate_history").try_into().unwrap()
}

fn down(path: &Path, count: usize) {
    let files = counting();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut sqlite = Sqlite::open(&Url::file(path)).unwrap();
    Migrator::new(&mut sqlite).down(&known(&files), DownTarget::Count(count)).unwrap_or_else(|error| panic!("{error}"));
}
