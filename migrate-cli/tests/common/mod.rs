//! A session at the prompt: commands of the real binary in a directory of its own, and all that they print.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use snapbox::{Assert, Data, Redactions};
use tempfile::TempDir;

/// The binary.
pub const MIGRATE: &str = env!("CARGO_BIN_EXE_migrate");

/// What the binary must not take from whoever runs the tests.
const VARIABLES: [&str; 8] = [
    "DATABASE_URL",
    "MIGRATIONS_DIR",
    "MIGRATE_ENV",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "HOSTNAME",
    "COMPUTERNAME",
    "LOGNAME",
];

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

/// What was typed and printed so far. `! ` marks stderr, `[4]` an exit code other than 0.
pub struct Session {
    dir: TempDir,
    text: String,
    variables: Vec<(String, String)>,
    /// The database of a session on a server, dropped at its end.
    database: Option<String>,
}

impl Session {
    /// In a directory with nothing in it, and no database named.
    pub fn bare() -> Self {
        Session { dir: tempfile::tempdir().unwrap(), text: String::new(), variables: Vec::new(), database: None }
    }

    /// With an empty directory `migrations`, and `sqlite:app.db` as the database.
    pub fn new() -> Self {
        let mut session = Session::bare();
        fs::create_dir(session.path("migrations")).unwrap();
        session.variable("DATABASE_URL", "sqlite:app.db");
        session
    }

    /// The same on PostgreSQL, with a database that is yet to be made.
    pub fn postgres(name: &str) -> Self {
        let server = server("MIGRATE_TEST_POSTGRES");
        let (place, _) = server.rsplit_once('/').unwrap();
        Session::on(format!("{place}/{name}_{}", std::process::id()))
    }

    /// The same on MySQL.
    pub fn mysql(name: &str) -> Self {
        Session::on(format!("{}/{name}_{}", server("MIGRATE_TEST_MYSQL"), std::process::id()))
    }

    /// The same on MariaDB.
    pub fn mariadb(name: &str) -> Self {
        Session::on(format!("{}/{name}_{}", server("MIGRATE_TEST_MARIADB"), std::process::id()))
    }

    fn on(url: String) -> Self {
        let mut session = Session::bare();
        fs::create_dir(session.path("migrations")).unwrap();
        session.variable("DATABASE_URL", &url);
        session.database = Some(url);
        session
    }

    /// Runs SQL as somebody else would.
    pub fn sql(&mut self, sql: &str) -> &mut Self {
        let client = if self.url().starts_with("mysql") { "mysql -e" } else { "psql -c" };
        self.execute(sql).unwrap();
        let _ = writeln!(self.text, "$ {client} \"{sql}\"\n");
        self
    }

    fn execute(&self, sql: &str) -> Result<(), Box<dyn std::error::Error>> {
        use mysql::prelude::Queryable;
        if self.url().starts_with("mysql") {
            let opts = mysql::OptsBuilder::from_opts(mysql::Opts::from_url(&self.url())?).prefer_socket(false);
            return Ok(mysql::Conn::new(opts)?.query_drop(sql)?);
        }
        Ok(postgres::Client::connect(&self.url(), postgres::NoTls)?.batch_execute(sql)?)
    }

    /// The database of a session on a server.
    pub fn url(&self) -> String {
        self.database.clone().unwrap()
    }

