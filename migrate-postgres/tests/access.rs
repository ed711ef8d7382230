//! Who may read and write what, and where the history stands.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, did, known, recorded, text, up};
use migrate_core::driver::Driver;
use migrate_core::{Migration, Migrator, Tables, UpTarget};
use migrate_postgres::Postgres;
use postgres::Client;

const A: (&str, &str) = ("20260101000001_a.sql", "CREATE TABLE a (id int)");
const B: (&str, &str) = ("20260101000002_b.sql", "CREATE TABLE b (id int)");

/// A role that is gone with the test.
struct Role<'d> {
    name: String,
    db: &'d Database,
}

impl<'d> Role<'d> {
    fn new(db: &'d Database, name: &str) -> Self {
        let name = format!("{}_{name}", db.name);
        db.client().batch_execute(&format!("CREATE ROLE {name} LOGIN")).unwrap();
        Role { name, db }
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        let name = &self.name;
        let _ = self.db.client().batch_execute(&format!("DROP OWNED BY {name}; DROP ROLE {name}"));
    }
}

#[test]
fn with_nothing_pending_a_role_that_may_only_select_starts() {
    let db = Database::fresh();
    let client = &mut db.client();
    let role = Role::new(&db, "reader");
    client.batch_execute(&format!("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {}", role.name)).unwrap();
    assert_eq!(did(up(client, &known(&[A]))), "+1");
    let reader = &mut db.client_of(&role.name);
    reader.batch_execute("SET default_transaction_read_only = on").unwrap();
    assert_eq!(did(up(reader, &known(&[A]))), "");
    // Texts may hold what no application needs to know.
    let error = reader.simple_query("SELECT * FROM migrate_text").unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42501");
    let said = did(up(reader, &known(&[A, B])));
    assert!(said.contains("[25006]") || said.contains("[42501]"), "{said}");
}

#[test]
fn a_history_that_may_not_be_read_is_not_empty() {
    let db = Database::fresh();
    let client = &mut db.client();
    let role = Role::new(&db, "stranger");
    assert_eq!(did(up(client, &known(&[A]))), "+1");
    let said = did(up(&mut db.client_of(&role.name), &known(&[A])));
    assert!(said.starts_with("reading the history: permission denied for table migrate_history [42501]"), "{said}");
    assert!(said.contains("GRANT SELECT ON \"migrate_history\" to this role"), "{said}");
}

/// Trap 36: "empty" would mean applying everything again.
#[test]
fn another_search_path_finds_it_or_refuses() {
    let db = Database::fresh();
    let client = &mut db.client();
    client.batch_execute("CREATE SCHEMA app; SET search_path = app").unwrap();
    assert_eq!(did(up(client, &known(&[A]))), "+1");
    let other = &mut db.client();
    let said = did(up(other, &known(&[A])));
    assert!(
        said.contains("looked for along the search_path (\"$user\", public), but stands in app.migrate_history"),
        "{said}"
    );
    assert!(said.contains("--schema app"), "{said}");
    let named = |client: &mut postgres::Client, schema: &str| {
        let mut driver = Postgres::on(client).tables(Tables::default().in_schema(schema));
        did(Migrator::new(&mut driver).up(&known(&[A]), UpTarget::All))
    };
    assert_eq!(named(other, "app"), "");
    let said = named(other, "nosuch");
    assert!(said.contains("there is no schema nosuch in this database"), "{said}");
    // Naming a schema is the decision that this is another application's history.
    assert_eq!(named(other, "public"), "+1");
    assert_eq!(text(other, "SELECT count(*) FROM pg_class WHERE relname = 'migrate_history'"), "2");
}

#[test]
fn another_tools_table_is_left_alone() {
    let db = Database::fresh();
    let client = &mut db.client();
    client.batch_execute("CREATE TABLE migrate_history (id int, applied boolean)").unwrap();
    let said = did(up(client, &known(&[A])));
    assert!(
        said.contains("\"migrate_history\" that is no history of migrate: it has the columns id, applied"),
        "{said}"
    );
    let mut driver = Postgres::on(client).tables(Tables::named("mine"));
    assert_eq!(did(Migrator::new(&mut driver).up(&known(&[A]), UpTarget::All)), "+1");
}

#[test]
fn a_newer_format_is_not_misread() {
    let db = Database::fresh();
    let client = &mut db.client();
    assert_eq!(did(up(client, &known(&[A]))), "+1");
    client.batch_execute("UPDATE migrate_history SET format = 99, tool_version = 'migrate 9'").unwrap();
    let said = did(up(client, &known(&[A, B])));
    assert!(said.contains("the history was written by migrate 9 in format 99"), "{said}");
}

#[test]
fn names_need_not_be_plain() {
    let db = Database::fresh();
    let client = &mut db.client();
    client.batch_execute("CREATE SCHEMA \"we\"\"ird \\ näme\"").unwrap();
    let tables = Tables::named("hi'st\"ory").in_schema("we\"ird \\ näme");
    for expected in ["+1", ""] {
        let mut driver = Postgres::on(client).tables(tables.clone());
        assert_eq!(did(Migrator::new(&mut driver).up(&known(&[A]), UpTarget::All)), expected);
    }
}

