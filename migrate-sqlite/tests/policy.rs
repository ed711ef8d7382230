//! What is applied, refused, reverted and reported: the table of states, on a real SQLite.
#![allow(clippy::unwrap_used)]

mod common;

use common::{did, down, known, memory, number, recorded, states, tables, up};
use migrate_core::{DownTarget, Migrator, Missing, OutOfOrder, Policy, UpTarget, Version};
use migrate_sqlite::Sqlite;

const ONE: [(&str, &str); 2] =
    [("20260101000001_a.up.sql", "CREATE TABLE a (x);"), ("20260101000001_a.down.sql", "DROP TABLE a;")];
const TWO: [(&str, &str); 2] =
    [("20260101000002_b.up.sql", "CREATE TABLE b (x);"), ("20260101000002_b.down.sql", "DROP TABLE b;")];
const THREE: [(&str, &str); 2] =
    [("20260101000003_c.up.sql", "CREATE TABLE c (x);"), ("20260101000003_c.down.sql", "DROP TABLE c;")];

fn set(parts: &[[(&'static str, &'static str); 2]]) -> common::Known {
    known(&parts.concat())
}

fn v(n: i64) -> Version {
    Version::new(20260101000000 + n)
}

/// The story of the tools that this one succeeds, as one test.
#[test]
fn faulty_fails_fix_retry_older_merged_later_down_one_down_all_with_a_file_gone() {
    let mut db = memory();
    let faulty = known(&[ONE[0], ONE[1], ("20260101000003_c.up.sql", "CREATE TABLE c (x);\nCREATE TABL d (x);")]);
    assert_eq!(
        did(up(&mut db, &faulty)),
        "20260101000003_c.up.sql:2:8: near \"TABL\": syntax error [SQLITE_ERROR]\n  | CREATE TABL d (x);\n  \
         = rolled back: 20260101000003_c; applied before it: 1; still pending behind it: 0\n  \
         = fix the file, and run `migrate up` again"
    );
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("1", vec!["a".to_owned()]));
    assert_eq!(did(up(&mut db, &set(&[ONE, THREE]))), "+3");
    let all = set(&[ONE, TWO, THREE]);
    assert_eq!(states(&mut db, &all), "1 applied, 2 out-of-order, 3 applied");
    assert_eq!(did(up(&mut db, &all)), "+2");
    assert_eq!(did(up(&mut db, &all)), "");
    assert_eq!(did(down(&mut db, &all, DownTarget::Count(1))), "-3");
    assert_eq!(recorded(&db), "1 2");
    let gone = set(&[ONE, THREE]);
    assert_eq!(did(down(&mut db, &gone, DownTarget::Count(999))), "-2 -1");
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("", Vec::new()));
}

#[test]
fn a_changed_file_is_refused_with_a_diff_until_it_is_repaired() {
    let mut db = memory();
    up(&mut db, &set(&[ONE])).unwrap();
    let edited = known(&[("20260101000001_a.up.sql", "CREATE TABLE a (x, y);"), ONE[1], TWO[0], TWO[1]]);
    assert_eq!(
        did(up(&mut db, &edited)),
        "refused, nothing was changed: 20260101000001_a has changed since it was applied (20260101000001_a.up.sql)\n     \
         1 - CREATE TABLE a (x);\n     1 + CREATE TABLE a (x, y);\n  \
         = put the file back as it was, and write a new migration for what is new; or accept it as it is, without \
         running it: `migrate repair 20260101000001`"
    );
    assert_eq!(tables(&db), ["a"]);
    assert_eq!(did(Migrator::new(&mut Sqlite::on(&mut db)).repair(&edited, v(1))), "a1");
    assert_eq!(did(up(&mut db, &edited)), "+2");
}

