//! What the URL leaves open: the clients' variables and defaults.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use migrate_core::sql::Dialect;
use migrate_core::{Cause, CauseKind};

use super::{PARAMETERS, PLACES, Url};

/// MySQL's modes, from the least to the most careful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

const SSL_MODES: [(&str, SslMode); 5] = [
    ("DISABLED", SslMode::Disabled),
    ("PREFERRED", SslMode::Preferred),
    ("REQUIRED", SslMode::Required),
    ("VERIFY_CA", SslMode::VerifyCa),
    ("VERIFY_IDENTITY", SslMode::VerifyIdentity),
];

impl SslMode {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        SSL_MODES.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)).map(|(_, mode)| *mode)
    }

    /// The same as options of the servers' own programs.
    pub(super) fn client_options(self, dialect: Dialect) -> Vec<String> {
        let words: &[&str] = match (dialect, self) {
            (Dialect::Mariadb, SslMode::Disabled) => &["--skip-ssl"],
            // From 11.4 on they verify unless they are told not to.
            (Dialect::Mariadb, SslMode::Preferred) => &["--skip-ssl-verify-server-cert"],
            (Dialect::Mariadb, SslMode::Required | SslMode::VerifyCa) => &["--ssl", "--skip-ssl-verify-server-cert"],
            (Dialect::Mariadb, SslMode::VerifyIdentity) => &["--ssl", "--ssl-verify-server-cert"],
            (_, mode) => return vec![format!("--ssl-mode={mode}")],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    pub(super) fn names() -> String {
        SSL_MODES.map(|(word, _)| word).join(", ")
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SSL_MODES.iter().filter(|(_, mode)| mode == self).try_for_each(|(word, _)| f.write_str(word))
    }
}

/// The one host that has a socket.
pub(super) fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
}

/// Where the usual packages have the socket.
const SOCKETS: [&str; 3] = ["/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/tmp/mysql.sock"];

/// MySQL's clients wait for ever; ten seconds are enough for a server that is there.
const CONNECT_TIMEOUT: u32 = 10;

/// Looks a variable up: the process's own, or a test's.
type Variables<'u> = Box<dyn Fn(&str) -> Option<String> + 'u>;

/// A URL together with the variables of a process.
pub(super) struct Environment<'u> {
    url: &'u Url,
    variable: Variables<'u>,
}

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Socket(String),
    Tcp { host: String, port: u16 },
}

impl Server {
    pub(super) fn is_socket(&self) -> bool {
        matches!(self, Server::Socket(_))
    }

    pub(super) fn is_local(&self) -> bool {
        match self {
            Server::Socket(_) => true,
            Server::Tcp { host, .. } => {
                is_here(host) || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::Socket(path) => f.write_str(path),
            Server::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Server::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl<'u> Environment<'u> {
    pub(super) fn of_process(url: &'u Url) -> Self {
        Self::new(url, |name| std::env::var(name).ok())
    }

    pub(super) fn new(url: &'u Url, variable: impl Fn(&str) -> Option<String> + 'u) -> Self {
        Environment { url, variable: Box::new(variable) }
    }

    /// The URL's word.
    fn given(&self, keyword: &str) -> Option<String> {
        self.url.get(keyword).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// The URL's word, else the variable's.
    pub(super) fn get(&self, keyword: &str) -> Option<String> {
        let mut words = PLACES.iter().chain(&PARAMETERS).filter(|(_, variable)| !variable.is_empty());
        let mut variable = || words.find(|(word, _)| *word == keyword).and_then(|(_, name)| (self.variable)(name));
        self.given(keyword).or_else(|| variable().filter(|value| !value.is_empty()))
    }

    pub(super) fn database(&self) -> Option<&str> {
        self.url.database()
    }

    pub(super) fn user(&self) -> Result<String, Cause> {
        let first =
            |names: [&str; 3]| names.into_iter().find_map(|name| (self.variable)(name).filter(|v| !v.is_empty()));
        let user = self.get("user").or_else(|| first(["USER", "LOGNAME", "USERNAME"]));
        let message = "the URL names no user, and the operating system does not tell who this is";
        user.ok_or_else(|| settings(message).hint("name one in the database URL: mysql://me@localhost/app"))
    }

    pub(super) fn ssl_mode(&self) -> SslMode {
        let mode = self.get("ssl-mode").and_then(|mode| SslMode::from_name(&mode));
        // As the clients have it: who names whom to trust wants it looked at.
        mode.unwrap_or(if self.get("ssl-ca").is_some() { SslMode::VerifyCa } else { SslMode::Preferred })
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        let seconds = self.get("connect-timeout").and_then(|seconds| seconds.parse().ok());
        Duration::from_secs(seconds.filter(|seconds| *seconds > 0).unwrap_or(CONNECT_TIMEOUT).into())
    }

    pub(super) fn server(&self) -> Result<Server, Cause> {
        self.server_with(|path| cfg!(unix) && Path::new(path).exists())
    }

    pub(super) fn server_with(&self, exists: impl Fn(&str) -> bool) -> Result<Server, Cause> {
        let host = self.get("host").unwrap_or_else(|| "localhost".into());
        if let Some(socket) = self.socket(&host, exists) {
            return Ok(Server::Socket(socket));
        }
        let port = self.get("port").map_or(Ok(3306), |port| port.parse());
        match port {
            Ok(port) if port > 0 => Ok(Server::Tcp { host, port }),
            _ => Err(settings("MYSQL_TCP_PORT is a number up to 65535").hint("correct the variable MYSQL_TCP_PORT")),
        }
    }

    /// What the URL says goes before what a variable says, and that before what happens to be there.
    fn socket(&self, host: &str, exists: impl Fn(&str) -> bool) -> Option<String> {
        if let Some(socket) = self.given("socket") {
            return Some(socket);
        }
        if !is_here(host) || self.given("port").is_some() {
            return None;
        }
        let usual = || SOCKETS.into_iter().find(|path| self.get("port").is_none() && exists(path)).map(str::to_owned);
        self.get("socket").or_else(usual)
    }
}

/// Something is wrong with what we were told; no server was asked.
pub(super) fn settings(message: &str) -> Cause {
    Cause::new(CauseKind::Access, message).hint("correct the database URL")
}
