//! A database for each test, on each kind of server.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::thread;

use mysql::prelude::Queryable;

/// A database of its own, dropped at the end.
pub struct Database {
    url: String,
    dir: Option<tempfile::TempDir>,
}

/// One on each: SQLite, PostgreSQL, MariaDB, MySQL.
pub fn every_database(name: &str) -> Vec<Database> {
    vec![Database::sqlite(name), Database::postgres(name), Database::mariadb(name), Database::mysql(name)]
}

impl Database {
    pub fn sqlite(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/{name}.db", dir.path().display());
        Database { url, dir: Some(dir) }
    }

    pub fn postgres(name: &str) -> Self {
        Self::on_server(&server("MIGRATE_TEST_POSTGRES"), name)
    }

    pub fn mariadb(name: &str) -> Self {
        Self::on_server(&server("MIGRATE_TEST_MARIADB"), name)
    }

    pub fn mysql(name: &str) -> Self {
        Self::on_server(&server("MIGRATE_TEST_MYSQL"), name)
    }

    /// On the server of this URL, whatever database that names.
    pub fn on_server(server: &str, name: &str) -> Self {
        let (scheme, rest) = server.split_once("://").unwrap();
        let host = rest.split('/').next().unwrap();
        let url = format!("{scheme}://{host}/t_{name}_{}", std::process::id());
        let made = url.clone();
        aside(move || match made.starts_with("postgres") {
            true => migrate::postgres::admin::create(&made.parse().unwrap()).unwrap(),
            false => migrate::mysql::admin::create(&made.parse().unwrap()).unwrap(),
        });
        Database { url, dir: None }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The user's own tables, sorted; also those of the history where there are any, as `migrate_…`, only in an empty one.
    pub fn tables(&self) -> String {
        let sql = match self.scheme() {
            "sqlite" => "SELECT name FROM sqlite_master WHERE type = 'table'",
            "postgres" => {
                "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            }
            _ => "SELECT table_name FROM information_schema.tables WHERE table_schema = database()",
        };
        let mut tables = self.column(sql);
        if tables.iter().any(|table| !table.starts_with("migrate_")) {
            tables.retain(|table| !table.starts_with("migrate_"));
        }
        tables.sort();
        tables.join(" ")
    }

    /// One value.
    pub fn value(&self, sql: &str) -> String {
        self.column(sql).into_iter().next().unwrap()
    }

    pub fn execute(&self, sql: &str) {
        self.column(sql);
    }

    fn scheme(&self) -> &str {
        self.url.split(':').next().unwrap()
    }

    fn column(&self, sql: &str) -> Vec<String> {
        let (url, sql) = (self.url.clone(), sql.to_owned());
        aside(move || match url.split(':').next().unwrap() {
            "sqlite" => {
                let path = url.trim_start_matches("sqlite:");
                if !std::path::Path::new(path).exists() {
                    return Vec::new();
                }
                let connection = rusqlite::Connection::open(path).unwrap();
                let mut statement = connection.prepare(&sql).unwrap();
                let cell = |row: &rusqlite::Row<'_>| {
                    Ok(match row.get::<_, rusqlite::types::Value>(0)? {
                        rusqlite::types::Value::Text(text) => text,
                        rusqlite::types::Value::Integer(number) => number.to_string(),
                        other => format!("{other:?}"),
                    })
                };
                statement.query_map([], cell).unwrap().map(Result::unwrap).collect()
            }
            "postgres" => {
                let mut client = url.parse::<migrate::postgres::Url>().unwrap().connect().unwrap();
                let answered = client.simple_query(&sql).unwrap().into_iter();
                let row = |message| match message {
                    postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
                    _ => None,
                };
                answered.filter_map(row).collect()
            }
            _ => {
                let mut conn = url.parse::<migrate::mysql::Url>().unwrap().connect().unwrap();
                conn.query(&sql).unwrap()
            }
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let url = self.url.clone();
        let _ = thread::spawn(move || match url.split(':').next() {
            Some("postgres") => drop(migrate::postgres::admin::drop(&url.parse().unwrap())),
            Some("mysql") => {
                if let Ok(mut conn) = url.parse::<migrate::mysql::Url>().unwrap().connect() {
                    let name = url.rsplit('/').next().unwrap_or_default();
                    let _ = conn.query_drop(format!("DROP DATABASE {name}"));
                }
            }
            _ => {}
        })
        .join();
    }
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

/// Blocking clients panic on a thread of a runtime.
fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(work).join().unwrap()
}
