//! Runs `psql`.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

use super::recorder::{Event, Recorder};
use crate::scratch::Scratch;

#[derive(Debug)]
pub struct Psql {
    pub recorder: Recorder,
    pub scratch: Scratch,
}

/// What one run sent and said.
#[derive(Debug)]
pub struct Run {
    pub events: Vec<Event>,
    pub stderr: String,
}

impl Psql {
    pub fn version() -> String {
        let output = Command::new("psql").arg("--version").output().expect("psql is installed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs one text.
    pub fn run(&self, text: &str, standard_conforming_strings: bool) -> io::Result<Run> {
        let file = self.scratch.0.join("script.sql");
        fs::write(&file, text)?;
        let options = if standard_conforming_strings { "" } else { "-c standard_conforming_strings=off" };
        let mut command = self.command();
        command.env("PGOPTIONS", options).arg("-f").arg(file);
        self.finish(command)
    }

    /// Runs many texts in one process, and returns the queries of each.
    pub fn run_all(&self, texts: &[String]) -> io::Result<Vec<Vec<String>>> {
        const MARK: &str = "-- behind text ";
        let mut command = self.command();
        for (n, text) in texts.iter().enumerate() {
            let file = self.scratch.0.join(format!("{n}.sql"));
            fs::write(&file, text)?;
            command.arg("-f").arg(file).arg("-c").arg(format!("{MARK}{n}"));
        }
        let mut found = vec![Vec::new(); texts.len()];
        let mut at = 0;
        for query in queries(self.finish(command)?.events) {
            match query.strip_prefix(MARK) {
                Some(_) => at += 1,
                None => found[at].push(query),
            }
        }
        if at == texts.len() { Ok(found) } else { Err(io::Error::other(format!("psql stopped behind text {at}"))) }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("psql");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command
            .args(["-X", "--no-password", "-q", "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres", "-p"])
            .arg(self.recorder.port.to_string())
            .env("PGSSLMODE", "disable")
            .env("PGGSSENCMODE", "disable")
            .env("PGCLIENTENCODING", "UTF8")
            .current_dir(&self.scratch.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    fn finish(&self, mut command: Command) -> io::Result<Run> {
        self.recorder.take();
        let output = command.output()?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Run { events: self.recorder.take(), stderr })
    }
}

pub fn queries(events: Vec<Event>) -> impl Iterator<Item = String> {
    events.into_iter().filter_map(|event| match event {
        Event::Query(text) => Some(text),
        Event::Error(_) | Event::CopyIn => None,
    })
}
