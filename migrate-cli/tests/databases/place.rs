//! A database of its own on each server, the binary on it, and the server's own client.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use migrate_check::Inspect;
use migrate_core::Tables;
use mysql::prelude::Queryable;
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Mariadb,
    Mysql,
    Sqlite,
}

pub const ALL: [Kind; 4] = [Kind::Postgres, Kind::Mariadb, Kind::Mysql, Kind::Sqlite];

/// A database that is there, empty, and gone with this value; beside it a directory `migrations`.
pub struct Place {
    pub kind: Kind,
    pub name: String,
    pub url: String,
    dir: TempDir,
}

/// What a program said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Its output, when it did what it was asked to.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }
}

fn server(kind: Kind) -> String {
    let variable = match kind {
        Kind::Postgres => "MIGRATE_TEST_POSTGRES",
        Kind::Mariadb => "MIGRATE_TEST_MARIADB",
        Kind::Mysql => "MIGRATE_TEST_MYSQL",
        Kind::Sqlite => return String::new(),
    };
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

impl Place {
    pub fn new(kind: Kind) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("cli_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("migrations")).unwrap();
        let server = server(kind);
        let url = match kind {
            Kind::Postgres => format!("{}/{name}", server.rsplit_once('/').unwrap().0),
            Kind::Mariadb | Kind::Mysql => format!("{server}/{name}"),
            Kind::Sqlite => format!("sqlite:{}", dir.path().join("app.db").display()),
        };
        let place = Place { kind, name, url, dir };
        place.migrate("create").well();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.path("migrations").join(name), text).unwrap();
        self
    }

    pub fn remove(&self, name: &str) -> &Self {
        fs::remove_file(self.path("migrations").join(name)).unwrap();
        self
    }

    /// The binary, with this database.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        for name in ["MIGRATIONS_DIR", "CLICOLOR_FORCE", "HOSTNAME", "LOGNAME"] {
            command.env_remove(name);
        }
        command.env("DATABASE_URL", &self.url).env("USER", "tester").current_dir(self.dir.path());
        let path = std::env::var("PATH").unwrap_or_default();
        if let Some(programs) = self.programs() {
            command.env("PATH", format!("{}:{path}", programs.display()));
        }
        command
    }

    /// `migrate LINE`.
    pub fn migrate(&self, line: &str) -> Said {
        Said::of(self.command().args(line.split_whitespace()).output().unwrap())
    }

    /// Where MySQL's own programs are: `scripts/server-mysql` puts them beside its data.
    fn programs(&self) -> Option<PathBuf> {
        if self.kind != Kind::Mysql {
            return None;
        }
        let opts = mysql::OptsBuilder::from_opts(mysql::Opts::from_url(&server(Kind::Mysql)).unwrap());
        let mut conn = mysql::Conn::new(opts.prefer_socket(false)).unwrap();
        let pid: String = conn.query_first("SELECT @@pid_file").unwrap().unwrap();
        let bin = Path::new(&pid).parent()?.parent()?.join("bin");
        assert!(
            bin.join("mysql").exists(),
            "there is no {}: start the server with scripts/server-mysql",
            bin.display()
        );
        Some(bin)
    }

    /// The database's own client, as the head of a script says that it is called.
    pub fn client(&self) -> Command {
        let mut command = match self.kind {
            Kind::Postgres => {
                let mut psql = Command::new("psql");
                psql.args(["-X", "-q", "-A", "-t", "-d", &self.url]);
                psql
            }
            Kind::Sqlite => {
                let mut sqlite = Command::new("sqlite3");
                sqlite.arg(self.path("app.db"));
                sqlite
            }
            Kind::Mariadb | Kind::Mysql => {
                let (host, port) = server(self.kind).rsplit_once('@').unwrap().1.rsplit_once(':').map(owned).unwrap();
                let program = self.programs().map_or("mariadb".into(), |bin| bin.join("mysql"));
                let mut client = Command::new(program);
                client.args(["--no-defaults", "-u", "root", "-h", &host, "-P", &port, "--protocol=tcp"]);
                client.args(["--comments", "--binary-mode", "-N", "-B", &self.name]);
                client
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs SQL with it, up to the first error.
    pub fn sql(&self, sql: &str) -> Said {
        let stop = match self.kind {
            Kind::Postgres => "\\set ON_ERROR_STOP on\n",
            Kind::Sqlite => ".bail on\n",
            Kind::Mariadb | Kind::Mysql => "",
        };
        self.execute(&format!("{stop}{sql}"))
    }

    /// Runs a script with it, which says itself where it stops.
    pub fn execute(&self, script: &str) -> Said {
        let mut child = self.client().spawn().unwrap();
        // One that stops at an error reads no further.
        let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
        Said::of(child.wait_with_output().unwrap())
    }

    /// What stands in the schema, without the history.
    pub fn catalog(&self) -> String {
        let tables = Tables::default();
        let catalog = match self.kind {
            Kind::Postgres => {
                let mut driver = migrate_postgres::Postgres::connect(&self.url.parse().unwrap()).unwrap();
                driver.catalog(&tables, &mut Default::default())
            }
            Kind::Mariadb | Kind::Mysql => {
                let mut driver = migrate_mysql::Mysql::connect(&self.url.parse().unwrap()).unwrap();
                driver.catalog(&tables, &mut ())
            }
            Kind::Sqlite => migrate_sqlite::Sqlite::open(&self.url.parse().unwrap()).unwrap().catalog(&tables, &mut ()),
        };
        catalog.unwrap().to_string().replace(&self.name, "DATABASE")
    }
}

fn owned((a, b): (&str, &str)) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.kind != Kind::Sqlite {
            self.migrate("drop --yes");
        }
    }
}
