//! Many processes on one database, and runs that are killed, or whose server is: each statement once, and nothing for a
//! human to do. `MIGRATE_TEST_KILLS` = how many moments; each print of this suite names its seed.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Database, Server, journal, known, recorded, text};
use migrate_core::{Migrator, UpTarget};
use migrate_mysql::Mysql;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};

const FILES: usize = 12;

/// Every migration counts itself, which running twice would show. Two of them swap tables that look alike.
fn counting() -> Vec<(String, String)> {
    let swap = "RENAME TABLE left_one TO between_both, right_one TO left_one, between_both TO right_one;";
    let file = |n: usize| {
        let count = format!("UPDATE counter SET n{n} = n{n} + 1;");
        let busy = "INSERT INTO ballast (x) WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 900) \
                    SELECT hex(s.i * 7919 + t.j) FROM s, (SELECT 0 AS j UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 \
                    UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 \
                    UNION ALL SELECT 9) t;";
        let text = match n {
            1 => {
                let columns: Vec<_> = (2..=FILES).map(|n| format!("n{n} INT NOT NULL DEFAULT 0")).collect();
                format!(
                    "CREATE TABLE counter ({});\nINSERT INTO counter VALUES ();\nCREATE TABLE ballast (x VARCHAR(40));\n\
                     CREATE TABLE left_one (a INT);\nCREATE TABLE right_one LIKE left_one;\n\
                     INSERT INTO left_one VALUES (1);\nINSERT INTO right_one VALUES (2);\n{busy}",
                    columns.join(", ")
                )
            }
            2 => format!("{count}\nCREATE TABLE t2 (a INT);\nCREATE INDEX i2 ON ballast (x);\n{busy}"),
            // Counted by a trigger.
            3 => "CREATE TABLE watched (a INT);\nDELIMITER //\nCREATE TRIGGER g AFTER INSERT ON watched FOR EACH ROW BEGIN\n  \
                  UPDATE counter SET n3 = n3 + 1;\nEND//\nDELIMITER ;\nINSERT INTO watched VALUES (1);"
                .to_owned(),
            4 | 9 => format!("{swap}\n{count}\nSET SESSION sort_buffer_size = 500000;\n{busy}"),
            5 => format!("TRUNCATE TABLE watched;\nINSERT INTO t2 VALUES (5);\n{count}"),
            7 => format!("{busy}\nALTER TABLE ballast ADD COLUMN y INT, ALGORITHM = COPY;\n{count}"),
            8 => format!(
                "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END;\n{count}\nDROP TRIGGER g;\nALTER TABLE t2 RENAME TO t3"
            ),
            10 => format!("ALTER TABLE ballast DROP COLUMN y;\n{count}\nALTER TABLE ballast ADD INDEX (x(3));"),
            11 => format!("CREATE VIEW v AS SELECT 1 AS a;\nCREATE OR REPLACE VIEW v AS SELECT 2 AS a;\n{count}"),
            12 => format!("DROP TABLE t3, watched;\n{count}\nDROP PROCEDURE p;"),
            // Rows alone: one transaction.
            _ => format!("{count}\n{busy}"),
        };
        (format!("202601010000{n:02}_m{n}.sql"), text)
    };
    (1..=FILES).map(file).collect()
}

/// Not a test by itself: what the other processes run.
#[test]
#[ignore = "run by the other tests, in processes of their own"]
fn child() {
    let Ok(url) = std::env::var("MIGRATE_TEST_URL") else { return };
    let mut conn = Conn::new(OptsBuilder::from_opts(Opts::from_url(&url).unwrap()).prefer_socket(false)).unwrap();
    let files = counting();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    if let Err(error) = Migrator::new(&mut Mysql::on(&mut conn)).up(&known(&files), UpTarget::All) {
        panic!("{error}");
    }
}

fn start(url: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored"]).env("MIGRATE_TEST_URL", url);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

/// Everything is there once: counters, versions, the tables where they belong, no journal.
fn assert_whole(conn: &mut Conn, what: &str) {
    let columns: Vec<_> = (2..=FILES).map(|n| format!("n{n}")).collect();
    assert_eq!(text(conn, &format!("SELECT concat({}) FROM counter", columns.join(", "))), "11111111111", "{what}");
    assert_eq!(recorded(conn), "1 2 3 4 5 6 7 8 9 10 11 12", "{what}");
    assert_eq!(text(conn, "SELECT a FROM left_one"), "1", "swapped twice: {what}");
    // In files 1, 2, 4, 6, 7 and 9, 9,000 each: so many that a change of their table takes its time.
    assert_eq!(text(conn, "SELECT count(*) FROM ballast"), "54000", "{what}");
    assert_eq!(common::tables(conn), "ballast counter left_one right_one v", "{what}");
    assert_eq!(journal(conn), "", "{what}");
}

/// A sequence of moments that is the same for the same seed.
struct Moments(u64);

impl Moments {
    fn seeded(what: &str) -> Self {
        let seed = std::env::var("MIGRATE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            u64::from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos())
        });
        println!("{what}: MIGRATE_TEST_SEED={seed}");
        Moments(seed | 1)
    }

    fn next(&mut self, below: u64) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(self.0 % below)
    }
}

