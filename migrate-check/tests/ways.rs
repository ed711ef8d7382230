//! Every kind of migration goes through a check: in Rust, outside a transaction, irreversible; and every way in which one is unsound.
#![allow(clippy::unwrap_used)]

mod common;

use std::cell::RefCell;

use common::{check, mysql, postgres};
use migrate_check::{Check, Error, Made, Scratch, sqlite::InMemory};
use migrate_core::sql::Dialect;
use migrate_core::{BoxError, Cancel, Cause, Embedded, Meta, Migration, Migrations, Session, Tables, Version, source};

const UP: &str = "20260101000000_m.up.sql";
const DOWN: &str = "20260101000000_m.down.sql";

/// Its `up` makes a table, its `down` runs this.
struct Code(Meta, &'static str);

impl Code {
    fn reversible(down: &'static str) -> Self {
        Code(Meta::code(Version::new(20260102000000), "code").reversible(), down)
    }
}

macro_rules! code_on {
    ($connection:ty) => {
        impl Migration<$connection> for Code {
            fn meta(&self) -> &Meta {
                &self.0
            }

            fn up(&self, db: &mut Session<'_, $connection>) -> Result<(), BoxError> {
                db.run("CREATE TABLE code (x int)")
            }

            fn down(&self, db: &mut Session<'_, $connection>) -> Result<(), BoxError> {
                db.run(self.1)
            }
        }
    };
}

code_on!(rusqlite::Connection);
code_on!(::postgres::Client);
code_on!(::mysql::Conn);

/// Behind a table, the code.
fn code<S: Scratch>(scratch: &S, code: Code) -> Result<String, Error>
where
    Code: Migration<<S::Driver as migrate_core::Driver>::Connection>,
    <S::Driver as migrate_core::Driver>::Connection: 'static,
{
    let read = source::read([("20260101000000_m.sql", "CREATE TABLE m (x int);")], None).unwrap();
    let known = Migrations::from_sql(read.migrations).unwrap().with(code).unwrap();
    Check::new().run(scratch, &known).map(|report| report.to_string())
}

fn code_goes_through_on<S: Scratch>(scratch: &S, table: &str)
where
    Code: Migration<<S::Driver as migrate_core::Driver>::Connection>,
    <S::Driver as migrate_core::Driver>::Connection: 'static,
{
    let told = code(scratch, Code::reversible("DROP TABLE code")).unwrap();
    assert_eq!(told, "checked 2 migrations: 1 up, down and up again; 1 irreversible, applied once: 20260101000000_m");
    let left = code(scratch, Code::reversible("SELECT 1")).unwrap_err().to_string();
    assert!(left.starts_with("the down of 20260102000000_code leaves another schema"), "{left}");
    assert!(left.contains(&format!("only after: table {table}")), "{left}");
    let fails = code(scratch, Code::reversible("DROP TABLE nosuch")).unwrap_err().to_string();
    assert!(fails.starts_with("20260102000000_code (down) fails: 20260102000000_code: "), "{fails}");
    let once = code(scratch, Code(Meta::code(Version::new(20260102000000), "code"), "")).unwrap();
    assert!(once.ends_with("2 irreversible, applied once: 20260101000000_m, 20260102000000_code"), "{once}");
}

#[test]
fn migrations_in_rust() {
    code_goes_through_on(&InMemory, "code");
    code_goes_through_on(&postgres(), "public.code");
    let outside =
        |down| Code(Meta::code(Version::new(20260102000000), "code").reversible().outside_transaction(), down);
    for variable in ["MIGRATE_TEST_MYSQL", "MIGRATE_TEST_MARIADB"] {
        assert!(code(&mysql(variable), outside("DROP TABLE code")).unwrap().starts_with("checked 2 migrations: 1 up"));
        let left = code(&mysql(variable), outside("SELECT 1")).unwrap_err();
        assert!(left.to_string().contains("only after: table code: "), "{left}");
        assert!(left.is_difference());
    }
}

#[test]
fn outside_a_transaction() {
    let base = ("20251231000000_base.sql", "CREATE TABLE t (x int);");
    let up = (UP, "CREATE INDEX CONCURRENTLY i ON t (x);");
    let report = check(&postgres(), &[base, up, (DOWN, "DROP INDEX CONCURRENTLY i;")]).unwrap();
    assert_eq!(report.checked, ["20260101000000_m"]);
    let left = check(&postgres(), &[base, up, (DOWN, "SELECT 1;")]).unwrap_err();
    assert_eq!(left.differences().len(), 1, "{left}");
    // Half of the down is done when it fails.
    let half = "-- migrate:options transaction:false\nDROP INDEX CONCURRENTLY i;\nDROP INDEX CONCURRENTLY j;\n";
    let fails = check(&postgres(), &[base, up, (DOWN, half)]).unwrap_err().to_string();
    assert!(fails.starts_with("20260101000000_m (down) fails: 20260101000000_m.down.sql:3:"), "{fails}");
    for variable in ["MIGRATE_TEST_MYSQL", "MIGRATE_TEST_MARIADB"] {
        let up = (UP, "CREATE TABLE u (x int); CREATE TABLE v (x int);");
        let fails =
            check(&mysql(variable), &[base, up, (DOWN, "DROP TABLE u;\nDROP TABLE w;")]).unwrap_err().to_string();
        assert!(fails.starts_with("20260101000000_m (down) fails: 20260101000000_m.down.sql:2:"), "{fails}");
        let left = check(&mysql(variable), &[base, up, (DOWN, "DROP TABLE u;")]).unwrap_err().to_string();
        assert!(left.contains("\n  only after: table v: "), "{left}");
    }
}

#[test]
fn an_up_that_cannot_be_run_again() {
    let base = ("20251231000000_base.sql", "CREATE TABLE t (x int PRIMARY KEY);");
    let files = [base, (UP, "INSERT INTO t VALUES (1);"), (DOWN, "SELECT 1;")];
    for told in [check(&InMemory, &files).unwrap_err(), check(&postgres(), &files).unwrap_err()] {
        assert!(
            told.to_string().starts_with("20260101000000_m (up again) fails: 20260101000000_m.up.sql:1:"),
            "{told}"
        );
        assert!(!told.is_difference());
    }
}

#[test]
fn what_is_not_compiled_in_is_an_error_and_what_cannot_be_known_a_note() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("migrations");
    std::fs::create_dir(&dir).unwrap();
    let (file, text) = ("20260101000000_m.sql", "CREATE TABLE m (x);");
    let compiled = |root: Option<String>| {
        let migrations = source::read_labelled("migrations", [(file, text)], None).unwrap().migrations;
        let root = root.map(|root| &*root.leak());
        Embedded::new("migrations", root, Some(Dialect::Sqlite), vec![file].leak(), migrations.leak())
    };
    let run = |embedded: &Embedded| Check::new().run(&InMemory, &Migrations::from(embedded));
    let here = compiled(Some(root.path().to_str().unwrap().to_owned()));
    std::fs::write(dir.join(file), text).unwrap();
    assert!(run(&here).unwrap().findings.is_empty());
    std::fs::write(dir.join(file), "CREATE TABLE m (x, y);").unwrap();
    let told = run(&here).unwrap_err();
    assert!(matches!(told, Error::Stale(_)));
    assert_eq!(
        told.to_string(),
        "migrations/20260101000000_m.sql: edited since this program was compiled\n  = build it again"
    );
    let note = "migrations is not there to compare with: a new or edited file may not be compiled in";
    for unknown in [compiled(None), compiled(Some("/no/such/root".into()))] {
        assert_eq!(run(&unknown).unwrap().findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [note]);
    }
}

