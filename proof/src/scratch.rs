//! What goes away again: directories and private servers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io, thread};

/// A directory that goes away with the value.
#[derive(Debug)]
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("proof-{}-{name}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A private server for as long as the value lives.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    /// What the script has made: `client`, for MySQL and MariaDB.
    pub directory: PathBuf,
    pid: String,
    signal: &'static str,
    /// The server's own, and it goes away behind it: MySQL never ends whose files were taken away.
    _scratch: Scratch,
}

impl Server {
    /// By `scripts/server-DIALECT`.
    ///
    /// # Panics
    ///
    /// When there is none: nothing can be proven then.
    pub fn start(dialect: &str) -> Self {
        let scratch = Scratch::new("server").expect("a directory for temporary files");
        let directory = scratch.0.join(dialect);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(format!("server-{dialect}"));
        let output = Command::new(script).arg(&directory).output().expect("the script can be run");
        let port = String::from_utf8_lossy(&output.stdout).trim().parse();
        let port = port.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let pid = fs::read_to_string(directory.join("pid")).expect("the script says which process it is");
        // Nothing is worth a slow end; but PostgreSQL has children, and tells them at SIGQUIT.
        let signal = if dialect == "postgres" { "-QUIT" } else { "-KILL" };
        Server { port, directory, pid: pid.trim().to_owned(), signal, _scratch: scratch }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args([self.signal, &self.pid]).status();
        for _ in 0..500 {
            if !Path::new("/proc").join(&self.pid).exists() {
                return;
            }
            thread::sleep(std::time::Duration::from_millis(20));
        }
        eprintln!("the server {} does not end", self.pid);
    }
}