#[test]
fn comments_and_blanks_may_change() {
    let mut db = memory();
    up(&mut db, &set(&[ONE])).unwrap();
    let file = "-- who needs this?\nCREATE  TABLE a\n(x); /* everyone */";
    let edited = known(&[("20260101000001_a.up.sql", file), ONE[1]]);
    let note = "(20260101000001_a has changed since it was applied, but only in comments or blanks)";
    assert_eq!(did(up(&mut db, &edited)), note);
    assert_eq!(did(Migrator::new(&mut Sqlite::on(&mut db)).repair(&edited, v(1))), "a1");
    assert_eq!(did(up(&mut db, &edited)), "");
    // Line endings and a last newline are no change at all.
    assert_eq!(did(up(&mut memory(), &set(&[ONE]))), "+1");
    let crlf = known(&[
        ("20260101000001_a.up.sql", "\u{feff}-- who needs this?\r\nCREATE  TABLE a\r\n(x); /* everyone */\r\n"),
        ONE[1],
    ]);
    assert_eq!(did(up(&mut db, &crlf)), "");
}

#[test]
fn missing_is_noted_and_ahead_runs() {
    let mut db = memory();
    up(&mut db, &set(&[ONE, TWO, THREE])).unwrap();
    assert_eq!(did(up(&mut db, &set(&[ONE, THREE]))), "(20260101000002_b is in the history, but its file is gone)");
    // An older image after a rollback of the deployment.
    let older = set(&[ONE, TWO]);
    assert_eq!(states(&mut db, &older), "1 applied, 2 applied, 3 ahead");
    assert_eq!(did(up(&mut db, &older)), "");
    let mut strict = Policy::default();
    strict.missing = Missing::Refuse;
    assert_eq!(
        did(Migrator::new(&mut Sqlite::on(&mut db)).policy(strict).up(&set(&[ONE, THREE]), UpTarget::All)),
        "refused, nothing was changed: 20260101000002_b is applied, but its file is gone, and missing files are refused \
         here\n  = bring the file back, or take the migration back with `migrate revert-missing`"
    );
}

#[test]
fn out_of_order_can_be_refused() {
    let mut db = memory();
    up(&mut db, &set(&[TWO])).unwrap();
    let mut strict = Policy::default();
    strict.out_of_order = OutOfOrder::Refuse;
    assert_eq!(
        did(Migrator::new(&mut Sqlite::on(&mut db)).policy(strict).up(&set(&[ONE, TWO]), UpTarget::All)),
        "refused, nothing was changed: 20260101000001_a is older than migrations that are applied already, and \
         out-of-order is refused here\n  = give it a new timestamp, or allow out-of-order"
    );
}

#[test]
fn targets() {
    let all = set(&[ONE, TWO, THREE]);
    let mut db = memory();
    let mut to = |target| did(Migrator::new(&mut Sqlite::on(&mut db)).up(&all, target));
    assert_eq!(to(UpTarget::Count(1)), "+1");
    assert_eq!(to(UpTarget::To(v(2))), "+2");
    assert_eq!(
        to(UpTarget::To(v(9))),
        "refused, nothing was changed: there is no migration 20260101000009: no file has this version, and the history \
         does not hold it"
    );
    assert_eq!(to(UpTarget::All), "+3");
    assert_eq!(did(down(&mut db, &all, DownTarget::To(v(2)))), "-3");
    assert_eq!(did(down(&mut db, &all, DownTarget::Count(0))), "");
    assert_eq!(did(down(&mut db, &all, DownTarget::To(Version::ZERO))), "-2 -1");
}

#[test]
fn baseline_records_without_running() {
    let all = set(&[ONE, TWO, THREE]);
    let mut db = memory();
    db.execute_batch("CREATE TABLE a (x); CREATE TABLE b (x)").unwrap();
    assert_eq!(did(Migrator::new(&mut Sqlite::on(&mut db)).baseline(&all, v(2))), "r1 r2");
    assert_eq!(did(up(&mut db, &all)), "+3");
    // What was recorded can be reverted as if it had been run.
    assert_eq!(did(down(&mut db, &all, DownTarget::Count(9))), "-3 -2 -1");
    assert!(did(Migrator::new(&mut Sqlite::on(&mut db)).baseline(&all, v(7))).contains("there is no migration"));
}

