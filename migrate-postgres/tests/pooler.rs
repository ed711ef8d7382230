//! A pooler between here and the server shares sessions: a lock that is taken through it protects nothing (trap 15).
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Database, did, known, text, up};
use migrate_core::{Migrator, UpTarget};
use migrate_postgres::{Postgres, Url};
use postgres::NoTls;

const FILES: [(&str, &str); 1] = [("20260101000001_a.sql", "CREATE TABLE a (id int)")];

struct Pooler {
    process: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Pooler {
    fn start(mode: &str, more: &str) -> Self {
        let server = std::env::var("MIGRATE_TEST_POSTGRES").unwrap();
        let backend = server.rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned();
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "[databases]\n* = host=127.0.0.1 port={backend}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = 2\nlogfile = /dev/null\n\
             {more}\n[users]\n"
        )
        .replace("* = host", "* = user=postgres host");
        let file = dir.path().join("pgbouncer.ini");
        std::fs::write(&file, config).unwrap();
        Command::new("chmod").args(["-R", "a+rX"]).arg(dir.path()).status().unwrap();
        let process = spawn(&file);
        let pooler = Pooler { process, port, _dir: dir };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return pooler;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("pgbouncer does not answer");
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

/// pgbouncer refuses to run as root.
fn spawn(config: &Path) -> Child {
    let root = text_of(Command::new("id").arg("-u")) == "0";
    let mut command = Command::new(if root { "setpriv" } else { "pgbouncer" });
    if root {
        command.args(["--reuid=postgres", "--clear-groups", "pgbouncer"]);
    }
    let started = command.arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.unwrap_or_else(|error| panic!("pgbouncer is missing ({error}): start the tests with scripts/test"))
}

fn text_of(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_url_that_leads_through_a_pooler_is_refused_in_all_three_modes() {
    for mode in ["session", "transaction", "statement"] {
        // The one refuses what it does not know of a session's start, the other loses it.
        for more in ["", "ignore_startup_parameters = options"] {
            let db = Database::fresh();
            let pooler = Pooler::start(mode, more);
            let url: Url = pooler.url(&db.name).parse().unwrap();
            let said = match Postgres::connect(&url) {
                Err(cause) => cause.to_string(),
                Ok(mut driver) => {
                    let found = Migrator::new(&mut driver).examine(&known(&FILES)).unwrap();
                    assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["pooler"], "{mode}");
                    did(Migrator::new(&mut driver).up(&known(&FILES), UpTarget::All))
                }
            };
            assert!(said.contains("a connection pooler between here and the server"), "{mode} {more}: {said}");
            assert!(said.contains("give the server's own URL"), "{mode} {more}: {said}");
            assert_eq!(text(&mut db.client(), "SELECT to_regclass('a') IS NULL"), "t");
            assert_eq!(
                text(
                    &mut db.client(),
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                ),
                "0"
            );
        }
    }
}

/// A connection that was opened elsewhere: in session mode it is as good as any; where its session is another one at
/// each statement, that is noticed before anything runs.
#[test]
fn a_connection_that_changes_its_session_is_noticed() {
    for (mode, works) in [("session", true), ("transaction", false)] {
        let db = Database::fresh();
        let pooler = Pooler::start(mode, "server_round_robin = 1");
        let mut config: postgres::Config = pooler.url(&db.name).parse().unwrap();
        config.application_name("app");
        let mut client = config.connect(NoTls).unwrap();
        // A second session in the pool, so that the next statement may get it.
        let mut neighbour = config.connect(NoTls).unwrap();
        if !works {
            client.batch_execute("BEGIN").unwrap();
            neighbour.batch_execute("SELECT 1").unwrap();
            client.batch_execute("COMMIT").unwrap();
        }
        let said = did(up(&mut client, &known(&FILES)));
        assert_eq!(said == "+1", works, "{mode}: {said}");
        assert!(works || said.contains("session"), "{said}");
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                     (SELECT oid FROM pg_database WHERE datname = current_database())";
        assert_eq!(text(&mut db.client(), locks), "0", "{mode}");
        assert_eq!(text(&mut db.client(), "SELECT to_regclass('a') IS NOT NULL"), if works { "t" } else { "f" });
    }
}
