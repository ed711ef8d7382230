//! `migrate::testing` and `#[migrate::test]`: that the tests run at all, get what they ask for, and what is left of them.
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::sync::LazyLock;

use migrate::testing::{Mysql, Postgres, Sqlite, SqliteFile, Template};
use migrate::{Embedded, Set, embed_migrations};

static MIGRATIONS: Embedded = embed_migrations!("examples/quickstart/migrations");
static ON_MYSQL: Embedded = embed_migrations!("tests/embed/mysql", mysql);
static ON_POSTGRES: Embedded = embed_migrations!("tests/embed/postgres", postgres);

fn with_a_member() -> Template<'static, rusqlite::Connection> {
    Template::of(&MIGRATIONS).seed("CREATE TABLE seeds (name TEXT); INSERT INTO seeds VALUES ('seeded')")
}

/// On the suite's server.
static POSTGRES: LazyLock<Template<'static, postgres::Client>> = LazyLock::new(|| {
    let server = std::env::var("MIGRATE_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("MIGRATE_TEST_POSTGRES names no server: start the tests with scripts/test"));
    Template::of(&ON_POSTGRES).server(server)
});

fn subjects(connection: &rusqlite::Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM subjects WHERE name = 'seeded'", [], |row| row.get(0)).unwrap()
}

static MYSQL: LazyLock<Template<'static, mysql::Conn>> = LazyLock::new(|| {
    let server = std::env::var("MIGRATE_TEST_MARIADB")
        .unwrap_or_else(|_| panic!("MIGRATE_TEST_MARIADB names no server: start the tests with scripts/test"));
    Template::of(&ON_MYSQL).server(server)
});

mod by_attribute {
    use mysql::prelude::Queryable;

    use super::*;

    #[migrate::test(MIGRATIONS)]
    fn in_memory(db: Sqlite) {
        assert_eq!(subjects(db.connection()), 0);
    }

    #[migrate::test(Set::new(&MIGRATIONS))]
    fn in_a_file(db: SqliteFile) -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(subjects(&db.connect()?), 0);
        Ok(())
    }

    #[migrate::test(with_a_member())]
    #[test]
    fn marked_already(mut db: Sqlite) {
        let count = "SELECT count(*) FROM seeds";
        assert_eq!(db.connection_mut().query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }

    #[migrate::test(*POSTGRES)]
    fn on_postgres(mut db: Postgres) {
        let count = db.client().unwrap().query_one("SELECT count(*) FROM migrate_history", &[]).unwrap();
        assert_eq!(count.get::<_, i64>(0), 2);
    }

    #[migrate::test(*MYSQL)]
    fn on_mysql(mut db: Mysql) {
        let count: Option<i64> = db.conn().unwrap().query_first("SELECT count(*) FROM migrate_history").unwrap();
        assert_eq!(count, Some(2));
    }

    #[migrate::test(*MYSQL)]
    #[tokio::test]
    #[ignore = "run by another: it fails"]
    async fn panics_on_mysql(mut db: Mysql) {
        tokio::task::yield_now().await;
        db.conn().unwrap().query_drop("CREATE TABLE seen (n int)").unwrap();
        panic!("not with {}", db.name());
    }

    /// The blocking client would panic on a thread of the runtime, also when it is dropped there (trap 3).
    #[migrate::test(*POSTGRES)]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn asynchronous(db: Postgres) {
        tokio::task::yield_now().await;
        let url = db.url().to_owned();
        let found = tokio::task::spawn_blocking(move || postgres::Client::connect(&url, postgres::NoTls).is_ok());
        assert!(found.await.unwrap());
    }

    #[migrate::test(*POSTGRES)]
    #[should_panic(expected = "as it should")]
    fn should_panic(db: Postgres) {
        drop(db);
        panic!("as it should");
    }

    /// What the attribute names its own things does not matter.
    #[migrate::test(MIGRATIONS)]
    pub(crate) fn database(#[allow(unused_mut)] mut database: Sqlite) {
        assert_eq!(subjects(database.connection()), 0);
    }

    #[cfg(any())]
    #[migrate::test(MIGRATIONS)]
    fn left_out(database: Sqlite) {}

    #[migrate::test(*POSTGRES)]
    #[tokio::test]
    async fn asynchronous_with_a_result(db: Postgres) -> Result<(), Box<dyn std::error::Error>> {
        let url = db.url().to_owned();
        tokio::task::spawn_blocking(move || postgres::Client::connect(&url, postgres::NoTls).map(drop)).await??;
        Ok(())
    }

    #[migrate::test(MIGRATIONS)]
    #[ignore = "run by another: it fails"]
    fn fails(db: SqliteFile) -> Result<(), String> {
        drop(db);
        Err("a test that fails".into())
    }

    #[migrate::test(*POSTGRES)]
    #[tokio::test]
    #[ignore = "run by another: it fails"]
    async fn panics(db: Postgres) {
        tokio::task::yield_now().await;
        panic!("not with {}", db.name());
    }
}

/// A `#[test]` that a macro emits wrongly is not run, and nobody says so (trap 9).
#[test]
fn each_is_a_test_once() {
    let output = Command::new(std::env::current_exe().unwrap()).args(["--list", "by_attribute"]).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<_> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    names.sort_unstable();
    let expected = [
        "asynchronous",
        "asynchronous_with_a_result",
        "database",
        "fails",
        "in_a_file",
        "in_memory",
        "marked_already",
        "on_mysql",
        "on_postgres",
        "panics",
        "panics_on_mysql",
        "should_panic",
    ];
    assert_eq!(names, expected.map(|name| format!("by_attribute::{name}")));
}

fn output_of(test: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", test, "--ignored", "--nocapture"]).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn after<'t>(text: &'t str, mark: &str) -> &'t str {
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("no {mark:?} in {text}"));
    rest.split_whitespace().next().unwrap()
}

/// Also where the test has given its guard away before it failed.
#[test]
fn a_failed_test_keeps_its_database_and_says_where() {
    let said = output_of("by_attribute::fails");
    let path = after(&said, "the test's database is kept: sqlite:");
    assert!(said.contains(&format!("look: sqlite3 '{path}'")), "{said}");
    let kept = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(subjects(&kept), 0);
    drop(kept);
    std::fs::remove_file(path).unwrap();

    let said = output_of("by_attribute::panics");
    let url = after(&said, "the test's database is kept: ");
    assert!(said.contains(&format!("look: psql '{url}'")), "{said}");
    let mut kept = postgres::Client::connect(url, postgres::NoTls).unwrap();
    kept.batch_execute("SELECT FROM migrate_history").unwrap();
    drop(kept);
    migrate::postgres::admin::drop(&url.parse().unwrap()).unwrap();

    let said = output_of("by_attribute::panics_on_mysql");
    let url = after(&said, "the test's database is kept: ");
    let line = said.split_once("look: ").unwrap().1.lines().next().unwrap();
    let mut words = line.split(' ');
    // As the test's author would, by the line that is printed.
    let look =
        Command::new(words.next().unwrap()).args(words).args(["-e", "SHOW TABLES LIKE 'seen'"]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&look.stdout).contains("seen"),
        "{line}: {}",
        String::from_utf8_lossy(&look.stderr)
    );
    migrate::mysql::admin::drop(&url.parse().unwrap()).unwrap();
}

#[test]
fn the_functions_take_a_set() {
    assert_eq!(subjects(migrate::testing::sqlite(&MIGRATIONS).unwrap().connection()), 0);
    let set = Set::new(&MIGRATIONS);
    assert_eq!(subjects(&migrate::testing::sqlite_file(&set).unwrap().connect().unwrap()), 0);
}
