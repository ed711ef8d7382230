//! What the URL leaves open: libpq's variables and defaults.

use std::net::ToSocketAddrs;
use std::path::PathBuf;

use migrate_core::{Cause, CauseKind};

use super::{KEYWORDS, Url};

/// libpq's modes, from the least to the most careful.
pub(super) const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Looks a variable up: the process's own, or a test's.
type Variables<'u> = Box<dyn Fn(&str) -> Option<String> + 'u>;

/// A URL together with the variables of a process.
pub(super) struct Environment<'u> {
    url: &'u Url,
    variable: Variables<'u>,
}

/// One server of the URL's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// A name, an address, or the directory of a socket.
    pub(super) host: String,
    pub(super) address: Option<std::net::IpAddr>,
    pub(super) port: u16,
}

impl Server {
    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// How many addresses its name has, one at least.
    pub(super) fn addresses(&self) -> u32 {
        if self.address.is_some() || self.is_socket() {
            return 1;
        }
        let found = (self.host.as_str(), self.port).to_socket_addrs().map_or(1, Iterator::count);
        u32::try_from(found).unwrap_or(1).max(1)
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.is_socket() {
            true => write!(f, "{}/.s.PGSQL.{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
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

    /// The URL's word, else the variable's.
    pub(super) fn get(&self, keyword: &str) -> Option<String> {
        let variable = || KEYWORDS.iter().find(|(word, variable)| *word == keyword && !variable.is_empty());
        let given = self.url.get(keyword).map(str::to_owned);
        given.or_else(|| (self.variable)(variable()?.1)).filter(|value| !value.is_empty())
    }

    pub(super) fn number(&self, keyword: &str) -> Option<u32> {
        self.get(keyword)?.parse().ok()
    }

    pub(super) fn home(&self) -> Option<PathBuf> {
        (self.variable)("HOME").or_else(|| (self.variable)("USERPROFILE")).map(PathBuf::from)
    }

    pub(super) fn user(&self) -> Result<String, Cause> {
        let first =
            |names: [&str; 3]| names.into_iter().find_map(|name| (self.variable)(name).filter(|v| !v.is_empty()));
        let user = self.get("user").or_else(|| first(["USER", "LOGNAME", "USERNAME"]));
        user.ok_or_else(|| settings("the URL names no user, and the operating system does not tell who this is"))
    }

    pub(super) fn database(&self) -> Result<String, Cause> {
        self.get("dbname").map_or_else(|| self.user(), Ok)
    }

    pub(super) fn ssl_mode(&self) -> Result<String, Cause> {
        let system = self.get("sslrootcert").as_deref() == Some("system");
        let mode = self.get("sslmode").unwrap_or_else(|| if system { "verify-full" } else { "prefer" }.into());
        if !SSL_MODES.contains(&mode.as_str()) {
            return Err(settings(&format!("PGSSLMODE is one of {}", SSL_MODES.join(", "))));
        }
        if system && mode != "verify-full" {
            return Err(settings("`sslrootcert=system` goes only with `sslmode=verify-full`"));
        }
        Ok(mode)
    }

    /// The servers, in the order in which they are tried.
    pub(super) fn servers(&self) -> Result<Vec<Server>, Cause> {
        if (self.variable)("PGSERVICE").is_some_and(|service| !service.is_empty()) {
            return Err(settings("PGSERVICE is set, and service files are not understood here: give a whole URL"));
        }
        let list = |keyword| self.get(keyword).map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>());
        let addresses = list("hostaddr").unwrap_or_default();
        let hosts =
            list("host").unwrap_or_else(|| if addresses.is_empty() { vec![default_host()] } else { addresses.clone() });
        let ports = list("port").unwrap_or_default();
        if (ports.len() > 1 && ports.len() != hosts.len()) || (!addresses.is_empty() && addresses.len() != hosts.len())
        {
            return Err(settings("the URL has not as many ports, or addresses, as hosts"));
        }
        let server = |(i, host): (usize, &String)| {
            let port = ports.get(i).or(ports.first().filter(|_| ports.len() == 1)).filter(|port| !port.is_empty());
            let port =
                port.map_or(Ok(5432), |port| port.parse()).map_err(|_| settings("a port is a number up to 65535"))?;
            let address =
                addresses.get(i).filter(|address| !address.is_empty()).map(|address| address.parse()).transpose();
            let address = address.map_err(|_| settings("`hostaddr` is an IP address"))?;
            Ok(Server { host: if host.is_empty() { default_host() } else { host.clone() }, address, port })
        };
        hosts.iter().enumerate().map(server).collect()
    }
}

/// A directory with a server's socket where there is one, as libpq has it by default.
fn default_host() -> String {
    let directories = ["/var/run/postgresql", "/tmp"];
    let is_there = |directory: &&str| cfg!(unix) && std::path::Path::new(directory).join(".s.PGSQL.5432").exists();
    directories.into_iter().find(is_there).unwrap_or("localhost").to_owned()
}

/// Something is wrong with what we were told; no server was asked.
pub(super) fn settings(message: &str) -> Cause {
    Cause::new(CauseKind::Access, message).hint("correct the database URL, or the variable")
}