/// Notes what is made, and cancels then.
struct Cancelling(Cancel, RefCell<Vec<String>>);

impl Scratch for Cancelling {
    type Driver = migrate_postgres::Postgres<'static>;

    fn make(&self, history: &Tables) -> Result<Made<Self::Driver>, Cause> {
        let made = postgres().make(history)?;
        self.1.borrow_mut().push(made.name().to_owned());
        self.0.cancel();
        Ok(made)
    }
}

#[test]
fn a_cancelled_check_leaves_nothing() {
    let cancel = Cancel::new();
    let scratch = Cancelling(cancel.clone(), RefCell::default());
    let known =
        || Migrations::from_sql(source::read([(UP, "CREATE TABLE t (x int);")], None).unwrap().migrations).unwrap();
    let check = Check::new().order(2).cancelled_by(&cancel);
    assert!(matches!(check.run(&scratch, &known()), Err(Error::Cancelled)));
    // And none is made any more.
    assert!(matches!(check.run(&scratch, &known()), Err(Error::Cancelled)));
    let names = scratch.1.into_inner();
    assert_eq!(names.len(), 1);
    let url: migrate_postgres::Url = common::server("MIGRATE_TEST_POSTGRES").parse().unwrap();
    let sql = "SELECT count(*) FROM pg_database WHERE datname = ANY ($1)";
    assert_eq!(url.connect().unwrap().query_one(sql, &[&names]).unwrap().get::<_, i64>(0), 0);
}

/// A role that may make databases, and nothing else: it may not read all that a superuser may.
#[test]
fn no_superuser_is_needed() {
    let url: migrate_postgres::Url = common::server("MIGRATE_TEST_POSTGRES").parse().unwrap();
    let mut superuser = url.connect().unwrap();
    let drop = "DROP ROLE IF EXISTS migrate_check_poor";
    superuser.batch_execute(drop).unwrap();
    superuser.batch_execute("CREATE ROLE migrate_check_poor LOGIN CREATEDB").unwrap();
    let poor = common::server("MIGRATE_TEST_POSTGRES").replace("postgres@", "migrate_check_poor@");
    let up =
        "CREATE SCHEMA own; CREATE TABLE own.t (x int); CREATE FUNCTION own.f() RETURNS int LANGUAGE sql AS 'SELECT 1'";
    let files = [(UP, up), (DOWN, "DROP SCHEMA own CASCADE")];
    let report = check(&migrate_check::postgres::Beside::new(poor.parse().unwrap()), &files);
    superuser.batch_execute(drop).unwrap();
    assert_eq!(report.unwrap().checked.len(), 1);
}

/// What a migration does to the history's own tables is none of the schema's; a table of that name elsewhere is.
#[test]
fn the_history_is_left_out_by_name_and_schema() {
    let tables = Tables::named("app_migrations").in_schema("ops");
    let check = Check::new().tables(tables);
    let files = |up, down| {
        let read = source::read([(UP, up), (DOWN, down)], Some(Dialect::Postgres)).unwrap();
        check.run(&postgres(), &Migrations::from_sql(read.migrations).unwrap())
    };
    assert!(files("COMMENT ON SCHEMA ops IS 'ours'", "COMMENT ON SCHEMA ops IS NULL").is_ok());
    let told = files("CREATE TABLE app_migrations (x int)", "SELECT 1").unwrap_err();
    assert!(told.to_string().contains("only after: table public.app_migrations"), "{told}");
}
