//! Migrations in Rust: in one order with the files, in one transaction with their history row.
#![allow(clippy::unwrap_used)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{did, down, known, memory, number, recorded, up};
use migrate_core::{BoxError, DownTarget, Event, Meta, Migration, Migrator, Session, UpTarget, Version};
use migrate_sqlite::Sqlite;
use rusqlite::Connection;

type Work = fn(&mut Session<'_, Connection>) -> Result<(), BoxError>;

struct Code {
    meta: Meta,
    up: Work,
}

fn code(up: Work) -> Code {
    Code { meta: Meta::code(Version::new(20260101000002), "slugs").reversible(), up }
}

impl Migration<Connection> for Code {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn up(&self, db: &mut Session<'_, Connection>) -> Result<(), BoxError> {
        (self.up)(db)
    }

    fn down(&self, db: &mut Session<'_, Connection>) -> Result<(), BoxError> {
        db.run("UPDATE a SET slug = NULL; -- back; again")
    }
}

fn set(up: Work) -> common::Known {
    let files = known(&[
        ("20260101000001_a.sql", "CREATE TABLE a (name, slug); INSERT INTO a (name) VALUES ('A B'), ('C D');"),
        ("20260101000003_c.up.sql", "CREATE UNIQUE INDEX slugs ON a (slug);"),
        ("20260101000003_c.down.sql", "DROP INDEX slugs;"),
    ]);
    files.with(code(up)).unwrap()
}

fn slugs(db: &mut Session<'_, Connection>) -> Result<(), BoxError> {
    let names: Vec<String> = {
        let mut select = db.connection().prepare("SELECT name FROM a")?;
        let names = select.query_map([], |row| row.get(0))?;
        names.collect::<Result<_, _>>()?
    };
    for (done, name) in (1..).zip(&names) {
        let slug = name.to_lowercase().replace(' ', "-");
        db.connection().execute("UPDATE a SET slug = ?1 WHERE name = ?2", [&slug, name])?;
        db.progress(done, Some(2));
    }
    Ok(())
}

#[test]
fn runs_between_the_files_with_the_live_connection_and_tells_how_far_it_is() {
    let mut db = memory();
    let mut seen = Vec::new();
    let watch = |event: &Event<'_>| match event {
        Event::Started(step) => seen.push(step.label()),
        Event::Progress { done, total, .. } => seen.push(format!("{done} of {total:?}")),
        _ => {}
    };
    let report = Migrator::new(&mut Sqlite::on(&mut db)).observer(watch).up(&set(slugs), UpTarget::All);
    assert_eq!(did(report), "+1 +2 +3");
    assert_eq!(seen, ["20260101000001_a", "20260101000002_slugs", "1 of Some(2)", "2 of Some(2)", "20260101000003_c"]);
    assert_eq!(number(&db, "SELECT count(*) FROM a WHERE slug IN ('a-b', 'c-d')"), 2);
    assert_eq!(did(down(&mut db, &set(slugs), DownTarget::Count(2))), "-3 -2");
    assert_eq!((number(&db, "SELECT count(slug) FROM a"), recorded(&db).as_str()), (0, "1"));
}

#[test]
fn an_error_takes_its_work_back() {
    let mut db = memory();
    let failing: Work = |db| {
        db.run("UPDATE a SET slug = 'x'")?;
        Err("not today".into())
    };
    assert_eq!(
        did(up(&mut db, &set(failing))),
        "20260101000002_slugs: not today\n  = rolled back: 20260101000002_slugs; applied before it: 1; still pending \
         behind it: 1\n  = fix the code, and run `migrate up` again"
    );
    assert_eq!((number(&db, "SELECT count(slug) FROM a"), recorded(&db).as_str()), (0, "1"));
    assert_eq!(did(up(&mut db, &set(slugs))), "+2 +3");
}

