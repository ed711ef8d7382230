//! Two hundred tests of one insert each: `bench/testing-nextest` runs them, each in a process of its own, and prints how
//! long they waited for their databases.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::time::{Duration, Instant};

use bench::{in_words_of_mysql, in_words_of_postgres, known, migrations};
use migrate::testing::Template;
use mysql::Conn;
use mysql::prelude::Queryable;
use postgres::Client;

fn one_of_many() {
    let (Ok(server), Ok(times)) = (std::env::var("BENCH_SERVER"), std::env::var("BENCH_TIMES")) else { return };
    let took = match server.starts_with("postgres") {
        true => on_postgres(server),
        false => on_mysql(server),
    };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(times).unwrap();
    writeln!(file, "{}", took.as_micros()).unwrap();
}

fn on_postgres(server: String) -> Duration {
    let files = migrations(1000);
    let known = known::<Client>(&files, in_words_of_postgres);
    let template = Template::of(&known).server(server);
    let began = Instant::now();
    let mut db = template.postgres().unwrap();
    let took = began.elapsed();
    db.client().unwrap().batch_execute("INSERT INTO t0 (column_0) VALUES ('mine')").unwrap();
    took
}

fn on_mysql(server: String) -> Duration {
    let files = migrations(1000);
    let known = known::<Conn>(&files, in_words_of_mysql);
    let template = Template::of(&known).server(server);
    let began = Instant::now();
    let mut db = template.mysql().unwrap();
    let took = began.elapsed();
    db.conn().unwrap().query_drop("INSERT INTO t0 (column_0) VALUES ('mine')").unwrap();
    took
}

macro_rules! tests {
    ($($tens:ident)*) => { $(mod $tens {
        tests!(@ a b c d e f g h i j);
    })* };
    (@ $($name:ident)*) => { $(#[test] fn $name() { super::one_of_many() })* };
}

tests!(t00 t01 t02 t03 t04 t05 t06 t07 t08 t09 t10 t11 t12 t13 t14 t15 t16 t17 t18 t19);
