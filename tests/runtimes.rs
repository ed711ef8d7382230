//! A URL function inside an asynchronous runtime: the blocking client would panic on its threads (trap 3).
#![allow(clippy::unwrap_used)]

use migrate::{Embedded, embed_migrations};

static MIGRATIONS: Embedded = embed_migrations!("tests/embed/postgres", postgres);

/// A database of its own, dropped at the end.
struct Database(String);

impl Database {
    fn fresh(name: &str) -> Self {
        let server = std::env::var("MIGRATE_TEST_POSTGRES")
            .unwrap_or_else(|_| panic!("MIGRATE_TEST_POSTGRES names no server: start the tests with scripts/test"));
        let (place, _) = server.rsplit_once('/').unwrap();
        let url = format!("{place}/{name}{}", std::process::id());
        let made = url.clone();
        std::thread::spawn(move || migrate::postgres::admin::create(&made.parse().unwrap()).unwrap()).join().unwrap();
        Database(url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let url = self.0.clone();
        let _ = std::thread::spawn(move || migrate::postgres::admin::drop(&url.parse().unwrap())).join();
    }
}

fn migrates(database: &Database) {
    assert_eq!(migrate::up(&database.0, &MIGRATIONS).unwrap().to_string(), "applied 2");
    assert!(migrate::up(&database.0, &MIGRATIONS).unwrap().is_up_to_date());
    assert_eq!(migrate::down(&database.0, &MIGRATIONS, 1).unwrap().to_string(), "reverted 1");
}

#[tokio::test(flavor = "current_thread")]
async fn on_one_thread() {
    migrates(&Database::fresh("rt_one"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_several_threads() {
    migrates(&Database::fresh("rt_several"));
}
