//! What the suites of MySQL and MariaDB share.

use migrate_core::sql::Dialect;
use migrate_testing::Template;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, Row};

pub const SERVERS: [&str; 2] = ["MIGRATE_TEST_MARIADB", "MIGRATE_TEST_MYSQL"];

pub fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

pub fn template(variable: &str, salt: &str) -> Template<'static, Conn> {
    // Another one at each run: what an earlier one has left is not counted.
    let salt = format!("{salt} {}", std::env::var("RUN").unwrap_or_else(|_| std::process::id().to_string()));
    Template::of(super::known(Dialect::Mysql, &salt)).server(server(variable))
}

pub fn open(url: &str) -> Conn {
    Conn::new(Opts::from_url(url).unwrap()).unwrap()
}

pub fn admin(variable: &str) -> Conn {
    open(&server(variable))
}

pub fn text(conn: &mut Conn, sql: &str) -> String {
    let found: Option<Row> = conn.query_first(sql).unwrap();
    found.and_then(|row| row.get_opt::<Option<String>, _>(0)?.ok()?).unwrap_or_default()
}

pub fn run(conn: &mut Conn, sql: &str) {
    let mut answer = conn.query_iter(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    while let Some(set) = answer.iter() {
        set.for_each(|row| drop(row.unwrap_or_else(|error| panic!("{sql}: {error}"))));
    }
}

pub fn exists(variable: &str, name: &str) -> bool {
    text(&mut admin(variable), &format!("SHOW DATABASES LIKE '{name}'")) == name
}
