//! What a run would do, as SQL: it creates nothing, and running it by hand leaves what the run would have left.

mod common;

use common::{known, memory, recorded, states, tables};
use migrate_core::{DownTarget, Migrator, Transactions, UpTarget};
use migrate_sqlite::{Sqlite, Url};

const FILES: [(&str, &str); 4] = [
    ("20260101000001_a.up.sql", "CREATE TABLE a (x); -- one\nINSERT INTO a VALUES ('é;')"),
    ("20260101000001_a.down.sql", "DROP TABLE a"),
    ("20260101000002_b.sql", "-- migrate:options foreign_keys:off\n-- migrate:up\nCREATE TABLE b (x);\n"),
    ("20260101000003_c.sql", "VACUUM;"),
];

#[test]
fn what_is_rendered_is_what_would_be_left() {
    let known = known(&FILES);
    let mut db = memory();
    let sql = Migrator::new(&mut Sqlite::on(&mut db)).render_up(&known, UpTarget::All).unwrap();
    assert!(tables(&db).is_empty());
    let heads: Vec<_> = sql.lines().filter(|line| line.starts_with("-- ")).collect();
    assert_eq!(
        heads,
        [
            "-- the tables of the history",
            "-- 20260101000001_a (up)",
            "-- 20260101000002_b (up)",
            "-- migrate:up",
            "-- 20260101000003_c (up)"
        ]
    );
    assert_eq!(sql.matches("PRAGMA foreign_keys = OFF;").count(), 1);
    db.execute_batch(&sql).unwrap();
    assert_eq!((tables(&db), recorded(&db).as_str()), (vec!["a".into(), "b".into()], "1 2 3"));
    assert_eq!(states(&mut db, &known), "1 applied, 2 applied, 3 applied");
    assert_eq!(Migrator::new(&mut Sqlite::on(&mut db)).render_up(&known, UpTarget::All).unwrap(), "");

    let down = common::known(&FILES[..2]);
    let refused = Migrator::new(&mut Sqlite::on(&mut db)).render_down(&down, DownTarget::Absent);
    assert!(refused.unwrap_err().is_refused());
    db.execute_batch("DELETE FROM migrate_history WHERE version > 20260101000001").unwrap();
    let sql = Migrator::new(&mut Sqlite::on(&mut db)).render_down(&down, DownTarget::Count(9)).unwrap();
    assert!(sql.starts_with("-- 20260101000001_a (down)\nBEGIN IMMEDIATE;\nDROP TABLE a;\n"), "{sql}");
    db.execute_batch(&sql).unwrap();
    assert_eq!((tables(&db), recorded(&db).as_str()), (vec!["b".into()], ""));
}

#[test]
fn all_in_one_transaction() {
    let mut db = memory();
    let known = known(&[FILES[0], FILES[1], ("20260101000002_b.sql", "CREATE TABLE b (x)")]);
    let mut sqlite = Sqlite::on(&mut db);
    let mut migrator = Migrator::new(&mut sqlite).transactions(Transactions::One);
    let sql = migrator.render_up(&known, UpTarget::All).unwrap();
    assert_eq!((sql.matches("BEGIN IMMEDIATE;").count(), sql.matches("COMMIT;").count()), (2, 2));
}

#[test]
fn a_file_that_is_not_there_stays_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let mut sqlite = Sqlite::open(&Url::file(&path)).unwrap();
    assert!(Migrator::new(&mut sqlite).render_up(&known(&FILES), UpTarget::All).unwrap().contains("CREATE TABLE a"));
    assert!(dir.path().read_dir().unwrap().next().is_none());
}