fn kills(by_default: usize) -> usize {
    std::env::var("MIGRATE_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(by_default)
}

fn twenty_at_once(server: Server) {
    let db = Database::fresh(server);
    let children: Vec<_> = (0..20).map(|_| start(&db.url())).collect();
    children.into_iter().for_each(finish);
    let conn = &mut db.conn();
    assert_whole(conn, "twenty");
    assert_eq!(text(conn, "SELECT count(DISTINCT run_id) FROM migrate_history"), "1");
}

/// How long a run takes that nobody kills, and with it the range of the moments.
fn whole_run(server: Server) -> u64 {
    let db = Database::fresh(server);
    let began = Instant::now();
    finish(start(&db.url()));
    u64::try_from(began.elapsed().as_millis()).unwrap()
}

fn killed_clients(server: Server) {
    let mut moments = Moments::seeded(&format!("{server:?}, clients"));
    let range = whole_run(server);
    let mut killed = 0;
    while killed < kills(12) {
        let db = Database::fresh(server);
        loop {
            let mut child = start(&db.url());
            std::thread::sleep(moments.next(range / 2));
            if child.try_wait().unwrap().is_some() {
                break;
            }
            let _ = child.kill();
            child.wait().unwrap();
            killed += 1;
        }
        finish(start(&db.url()));
        assert_whole(&mut db.conn(), &format!("{server:?}, {killed} kills"));
    }
}

/// A server of its own that can be killed and started again.
struct Mortal {
    directory: tempfile::TempDir,
    port: String,
    running: Option<Child>,
}

impl Mortal {
    fn start(server: Server) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::Builder::new().prefix("migrate-mortal").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let script = match server {
            Server::Mariadb => "server-mariadb",
            Server::Mysql => "server-mysql",
        };
        let script = format!("{}/../scripts/{script}", env!("CARGO_MANIFEST_DIR"));
        // What is committed must outlive the process; that it outlives the machine too is not asked.
        let mut command = Command::new(script);
        command.arg(directory.path().join("x")).arg("innodb-flush-log-at-trx-commit=1");
        let output = command.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "the server did not start");
        let port = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Mortal { directory, port, running: None }
    }

    fn url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    fn conn(&self, database: &str) -> Conn {
        let opts = OptsBuilder::from_opts(Opts::from_url(&self.url(database)).unwrap()).prefer_socket(false);
        let began = Instant::now();
        loop {
            match Conn::new(opts.clone()) {
                Ok(conn) => return conn,
                Err(error) if began.elapsed() > Duration::from_secs(60) => {
                    let log = std::fs::read_to_string(self.directory.path().join("again.log")).unwrap_or_default();
                    panic!("{error}\n{log}");
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    fn kill(&mut self) {
        match self.running.take() {
            Some(mut child) => {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            None => {
                let pid = std::fs::read_to_string(self.directory.path().join("x/pid")).unwrap();
                Command::new("kill").args(["-9", pid.trim()]).status().unwrap();
                // It is not our child, which could be waited for; where nobody waits for it, it stays as a zombie.
                for _ in 0..200 {
                    let alive = Command::new("kill").args(["-0", pid.trim()]).stderr(Stdio::null()).status();
                    if !alive.unwrap().success() {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    fn start_again(&mut self) {
        let mut command = Command::new(self.directory.path().join("x/start"));
        let log = std::fs::File::create(self.directory.path().join("again.log")).unwrap();
        self.running = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        self.conn("mysql");
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.kill();
    }
}

fn killed_servers(server: Server) {
    let mut moments = Moments::seeded(&format!("{server:?}, servers"));
    let mut mortal = Mortal::start(server);
    let mut range = 0;
    let (mut killed, mut in_doubt) = (0, 0);
    let mut round = 0;
    while killed < kills(6) {
        round += 1;
        let name = format!("round{round}");
        mortal.conn("mysql").query_drop(format!("CREATE DATABASE {name}")).unwrap();
        while range > 0 && killed < kills(6) {
            let mut child = start(&mortal.url(&name));
            std::thread::sleep(moments.next(range));
            let over = child.try_wait().unwrap().is_some();
            mortal.kill();
            killed += 1;
            child.wait().unwrap();
            mortal.start_again();
            let begun = format!("SELECT 1 FROM {name}.migrate_journal WHERE state = 'started'");
            // The table may not be there yet.
            in_doubt += usize::from(mortal.conn("mysql").query_first::<u8, _>(begun).ok().flatten().is_some());
            if over {
                break;
            }
        }
        let began = Instant::now();
        finish(start(&mortal.url(&name)));
        range = range.max(u64::try_from(began.elapsed().as_millis()).unwrap());
        assert_whole(&mut mortal.conn(&name), &format!("{server:?}, {killed} kills"));
    }
    println!("{server:?}: {killed} kills of the server left {in_doubt} statements in doubt");
    assert!(killed < 50 || in_doubt > 0, "no statement was ever in doubt: the test proves nothing");
}

#[test]
fn twenty_at_once_on_mariadb() {
    twenty_at_once(Server::Mariadb);
}

#[test]
fn twenty_at_once_on_mysql() {
    twenty_at_once(Server::Mysql);
}

#[test]
fn killed_clients_on_mariadb() {
    killed_clients(Server::Mariadb);
}

#[test]
fn killed_clients_on_mysql() {
    killed_clients(Server::Mysql);
}

#[test]
fn killed_servers_on_mariadb() {
    killed_servers(Server::Mariadb);
}

#[test]
fn killed_servers_on_mysql() {
    killed_servers(Server::Mysql);
}
