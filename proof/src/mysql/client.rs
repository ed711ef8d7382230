//! Runs the command-line client of the family.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Family;
use super::recorder::Recorder;
use crate::scratch::Scratch;

#[derive(Debug)]
pub struct Client {
    pub family: Family,
    pub program: PathBuf,
    pub recorder: Recorder,
    pub scratch: Scratch,
}

/// What one run sent and said.
#[derive(Debug)]
pub struct Run {
    pub queries: Vec<String>,
    pub stderr: String,
}

impl Client {
    pub fn version(&self) -> String {
        let output = Command::new(&self.program).arg("--version").output().expect("the client can be run");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.split_once("Ver ").map_or(said.trim(), |(_, version)| version.trim()).to_owned()
    }

    /// Runs one text, with all of the client's commands.
    pub fn run(&self, text: &str, sql_mode: Option<&str>) -> io::Result<Run> {
        let mut command = self.command();
        if let Some(mode) = sql_mode {
            command.arg(format!("--init-command=SET sql_mode = '{mode}'"));
        }
        let mut run = self.finish(command, text.as_bytes())?;
        if sql_mode.is_some() {
            run.queries.remove(0);
        }
        Ok(run)
    }

    /// Runs a stranger's text, which must not be able to start programs or to write files.
    pub fn run_harmless(&self, text: &str) -> io::Result<Vec<String>> {
        let mut command = self.command();
        command.arg("--binary-mode");
        Ok(self.finish(command, text.as_bytes())?.queries)
    }

    /// Runs many texts in one process, and returns the queries of each.
    pub fn run_all(&self, texts: &[String]) -> io::Result<Vec<Vec<String>>> {
        const MARK: &str = "SELECT 'behind text ";
        let mut script = String::new();
        for (n, text) in texts.iter().enumerate() {
            let file = self.scratch.0.join(format!("{n}.sql"));
            fs::write(&file, text)?;
            script.push_str(&format!("source {}\ndelimiter ;\n{MARK}{n}';\n", file.display()));
        }
        let mut found = vec![Vec::new(); texts.len()];
        let mut at = 0;
        let run = self.finish(self.command(), script.as_bytes())?;
        for query in run.queries {
            match query.starts_with(MARK) {
                true => at += 1,
                false => found[at].push(query),
            }
        }
        match at == texts.len() {
            true => Ok(found),
            false => {
                Err(io::Error::other(format!("the client stopped behind text {at}: {:?}\n{}", texts[at], run.stderr)))
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MYSQL") {
                command.env_remove(name);
            }
        }
        command
            .args(["--batch", "--force", "--comments", "--no-auto-rehash", "--host=127.0.0.1", "--user=root"])
            .args(["--default-character-set=utf8mb4", "--local-infile=0"])
            .arg(format!("--port={}", self.recorder.port))
            // Should a text ever reach one of them.
            .env("EDITOR", "true")
            .env("VISUAL", "true")
            .current_dir(&self.scratch.0);
        match self.family {
            Family::Mysql => command.args(["--ssl-mode=DISABLED", "--commands=ON", "--get-server-public-key"]),
            Family::Mariadb => command.arg("--skip-ssl"),
        };
        command
    }

    fn finish(&self, mut command: Command, text: &[u8]) -> io::Result<Run> {
        let input = self.scratch.0.join("input");
        fs::write(&input, text)?;
        self.recorder.take();
        let output = command.stdin(fs::File::open(input)?).stdout(Stdio::null()).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = |part: &str| stderr.lines().any(|line| line.contains(part));
        if said("unknown option") || said("unknown variable") || said("Can't connect") || said("ERROR 2") {
            return Err(io::Error::other(stderr));
        }
        let mut queries = self.recorder.take();
        const OWN: [&str; 3] = ["select @@version_comment limit 1", "select $$", "SELECT DATABASE()"];
        queries.retain(|query| !OWN.contains(&query.as_str()));
        Ok(Run { queries, stderr })
    }
}
