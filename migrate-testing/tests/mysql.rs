//! Test databases on MySQL and MariaDB: what tests get, what is left of them, and who is left alone.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use common::{alone, succeeds};
use migrate_core::sql::Dialect;
use migrate_testing::Template;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, Row};

const SERVERS: [&str; 2] = ["MIGRATE_TEST_MARIADB", "MIGRATE_TEST_MYSQL"];

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

fn template(variable: &str, salt: &str) -> Template<'static, Conn> {
    // Another one at each run: what an earlier one has left is not counted.
    let salt = format!("{salt} {}", std::env::var("RUN").unwrap_or_else(|_| std::process::id().to_string()));
    Template::of(common::known(Dialect::Mysql, &salt)).server(server(variable))
}

fn open(url: &str) -> Conn {
    Conn::new(Opts::from_url(url).unwrap()).unwrap()
}

fn admin(variable: &str) -> Conn {
    open(&server(variable))
}

fn text(conn: &mut Conn, sql: &str) -> String {
    let found: Option<Row> = conn.query_first(sql).unwrap();
    found.and_then(|row| row.get_opt::<Option<String>, _>(0)?.ok()?).unwrap_or_default()
}

fn run(conn: &mut Conn, sql: &str) {
    let mut answer = conn.query_iter(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    while let Some(set) = answer.iter() {
        set.for_each(|row| drop(row.unwrap_or_else(|error| panic!("{sql}: {error}"))));
    }
}

fn exists(variable: &str, name: &str) -> bool {
    text(&mut admin(variable), &format!("SHOW DATABASES LIKE '{name}'")) == name
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_test_gets_all_that_the_template_has() {
    for server in SERVERS {
        let template = template(server, "all")
            .seed("INSERT INTO members VALUES ('grace')")
            .seed_code("one book", |conn: &mut Conn| Ok(conn.query_drop("INSERT INTO books VALUES ('Emma')")?));
        for _ in 0..3 {
            let mut db = template.mysql().unwrap();
            let conn = db.conn().unwrap();
            assert_eq!(text(conn, "SELECT group_concat(name ORDER BY name) FROM members"), "ada,grace");
            assert_eq!(text(conn, "SELECT group_concat(title) FROM books"), "Emma");
            assert_eq!(text(conn, "SELECT count(*) FROM migrate_history"), "2");
            conn.query_drop("DROP TABLE books").unwrap();
            // Any client finds it by the URL, and is no reason to leave it.
            let mut other = open(db.url());
            assert_eq!(text(&mut other, "SELECT database()"), db.name());
            other.query_drop("START TRANSACTION").unwrap();
            other.query_drop("INSERT INTO members VALUES ('open')").unwrap();
            drop(db);
            assert!(other.query_drop("COMMIT").is_err(), "it is thrown out");
        }
    }
}
