//! The example service as fifty processes that start at once, on servers of this test's own whose logs are read.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::Database;
use mysql::prelude::Queryable;

const REPLICAS: usize = 50;

/// Much longer than anything here takes: what is late fails, and nobody measures.
const LATEST: Duration = Duration::from_secs(120);

/// A server of this test's own, gone at the end.
struct Server {
    dir: tempfile::TempDir,
    url: String,
}

impl Server {
    fn postgres() -> Self {
        let settings = ["max_connections=200", "log_statement=all", "log_connections=on", "log_line_prefix=%d "];
        Self::start("server-postgres", &settings, |port| format!("postgres://postgres@127.0.0.1:{port}/postgres"))
    }

    fn mariadb() -> Self {
        let settings = ["max-connections=200", "general-log=1", "general-log-file=general.log"];
        Self::start("server-mariadb", &settings, |port| format!("mysql://root@127.0.0.1:{port}"))
    }

    fn start(script: &str, settings: &[&str], url: impl FnOnce(&str) -> String) -> Self {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        Command::new("chmod").arg("755").arg(dir.path()).status().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(script);
        let output = Command::new(script).arg(dir.path().join("server")).args(settings).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let url = url(String::from_utf8(output.stdout).unwrap().trim());
        Server { dir, url }
    }

    /// What the server wrote about a database: connections, or statements.
    fn log(&self, database: &Database) -> Vec<String> {
        let name = database.url().rsplit('/').next().unwrap();
        if self.url.starts_with("postgres") {
            let log = std::fs::read_to_string(self.dir.path().join("server/server.log")).unwrap();
            return log.lines().filter(|line| line.starts_with(&format!("{name} "))).map(str::to_owned).collect();
        }
        // There only the line of the connection names the database, and the number at its front is on all others.
        let log = std::fs::read(self.dir.path().join("server/data/general.log")).unwrap();
        let log = String::from_utf8_lossy(&log);
        let number = |line: &str| line.split_whitespace().find(|word| word.parse::<u32>().is_ok()).map(str::to_owned);
        let mut ours = Vec::new();
        let mut lines = Vec::new();
        for line in log.lines() {
            let line = line.trim_start_matches(|c: char| c != '\t').trim();
            let Some(id) = number(line) else { continue };
            if line.contains("Connect") && line.contains(&format!(" on {name} ")) {
                ours.push(id.clone());
            }
            if ours.contains(&id) {
                lines.push(line.to_owned());
            }
        }
        lines
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(pid) = std::fs::read_to_string(self.dir.path().join("server/pid")) {
            let _ = Command::new("kill").args(["-INT", pid.trim()]).status();
            let _ = Command::new("kill").args(["-TERM", pid.trim()]).status();
            thread::sleep(Duration::from_millis(500));
        }
    }
}

/// One process of the example.
struct Replica {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Replica {
    fn start(url: &str, migrations: Option<&str>) -> Self {
        let mut command = Command::new(service());
        command.env("DATABASE_URL", url).env("LISTEN", "127.0.0.1:0").env_remove("RUN_DATABASE_MIGRATIONS");
        if let Some(value) = migrations {
            command.env("RUN_DATABASE_MIGRATIONS", value);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (kept, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line));
        });
        Replica { child, log }
    }

    fn has_said(&self, words: &str) -> bool {
        self.log.lock().unwrap().iter().any(|line| line.contains(words))
    }

    fn said(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    fn says(&self, words: &str) {
        until(|| self.has_said(words), || format!("{words} is not in:\n{}", self.said()));
    }

    /// What it answers: the status and the body.
    fn answers(&self, path: &str) -> String {
        self.says("listening on ");
        let log = self.said();
        let address = log.split("listening on ").nth(1).unwrap().split('"').next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: books\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        format!("{} {}", head.split(' ').nth(1).unwrap(), body.trim_end())
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example's own binary, which Cargo builds before the tests.
fn service() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples/service")
}

fn until(mut holds: impl FnMut() -> bool, why: impl Fn() -> String) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LATEST, "{}", why());
        thread::sleep(Duration::from_millis(10));
    }
}

fn replicas(database: &Database, migrations: Option<&str>) -> Vec<Replica> {
    (0..REPLICAS).map(|_| Replica::start(database.url(), migrations)).collect()
}

fn all_serve(replicas: &[Replica]) {
    let books = "200 The Mythical Man-Month\nA Pattern Language\nThe Practice of Programming";
    for replica in replicas {
        replica.says("\"ready\"");
        assert_eq!(replica.answers("/livez"), "200 alive");
        assert_eq!(replica.answers("/readyz"), "200 ready");
        assert_eq!(replica.answers("/books"), books, "{}", replica.said());
    }
}

/// Each migration is recorded, and has run once.
fn each_once(database: &Database) {
    assert_eq!(database.value("SELECT count(*) FROM migrate_history WHERE finished_at IS NOT NULL"), "5");
    assert_eq!(database.value("SELECT count(*) FROM books"), "3");
    assert_eq!(database.value("SELECT count(*) FROM migrate_journal"), "0");
}

