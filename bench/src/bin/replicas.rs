//! Fifty processes of the example service at once: how long after the last commit each of them is ready. All of them are
//! up, and one migrates and is held up by a lock of ours, before the clock runs.
//!
//!     cargo build --release --example service
//!     MIGRATE_TEST_POSTGRES=… MIGRATE_TEST_MARIADB=… cargo run --release --manifest-path bench/Cargo.toml --bin replicas
//!
//! A number behind it is how many rounds there are (10). The servers must take 200 connections: scripts/server-postgres DIR max_connections=200.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;

const REPLICAS: usize = 50;

type Error = Box<dyn std::error::Error>;

/// Ends what holds the migration up.
type GoOn = Box<dyn FnOnce()>;

fn main() -> Result<(), Error> {
    println!("| database | waited | ready after the last commit: median | 99 % | latest |");
    println!("|---|---|---|---|---|");
    report("SQLite", |_, dir| {
        let url = format!("sqlite:{}/app.db", dir.display());
        let connection = rusqlite::Connection::open(dir.join("app.db"))?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        Ok((url, Box::new(move || drop(connection))))
    })?;
    report("PostgreSQL", |round, _| {
        let server = std::env::var("MIGRATE_TEST_POSTGRES")?;
        let (place, _) = server.rsplit_once('/').ok_or("no database in the URL")?;
        let url = format!("{place}/replicas{round}_{}", std::process::id());
        migrate::postgres::admin::create(&url.parse()?)?;
        let mut client = url.parse::<migrate::postgres::Url>()?.connect()?;
        client.batch_execute("BEGIN; CREATE TABLE members (id int)")?;
        Ok((url, Box::new(move || drop(client.batch_execute("ROLLBACK")))))
    })?;
    report("MariaDB", |round, _| {
        let url = format!("{}/replicas{round}_{}", std::env::var("MIGRATE_TEST_MARIADB")?, std::process::id());
        migrate::mysql::admin::create(&url.parse()?)?;
        let mut conn = url.parse::<migrate::mysql::Url>()?.connect()?;
        conn.query_drop("FLUSH TABLES WITH READ LOCK")?;
        Ok((url, Box::new(move || drop(conn.query_drop("UNLOCK TABLES")))))
    })
}

fn report(name: &str, held_up: impl Fn(usize, &Path) -> Result<(String, GoOn), Error>) -> Result<(), Error> {
    let mut waits = Vec::new();
    let rounds = std::env::args().nth(1).map_or(Ok(10), |rounds| rounds.parse())?;
    for round in 0..rounds {
        let dir = tempfile::tempdir()?;
        let (url, go_on) = held_up(round, dir.path())?;
        waits.extend(measure(&url, go_on)?);
    }
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share).ceil() as usize] as f64 / 1000.0;
    println!("| {name} | {} | {:.0} ms | {:.0} ms | {:.0} ms |", waits.len(), at(0.5), at(0.99), at(1.0));
    Ok(())
}

/// Microseconds from the last commit to the readiness of each that waited.
fn measure(url: &str, go_on: GoOn) -> Result<Vec<i64>, Error> {
    let mut replicas: Vec<_> = (0..REPLICAS).map(|_| start(url)).collect::<Result<_, _>>()?;
    thread::sleep(Duration::from_secs(3));
    go_on();
    let (mut last_commit, mut ready) = (0, Vec::new());
    for (_, log) in &replicas {
        let mut waited = false;
        for line in log {
            waited |= line.contains("waiting for the migration lock");
            if line.contains("\"message\":\"applied\"") {
                last_commit = last_commit.max(clock(&line)?);
            }
            if line.contains("\"message\":\"ready\"") {
                ready.push((waited, clock(&line)?));
                break;
            }
        }
    }
    for (child, _) in &mut replicas {
        child.kill()?;
        child.wait()?;
    }
    if ready.len() < REPLICAS {
        return Err(format!("only {} are ready", ready.len()).into());
    }
    Ok(ready.into_iter().filter(|(waited, _)| *waited).map(|(_, at)| at - last_commit).collect())
}

fn start(url: &str) -> Result<(Child, Receiver<String>), Error> {
    let service = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/examples/service");
    let mut command = Command::new(service);
    command.env("DATABASE_URL", url).env("LISTEN", "127.0.0.1:0").env("RUN_DATABASE_MIGRATIONS", "true");
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let stderr = child.stderr.take().ok_or("no stderr")?;
    let (send, receive) = mpsc::channel();
    thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    Ok((child, receive))
}

/// The time of day of a line of the log, in microseconds.
fn clock(line: &str) -> Result<i64, Error> {
    let time = line.split('T').nth(1).and_then(|rest| rest.split('Z').next()).ok_or("no time")?;
    let (whole, micros) = time.split_once('.').ok_or("no fraction")?;
    let seconds = whole.split(':').try_fold(0, |sum, part| part.parse::<i64>().map(|n| sum * 60 + n))?;
    Ok(seconds * 1_000_000 + micros.parse::<i64>()?)
}
