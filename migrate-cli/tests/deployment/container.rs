//! A container as a plain process: what its Dockerfile builds and starts, with arguments and environment as the deployment
//! has them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Where a service listens in its container.
const LISTEN: &str = "0.0.0.0:8080";

/// A process that does not come so far in this time never will.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Container {
    program: PathBuf,
    args: Vec<String>,
    environment: BTreeMap<String, String>,
    /// What stands behind a name in the container, and here.
    names: Vec<(String, String)>,
}

impl Container {
    /// Of the image that this file below examples/docker makes.
    pub fn of(dockerfile: &Path) -> Self {
        let text = fs::read_to_string(dockerfile).unwrap();
        let (build, image) = text.rsplit_once("\nFROM ").unwrap();
        let environment = image.lines().filter_map(|line| line.strip_prefix("ENV ")?.split_once('='));
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Container { program: built(build), args: Vec::new(), environment, names: Vec::new() }
    }

    pub fn args(&mut self, args: impl IntoIterator<Item = String>) {
        self.args.extend(args);
    }

    pub fn variable(&mut self, name: &str, value: &str) {
        self.environment.insert(name.into(), value.into());
    }

    /// A host, or a directory, that has this name in the container.
    pub fn name(&mut self, inside: &str, outside: impl Into<String>) {
        self.names.push((inside.into(), outside.into()));
    }

    /// Starts it on a port that is free.
    pub fn start(&self) -> Running {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let outside = |text: &String| {
            let text = text.replace(LISTEN, &format!("127.0.0.1:{port}"));
            self.names.iter().fold(text, |text, (inside, outside)| text.replace(inside, outside))
        };
        let dir = tempfile::tempdir().unwrap();
        let log = File::create(dir.path().join("log")).unwrap();
        let mut command = Command::new(&self.program);
        command.args(self.args.iter().map(outside));
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, outside(value))));
        command.current_dir(dir.path()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        Running { child, port, dir }
    }
}

/// One that was started; killed at the end.
pub struct Running {
    child: Child,
    port: u16,
    dir: tempfile::TempDir,
}

impl Running {
    /// What it has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn ends(&mut self) -> ExitStatus {
        self.until("ends", |running| running.child.try_wait().unwrap())
    }

    /// What a probe of this path is answered, if anything.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// Asks as a probe does, until it is answered with 200.
    pub fn passes(&mut self, path: &str) {
        self.until(path, |running| {
            assert!(running.is_running(), "it has ended:\n{}", running.log());
            running.get(path).filter(|(status, _)| *status == 200)
        });
    }

    pub fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(found) = look(self) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("not in {PATIENCE:?}: {what}\n{}", self.log());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples").canonicalize().unwrap()
}

/// What `cargo build` makes in the Dockerfile. The command line is built already, with these tests.
fn built(dockerfile: &str) -> PathBuf {
    let mut words = dockerfile.split_whitespace().skip_while(|word| *word != "build");
    match (words.find(|word| ["--package", "--example"].contains(word)), words.next()) {
        (Some("--package"), Some("migrate-cli")) => env!("CARGO_BIN_EXE_migrate").into(),
        (Some("--example"), Some(name)) => example(name),
        _ => panic!("nothing that is known is built: {dockerfile}"),
    }
}

fn example(name: &str) -> PathBuf {
    let repository = examples().parent().unwrap().to_owned();
    let target = repository.join("target/readme");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--example", name]).current_dir(repository);
    assert!(cargo.env("CARGO_TARGET_DIR", &target).status().unwrap().success());
    target.join("debug/examples").join(name)
}
