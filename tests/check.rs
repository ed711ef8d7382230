//! `migrate::testing::check`: which database it takes, and what it says where there is none.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use migrate::check::Check;
use migrate::{BoxError, Embedded, Meta, Migration, Session, Set, Version, embed_migrations};

static ON_SQLITE: Embedded = embed_migrations!("examples/quickstart/migrations", sqlite);
static ON_POSTGRES: Embedded = embed_migrations!("tests/embed/postgres", postgres);
static ON_MYSQL: Embedded = embed_migrations!("tests/embed/mysql", mysql);
static ANYWHERE: Embedded = embed_migrations!("examples/quickstart/migrations");

#[test]
fn sqlite_is_in_memory() {
    let report = migrate::testing::check(&ON_SQLITE).unwrap();
    assert_eq!(report.checked.len() + report.irreversible.len(), 17);
    assert_eq!(report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    let report = migrate::testing::check_with(&Check::new().order(2), &ON_SQLITE).unwrap();
    assert_eq!(report.orders.unwrap().newest, 2);
}

/// The blocking clients would panic on a thread of the runtime (trap 3).
#[tokio::test]
#[ignore = "run by another, with a variable of its own"]
async fn postgres() {
    let report = migrate::testing::check(&ON_POSTGRES).unwrap();
    assert_eq!(report.checked.len() + report.irreversible.len(), 2);
}

#[test]
#[ignore = "run by another, with a variable of its own"]
fn mysql() {
    let report = migrate::testing::check(&ON_MYSQL).unwrap();
    assert_eq!(report.checked.len() + report.irreversible.len(), ON_MYSQL.migrations().len());
}

/// Runs one of these tests with a server named, and says what it wrote when it failed.
fn with_server(test: &str, url: Option<&str>) -> Result<(), String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored"]).env_remove("TEST_DATABASE_URL").env_remove("DATABASE_URL");
    command.env_remove("MIGRATE_TESTING_REMOTE").envs(url.map(|url| ("TEST_DATABASE_URL", url)));
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("running 1 test"), "{told}");
    if output.status.success() { Ok(()) } else { Err(told) }
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

#[test]
fn the_server_is_found_as_for_test_databases() {
    with_server("postgres", Some(&server("MIGRATE_TEST_POSTGRES"))).unwrap();
    for variable in ["MIGRATE_TEST_MYSQL", "MIGRATE_TEST_MARIADB"] {
        with_server("mysql", Some(&server(variable))).unwrap();
    }
    // A private one.
    with_server("mysql", None).unwrap();
    let told = with_server("mysql", Some("mysql://me:secret@db.example.com/shop")).unwrap_err();
    assert!(told.contains("the server that TEST_DATABASE_URL names is not on this machine"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_set_that_names_no_database_is_refused() {
    let told = migrate::testing::check(&ANYWHERE).unwrap_err().to_string();
    assert_eq!(
        told,
        "looking for a database to check on: the migrations in examples/quickstart/migrations do not say which database \
         they are for\n  = hint: say it, `embed_migrations!(\"examples/quickstart/migrations\", postgres)` for instance, or \
         give the URL: `migrate::check::check(\"sqlite::memory:\", &MIGRATIONS)`"
    );
    assert_eq!(migrate::check::check("sqlite::memory:", &ANYWHERE).unwrap().checked.len(), 16);
}

/// Leaves its table behind.
struct Untidy;

impl Migration<rusqlite::Connection> for Untidy {
    fn meta(&self) -> &Meta {
        static META: Meta = Meta::code(Version::new(20260901000000), "untidy").reversible();
        &META
    }

    fn up(&self, db: &mut Session<'_, rusqlite::Connection>) -> Result<(), BoxError> {
        db.run("CREATE TABLE IF NOT EXISTS untidy (x)")
    }

    fn down(&self, _: &mut Session<'_, rusqlite::Connection>) -> Result<(), BoxError> {
        Ok(())
    }
}

/// What a test that returns the error, or unwraps it, shows is the whole story.
#[test]
fn the_error_prints_well() {
    let error = migrate::testing::check(Set::new(&ON_SQLITE).sqlite(Untidy)).unwrap_err();
    let expected = "the down of 20260901000000_untidy leaves another schema than there was before its up\n  \
                    only after: column untidy.x\n  \
                    only after: table untidy\n  \
                    = let the down take back all that the up does, and only that";
    assert_eq!([format!("{error}"), format!("{error:?}")], [expected, expected]);
}
