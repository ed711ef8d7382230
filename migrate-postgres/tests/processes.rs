//! Many processes on one database, and runs that are killed: each migration once, and nothing for a human to do.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Database, journal, known, recorded, text};
use migrate_core::{Migrator, UpTarget};
use migrate_postgres::Postgres;
use postgres::{Client, NoTls};

const FILES: usize = 12;

/// Every migration counts itself, which running twice would show. Two of them build indexes CONCURRENTLY.
fn counting() -> Vec<(String, String)> {
    let file = |n: usize| {
        let count = format!("UPDATE counter SET n{n} = n{n} + 1;");
        let busy = "INSERT INTO ballast SELECT md5(i::text) FROM generate_series(1, 2000) i;";
        let text = match n {
            1 => {
                let columns: Vec<_> = (2..=FILES).map(|n| format!("n{n} int DEFAULT 0")).collect();
                let tables = format!("CREATE TABLE counter ({});\nCREATE TABLE ballast (x text);", columns.join(", "));
                format!("{tables}\nINSERT INTO counter DEFAULT VALUES;")
            }
            3 | 7 => format!(
                "-- migrate:options transaction:false\n{count}\nCREATE INDEX CONCURRENTLY i{n} ON ballast (x);\n\
                 CREATE INDEX CONCURRENTLY ON ballast (left(x, {n}));\n{busy}"
            ),
            _ => format!("{count}\n{busy}\nCREATE TABLE t{n} (x int);"),
        };
        (format!("202601010000{n:02}_m{n}.sql"), text)
    };
    (1..=FILES).map(file).collect()
}

/// Not a test by itself: what the other processes run.
#[test]
#[ignore = "run by the other tests, in processes of their own"]
fn child() {
    let Ok(database) = std::env::var("MIGRATE_TEST_DATABASE") else { return };
    let mut config: postgres::Config = std::env::var("MIGRATE_TEST_POSTGRES").unwrap().parse().unwrap();
    let mut client = config.dbname(&database).application_name("child").connect(NoTls).unwrap();
    let files = counting();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    if let Err(error) = Migrator::new(&mut Postgres::on(&mut client)).up(&known(&files), UpTarget::All) {
        panic!("{error}");
    }
}

fn start(database: &Database) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored"]).env("MIGRATE_TEST_DATABASE", &database.name);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

/// Everything is there once: counters, versions, valid indexes, no journal, no lock.
fn assert_whole(client: &mut Client, what: &str) {
    let columns: Vec<_> = (2..=FILES).map(|n| format!("n{n}")).collect();
    assert_eq!(text(client, &format!("SELECT concat({}) FROM counter", columns.join(", "))), "11111111111", "{what}");
    assert_eq!(recorded(client), "1 2 3 4 5 6 7 8 9 10 11 12", "{what}");
    let indexes = "SELECT string_agg(relname || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END, ' ' ORDER BY relname) \
                   FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = 'ballast'::regclass";
    assert_eq!(text(client, indexes), "ballast_left_idx ballast_left_idx1 i3 i7", "{what}");
    assert_eq!(journal(client), "", "{what}");
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(text(client, locks), "0", "{what}");
}

/// TRAPS 10, 13: nobody waits inside a statement, so nobody is in the way of CREATE INDEX CONCURRENTLY.
#[test]
fn twenty_at_once_apply_each_migration_once() {
    let db = Database::fresh();
    let children: Vec<_> = (0..20).map(|_| start(&db)).collect();
    children.into_iter().for_each(finish);
    let client = &mut db.client();
    assert_whole(client, "twenty");
    assert_eq!(text(client, "SELECT count(DISTINCT run_id) FROM migrate_history"), "1");
}

#[test]
fn a_killed_client_or_backend_is_taken_up_by_the_next_run() {
    let mut killed = 0;
    for round in 0..12_u64 {
        let db = Database::fresh();
        let client = &mut db.client();
        for kill in 0..4 {
            let mut child = start(&db);
            std::thread::sleep(Duration::from_millis(25 + 11 * kill + 5 * round));
            let running = child.try_wait().unwrap().is_none();
            if round % 2 == 0 {
                let _ = child.kill();
                killed += usize::from(running);
            } else {
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'child' \
                           AND datname = current_database()";
                killed += text(client, sql).parse::<usize>().unwrap();
            }
            child.wait().unwrap();
        }
        finish(start(&db));
        assert_whole(client, &format!("round {round}"));
    }
    assert!(killed > 0, "no run was killed: the test proves nothing");
}
