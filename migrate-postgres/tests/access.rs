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

#[test]
fn a_schema_that_may_not_be_used_is_named() {
    let db = Database::fresh();
    let client = &mut db.client();
    let role = Role::new(&db, "stranger");
    client.batch_execute("CREATE SCHEMA mig").unwrap();
    let run = |client: &mut postgres::Client| {
        let mut driver = Postgres::on(client).tables(Tables::default().in_schema("mig"));
        did(Migrator::new(&mut driver).up(&known(&[A]), UpTarget::All))
    };
    assert_eq!(run(client), "+1");
    let said = run(&mut db.client_of(&role.name));
    assert!(said.contains("GRANT USAGE ON SCHEMA \"mig\", and GRANT SELECT ON \"mig\".\"migrate_history\""), "{said}");
}

/// The migration is applied by then; the next file has nothing to do with it.
#[test]
fn a_setting_that_cannot_be_put_back_is_no_fault_of_the_next_file() {
    let db = Database::fresh();
    let client = &mut db.client();
    let role = Role::new(&db, "app");
    client
        .batch_execute(&format!(
            "GRANT CREATE ON SCHEMA public TO {}; CREATE FUNCTION f() RETURNS text SECURITY DEFINER LANGUAGE sql AS \
             $$ SELECT set_config('log_statement', 'none', false) $$; SET log_statement = 'all'; \
             ALTER DATABASE {} SET log_statement = 'all'",
            role.name, db.name
        ))
        .unwrap();
    let set = known(&[("20260101000001_a.sql", "SET work_mem = '5MB'; SELECT f()"), B]);
    let said = did(up(&mut db.client_of(&role.name), &set));
    assert!(said.contains("a setting that can't be put back: permission denied"), "{said}");
    assert!(!said.contains("_b.sql"), "{said}");
    assert_eq!(recorded(client), "1");
}

/// Our own tables are made by DDL, too.
#[test]
fn what_an_event_trigger_sets_reaches_no_migration() {
    let db = Database::fresh();
    let client = &mut db.client();
    client
        .batch_execute(
            "CREATE SCHEMA audit; CREATE FUNCTION audit.note() RETURNS event_trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM set_config('search_path', 'audit', false); END $$; \
             CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION audit.note()",
        )
        .unwrap();
    assert_eq!(did(up(&mut db.client(), &known(&[A, B]))), "+1 +2");
    let where_ = "SELECT string_agg(relnamespace::regnamespace::text, ' ') FROM pg_class WHERE relname IN ('a', 'b')";
    assert_eq!(text(client, where_), "public public");
}

/// Nothing is recorded, and nobody is at work: that is a status, too.
#[test]
fn without_a_schema_there_is_a_status_and_no_run() {
    let db = Database::fresh();
    let client = &mut db.client();
    client.batch_execute("DROP SCHEMA public").unwrap();
    let mut driver = Postgres::on(client);
    assert_eq!(driver.read_history().unwrap(), None);
    assert_eq!(driver.holder().unwrap(), None);
    let said = did(up(client, &known(&[("20260101000001_a.sql", "CREATE SCHEMA a")])));
    assert!(said.contains("no schema of this session's search_path exists") && said.contains("--schema"), "{said}");
}

/// A hosting platform may switch row-level security on for every new table: it hides rows without an error.
#[test]
fn a_history_with_hidden_rows_is_not_empty() {
    let db = Database::fresh();
    let client = &mut db.client();
    let role = Role::new(&db, "app");
    assert_eq!(did(up(client, &known(&[A]))), "+1");
    client
        .batch_execute(&format!(
            "ALTER TABLE migrate_history ENABLE ROW LEVEL SECURITY; GRANT ALL ON migrate_history, migrate_text, \
             migrate_journal TO {role}; GRANT CREATE ON SCHEMA public TO {role}",
            role = role.name
        ))
        .unwrap();
    let app = &mut db.client_of(&role.name);
    let status = |app: &mut postgres::Client| match Postgres::on(app).read_history() {
        Ok(rows) => format!("{rows:?}"),
        Err(cause) => cause.to_string(),
    };
    assert!(status(app).contains("row-level security hides rows of \"migrate_history\""), "{}", status(app));
    // The owner sees all of it, and nothing is in its way.
    assert_eq!(did(up(client, &known(&[A, B]))), "+2");
    // A policy may show some rows: what is missing then must not be applied again.
    client.batch_execute("CREATE POLICY few ON migrate_history USING (version % 100 = 1) WITH CHECK (true)").unwrap();
    let said = did(up(app, &known(&[A, B])));
    assert!(said.contains("preparing the history tables: row-level security hides rows"), "{said}");
    client.batch_execute("ALTER TABLE migrate_history DISABLE ROW LEVEL SECURITY").unwrap();
    assert_eq!(did(up(app, &known(&[A, B]))), "");
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

/// Their locks are two, for two places: the first look may be too early, the one under the lock is not.
#[test]
fn a_history_made_elsewhere_meanwhile_is_seen_under_the_lock() {
    let db = Database::fresh();
    let client = &mut db.client();
    client.batch_execute("CREATE SCHEMA app; SET search_path = app").unwrap();
    let other = &mut db.client();
    let mut late = Postgres::on(other);
    assert_eq!(late.read_history().unwrap(), None);
    assert_eq!(did(up(client, &known(&[A]))), "+1");
    assert!(matches!(late.try_lock().unwrap(), migrate_core::driver::LockAttempt::Acquired));
    let said = late.read_history().unwrap_err().to_string();
    assert!(said.contains("but stands in app.migrate_history"), "{said}");
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
    let newer = "INSERT INTO migrate_history SELECT version + 9, name, checksum, NULL, NULL, started_at, finished_at, \
                 direction, 0, run_id, applied_by, tool_version, format FROM migrate_history WHERE version % 10 = 2";
    client.batch_execute(newer).unwrap();
    assert!(looks(client), "what a newer build has applied is none of ours");
    client.batch_execute("UPDATE migrate_history SET format = 99 WHERE version % 100 = 11").unwrap();
    assert!(!looks(client), "in a format that is not known");
    client.batch_execute("DELETE FROM migrate_history WHERE version % 100 = 11").unwrap();
    for change in [
        "DELETE FROM migrate_history WHERE version % 10 = 1",
        "DELETE FROM migrate_history WHERE version % 10 = 2",
        "DELETE FROM migrate_history",
        "UPDATE migrate_history SET version = version + 1",
        "INSERT INTO migrate_history SELECT version - 1, name, checksum, NULL, NULL, started_at, finished_at, direction, \
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
