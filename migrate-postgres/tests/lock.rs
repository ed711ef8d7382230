//! One run at a time, and a lock that dies with its session.
#![allow(clippy::unwrap_used)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use common::{Database, did, known, recorded, text, up};
use migrate_core::driver::{Driver, LockAttempt};
use migrate_core::{BoxError, Event, Meta, Migration, Migrator, Session, Tables, UpTarget, Version};
use migrate_postgres::Postgres;
use postgres::{Client, NoTls};

const A: (&str, &str) = ("20260101000001_a.sql", "CREATE TABLE a (id int)");

fn locks(client: &mut Client) -> String {
    let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
               (SELECT oid FROM pg_database WHERE datname = current_database())";
    text(client, sql)
}

#[test]
fn the_holder_is_named_while_waiting_and_in_the_end() {
    let db = Database::fresh();
    let mut holder = db.config().application_name("web-7").connect(NoTls).unwrap();
    let mut held = Postgres::on(&mut holder);
    assert_eq!(held.try_lock().unwrap(), LockAttempt::Acquired);
    assert_eq!(held.try_lock().unwrap(), LockAttempt::Acquired);

    let client = &mut db.client();
    let mut driver = Postgres::on(client);
    let mut waiting = Vec::new();
    let said = did(Migrator::new(&mut driver)
        .lock_wait(Duration::from_millis(50))
        .observer(|event| {
            if let Event::Waiting { holder, .. } = event {
                waiting.push(holder.to_string());
            }
        })
        .up(&known(&[A]), UpTarget::All));
    assert!(said.starts_with("another run holds the migration lock: backend "), "{said}");
    assert!(said.contains(" (web-7 from 127.0.0.1), connected since 20"), "{said}");
    assert!(waiting.first().is_some_and(|said| said.contains("web-7")), "{waiting:?}");
    assert!(driver.holder().unwrap().is_some_and(|holder| holder.who.contains("web-7")));
    held.unlock().unwrap();
    assert_eq!(driver.holder().unwrap(), None);
    assert_eq!(did(up(client, &known(&[A]))), "+1");
    assert_eq!(locks(client), "0");
}

#[test]
fn it_is_given_back_after_an_error_and_after_a_panic() {
    struct Panics;
    impl Migration<Client> for Panics {
        fn meta(&self) -> &Meta {
            static META: Meta = Meta::code(Version::new(20260101000002), "panics");
            &META
        }
        fn up(&self, db: &mut Session<'_, Client>) -> Result<(), BoxError> {
            db.run("CREATE TABLE half (id int)")?;
            panic!("on purpose")
        }
    }
    let db = Database::fresh();
    let client = &mut db.client();
    assert!(did(up(client, &known(&[("20260101000001_a.sql", "CREATE TABLE a (id nosuch)")]))).contains("42704"));
    assert_eq!(locks(client), "0");
    let set = known(&[A]).with(Panics).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| up(client, &set))).is_err());
    assert_eq!((locks(client), recorded(client)), ("0".into(), "1".into()));
    assert_eq!(text(client, "SELECT to_regclass('half') IS NULL AND now() = statement_timestamp()"), "t");
}

#[test]
fn two_applications_do_not_wait_for_each_other() {
    let db = Database::fresh();
    db.client().batch_execute("CREATE SCHEMA one; CREATE SCHEMA two").unwrap();
    let (mut first, mut second, mut third) = (db.client(), db.client(), db.client());
    let mut one = Postgres::on(&mut first).tables(Tables::default().in_schema("one"));
    let mut two = Postgres::on(&mut second).tables(Tables::default().in_schema("two"));
    let mut named = Postgres::on(&mut third).tables(Tables::named("other").in_schema("one"));
    for driver in [&mut one, &mut two, &mut named] {
        assert_eq!(driver.try_lock().unwrap(), LockAttempt::Acquired);
    }
    let mut fourth = db.client();
    let mut again = Postgres::on(&mut fourth).tables(Tables::default().in_schema("one"));
    assert!(matches!(again.try_lock().unwrap(), LockAttempt::Held(_)));
}

#[test]
fn a_script_that_gives_all_locks_away_is_survived() {
    let db = Database::fresh();
    let client = &mut db.client();
    let set = known(&[
        (
            "20260101000001_a.sql",
            "-- migrate:options transaction:false\nCREATE TABLE a (id int);\nDISCARD ALL;\nCREATE TABLE b (id int)",
        ),
        ("20260101000002_b.sql", "CREATE TABLE c (id int)"),
    ]);
    assert_eq!(did(up(client, &set)), "+1 +2");
    assert_eq!(locks(client), "0");
}

#[test]
fn a_connection_inside_a_transaction_is_refused() {
    let db = Database::fresh();
    let client = &mut db.client();
    client.batch_execute("BEGIN").unwrap();
    let said = did(up(client, &known(&[A])));
    assert!(said.contains("inside a transaction that was begun before"), "{said}");
    client.batch_execute("ROLLBACK").unwrap();
    assert_eq!(did(up(client, &known(&[A]))), "+1");
}

/// Outside a transaction only the lock keeps two runs apart: nothing may run after it is gone.
#[test]
fn a_lock_given_away_outside_a_transaction_lets_nobody_in() {
    for (gives, said) in
        [("DISCARD ALL", "+2"), ("SELECT pg_advisory_unlock_all()", "the migration gave the migration lock away")]
    {
        let db = Database::fresh();
        let client = &mut db.client();
        let first = ("20260101000001_a.sql", "CREATE TABLE counter AS SELECT 0 AS v");
        assert_eq!(did(up(client, &known(&[first]))), "+1");
        let text_of = format!(
            "-- migrate:options transaction:false\n{gives};\n\
             SELECT pg_sleep(0.5);\nUPDATE counter SET v = v + 1;\nSELECT pg_sleep(0.5);\nUPDATE counter SET v = v + 1"
        );
        let files = [first, ("20260101000002_b.sql", text_of.as_str())];
        let runs = std::thread::scope(|scope| {
            let run = || did(up(&mut db.client(), &known(&files)));
            let one = scope.spawn(run);
            std::thread::sleep(Duration::from_millis(250));
            let two = scope.spawn(run);
            [one.join().unwrap(), two.join().unwrap()]
        });
        assert!(runs.iter().any(|run| run.contains(said)), "{runs:?}");
        assert_eq!(text(client, "SELECT v FROM counter"), "2", "{gives}: {runs:?}");
        assert_eq!((recorded(client), locks(client)), ("1 2".into(), "0".into()), "{gives}: {runs:?}");
    }
}