    /// One value of it.
    pub fn postgres_value(&self, sql: &str) -> String {
        let mut client = postgres::Client::connect(&self.url(), postgres::NoTls).unwrap();
        for message in client.simple_query(sql).unwrap() {
            if let postgres::SimpleQueryMessage::Row(row) = message {
                return row.get(0).unwrap_or("NULL").to_owned();
            }
        }
        panic!("no row: {sql}")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn variable(&mut self, name: &str, value: &str) {
        self.variables.push((name.into(), value.into()));
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(MIGRATE);
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.env("USER", "tester").envs(self.variables.iter().cloned()).current_dir(self.dir.path());
        command
    }

    /// A command as it runs on a terminal of so many columns.
    pub fn on_terminal(&self, columns: u16, line: &str) -> Command {
        let mut command = Command::new("script");
        let environment = self.command();
        let variables = environment.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.args(["-qefc", &format!("stty rows 24 cols {columns}; {MIGRATE} {line}"), "/dev/null"]);
        command.envs(variables).env_remove("NO_COLOR").env("TERM", "xterm").current_dir(self.dir.path());
        command
    }

    /// Types a command.
    pub fn run(&mut self, line: &str) -> &mut Self {
        if line.contains("status") {
            self.freeze();
        }
        let output = self.command().args(line.split_whitespace()).output().unwrap();
        let _ = writeln!(self.text, "$ migrate {line}");
        self.text.push_str(&String::from_utf8(output.stdout).unwrap());
        for line in String::from_utf8(output.stderr).unwrap().lines() {
            self.text.push_str(format!("! {line}").trim_end());
            self.text.push('\n');
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => writeln!(self.text, "[{code}]").unwrap(),
            None => self.text.push_str("[killed]\n"),
        }
        self.text.push('\n');
        self
    }

    /// Writes a file.
    pub fn write(&mut self, name: &str, text: &str) -> &mut Self {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
        let shown: String = text.lines().map(|line| format!("> {line}\n")).collect();
        let _ = writeln!(self.text, "$ cat > {name}\n{shown}");
        self
    }

    /// A migration that makes a table, and its way back.
    pub fn pair(&mut self, label: &str, table: &str) -> &mut Self {
        fs::write(self.path(&format!("migrations/{label}.up.sql")), format!("CREATE TABLE {table} (x);\n")).unwrap();
        fs::write(self.path(&format!("migrations/{label}.down.sql")), format!("DROP TABLE {table};\n")).unwrap();
        let _ = writeln!(self.text, "$ # {label}: makes the table {table}\n");
        self
    }

    /// Removes the files that begin like this.
    pub fn remove(&mut self, start: &str) -> &mut Self {
        for entry in fs::read_dir(self.path("migrations")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with(start) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        let _ = writeln!(self.text, "$ rm migrations/{start}*\n");
        self
    }

    /// Shows the files that begin like this.
    pub fn cat(&mut self, start: &str) -> &mut Self {
        let mut files = files(self.dir.path());
        files.retain(|file| file.starts_with(start));
        for file in files {
            let text = fs::read_to_string(self.path(&file)).unwrap();
            let _ = writeln!(self.text, "$ cat {file}\n{text}");
        }
        self
    }

    /// Everything that is there now.
    pub fn ls(&mut self) -> &mut Self {
        let _ = writeln!(self.text, "$ find . -type f\n{}\n", files(self.dir.path()).join("\n"));
        self
    }

    /// The user's own tables.
    pub fn tables(&mut self) -> &mut Self {
        let db = Connection::open(self.path("app.db")).unwrap();
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'migrate%' ORDER BY name";
        let mut select = db.prepare(sql).unwrap();
        let names: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let _ =
            writeln!(self.text, "$ # tables: {}\n", if names.is_empty() { "none".into() } else { names.join(", ") });
        self
    }

    /// Compares the session with the one on record; `SNAPSHOTS=overwrite` records it anew.
    pub fn check(&self, expected: Data) {
        let mut redactions = Redactions::new();
        for (name, pattern) in [
            ("[TIME]", r"\b(?<redacted>[0-9]+ ms|[0-9]+\.[0-9] s)\b"),
            ("[MS]", r#""duration_ms": (?<redacted>[0-9]{1,4})\b"#),
            (
                "[STAMP]",
                r"(?<redacted>20[0-9]{12})_(create_orders|add_e_mail|add_books|more|vacuum|second|third|another|old_schema)",
            ),
            ("[SILENT]", r"postgres://me@(?<redacted>127\.0\.0\.1:[0-9]{2,})/app"),
            ("[PLACE]", r"postgres://[a-z_]+@(?<redacted>127\.0\.0\.1:[0-9]+/[a-z_]+_[0-9]+)"),
            ("[MYPLACE]", r"mysql://[a-z_]+@(?<redacted>127\.0\.0\.1:[0-9]+/[a-z_]+_[0-9]+)"),
            ("[MYDATABASE]", r"[`'](?<redacted>cli_[a-z]+_[0-9]+)[`'.]"),
            ("[MYSERVER]", r"MySQL (?<redacted>[0-9][0-9.]+)"),
            ("[ID]", r"connection (?<redacted>[0-9]+)"),
            ("[PORT]", r"root@localhost(?<redacted>:[0-9]+)"),
            ("[DATABASE]", r#"\(?"(?<redacted>cli_[a-z]+_[0-9]+)""#),
            ("[SERVER]", r"PostgreSQL (?<redacted>[0-9][0-9.]+( \([^)]*\))?)"),
            ("[PID]", r"backend (?<redacted>[0-9]+)"),
            ("[SQLITE]", r"SQLite (?<redacted>3\.[0-9.]+)"),
            ("[SCRATCH]", r"migrate_check_(?<redacted>[0-9a-f]{16})"),
            ("[RUN]", r"'(?<redacted>[0-9a-f]{16})'"),
            ("[HOLDER]", r"(?<redacted>process [0-9]+ \([^)]*\)|another process)"),
        ] {
            redactions.insert(name, regex::Regex::new(pattern).unwrap()).unwrap();
        }
        redactions.insert("[VERSION]", env!("CARGO_PKG_VERSION")).unwrap();
        Assert::new().normalize_paths(false).action_env("SNAPSHOTS").redact_with(redactions).eq(&self.text, expected);
    }

    /// Times that differ from run to run would move the columns.
    fn freeze(&self) {
        let set = "duration_ms = 90000, finished_at = '2026-11-23T18:47:00.123Z' WHERE finished_at IS NOT NULL";
        if self.database.is_some() {
            // MySQL takes no time zone; the database may not be there yet.
            let set = if self.url().starts_with("mysql") { set.replace('Z', "") } else { set.to_owned() };
            let _ = self.execute(&format!("UPDATE migrate_history SET {set}"));
        }
        for file in files(self.dir.path()).into_iter().filter(|file| file.ends_with(".db")) {
            let db = Connection::open(self.path(&file)).unwrap();
            for table in ["migrate_history", "app_migrations", "history"] {
                let sql = format!("UPDATE {table} SET {set}");
                // One of them, or none, is there.
                let _ = db.execute(&sql, []);
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.database.is_some() {
            let _ = self.command().args(["drop", "--yes"]).output();
        }
    }
}

fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match path.is_dir() {
            true => found.extend(files(&path).into_iter().map(|file| format!("{name}/{file}"))),
            false => found.push(name),
        }
    }
    found.sort();
    found
}
