//! A URL function inside an asynchronous runtime: the blocking client would panic on its threads (trap 3).
#![allow(clippy::unwrap_used)]

use migrate::{Embedded, embed_migrations};

static MIGRATIONS: Embedded = embed_migrations!("tests/embed/postgres", postgres);
static ON_MYSQL: Embedded = embed_migrations!("tests/embed/mysql", mysql);

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

/// The same on MySQL and MariaDB, with a migration in Rust between the files.
#[tokio::test(flavor = "current_thread")]
async fn on_mysql_and_mariadb() {
    use migrate::{BoxError, Meta, Migration, Session, Set, Version};

    struct Backfill;

    impl Migration<mysql::Conn> for Backfill {
        fn meta(&self) -> &Meta {
            static META: Meta = Meta::code(Version::new(20260102000001), "backfill");
            &META
        }
        fn up(&self, db: &mut Session<'_, mysql::Conn>) -> Result<(), BoxError> {
            db.run("INSERT INTO books VALUES (1, 'between the files')")
        }
    }

    for variable in ["MIGRATE_TEST_MARIADB", "MIGRATE_TEST_MYSQL"] {
        let server = std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"));
        let url = format!("{server}/rt_{}", std::process::id());
        migrate::mysql::admin::create(&url.parse().unwrap()).unwrap();
        let set = Set::new(&ON_MYSQL).mysql(Backfill);
        assert_eq!(migrate::up(&url, &set).unwrap().to_string(), "applied 3");
        assert!(migrate::up(&url, &set).unwrap().is_up_to_date());
        assert_eq!(migrate::down(&url, &set, 1).unwrap().to_string(), "reverted 1");
        migrate::mysql::admin::drop(&url.parse().unwrap()).unwrap();
    }
}
