//! MySQL and MariaDB: a fresh build against the floor (each statement sent by itself, one INSERT into a history for each
//! migration), and a start with nothing to do against its one SELECT. Interleaved; ratios taken in each round.
//!
//!     cargo run --release --bin mysql -- mysql://root@127.0.0.1:3306

use std::time::Duration;

use bench::{File, median, migrations, time};
use migrate::{Checksum, Down, Migrations, Options, Script, SqlMigration, Store, Version};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};

fn main() {
    let server = std::env::args().nth(1).expect("the URL of a server");
    let server = Opts::from_url(&server).expect("a URL");
    println!("| work | N | floor | ours | ours / floor |\n|---|---|---|---|---|");
    for (n, rounds) in [(10, 15), (100, 9), (1000, 3)] {
        let files = migrations(n);
        let known = known(&files);
        let (mut fresh, mut idle) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let (mut a, mut b) = (Database::new(&server, "a"), Database::new(&server, "b"));
            let (mut floors, mut ours) = (Duration::ZERO, Duration::ZERO);
            // Whoever comes second finds the first one's pages still to be written.
            for is_floor in [round % 2 == 0, round % 2 == 1] {
                match is_floor {
                    true => floors = time(|| floor(&mut a.conn, &files)),
                    false => ours = time(|| up(&mut b.conn, &known)),
                }
            }
            fresh.push((floors, ours));
            // The first look at new rows pays for both.
            one_select(&mut b.conn);
            up(&mut b.conn, &known);
            for _ in 0..15 {
                let select = time(|| one_select(&mut b.conn));
                idle.push((select, time(|| up(&mut b.conn, &known))));
            }
        }
        for (work, times) in [("fresh", fresh), ("nothing to do", idle)] {
            let ratio = median(times.iter().map(|(floor, ours)| ours.as_secs_f64() / floor.as_secs_f64()).collect());
            let (floors, ours) = times.into_iter().unzip();
            println!(
                "| {work} | {n} | {:.2?} | {:.2?} | {ratio:.2} |",
                median::<Duration>(floors),
                median::<Duration>(ours)
            );
        }
    }
}

struct Database {
    conn: Conn,
    name: String,
}

impl Database {
    fn new(server: &Opts, name: &str) -> Self {
        let name = format!("bench_{name}");
        let mut conn = Conn::new(OptsBuilder::from_opts(server.clone()).prefer_socket(false)).expect("connects");
        conn.query_drop(format!("DROP DATABASE IF EXISTS {name}")).expect("drops");
        conn.query_drop(format!("CREATE DATABASE {name}")).expect("creates");
        conn.query_drop(format!("USE {name}")).expect("uses");
        Database { conn, name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.conn.query_drop(format!("DROP DATABASE {}", self.name));
    }
}

fn known(files: &[File]) -> Migrations<'static, Conn> {
    let one = |(version, name, sql): &File| {
        let script = Script::new(format!("{version}_{name}.sql").into(), for_mysql(sql).into(), 1, Options::NONE);
        SqlMigration::new(Version::new(*version), name.clone(), script, Down::Irreversible, Store::Text)
    };
    Migrations::from_sql(files.iter().map(one)).expect("no version twice")
}

/// SQLite numbers the rows of an INTEGER PRIMARY KEY by itself, and indexes a TEXT.
fn for_mysql(sql: &str) -> String {
    sql.replace("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY AUTO_INCREMENT").replace("TEXT", "VARCHAR(40)")
}

fn up(conn: &mut Conn, known: &Migrations<'_, Conn>) {
    migrate::mysql::up(conn, known).expect("applies");
}

fn floor(conn: &mut Conn, files: &[File]) {
    let create = "CREATE TABLE migrate_history (version bigint PRIMARY KEY, name text, checksum varchar(80), \
                  applied_at datetime(6))";
    conn.query_drop(create).expect("applies");
    for (version, name, sql) in files {
        // The generator ends each statement with its line.
        for statement in for_mysql(sql).split_inclusive(";\n") {
            conn.query_drop(statement.trim_end().trim_end_matches(';')).expect("applies");
        }
        let checksum = Checksum::of_text(sql);
        let row = format!("INSERT INTO migrate_history VALUES ({version}, '{name}', '{checksum}', utc_timestamp(6))");
        conn.query_drop(row).expect("applies");
    }
}

fn one_select(conn: &mut Conn) {
    let rows: Vec<(i64, String)> =
        conn.query("SELECT version, checksum FROM migrate_history ORDER BY version").expect("selects");
    assert!(!rows.is_empty());
}
