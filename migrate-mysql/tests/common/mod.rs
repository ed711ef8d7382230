//! What the suites share: a database for each test, on either server, sets from texts, and looking at a database as a
//! stranger would.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use migrate_core::sql::Dialect;
use migrate_core::{DownTarget, Error, Migrations, Migrator, Report, UpTarget, source};
use migrate_mysql::Mysql;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};

pub type Known = Migrations<'static, Conn>;

/// The two servers; each test runs on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Mariadb,
    Mysql,
}

pub const SERVERS: [Server; 2] = [Server::Mariadb, Server::Mysql];

impl Server {
    pub fn url(self) -> String {
        let variable = match self {
            Server::Mariadb => "MIGRATE_TEST_MARIADB",
            Server::Mysql => "MIGRATE_TEST_MYSQL",
        };
        std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
    }

    pub fn dialect(self) -> Dialect {
        match self {
            Server::Mariadb => Dialect::Mariadb,
            Server::Mysql => Dialect::Mysql,
        }
    }
}

/// The migrations in these files.
pub fn known(files: &[(&str, &str)]) -> Known {
    let read = source::read(files.iter().copied(), Some(Dialect::Mysql)).unwrap_or_else(|error| panic!("{error}"));
    Migrations::from_sql(read.migrations).unwrap_or_else(|error| panic!("{error}"))
}

/// A database of its own, dropped at the end.
pub struct Database {
    pub name: String,
    pub server: Server,
    opts: Opts,
}

impl Database {
    pub fn fresh(server: Server) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let opts = OptsBuilder::from_opts(Opts::from_url(&server.url()).unwrap()).prefer_socket(false);
        let mut conn = Conn::new(opts.clone()).unwrap();
        conn.query_drop(format!("CREATE DATABASE {name}")).unwrap();
        Database { opts: opts.db_name(Some(&name)).into(), server, name }
    }

    pub fn conn(&self) -> Conn {
        Conn::new(self.opts.clone()).unwrap()
    }

    /// As another user.
    pub fn conn_of(&self, user: &str, password: &str) -> Conn {
        let opts = OptsBuilder::from_opts(self.opts.clone()).user(Some(user)).pass(Some(password));
        Conn::new(opts).unwrap()
    }

    pub fn url(&self) -> String {
        format!("{}/{}", self.server.url(), self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut conn) = Conn::new(self.opts.clone()) {
            let _ = conn.query_drop("SET SESSION lock_wait_timeout = 3");
            let _ = conn.query_drop(format!("DROP DATABASE {}", self.name));
        }
    }
}

pub fn up(conn: &mut Conn, known: &Known) -> Result<Report, Error> {
    Migrator::new(&mut Mysql::on(conn)).up(known, UpTarget::All)
}

pub fn down(conn: &mut Conn, known: &Known, target: DownTarget) -> Result<Report, Error> {
    Migrator::new(&mut Mysql::on(conn)).down(known, target)
}

/// What a run did, in a line: `+1 +2 -3`, by the last digits of the versions; else the whole error.
pub fn did(result: Result<Report, Error>) -> String {
    migrate_testkit::did(result)
}

/// The user's own tables, sorted.
pub fn tables(conn: &mut Conn) -> String {
    text(
        conn,
        "SELECT coalesce(group_concat(table_name ORDER BY table_name SEPARATOR ' '), '') FROM information_schema.tables \
         WHERE table_schema = database() AND table_name NOT LIKE 'migrate%'",
    )
}

/// The recorded versions, by their last digits; `…` marks one that is not finished.
pub fn recorded(conn: &mut Conn) -> String {
    let sql = "SELECT coalesce(group_concat(concat(version % 100, IF(finished_at IS NULL, '…', '')) ORDER BY version \
               SEPARATOR ' '), '') FROM migrate_history";
    text(conn, sql)
}

/// The journal, in a line.
pub fn journal(conn: &mut Conn) -> String {
    text(
        conn,
        "SELECT coalesce(group_concat(concat(n, ' ', state) ORDER BY n SEPARATOR ', '), '') FROM migrate_journal",
    )
}

/// One value, as text.
pub fn text(conn: &mut Conn, sql: &str) -> String {
    let row: mysql::Row = conn.query_first(sql).unwrap_or_else(|error| panic!("{sql}: {error}")).unwrap();
    match row.unwrap().remove(0) {
        mysql::Value::NULL => "NULL".into(),
        mysql::Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    }
}
