//! What the suites on PostgreSQL share.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use migrate_core::sql::Dialect;
use migrate_testing::Template;
use postgres::{Client, NoTls, SimpleQueryMessage};
use tempfile::TempDir;

/// The suites' server, or another one: `SERVER` says which to a process of its own.
pub fn server() -> String {
    let named = std::env::var("SERVER").or_else(|_| std::env::var("MIGRATE_TEST_POSTGRES"));
    named.unwrap_or_else(|_| panic!("MIGRATE_TEST_POSTGRES names no server: start the tests with scripts/test"))
}

pub fn template(salt: &str) -> Template<'static, Client> {
    Template::of(super::known(Dialect::Postgres, salt)).server(server())
}

pub fn admin() -> Client {
    Client::connect(&server(), NoTls).unwrap()
}

/// The registry of a server, as the suites look at it.
pub fn registry_of(server: &str) -> Result<Client, postgres::Error> {
    let (place, _) = server.rsplit_once('/').unwrap();
    Client::connect(&format!("{place}/migrate_testing_v2"), NoTls)
}

pub fn registry() -> Client {
    registry_of(&server()).unwrap()
}

/// The first column of the first row.
pub fn text(client: &mut Client, sql: &str) -> String {
    let found = client.simple_query(sql).unwrap();
    found
        .iter()
        .find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("").to_owned()),
            _ => None,
        })
        .unwrap_or_default()
}

pub fn exists(name: &str) -> bool {
    text(&mut admin(), &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")) == "1"
}

pub fn eventually(what: &str, is_so: impl FnMut() -> bool) {
    within(Duration::from_secs(120), what, is_so);
}

/// While it becomes less, it may take as long as it takes.
pub fn until_none(what: &str, mut left: impl FnMut() -> String) {
    let mut before = left();
    while before != "0" {
        eventually(&format!("{what}: {before}"), || left() != before);
        before = left();
    }
}

fn within(patience: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < patience, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A server of one test alone, which may break it.
pub struct Server {
    dir: TempDir,
    pub url: String,
}

impl Server {
    pub fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("migrate-testing").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/server-postgres");
        let output = Command::new(script).arg(dir.path().join("server")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let port = String::from_utf8(output.stdout).unwrap();
        Server { dir, url: format!("postgres://postgres@127.0.0.1:{}/postgres", port.trim()) }
    }

    pub fn client(&self) -> Client {
        let mut opened = None;
        within(Duration::from_secs(60), "it comes up", || {
            opened = Client::connect(&self.url, NoTls).ok();
            opened.is_some()
        });
        opened.unwrap()
    }

    /// As the kernel does when memory runs out: the server throws everybody out and recovers.
    pub fn kill_session(&self, which: &str) {
        let mut pid = String::new();
        within(Duration::from_secs(60), "such a session", || {
            pid = text(&mut self.client(), &format!("SELECT pid FROM pg_stat_activity WHERE {which}"));
            !pid.is_empty()
        });
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = std::fs::read_to_string(self.dir.path().join("server/pid")).unwrap_or_default();
        let _ = Command::new("kill").args(["-QUIT", pid.trim()]).status();
        let began = Instant::now();
        // It writes until it is gone.
        while std::path::Path::new(&format!("/proc/{}", pid.trim())).exists() && began.elapsed().as_secs() < 10 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