#[test]
fn revert_missing_takes_a_cancelled_branch_back() {
    let mut db = memory();
    up(&mut db, &set(&[ONE, TWO, THREE])).unwrap();
    let branch = set(&[ONE]);
    assert_eq!(did(down(&mut db, &branch, DownTarget::Absent)), "-3 -2");
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("1", vec!["a".to_owned()]));
    assert_eq!(did(down(&mut db, &branch, DownTarget::Absent)), "");
}

#[test]
fn what_is_irreversible_is_named_before_anything_is_touched() {
    let mut db = memory();
    let all = known(&[
        ("20260101000001_a.sql", "CREATE TABLE a (x);"),
        ("20260101000002_b.up.sql", "-- migrate:options store:false\nCREATE TABLE b (x);"),
        ("20260101000002_b.down.sql", "DROP TABLE b;"),
        THREE[0],
        THREE[1],
    ]);
    up(&mut db, &all).unwrap();
    assert_eq!(
        did(down(&mut db, &set(&[]), DownTarget::Absent)),
        "refused, nothing was changed, for 2 reasons:\n\n\
         20260101000002_b can't be reverted: its file is gone, and the history holds no text of its down\n  \
         = bring the file back\n\n\
         20260101000001_a can't be reverted: its file is gone, and the history holds no text of its down\n  \
         = bring the file back"
    );
    assert_eq!(recorded(&db), "1 2 3");
    assert_eq!(did(down(&mut db, &all, DownTarget::Count(2))), "-3 -2");
}

#[test]
fn stored_texts_keep_what_the_file_said_outside_its_down() {
    let mut db = memory();
    let sections =
        "-- migrate:options foreign_keys:off\n-- migrate:up\nCREATE TABLE a (x);\n-- migrate:down\nDROP TABLE a;";
    let all = known(&[
        ("20260101000001_a.sql", sections),
        ("20260101000002_b.up.sql", "-- migrate:options nothing-to-undo\nINSERT INTO a VALUES (1);"),
        ("20260101000003_c.no-db-txn.up.sql", "CREATE TABLE c (x);"),
        ("20260101000003_c.no-db-txn.down.sql", "DROP TABLE c; VACUUM;"),
    ]);
    up(&mut db, &all).unwrap();
    assert_eq!(did(down(&mut db, &set(&[]), DownTarget::Absent)), "-3 -2 -1");
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("", Vec::new()));
}

#[test]
fn a_down_that_is_not_the_stored_one_runs_and_is_noted() {
    let mut db = memory();
    up(&mut db, &set(&[ONE])).unwrap();
    let edited = known(&[ONE[0], ("20260101000001_a.down.sql", "DROP TABLE IF EXISTS a;")]);
    assert_eq!(
        did(down(&mut db, &edited, DownTarget::Count(1))),
        "-1 (20260101000001_a: the down in the file is not the one that was stored when it was applied; the file's runs)"
    );
}

#[test]
fn the_history_says_who_when_and_in_which_run() {
    let mut db = memory();
    let all = set(&[ONE, TWO]);
    Migrator::new(&mut Sqlite::on(&mut db)).applied_by("ada").up(&all, UpTarget::All).unwrap();
    assert_eq!(number(&db, "SELECT count(DISTINCT run_id) FROM migrate_history WHERE applied_by = 'ada'"), 1);
    assert_eq!(
        number(&db, "SELECT count(*) FROM migrate_history WHERE started_at <= finished_at AND direction = 'up'"),
        2
    );
    let near_now = "SELECT count(*) FROM migrate_history WHERE abs(julianday('now') - julianday(finished_at)) < 0.01";
    assert_eq!(number(&db, near_now), 2);
    assert_eq!(number(&db, "SELECT count(*) FROM migrate_text"), 4);
}
