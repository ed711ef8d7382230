//! The real service on a new file.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "../../tests/process.rs"]
mod process;

use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use process::Service;

const BINARY: &str = env!("CARGO_BIN_EXE_axum-sqlite");

fn place() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/shop.db", dir.path().display());
    (dir, url)
}

async fn count(url: &str, sql: &'static str) -> i64 {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn it_migrates_serves_and_has_nothing_to_do_the_second_time() {
    let (_dir, url) = place();
    for _ in 0..2 {
        let mut service = Service::start(BINARY, &url, Some("true"));
        service.answers("/livez", 200);
        service.answers("/readyz", 200);
        let (status, books) = service.get("/books").unwrap();
        assert_eq!(status, 200);
        assert!(books.contains("Invisible Cities"), "{books}");
        let log = service.log();
        assert!(log.iter().any(|line| line["target"] == "migrate"), "{log:#?}");
        assert!(service.end().success());
    }
    assert_eq!(count(&url, "SELECT count(*) FROM migrate_history").await, 2);
    assert_eq!(count(&url, "SELECT count(DISTINCT run_id) FROM migrate_history").await, 1);
}

#[tokio::test]
async fn where_nobody_says_so_the_database_is_not_touched() {
    let (dir, url) = place();
    let mut service = Service::start(BINARY, &url, None);
    service.answers("/livez", 200);
    service.answers("/readyz", 200);
    assert_eq!(service.get("/books").unwrap().0, 500);
    assert!(service.end().success());
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "no file was made");
}

#[tokio::test]
async fn while_it_migrates_it_lives_is_not_ready_and_can_be_ended() {
    let (_dir, url) = place();
    let mut other = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE; CREATE TABLE books (id)").execute(&mut other).await.unwrap();
    let mut service = Service::start(BINARY, &url, Some("true"));
    service.answers("/livez", 200);
    assert_eq!(service.get("/readyz").unwrap().0, 503);
    assert_eq!(service.get("/books").unwrap().0, 503);
    assert!(service.end().success());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(count(&url, "SELECT count(*) FROM sqlite_master").await, 0);
}
