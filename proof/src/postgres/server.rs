//! A private server for as long as the value lives.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

#[derive(Debug)]
pub struct Server {
    pub port: u16,
    directory: PathBuf,
}

impl Server {
    /// # Panics
    ///
    /// When there is none: nothing can be proven then.
    pub fn start(directory: &Path) -> Self {
        let directory = directory.join("server");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/server-postgres");
        let output = Command::new(script).arg(&directory).output().expect("scripts/server-postgres can be run");
        let port = String::from_utf8_lossy(&output.stdout).trim().parse();
        let port = port.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        Server { port, directory }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Ok(pid) = fs::read_to_string(self.directory.join("pid")) else { return };
        // SIGINT: a fast shutdown, which waits for nobody.
        let _ = Command::new("kill").args(["-INT", pid.trim()]).status();
        while self.directory.join("data/postmaster.pid").exists() {
            thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}
