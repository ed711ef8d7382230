//! A service as a process of its own, asked as the kubelet asks it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What does not come in this time never will.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Service {
    child: Child,
    port: u16,
    dir: TempDir,
}

impl Service {
    /// Starts it on a free port. `migrations` is what RUN_DATABASE_MIGRATIONS is set to, if it is.
    pub fn start(binary: &str, url: &str, migrations: Option<&str>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary);
        command.env_clear().env("DATABASE_URL", url).env("LISTEN", format!("127.0.0.1:{port}"));
        command.envs(migrations.map(|value| ("RUN_DATABASE_MIGRATIONS", value)));
        command.current_dir(dir.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(dir.path().join("log")).unwrap());
        Service { child: command.spawn().unwrap(), port, dir }
    }

    /// What it has said, each line a JSON object.
    pub fn log(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.dir.path().join("log")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    /// Status and body.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// Asks until it answers with this status.
    pub fn answers(&mut self, path: &str, status: u16) {
        self.until(path, |service| service.get(path).filter(|(found, _)| *found == status));
    }

    /// Tells it to end, and waits for that.
    pub fn end(mut self) -> ExitStatus {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        self.until("the end", |service| service.child.try_wait().unwrap())
    }

    pub fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(found) = look(self) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("not in {PATIENCE:?}: {what}: {:#?}", self.log());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
