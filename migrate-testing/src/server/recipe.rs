//! What differs between the servers that we start ourselves.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Kind, programs};

/// A server's programs, and how they are used.
#[derive(Clone, Debug)]
pub(super) enum Recipe {
    #[cfg(feature = "postgres")]
    Postgres { bin: PathBuf },
    #[cfg(feature = "mysql")]
    Mariadb { server: PathBuf, install: PathBuf },
    #[cfg(feature = "mysql")]
    Mysql { server: PathBuf },
}

impl Recipe {
    /// What the machine has; else what it would need.
    pub(super) fn find(kind: Kind) -> Result<Self, &'static str> {
        match kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => match programs::postgres() {
                Some(bin) => Ok(Recipe::Postgres { bin }),
                None => Err("PostgreSQL (initdb, postgres)"),
            },
            #[cfg(feature = "mysql")]
            Kind::Mysql => match (programs::mariadb(), programs::mysql()) {
                (Some((server, install)), _) => Ok(Recipe::Mariadb { server, install }),
                (None, Some(server)) => Ok(Recipe::Mysql { server }),
                (None, None) => Err("MariaDB (mariadbd, mariadb-install-db) or MySQL (mysqld)"),
            },
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { .. } => "postgres",
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { .. } => "mariadb",
            #[cfg(feature = "mysql")]
            Recipe::Mysql { .. } => "mysql",
        }
    }

    /// What tells one version's programs from another's.
    pub(super) fn place(&self) -> &Path {
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { bin } => bin,
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { server, .. } | Recipe::Mysql { server } => server,
        }
    }

    /// The user that it runs as, when we are root: it refuses to run as root.
    pub(super) fn user(&self) -> &'static str {
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { .. } => "postgres",
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { .. } | Recipe::Mysql { .. } => "mysql",
        }
    }

    /// The signal at which it ends and leaves its data clean, without waiting for anybody.
    pub(super) fn stop_signal(&self) -> &'static str {
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { .. } => "INT",
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { .. } | Recipe::Mysql { .. } => "TERM",
        }
    }

    /// The one at which it ends at once.
    pub(super) fn kill_signal(&self) -> &'static str {
        match self {
            // Its children end with it.
            #[cfg(feature = "postgres")]
            Recipe::Postgres { .. } => "QUIT",
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { .. } | Recipe::Mysql { .. } => "KILL",
        }
    }

    /// Files that the server reads a password from, in its directory.
    pub(super) fn secrets(&self, password: &str) -> Vec<(&'static str, String)> {
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { .. } => Vec::new(),
            // At each start, before it takes connections. The other accounts that it comes with have no password, and
            // get in by the socket alone, whose directory is the server's own.
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { .. } | Recipe::Mysql { .. } => {
                let sql = format!(
                    "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';\n\
                     ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY '{password}';\n\
                     GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n\
                     DROP USER IF EXISTS ''@'localhost';\n"
                );
                vec![("init.sql", sql)]
            }
        }
    }

    /// The file that tells clients the password.
    pub(super) fn credentials(&self, password: &str) -> (&'static str, String) {
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { .. } => ("pgpass", format!("*:*:*:postgres:{password}\n")),
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { .. } | Recipe::Mysql { .. } => ("my.cnf", format!("[client]\npassword={password}\n")),
        }
    }

    /// Makes the data, before the first start.
    pub(super) fn install(&self, server: &Path) -> Command {
        let data = server.join("data");
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { bin } => {
                let mut command = Command::new(bin.join("initdb"));
                command.args(["-U", "postgres", "-A", "md5", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]);
                command.arg(data).arg("--pwfile").arg(server.join("password"));
                command
            }
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { install, .. } => {
                let mut command = Command::new(install);
                command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
                command.arg(option("datadir", &data)).arg(option("tmpdir", server));
                command
            }
            #[cfg(feature = "mysql")]
            Recipe::Mysql { server: program } => {
                let mut command = Command::new(program);
                command.args(["--no-defaults", "--initialize-insecure", NO_FILES]);
                command.arg(option("datadir", &data)).arg(option("tmpdir", server));
                command
            }
        }
    }

    /// The server's command line. Nothing is durable.
    pub(super) fn serve(&self, server: &Path, port: u16) -> Vec<OsString> {
        let data = server.join("data");
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { bin } => {
                let mut line: Vec<OsString> = vec![bin.join("postgres").into(), "-D".into(), data.into()];
                line.extend(["-p".into(), port.to_string().into()]);
                let settings = [
                    "listen_addresses=127.0.0.1",
                    "unix_socket_directories=",
                    "fsync=off",
                    "synchronous_commit=off",
                    "full_page_writes=off",
                    "wal_level=minimal",
                    "max_wal_senders=0",
                    "max_wal_size=4GB",
                    "shared_buffers=64MB",
                    "max_connections=200",
                    "autovacuum=off",
                ];
                line.extend(settings.into_iter().flat_map(|setting| [OsString::from("-c"), setting.into()]));
                line
            }
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { server: program, .. } => {
                let mut line = vec![program.clone().into_os_string()];
                line.extend(mysql_options(server, port));
                // It syncs each table's definition by itself.
                line.push("--debug-no-sync".into());
                line
            }
            #[cfg(feature = "mysql")]
            Recipe::Mysql { server: program } => {
                let mut line = vec![program.clone().into_os_string()];
                line.extend(mysql_options(server, port));
                line.extend(["--mysqlx=OFF", "--performance-schema=OFF", NO_FILES].map(OsString::from));
                line
            }
        }
    }

    /// Whether it takes connections.
    pub(super) fn is_ready(&self, server: &Path) -> bool {
        match self {
            // The eighth line of the server's own file.
            #[cfg(feature = "postgres")]
            Recipe::Postgres { .. } => fs::read_to_string(server.join("data/postmaster.pid"))
                .is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready")),
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { .. } | Recipe::Mysql { .. } => {
                fs::read(server.join("log")).is_ok_and(|log| String::from_utf8_lossy(&log).contains(READY))
            }
        }
    }

    pub(super) fn url(&self, password: &str, port: u16) -> String {
        match self {
            #[cfg(feature = "postgres")]
            Recipe::Postgres { .. } => format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres"),
            #[cfg(feature = "mysql")]
            Recipe::Mariadb { .. } | Recipe::Mysql { .. } => format!("mysql://root:{password}@127.0.0.1:{port}"),
        }
    }
}

/// In the log, which is empty at each start.
#[cfg(feature = "mysql")]
const READY: &str = "ready for connections";

/// MySQL wants a directory of the system's for them.
#[cfg(feature = "mysql")]
const NO_FILES: &str = "--secure-file-priv=NULL";

#[cfg(feature = "mysql")]
fn mysql_options(server: &Path, port: u16) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec!["--no-defaults".into()];
    line.extend([
        option("datadir", &server.join("data")),
        // Two servers with one directory delete each other's files there.
        option("tmpdir", server),
        option("init-file", &server.join("init.sql")),
        option("pid-file", &server.join("mysqld.pid")),
    ]);
    // From the data directory: a path may be too long for a socket.
    let settings = [
        "--socket=../socket",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--skip-log-bin",
        "--innodb-flush-method=nosync",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=OFF",
        "--innodb-buffer-pool-size=256M",
        "--max-connections=200",
        "--table-definition-cache=8000",
        "--table-open-cache=8000",
    ];
    line.extend(settings.map(OsString::from));
    line.push(format!("--port={port}").into());
    line
}

#[cfg(feature = "mysql")]
fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(format!("--{name}="));
    option.push(path);
    option
}
