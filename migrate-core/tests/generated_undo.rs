//! Undos that are generated as migrations are applied: what the loop does with them.
#![allow(clippy::unwrap_used)]

use migrate_core::fake::{Fake, FakeConnection, FakeDatabase, Fault};
use migrate_core::sql::Dialect;
use migrate_core::undo::is_generated;
use migrate_core::{
    DataLoss, DownTarget, Driver, Error, GenerateUndo, Migrations, Migrator, Note, Policy, Report, UpTarget, Version,
    source,
};

type Known = Migrations<'static, FakeConnection>;

fn read(files: &[(&str, &str)]) -> Known {
    let read = source::read(files.iter().copied(), Some(Dialect::Sqlite)).unwrap();
    Migrations::from_sql(read.migrations).unwrap()
}

const A: (&str, &str) = ("20260101000000_a.sql", "CREATE TABLE a (x)");
const B: (&str, &str) = ("20260102000000_b.sql", "CREATE TABLE b (x); CREATE INDEX b_x ON b (x)");
const C: (&str, &str) = ("20260103000000_c.sql", "ALTER TABLE a RENAME TO c");

fn up(db: &FakeDatabase, known: &Known) -> Result<Report, Error> {
    up_on(&mut db.connect(), known)
}

fn up_on(driver: &mut Fake, known: &Known) -> Result<Report, Error> {
    Migrator::new(driver).generate_undo(GenerateUndo::WithoutDown).up(known, UpTarget::All)
}

fn down(db: &FakeDatabase, known: &Known, count: usize) -> Result<Report, Error> {
    Migrator::new(&mut db.connect()).down(known, DownTarget::Count(count))
}

/// The texts of the ways back that the history holds.
fn stored(db: &FakeDatabase) -> Vec<Option<String>> {
    let mut driver = db.connect();
    let mut texts = Vec::new();
    for row in driver.read_history().unwrap().unwrap_or_default() {
        texts.push(row.down_checksum.and_then(|key| driver.read_texts(&[key]).unwrap().remove(0)));
    }
    texts
}

#[test]
fn up_and_down_again() {
    let (db, known) = (FakeDatabase::new(), read(&[A, B, C]));
    up(&db, &known).unwrap();
    assert!(stored(&db).iter().all(|text| is_generated(text.as_ref().unwrap())));
    // A program of another build has no file of them.
    assert!(down(&db, &read(&[A]), 1).is_ok());
    down(&db, &known, 9).unwrap();
    let effects = db.effects();
    assert_eq!(effects[4..], ["ALTER TABLE c RENAME TO a", "DROP TABLE b", "DROP TABLE a"]);
}

#[test]
fn only_where_it_is_asked_for_and_where_there_is_no_down() {
    let db = FakeDatabase::new();
    let down_of_a = ("20260101000000_a.down.sql", "SELECT 1");
    let known = read(&[("20260101000000_a.up.sql", A.1), down_of_a, B]);
    Migrator::new(&mut db.connect()).up(&known, UpTarget::To(Version::new(20260102000000))).unwrap();
    assert_eq!(stored(&db), [Some("SELECT 1".into()), None]);
    assert!(down(&db, &known, 1).unwrap_err().is_refused());
    let db = FakeDatabase::new();
    up(&db, &known).unwrap();
    assert_eq!(stored(&db)[0].as_deref(), Some("SELECT 1"));
    // A file's own down wins, also when it comes later.
    let known = read(&[A, ("20260102000000_b.up.sql", B.1), ("20260102000000_b.down.sql", "SELECT 2")]);
    down(&db, &known, 1).unwrap();
    assert_eq!(db.effects().last().unwrap(), "SELECT 2");
}

#[test]
fn one_statement_without_an_inverse_leaves_the_file_without() {
    let (db, known) =
        (FakeDatabase::new(), read(&[("20260101000000_a.sql", "CREATE TABLE a (x); UPDATE b SET x = 1"), B]));
    let report = up(&db, &known).unwrap();
    let [Note::NoUndo { label, why }] = report.notes.as_slice() else { panic!("{:?}", report.notes) };
    assert_eq!(label, "20260101000000_a");
    assert!(why[0].starts_with("20260101000000_a.sql:1:21: `UPDATE b SET x = 1` has no inverse"), "{why:?}");
    assert!(stored(&db)[0].is_none() && stored(&db)[1].is_some());
}

#[test]
fn a_password_is_in_no_note() {
    let up_text = "CREATE TABLE a (x); CREATE ROLE r PASSWORD 'secret'";
    let (db, known) = (FakeDatabase::new(), read(&[("20260101000000_a.sql", up_text)]));
    let note = up(&db, &known).unwrap().notes[0].to_string();
    assert!(note.contains("`CREATE ROLE r PASSWORD …`") && !note.contains("secret"), "{note}");
}