/// The session's own way of writing times is not the history's.
#[test]
fn times_are_utc_whatever_the_session_shows() {
    let db = Database::fresh();
    let client = &mut db.client();
    assert_eq!(did(up(client, &known(&[A]))), "+1");
    client.batch_execute("UPDATE migrate_history SET started_at = '2026-07-01 12:00:00.5+02'").unwrap();
    for setting in ["TimeZone = 'Asia/Tokyo'", "DateStyle = 'SQL, DMY'", "DateStyle = 'German'"] {
        client.batch_execute(&format!("SET {setting}")).unwrap();
        let rows = Postgres::on(client).read_history().unwrap().unwrap();
        assert_eq!(rows.first().unwrap().started_at, "2026-07-01T10:00:00.500Z", "{setting}");
    }
}

/// A start's first look reads two columns; whatever differs is seen in them all the same.
#[test]
fn the_first_look_sees_every_difference() {
    let db = Database::fresh();
    let client = &mut db.client();
    let known = known(&[A, B]);
    let metas: Vec<_> = known.iter().map(Migration::meta).collect();
    let looks = |client: &mut Client| Postgres::on(client).is_up_to_date(&metas).unwrap();
    assert!(!looks(client), "there is no table");
    assert_eq!(did(up(client, &known)), "+1 +2");
    for setting in ["DateStyle = 'SQL, DMY'", "client_encoding = 'UTF8'", "standard_conforming_strings = off"] {
        client.batch_execute(&format!("SET {setting}")).unwrap();
        assert!(looks(client), "{setting}");
    }
    for change in [
        "DELETE FROM migrate_history WHERE version % 10 = 1",
        "DELETE FROM migrate_history WHERE version % 10 = 2",
        "DELETE FROM migrate_history",
        "UPDATE migrate_history SET version = version + 1",
        "INSERT INTO migrate_history SELECT version + 9, name, checksum, NULL, NULL, started_at, finished_at, direction, \
         0, run_id, applied_by, tool_version, format FROM migrate_history WHERE version % 10 = 1",
        "UPDATE migrate_history SET checksum = 'sha256:v1:' || repeat('0', 64) WHERE version % 10 = 2",
        "UPDATE migrate_history SET checksum = upper(checksum)",
        "UPDATE migrate_history SET finished_at = NULL WHERE version % 10 = 2",
        "UPDATE migrate_history SET direction = 'down', finished_at = NULL WHERE version % 10 = 1",
        "UPDATE migrate_history SET format = 99 WHERE version % 10 = 1",
        "ALTER TABLE migrate_history RENAME checksum TO hash",
        "ALTER TABLE migrate_history RENAME TO elsewhere",
    ] {
        client.batch_execute(&format!("CREATE TABLE kept AS TABLE migrate_history; {change}")).unwrap();
        assert!(!looks(client), "{change}");
        client
            .batch_execute(
                "DROP TABLE IF EXISTS elsewhere; DROP TABLE IF EXISTS migrate_history; \
                 ALTER TABLE kept RENAME TO migrate_history",
            )
            .unwrap();
        assert!(looks(client), "after {change}");
    }
}

/// A read creates nothing, and a failed first migration leaves an empty history.
#[test]
fn a_read_creates_nothing() {
    let db = Database::fresh();
    let client = &mut db.client();
    let mut driver = Postgres::on(client);
    let pending = Migrator::new(&mut driver).status(&known(&[A]), |status| status.entries.len()).unwrap();
    assert_eq!(pending, 1);
    assert_eq!(text(client, "SELECT count(*) FROM pg_class WHERE relname LIKE 'migrate%'"), "0");
    assert!(did(up(client, &known(&[("20260101000001_a.sql", "SELECT nosuch()")]))).contains("42883"));
    assert_eq!(recorded(client), "");
}

/// Roles live in the server, not in the database: the recipe of the docs, which may run on each database of it.
#[test]
fn roles_and_grants_that_may_run_again() {
    let db = Database::fresh();
    let name = format!("{}_app", db.name);
    let role = format!(
        "DO $$ BEGIN\n  CREATE ROLE {name} NOLOGIN;\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $$;\nGRANT SELECT ON ALL TABLES IN SCHEMA public TO {name};"
    );
    let set = known(&[A, ("20260101000002_role.sql", &role)]);
    let second = Database::fresh();
    for db in [&db, &second] {
        assert_eq!(did(up(&mut db.client(), &set)), "+1 +2");
    }
    for db in [&db, &second] {
        db.client().batch_execute(&format!("DROP OWNED BY {name}")).unwrap();
    }
    db.client().batch_execute(&format!("DROP ROLE {name}")).unwrap();
}
