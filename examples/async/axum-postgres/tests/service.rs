//! The real service on a new database of the server that MIGRATE_TEST_POSTGRES names.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "../../tests/process.rs"]
mod process;

use std::env;

use migrate::Migrations;
use migrate::testing::{Postgres, PostgresTemplate};
use tokio_postgres::{Client, NoTls};

use process::Service;

const BINARY: &str = env!("CARGO_BIN_EXE_axum-postgres");

#[tokio::test]
async fn it_migrates_serves_and_has_nothing_to_do_the_second_time() {
    let database = Database::empty();
    for _ in 0..2 {
        let mut service = Service::start(BINARY, database.url(), Some("true"));
        service.answers("/livez", 200);
        service.answers("/readyz", 200);
        let (status, books) = service.get("/books").unwrap();
        assert_eq!(status, 200);
        assert!(books.contains("Invisible Cities"), "{books}");
        let log = service.log();
        assert!(log.iter().any(|line| line["target"] == "migrate"), "{log:#?}");
        assert!(service.end().success());
    }
    assert_eq!(database.count("SELECT count(*) FROM migrate_history").await, 2);
    assert_eq!(database.count("SELECT count(DISTINCT run_id) FROM migrate_history").await, 1);
}

#[tokio::test]
async fn where_nobody_says_so_the_database_is_not_touched() {
    let database = Database::empty();
    let mut service = Service::start(BINARY, database.url(), None);
    service.answers("/livez", 200);
    service.answers("/readyz", 200);
    assert_eq!(service.get("/books").unwrap().0, 500);
    assert!(service.end().success());
    assert_eq!(database.count(TABLES).await, 0);
}

#[tokio::test]
async fn while_it_migrates_it_lives_is_not_ready_and_can_be_ended() {
    let database = Database::empty();
    let other = database.client().await;
    other.batch_execute("BEGIN; CREATE TABLE books ()").await.unwrap();
    let mut service = Service::start(BINARY, database.url(), Some("true"));
    service.answers("/livez", 200);
    // Its own CREATE TABLE waits for the end of that transaction.
    let here = "FROM pg_stat_activity WHERE datname = current_database()";
    let waiting = &format!("SELECT count(*) {here} AND wait_event_type = 'Lock'");
    while database.count(waiting).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.get("/readyz").unwrap().0, 503);
    assert_eq!(service.get("/books").unwrap().0, 503);
    assert!(service.end().success());
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(database.count("SELECT count(*) FROM pg_tables WHERE tablename = 'books'").await, 0);
}

const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";

/// An empty database, which the service migrates.
struct Database(Postgres);

impl Database {
    fn empty() -> Self {
        let server = env::var("MIGRATE_TEST_POSTGRES")
            .unwrap_or_else(|_| panic!("MIGRATE_TEST_POSTGRES names no server: start the tests with scripts/test"));
        Database(PostgresTemplate::of(Migrations::new()).server(server).postgres().unwrap())
    }

    fn url(&self) -> &str {
        self.0.url()
    }

    async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(self.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    async fn count(&self, sql: &str) -> i64 {
        self.client().await.query_one(sql, &[]).await.unwrap().get(0)
    }
}
