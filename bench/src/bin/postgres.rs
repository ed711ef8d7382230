//! PostgreSQL: a fresh build against the floor (all SQL and all history rows in one message and one transaction), and a
//! start with nothing to do against its one SELECT. Interleaved; ratios taken in each round.
//!
//!     cargo run --release --bin postgres -- postgres://postgres@127.0.0.1:5432/postgres

use std::time::Duration;

use bench::{File, median, migrations, time};
use migrate::postgres::Postgres;
use migrate::{Checksum, Down, Migrations, Migrator, Options, Script, SqlMigration, Store, UpTarget, Version};
use postgres::{Client, Config, NoTls};

fn main() {
    let server: Config = std::env::args().nth(1).expect("the URL of a server").parse().expect("a URL");
    println!("| work | N | floor | ours | ours / floor |\n|---|---|---|---|---|");
    for (n, rounds) in [(10, 15), (100, 9), (1000, 3)] {
        let files = migrations(n);
        let known = known(&files);
        let (mut fresh, mut idle) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (mut a, mut b) = (Database::new(&server, "a"), Database::new(&server, "b"));
            fresh.push((time(|| floor(&mut a.client, &files)), time(|| ours(&mut b.client, &known))));
            // The first look at new rows pays for both.
            one_select(&mut b.client);
            for _ in 0..15 {
                let select = time(|| one_select(&mut b.client));
                idle.push((select, time(|| ours(&mut b.client, &known))));
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
    client: Client,
    server: Config,
    name: String,
}

impl Database {
    fn new(server: &Config, name: &str) -> Self {
        let name = format!("bench_{name}");
        let mut client = server.connect(NoTls).expect("connects");
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).expect("drops");
        client.batch_execute(&format!("CREATE DATABASE {name}")).expect("creates");
        let client = server.clone().dbname(&name).connect(NoTls).expect("connects");
        Database { client, server: server.clone(), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut client) = self.server.connect(NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn known(files: &[File]) -> Migrations<'static, Client> {
    let one = |(version, name, sql): &File| {
        let script = Script::new(format!("{version}_{name}.sql").into(), for_postgres(sql).into(), 1, Options::NONE);
        SqlMigration::new(Version::new(*version), name.clone(), script, Down::Irreversible, Store::Text)
    };
    Migrations::from_sql(files.iter().map(one)).expect("no version twice")
}

/// SQLite numbers the rows of an INTEGER PRIMARY KEY by itself.
fn for_postgres(sql: &str) -> String {
    sql.replace("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY GENERATED ALWAYS AS IDENTITY")
}

fn ours(client: &mut Client, known: &Migrations<'_, Client>) {
    let mut driver = Postgres::on(client);
    Migrator::new(&mut driver).up(known, UpTarget::All).expect("applies");
}

fn floor(client: &mut Client, files: &[File]) {
    let mut batch = String::from(
        "BEGIN; CREATE TABLE migrate_history (version bigint PRIMARY KEY, name text, checksum text, \
         statements_checksum text, down_checksum text, started_at timestamptz, finished_at timestamptz, direction text, \
         duration_ms bigint, run_id text, applied_by text, tool_version text, format bigint); \
         CREATE TABLE migrate_text (sha256 text PRIMARY KEY, text text, format bigint);",
    );
    for (version, name, sql) in files {
        let checksum = Checksum::of_text(sql);
        batch.push_str(&for_postgres(sql));
        batch.push_str(&format!(
            "INSERT INTO migrate_text VALUES ('{checksum}', '{}', 1); INSERT INTO migrate_history VALUES ({version}, \
             '{name}', '{checksum}', '{checksum}', NULL, now(), now(), 'up', 1, 'run', 'me', 'migrate', 1);",
            sql.replace('\'', "''")
        ));
    }
    batch.push_str("COMMIT");
    client.batch_execute(&batch).expect("applies");
}

fn one_select(client: &mut Client) {
    let rows = client.simple_query("SELECT version, checksum FROM migrate_history ORDER BY version").expect("selects");
    assert!(!rows.is_empty());
}
