//! How often a run waits for its server. A count is the same on any machine, so what makes us slow over a network is
//! noticed here; `bench/run` measures times.
#![allow(clippy::unwrap_used)]

mod common;
#[allow(unreachable_pub)]
#[path = "../bench/src/proxy.rs"]
mod proxy;

use std::time::Duration;

use common::Database;
use migrate::{Migrations, source, sql::Dialect};
use mysql::{Conn, Opts, OptsBuilder};
use postgres::{Client, NoTls};
use proxy::Proxy;

fn tables<C>(n: usize, dialect: Dialect) -> Migrations<'static, C> {
    let one = |i| (format!("20260101{:02}{:02}00_t{i}.sql", i / 60, i % 60), format!("CREATE TABLE t{i} (id INT);"));
    let read = source::read((0..n).map(one).collect::<Vec<_>>(), Some(dialect)).unwrap();
    Migrations::from_sql(read.migrations).unwrap()
}

/// A database behind a proxy, and its URL that leads through it.
fn behind_a_proxy(database: &Database) -> (Proxy, String) {
    let (before, rest) = database.url().split_once('@').unwrap();
    let (address, name) = rest.split_once('/').unwrap();
    let proxy = Proxy::before(address, Duration::ZERO).unwrap();
    let url = format!("{before}@127.0.0.1:{}/{name}", proxy.port());
    (proxy, url)
}

/// Of a first run with so many migrations, and of the next one, which finds nothing to do. Connecting is not counted.
fn on_postgres(n: usize) -> [usize; 2] {
    let database = Database::postgres(&format!("trips{n}"));
    let (proxy, url) = behind_a_proxy(&database);
    let known = tables(n, Dialect::Postgres);
    [n, 0].map(|done| {
        let mut client = Client::connect(&url, NoTls).unwrap();
        let before = proxy.round_trips();
        assert_eq!(migrate::postgres::up(&mut client, &known).unwrap().done.len(), done);
        proxy.round_trips() - before
    })
}

fn on_mysql(database: &Database, n: usize) -> [usize; 2] {
    let (proxy, url) = behind_a_proxy(database);
    let known = tables(n, Dialect::Mysql);
    [n, 0].map(|done| {
        // A socket would lead past the proxy.
        let opts = OptsBuilder::from_opts(Opts::from_url(&url).unwrap()).prefer_socket(false);
        let mut conn = Conn::new(opts).unwrap();
        let before = proxy.round_trips();
        assert_eq!(migrate::mysql::up(&mut conn, &known).unwrap().done.len(), done);
        proxy.round_trips() - before
    })
}

#[test]
fn a_first_run_on_postgresql_takes_as_many_for_a_hundred_as_for_ten() {
    assert_eq!(on_postgres(10), [22, 1]);
    assert_eq!(on_postgres(100), [22, 1]);
}

/// What is asked of the catalog, the journal's line, the statement, the history's row.
#[test]
fn a_file_that_changes_the_schema_takes_four_on_mysql_and_mariadb() {
    let (few, many) = (on_mysql(&Database::mariadb("few"), 10), on_mysql(&Database::mariadb("many"), 30));
    assert_eq!((many[0] - few[0], few[1], many[1]), (4 * 20, 1, 1), "MariaDB");
    let (few, many) = (on_mysql(&Database::mysql("few"), 10), on_mysql(&Database::mysql("many"), 30));
    assert_eq!((many[0] - few[0], few[1], many[1]), (4 * 20, 1, 1), "MySQL");
}