fn fifty_at_once(database: &Database) {
    let fifty = replicas(database, Some("true"));
    all_serve(&fifty);
    each_once(database);
    let applied = |replica: &Replica| replica.said().matches("\"message\":\"applied\"").count();
    assert_eq!(fifty.iter().map(applied).sum::<usize>(), 5);
    let began: Vec<_> = fifty.iter().filter(|replica| replica.has_said("has the lock, and begins")).collect();
    assert_eq!(began.len(), 1, "{}", began.iter().map(|replica| replica.said()).collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn fifty_at_once_on_sqlite() {
    let database = Database::sqlite("fifty");
    fifty_at_once(&database);
    let before = std::fs::read(database.url().trim_start_matches("sqlite:")).unwrap();
    all_serve(&replicas(&database, Some("true")));
    assert!(before == std::fs::read(database.url().trim_start_matches("sqlite:")).unwrap());
    // Without the variable not even the file is there.
    let none = Database::sqlite("none");
    let off = Replica::start(none.url(), None);
    off.says("migrations are off, the database is not touched: RUN_DATABASE_MIGRATIONS is not set");
    off.says("\"ready\"");
    assert!(!Path::new(none.url().trim_start_matches("sqlite:")).exists());
}

#[test]
fn fifty_at_once_on_postgres() {
    let server = Server::postgres();
    let database = Database::on_server(&server.url, "fifty");
    fifty_at_once(&database);

    // Nothing to do: each asks once, and nobody takes a lock, writes, or changes a setting.
    let before = server.log(&database).len();
    let again = replicas(&database, Some("true"));
    again.iter().for_each(|replica| replica.says("\"ready\""));
    drop(again);
    let log = server.log(&database);
    let asked: Vec<_> = log[before..].iter().filter(|line| line.contains("statement: ")).collect();
    assert_eq!(asked.len(), REPLICAS, "{asked:#?}");
    assert!(asked.iter().all(|line| line.contains("statement: SELECT version, CASE ")), "{asked:#?}");

    // Without the variable the server sees no connection.
    let before = server.log(&database).len();
    for value in [None, Some("false"), Some("0"), Some("no"), Some("OFF")] {
        Replica::start(database.url(), value).says("\"ready\"");
    }
    let wrong = Replica::start(database.url(), Some("ture"));
    wrong.says("is not one of true, 1, yes, on");
    assert_eq!(server.log(&database).get(before..).unwrap(), &[] as &[String]);
}

#[test]
fn fifty_at_once_on_mariadb() {
    let server = Server::mariadb();
    let database = Database::on_server(&server.url, "fifty");
    fifty_at_once(&database);

    let before = server.log(&database).len();
    let again = replicas(&database, Some("true"));
    again.iter().for_each(|replica| replica.says("\"ready\""));
    drop(again);
    let log = server.log(&database);
    let seen = log[before..].join("\n").to_lowercase();
    assert_eq!(seen.matches("select version, case ").count(), REPLICAS, "{seen}");
    for word in ["get_lock", "insert", "update", "create", "start transaction"] {
        assert!(!seen.contains(word), "{word}: {seen}");
    }

    let before = server.log(&database).len();
    Replica::start(database.url(), None).says("\"ready\"");
    assert_eq!(server.log(&database).get(before..).unwrap(), &[] as &[String]);
}

/// Waits for the one that migrates, kills it, and lets the others go on.
fn another_one_finishes(database: &Database, mut fifty: Vec<Replica>, go_on: impl FnOnce()) {
    let mut at_work = None;
    until(
        || {
            at_work = fifty.iter().position(|replica| replica.has_said("has the lock, and begins"));
            at_work.is_some()
        },
        || "nobody migrates".into(),
    );
    let mut killed = fifty.remove(at_work.unwrap());
    let waits = |replica: &Replica| replica.has_said("waiting for the migration lock, held by");
    until(|| fifty.iter().any(waits), || "nobody waits".into());
    assert_eq!(fifty[0].answers("/livez"), "200 alive");
    assert_eq!(fifty[0].answers("/readyz"), "503 not ready: migrations are not done");
    assert!(killed.child.try_wait().unwrap().is_none(), "{}", killed.said());
    killed.kill();
    go_on();
    all_serve(&fifty);
    each_once(database);
}

#[test]
fn another_one_finishes_when_the_one_that_migrates_is_killed_on_postgres() {
    let server = Server::postgres();
    let database = Database::on_server(&server.url, "killed");
    // Somebody makes the same table, and has not committed: the migration stands in the middle of its work.
    let mut client = database.url().parse::<migrate::postgres::Url>().unwrap().connect().unwrap();
    client.batch_execute("BEGIN; CREATE TABLE members (id int)").unwrap();
    another_one_finishes(&database, replicas(&database, Some("true")), move || {
        client.batch_execute("ROLLBACK").unwrap();
    });
}

#[test]
fn another_one_finishes_when_the_one_that_migrates_is_killed_on_mariadb() {
    let server = Server::mariadb();
    let database = Database::on_server(&server.url, "killed");
    let mut conn = database.url().parse::<migrate::mysql::Url>().unwrap().connect().unwrap();
    conn.query_drop("FLUSH TABLES WITH READ LOCK").unwrap();
    another_one_finishes(&database, replicas(&database, Some("true")), move || {
        conn.query_drop("UNLOCK TABLES").unwrap();
    });
}

#[test]
fn another_one_finishes_when_the_one_that_migrates_is_killed_on_sqlite() {
    let database = Database::sqlite("killed");
    let connection = rusqlite::Connection::open(database.url().trim_start_matches("sqlite:")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    another_one_finishes(&database, replicas(&database, Some("true")), move || {
        connection.execute_batch("ROLLBACK").unwrap();
    });
}
