//! SQLite on this disk: a fresh build against the floor (all SQL and all history rows in one batch and one
//! transaction), and a start with nothing to do against its one SELECT. Interleaved; ratios taken in each round.

use std::path::Path;

use bench::{File, median, migrations, time};
use migrate::sqlite::Sqlite;
use migrate::{Checksum, Down, Migrations, Migrator, Options, Script, SqlMigration, Store, UpTarget, Version};
use rusqlite::Connection;

fn main() {
    println!("| work | N | floor | ours | ours / floor |\n|---|---|---|---|---|");
    for (n, rounds) in [(10, 15), (100, 15), (1000, 7)] {
        let files = migrations(n);
        let known = known(&files);
        let dir = tempfile::tempdir_in(".").expect("a place on the disk");
        let (mut fresh, mut idle) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let (a, b) = (dir.path().join(format!("floor{round}.db")), dir.path().join(format!("ours{round}.db")));
            fresh.push((time(|| floor(&a, &files)), time(|| ours(&b, &known))));
            let select = time(|| one_select(&b));
            idle.push((select, time(|| ours(&b, &known))));
        }
        for (work, times) in [("fresh", fresh), ("nothing to do", idle)] {
            let ratio = median(times.iter().map(|(floor, ours)| ours.as_secs_f64() / floor.as_secs_f64()).collect());
            let (floors, ours) = times.into_iter().unzip();
            println!(
                "| {work} | {n} | {:.2?} | {:.2?} | {ratio:.2} |",
                median::<std::time::Duration>(floors),
                median::<std::time::Duration>(ours)
            );
        }
    }
}

fn known(files: &[File]) -> Migrations<'static, Connection> {
    let one = |(version, name, sql): &File| {
        let script = Script::new(format!("{version}_{name}.sql").into(), sql.clone().into(), 1, Options::NONE);
        SqlMigration::new(Version::new(*version), name.clone(), script, Down::Irreversible, Store::Text)
    };
    Migrations::from_sql(files.iter().map(one)).expect("no version twice")
}

fn ours(path: &Path, known: &Migrations<'_, Connection>) {
    let mut db = Connection::open(path).expect("opens");
    let mut driver = Sqlite::on(&mut db);
    Migrator::new(&mut driver).up(known, UpTarget::All).expect("applies");
}

fn floor(path: &Path, files: &[File]) {
    let mut batch = String::from(
        "BEGIN IMMEDIATE; CREATE TABLE migrate_history (version INTEGER PRIMARY KEY, name, checksum, \
         statements_checksum, down_checksum, started_at, finished_at, direction, duration_ms, run_id, applied_by, \
         tool_version, format); CREATE TABLE migrate_text (sha256 TEXT PRIMARY KEY, text, format);",
    );
    for (version, name, sql) in files {
        let checksum = Checksum::of_text(sql);
        batch.push_str(sql);
        batch.push_str(&format!(
            "INSERT INTO migrate_text VALUES ('{checksum}', '{}', 1); INSERT INTO migrate_history VALUES ({version}, \
             '{name}', '{checksum}', '{checksum}', NULL, '2026', '2026', 'up', 1, 'run', 'me', 'migrate', 1);",
            sql.replace('\'', "''")
        ));
    }
    batch.push_str("COMMIT");
    Connection::open(path).expect("opens").execute_batch(&batch).expect("applies");
}

fn one_select(path: &Path) {
    let db = Connection::open(path).expect("opens");
    let mut select = db
        .prepare("SELECT version, name, checksum, statements_checksum, down_checksum, direction, started_at, finished_at, duration_ms FROM migrate_history ORDER BY version")
        .expect("prepares");
    let mut rows = select.query([]).expect("selects");
    while let Some(row) = rows.next().expect("a row") {
        let _: (i64, String) = (row.get(0).expect("version"), row.get(1).expect("name"));
    }
}
