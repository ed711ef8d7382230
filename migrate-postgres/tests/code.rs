//! Migrations in Rust: in one order with the files, in one transaction with their history row.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, did, down, known, recorded, text, up};
use migrate_core::{BoxError, DownTarget, Meta, Migration, Session, Version};
use postgres::Client;

type Work = fn(&mut Session<'_, Client>) -> Result<(), BoxError>;

struct Code {
    meta: Meta,
    up: Work,
}

impl Migration<Client> for Code {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn up(&self, db: &mut Session<'_, Client>) -> Result<(), BoxError> {
        (self.up)(db)
    }

    fn down(&self, db: &mut Session<'_, Client>) -> Result<(), BoxError> {
        db.run("UPDATE a SET slug = NULL; -- back; again")
    }
}

fn set(up: Work) -> common::Known {
    let files = known(&[
        ("20260101000001_a.sql", "CREATE TABLE a (name text, slug text); INSERT INTO a VALUES ('A B'), ('C D');"),
        ("20260101000003_c.up.sql", "CREATE UNIQUE INDEX slugs ON a (slug);"),
        ("20260101000003_c.down.sql", "DROP INDEX slugs;"),
    ]);
    files.with(Code { meta: Meta::code(Version::new(20260101000002), "slugs").reversible(), up }).unwrap()
}

fn slugs(db: &mut Session<'_, Client>) -> Result<(), BoxError> {
    for row in db.connection().query("SELECT name FROM a", &[])? {
        let name: String = row.get(0);
        let slug = name.to_lowercase().replace(' ', "-");
        db.connection().execute("UPDATE a SET slug = $1 WHERE name = $2", &[&slug, &name])?;
    }
    Ok(())
}

#[test]
fn runs_between_the_files_with_the_live_connection() {
    let db = Database::fresh();
    let client = &mut db.client();
    assert_eq!(did(up(client, &set(slugs))), "+1 +2 +3");
    assert_eq!(text(client, "SELECT string_agg(slug, ' ' ORDER BY slug) FROM a"), "a-b c-d");
    assert_eq!(did(down(client, &set(slugs), DownTarget::Count(2))), "-3 -2");
    assert_eq!((text(client, "SELECT count(slug) FROM a"), recorded(client)), ("0".into(), "1".into()));
}

#[test]
fn an_error_takes_its_work_back_and_shows_the_databases_words() {
    let db = Database::fresh();
    let client = &mut db.client();
    let failing: Work = |db| {
        db.run("UPDATE a SET slug = 'x'")?;
        db.connection().execute("INSERT INTO nosuch VALUES (1)", &[])?;
        Ok(())
    };
    let said = did(up(client, &set(failing)));
    assert!(said.starts_with("20260101000002_slugs: "), "{said}");
    assert!(said.contains("relation \"nosuch\" does not exist"), "{said}");
    assert!(
        said.contains("rolled back: 20260101000002_slugs; applied before it: 1; still pending behind it: 1"),
        "{said}"
    );
    assert_eq!((text(client, "SELECT count(slug) FROM a"), recorded(client)), ("0".into(), "1".into()));
    assert_eq!(did(up(client, &set(slugs))), "+2 +3");
}

#[test]
fn a_savepoint_can_fail_without_the_migration() {
    let db = Database::fresh();
    let client = &mut db.client();
    let trying: Work = |db| {
        let tried: Result<(), BoxError> = db.transaction(|db| {
            db.run("UPDATE a SET slug = 'x'")?;
            db.run("SELECT nosuch")
        });
        assert!(tried.is_err());
        db.transaction(|db| db.run("UPDATE a SET slug = name"))
    };
    assert_eq!(did(up(client, &set(trying))), "+1 +2 +3");
    assert_eq!(text(client, "SELECT count(*) FROM a WHERE slug = name"), "2");
}

/// TRAPS 2, 33: a COMMIT of its own would record a migration as whole that may be half.
#[test]
fn code_that_ends_our_transaction_is_an_error_that_says_what_stays() {
    let works: [(&str, Work); 5] = [
        ("commit()", |db| {
            let mut tx = db.connection().transaction()?;
            tx.batch_execute("UPDATE a SET slug = name")?;
            Ok(tx.commit()?)
        }),
        ("drop", |db| {
            drop(db.connection().transaction()?);
            Ok(())
        }),
        ("COMMIT; BEGIN", |db| Ok(db.connection().batch_execute("COMMIT; BEGIN")?)),
        ("ROLLBACK", |db| Ok(db.connection().batch_execute("ROLLBACK")?)),
        ("ROLLBACK; BEGIN", |db| Ok(db.connection().batch_execute("ROLLBACK; BEGIN")?)),
    ];
    for (ending, work) in works {
        let db = Database::fresh();
        let client = &mut db.client();
        assert_eq!(
            did(up(client, &set(work))),
            "20260101000002_slugs: the migration ended the transaction that was opened for it [25P01]\n  \
             = hint: take its COMMIT, END or ROLLBACK out; what it did until then is committed\n  \
             = what 20260101000002_slugs committed by itself stays; applied before it: 1; still pending behind it: 1\n  \
             = fix the code, and run `migrate up` again"
                .replace("25P01", if ending.contains("BEGIN") { "3B001" } else { "25P01" }),
            "{ending}"
        );
        assert_eq!(recorded(client), "1", "{ending}");
        assert_eq!(text(client, "SELECT now() = statement_timestamp()"), "t", "{ending}");
    }
}

/// Code that swallows an error of the database leaves an aborted transaction, whose COMMIT succeeds and does nothing.
#[test]
fn a_swallowed_error_is_no_success() {
    let db = Database::fresh();
    let client = &mut db.client();
    let swallowing: Work = |db| {
        let _ = db.connection().batch_execute("SELECT nosuch");
        Ok(())
    };
    let said = did(up(client, &set(swallowing)));
    assert!(said.contains("[25P02]"), "{said}");
    assert_eq!(recorded(client), "1");
}