/// `store:false` keeps a text out of the history because of what stands in it: an undo may say the same.
#[test]
fn nothing_of_a_text_that_is_not_kept() {
    let (db, known) =
        (FakeDatabase::new(), read(&[("20260101000000_a.sql", "-- migrate:options store:false\nCREATE TABLE a (x)")]));
    let report = up(&db, &known).unwrap();
    assert!(report.notes[0].to_string().contains("store:false"), "{:?}", report.notes);
    assert_eq!(stored(&db), [None]);
}

/// A down that says that it loses data, whoever wrote it, is refused: all of them, before anything is touched.
#[test]
fn data_loss_is_asked_for_by_name() {
    let db = FakeDatabase::new();
    let known = read(&[
        ("20260101000000_a.up.sql", A.1),
        ("20260101000000_a.down.sql", "-- migrate:loses the rows of z\nCREATE TABLE z (x)"),
        ("20260102000000_b.up.sql", B.1),
        ("20260102000000_b.down.sql", "-- migrate:loses the values of b.x\nSELECT 1"),
        C,
    ]);
    up(&db, &known).unwrap();
    let effects = db.effects();
    let refused = down(&db, &known, 3).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("lost: the rows of z") && text.contains("lost: the values of b.x"), "{text}");
    assert_eq!(db.effects(), effects);
    let mut policy = Policy::default();
    policy.data_loss = DataLoss::Allow;
    Migrator::new(&mut db.connect()).policy(policy).down(&known, DownTarget::Count(3)).unwrap();
    assert!(db.versions().is_empty());
}

/// What was applied is what the undo takes back, whatever the file says by now.
#[test]
fn repair_keeps_it() {
    let db = FakeDatabase::new();
    up(&db, &read(&[A])).unwrap();
    let edited = read(&[(A.0, "CREATE TABLE a (x, y)")]);
    Migrator::new(&mut db.connect()).repair(&edited, Version::new(20260101000000)).unwrap();
    assert_eq!(stored(&db), [Some("-- migrate:generated\nDROP TABLE a;\n".into())]);
    down(&db, &edited, 1).unwrap();
}

/// Statement by statement: a run that died is finished with the undo that it began with, unless the file is another one.
#[test]
fn resumed() {
    let two =
        [("20260101000000_a.sql", "-- migrate:options transaction:false\nCREATE TABLE a (x); CREATE TABLE b (x)")];
    let interrupted = || {
        let db = FakeDatabase::autocommitting();
        for n in 1.. {
            let failed = up_on(&mut db.connect().failing_at(n, Fault::Error), &read(&two)).is_err();
            assert!(failed, "nothing failed behind the first statement");
            if db.effects().len() == 1 {
                return db;
            }
        }
        unreachable!()
    };
    let db = interrupted();
    // Also by who does not ask for an undo.
    Migrator::new(&mut db.connect()).up(&read(&two), UpTarget::All).unwrap();
    assert_eq!(stored(&db), [Some("-- migrate:generated\nDROP TABLE b;\n\nDROP TABLE a;\n".into())]);
    let db = interrupted();
    let mended = [(two[0].0, "-- migrate:options transaction:false\nCREATE TABLE a (x); CREATE TABLE c (x)")];
    let report = up(&db, &read(&mended)).unwrap();
    assert!(matches!(report.notes.as_slice(), [Note::NoUndo { .. }]), "{:?}", report.notes);
    assert_eq!(stored(&db), [None]);
}

/// A way down that dies is finished by `down`, with the leave that it began with.
#[test]
fn a_way_down_is_finished() {
    let known = read(&[(
        "20260101000000_a.sql",
        "-- migrate:options transaction:false\nCREATE TABLE a (x); CREATE TABLE b (x)",
    )]);
    for n in 1.. {
        let db = FakeDatabase::autocommitting();
        up(&db, &known).unwrap();
        let target = DownTarget::Count(1);
        if Migrator::new(&mut db.connect().failing_at(n, Fault::Lost)).down(&known, target).is_ok() {
            assert!(n > 5, "nothing failed");
            return;
        }
        let begun = db.versions().len() == 1 && db.effects().len() > 2;
        if begun {
            let refused = up(&db, &known).unwrap_err().to_string();
            assert!(refused.contains("run `migrate down`, which finishes it"), "{refused}");
        }
        if db.versions().len() == 1 {
            down(&db, &known, 1).unwrap();
        }
        assert!(db.versions().is_empty());
        assert_eq!(db.effects()[2..], ["DROP TABLE b", "DROP TABLE a"], "{n}");
    }
}

#[test]
fn redo_generates_it_again() {
    let (db, known) = (FakeDatabase::new(), read(&[A]));
    up(&db, &known).unwrap();
    Migrator::new(&mut db.connect()).redo(&known, 1).unwrap();
    down(&db, &known, 1).unwrap();
    assert!(db.versions().is_empty());
}
