//! Migrations in Rust, between the files, with the client library's own connection.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, SERVERS, did, known, recorded, text, up};
use migrate_core::{BoxError, Meta, Migration, Session, Version};
use mysql::Conn;
use mysql::prelude::Queryable;

const FILES: [(&str, &str); 2] = [
    ("20260101000001_a.sql", "CREATE TABLE a (n INT NOT NULL);\nINSERT INTO a VALUES (0);"),
    ("20260101000003_c.sql", "UPDATE a SET n = n + 10;"),
];

struct Code {
    meta: Meta,
    work: fn(&mut Session<'_, Conn>) -> Result<(), BoxError>,
}

impl Migration<Conn> for Code {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn up(&self, db: &mut Session<'_, Conn>) -> Result<(), BoxError> {
        (self.work)(db)
    }
}

const META: Meta = Meta::code(Version::new(20260101000002), "code");

fn with(meta: Meta, work: fn(&mut Session<'_, Conn>) -> Result<(), BoxError>) -> common::Known {
    known(&FILES).with(Code { meta, work }).unwrap()
}

#[test]
fn it_runs_between_the_files_in_one_transaction_with_its_row() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let fails = with(META, |db| {
            db.connection().exec_drop("UPDATE a SET n = ?", (7,))?;
            Ok(db.connection().query_drop("UPDATE nosuch SET n = 1")?)
        });
        let said = did(up(conn, &fails));
        assert!(said.starts_with("20260101000002_code: Table ") && said.contains("[1146]"), "{said}");
        assert!(said.contains("rolled back: 20260101000002_code"), "{said}");
        assert_eq!((text(conn, "SELECT n FROM a").as_str(), recorded(conn).as_str()), ("0", "1"));
        let works = with(META, |db| Ok(db.connection().exec_drop("UPDATE a SET n = n + ?", (1,))?));
        assert_eq!(did(up(conn, &works)), "+2 +3");
        assert_eq!(text(conn, "SELECT n FROM a"), "11");
    }
}

/// A change of the schema commits by itself: in a transaction of ours that is an error that says what stays.
#[test]
fn a_change_of_the_schema_says_that_it_is_outside_a_transaction() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let ddl = |db: &mut Session<'_, Conn>| -> Result<(), BoxError> {
            db.connection().query_drop("CREATE TABLE IF NOT EXISTS made (n INT)")?;
            Ok(())
        };
        let said = did(up(conn, &with(META, ddl)));
        assert!(said.contains("ended the transaction that was opened for it"), "{said}");
        assert!(said.contains("a change of the schema commits by itself"), "{said}");
        assert_eq!(did(up(conn, &with(META.outside_transaction(), ddl))), "+2 +3");
        assert_eq!(recorded(conn), "1 2 3");
    }
}

/// TRAPS 33: the client's own transaction inside ours would commit ours.
#[test]
fn a_transaction_of_the_client_is_noticed() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let own = with(META, |db| {
            let mut inner = db.connection().start_transaction(mysql::TxOpts::default())?;
            inner.query_drop("UPDATE a SET n = n + 1")?;
            Ok(inner.commit()?)
        });
        let said = did(up(conn, &own));
        assert!(said.contains("ended the transaction that was opened for it"), "{said}");
        assert_eq!(recorded(conn), "1");
        let saved = with(META, |db| db.transaction(|db| Ok(db.connection().query_drop("UPDATE a SET n = n + 1")?)));
        assert_eq!(did(up(conn, &saved)), "+2 +3");
    }
}