#[test]
fn a_savepoint_can_fail_without_the_migration() {
    let mut db = memory();
    let trying: Work = |db| {
        let tried: Result<(), BoxError> = db.transaction(|db| {
            db.run("UPDATE a SET slug = 'x'")?;
            db.transaction(|db| db.run("UPDATE a SET slug = 'y'"))?;
            Err("no".into())
        });
        assert!(tried.is_err());
        db.transaction(|db| db.run("UPDATE a SET slug = name"))
    };
    assert_eq!(did(up(&mut db, &set(trying))), "+1 +2 +3");
    assert_eq!(number(&db, "SELECT count(*) FROM a WHERE slug = name"), 2);
}

/// TRAPS 2, 33: a COMMIT of its own would record a migration as whole that may be half.
#[test]
fn code_that_ends_our_transaction_is_an_error_that_says_what_stays() {
    for ending in ["COMMIT", "COMMIT; BEGIN", "ROLLBACK", "ROLLBACK; BEGIN"] {
        let mut db = memory();
        let work: Work = match ending {
            "COMMIT" => |db| Ok(db.connection().execute_batch("COMMIT")?),
            "COMMIT; BEGIN" => |db| Ok(db.connection().execute_batch("COMMIT; BEGIN")?),
            "ROLLBACK" => |db| Ok(db.connection().execute_batch("ROLLBACK")?),
            _ => |db| Ok(db.connection().execute_batch("ROLLBACK; BEGIN")?),
        };
        assert_eq!(
            did(up(&mut db, &set(work))),
            "20260101000002_slugs: the migration ended the transaction that was opened for it\n  \
             = hint: take its COMMIT, END or ROLLBACK out; what it did until then is committed\n  \
             = what 20260101000002_slugs committed by itself stays; applied before it: 1; still pending behind it: 1\n  \
             = fix the code, and run `migrate up` again",
            "{ending}"
        );
        assert_eq!((recorded(&db).as_str(), db.is_autocommit()), ("1", true), "{ending}");
    }
}

#[test]
fn a_panic_rolls_back_and_leaves_the_connection_usable() {
    let dir = tempfile::tempdir().unwrap();
    let mut db = Connection::open(dir.path().join("app.db")).unwrap();
    let panics: Work = |db| {
        db.run("UPDATE a SET slug = 'x'")?;
        panic!("on purpose")
    };
    assert!(catch_unwind(AssertUnwindSafe(|| up(&mut db, &set(panics)))).is_err());
    assert!(db.is_autocommit());
    assert_eq!(number(&db, "SELECT count(slug) FROM a"), 0);
    let mut other = Connection::open(dir.path().join("app.db")).unwrap();
    assert_eq!(did(up(&mut other, &set(slugs))), "+2 +3");
}

#[test]
fn outside_a_transaction_it_may_commit_and_is_run_again_after_a_failure() {
    struct Outside;
    impl Migration<Connection> for Outside {
        fn meta(&self) -> &Meta {
            static META: Meta = Meta::code(Version::new(20260101000002), "outside").outside_transaction();
            &META
        }
        fn up(&self, db: &mut Session<'_, Connection>) -> Result<(), BoxError> {
            let tx = db.connection().transaction()?;
            tx.execute_batch("CREATE TABLE IF NOT EXISTS b (x); INSERT INTO b VALUES (1)")?;
            tx.commit()?;
            let ready: i64 = db.connection().query_row("SELECT count(*) FROM b", [], |row| row.get(0))?;
            if ready < 2 { Err("not yet".into()) } else { Ok(()) }
        }
    }
    let mut db = memory();
    let all = known(&[("20260101000001_a.sql", "CREATE TABLE a (x);")]).with(Outside).unwrap();
    let said = did(up(&mut db, &all));
    assert!(said.contains("what 20260101000002_outside committed by itself stays"), "{said}");
    assert_eq!(recorded(&db), "1 2…");
    assert_eq!(did(up(&mut db, &all)), "+2");
    assert_eq!(recorded(&db), "1 2");
}

#[test]
fn a_version_that_is_taken_is_refused() {
    let said = set(slugs).with(code(slugs)).map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        said,
        "two migrations have the version 20260101000002: 20260101000002_slugs and 20260101000002_slugs; give one of \
         them another timestamp"
    );
}
