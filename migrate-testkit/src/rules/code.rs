//! Migrations in Rust: in one order with the files, in one transaction with their history row.

use migrate_core::{BoxError, Meta, Migration, Session, Version};

use super::{A, C, states};
use crate::{Known, Subject, did, known, up};

struct Code<S: Subject> {
    meta: Meta,
    work: fn(&mut Session<'_, S::Connection>) -> Result<(), BoxError>,
}

impl<S: Subject> Migration<S::Connection> for Code<S> {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn up(&self, db: &mut Session<'_, S::Connection>) -> Result<(), BoxError> {
        (self.work)(db)
    }
}

fn with<S: Subject + 'static>(work: fn(&mut Session<'_, S::Connection>) -> Result<(), BoxError>) -> Known<S> {
    let code = Code::<S> { meta: Meta::code(Version::new(20260101000002), "code"), work };
    known::<S>(&[A, C]).with(code).unwrap_or_else(|error| panic!("{error}"))
}

/// At its place, through the live connection and through the session.
pub fn between_the_files<S: Subject + 'static>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let set = with::<S>(|db| {
        S::execute(db.connection(), "UPDATE a SET n = n + 1")?;
        db.run("UPDATE a SET n = n + 100; -- two; in one\nUPDATE a SET n = n + 1000")
    });
    assert_eq!(did(up::<S>(connection, &set)), "+1 +2 +3");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "1111");
}

/// Its own, and that of a savepoint alone.
pub fn an_error_takes_its_work_back<S: Subject + 'static>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let failing = with::<S>(|db| {
        db.run("UPDATE a SET n = n + 1")?;
        Err("not today".into())
    });
    let said = did(up::<S>(connection, &failing));
    assert!(said.starts_with("20260101000002_code: not today\n  = rolled back"), "{said}");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "0");
    let trying = with::<S>(|db| {
        let tried: Result<(), BoxError> = db.transaction(|db| {
            db.run("UPDATE a SET n = n + 5")?;
            db.run("UPDATE nosuch SET n = 1")
        });
        if tried.is_ok() {
            return Err("there is no such table".into());
        }
        db.run("UPDATE a SET n = n + 1")
    });
    assert_eq!(did(up::<S>(connection, &trying)), "+2 +3");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "11");
}

/// A COMMIT inside ours would record as whole what may be half.
pub fn a_commit_of_its_own_is_noticed<S: Subject + 'static>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let set = with::<S>(|db| {
        S::execute(db.connection(), "UPDATE a SET n = n + 1")?;
        S::execute(db.connection(), "COMMIT")
    });
    let said = did(up::<S>(connection, &set));
    assert!(said.contains("ended the transaction that was opened for it"), "{said}");
    assert!(said.contains("what 20260101000002_code committed by itself stays"), "{said}");
    assert_eq!(states::<S>(connection, &set), "1 applied, 2 pending, 3 pending");
}
