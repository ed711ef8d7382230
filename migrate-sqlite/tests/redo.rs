//! `redo`: these same ones again, and nothing else.

mod common;

use common::{Known, did, known, memory, recorded, states, tables, up};
use migrate_core::{Error, Migrator, Report};
use migrate_sqlite::Sqlite;
use rusqlite::Connection;

const ONE: [(&str, &str); 2] =
    [("20260101000001_a.up.sql", "CREATE TABLE a (x);"), ("20260101000001_a.down.sql", "DROP TABLE a;")];
const THREE: [(&str, &str); 2] =
    [("20260101000003_c.up.sql", "CREATE TABLE c (x);"), ("20260101000003_c.down.sql", "DROP TABLE c;")];
const LATE: (&str, &str) = ("20260101000002_b.sql", "CREATE TABLE b (x);");
const NEW: (&str, &str) = ("20260101000004_d.sql", "CREATE TABLE d (x);");

fn redo(db: &mut Connection, known: &Known, count: usize) -> Result<Report, Error> {
    Migrator::new(&mut Sqlite::on(db)).redo(known, count)
}

#[test]
fn others_that_are_pending_stay_so() {
    let mut db = memory();
    up(&mut db, &known(&[ONE, THREE].concat())).unwrap();
    let all = known(&[ONE[0], ONE[1], LATE, THREE[0], THREE[1], NEW]);
    assert_eq!(did(redo(&mut db, &all, 1)), "-3 +3");
    assert_eq!(did(redo(&mut db, &all, 9)), "-3 -1 +1 +3");
    assert_eq!(states(&mut db, &all), "1 applied, 2 out-of-order, 3 applied, 4 pending");
    assert_eq!(did(redo(&mut memory(), &all, 1)), "");
}

#[test]
fn the_edited_file_is_what_runs() {
    let mut db = memory();
    up(&mut db, &known(&ONE)).unwrap();
    let edited = known(&[("20260101000001_a.up.sql", "CREATE TABLE a (x, y);"), ONE[1]]);
    assert_eq!(did(redo(&mut db, &edited, 1)), "-1 +1");
    assert_eq!(common::number(&db, "SELECT count(*) FROM pragma_table_info('a')"), 2);
    assert_eq!(states(&mut db, &edited), "1 applied");
}

#[test]
fn what_could_not_come_back_is_refused_before_it_goes() {
    let mut db = memory();
    up(&mut db, &known(&[ONE, THREE].concat())).unwrap();
    let check = |db: &mut Connection, known: &Known, count, expected: &str| {
        let error = did(redo(db, known, count));
        assert!(error.contains(expected), "{error}");
        assert_eq!((recorded(db).as_str(), tables(db)), ("1 3", vec!["a".into(), "c".into()]));
    };
    check(&mut db, &known(&ONE), 1, "20260101000003_c can't be applied again: its file is gone");
    let mixed = known(&[ONE[0], ONE[1], ("20260101000003_c.up.sql", "CREATE TABLE c (x); VACUUM;"), THREE[1]]);
    check(&mut db, &mixed, 1, "VACUUM can't run in a transaction");
    let changed = known(&[("20260101000001_a.up.sql", "CREATE TABLE a (y);"), ONE[1], THREE[0], THREE[1]]);
    check(&mut db, &changed, 1, "20260101000001_a has changed");
    check(&mut db, &known(&[ONE[0], ONE[1], THREE[0]]), 1, "is irreversible");
}
