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
    /// What the script has made: `pid`, and `client` for MySQL and MariaDB.
    pub directory: PathBuf,
}

impl Server {
    /// By `scripts/server-DIALECT`.
    ///
    /// # Panics
    ///
    /// When there is none: nothing can be proven then.
    pub fn start(dialect: &str, directory: &Path) -> Self {
        let directory = directory.join("server");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(format!("server-{dialect}"));
        let output = Command::new(script).arg(&directory).output().expect("the script can be run");
        let port = String::from_utf8_lossy(&output.stdout).trim().parse();
        let port = port.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        Server { port, directory }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Ok(pid) = fs::read_to_string(self.directory.join("pid")) else { return };
        // PostgreSQL waits for its clients at SIGTERM, the others do not know SIGINT.
        let postgres = self.directory.join("data/postmaster.pid").exists();
        let _ = Command::new("kill").args([if postgres { "-INT" } else { "-TERM" }, pid.trim()]).status();
        while Path::new("/proc").join(pid.trim()).exists() {
            thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}
