//! What the URL leaves open: libpq's variables and defaults.

use std::net::ToSocketAddrs;
use std::path::PathBuf;

use migrate_core::{Cause, CauseKind};

use super::{KEYWORDS, Url, broken_rule};

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

    pub(super) fn is_local(&self) -> bool {
        let named = || self.host.eq_ignore_ascii_case("localhost") || self.host.parse().is_ok_and(is_loopback);
        self.address.map_or_else(|| self.is_socket() || named(), is_loopback)
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

fn is_loopback(address: std::net::IpAddr) -> bool {
    address.is_loopback()
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
        let given = self.url.get(keyword).map(str::to_owned);
        given.or_else(|| (self.variable)(variable_of(keyword)?)).filter(|value| !value.is_empty())
    }

    /// Whether the variables hold what a URL would be refused for.
    pub(super) fn check(&self) -> Result<(), Cause> {
        for (keyword, _) in KEYWORDS {
            // An encoding is for what psql shows; ours is UTF-8 anyway.
            let Some(value) = self.get(keyword).filter(|_| keyword != "client_encoding") else { continue };
            if let Some(rule) = broken_rule(keyword, &value) {
                return Err(self.wrong(&[keyword], &format!("`{keyword}` is {rule}")));
            }
        }
        // Ignored they would promise what nobody keeps.
        let not_understood = ["PGREQUIREAUTH", "PGREQUIREPEER", "PGSSLCERTMODE", "PGSSLCRL", "PGSSLCRLDIR"];
        let is_set = |variable: &&str| (self.variable)(variable).is_some_and(|value| !value.is_empty());
        if let Some(variable) = not_understood.into_iter().find(is_set) {
            let message = format!("the variable {variable} of libpq is not understood here");
            return Err(Cause::new(CauseKind::Access, message).hint(format!("unset {variable}")));
        }
        if self.get("service").is_some() {
            let cause = Cause::new(CauseKind::Access, "`service` of libpq is not understood here");
            return Err(cause.hint("unset PGSERVICE, and give a whole URL"));
        }
        Ok(())
    }

    /// Where the word stands that counts; the URL, where there is none yet.
    #[cfg(feature = "tls")]
    pub(super) fn place_of(&self, keyword: &str) -> &'static str {
        match variable_of(keyword) {
            Some(variable) if self.url.get(keyword).is_none() && self.get(keyword).is_some() => variable,
            _ => "the database URL",
        }
    }

    /// Something is wrong with these settings; no server was asked. Says where each of them stands.
    pub(super) fn wrong(&self, keywords: &[&str], message: &str) -> Cause {
        let (mut in_url, mut variables, mut ways) = (Vec::new(), Vec::new(), Vec::new());
        for keyword in keywords {
            match (self.url.get(keyword), self.get(keyword), variable_of(keyword)) {
                (Some(_), ..) => in_url.push(format!("`{keyword}`")),
                (None, Some(_), Some(variable)) => variables.push(variable),
                (.., Some(variable)) => ways.push(format!("give `{keyword}` in the database URL or in {variable}")),
                _ => {}
            }
        }
        if !variables.is_empty() {
            let verb = if in_url.is_empty() { "correct " } else { "" };
            ways.insert(0, format!("{verb}the variable {}", variables.join(" or ")));
        }
        if !in_url.is_empty() {
            ways.insert(0, format!("correct {} in the database URL", in_url.join(" or ")));
        }
        let hint = ways.join(", or ");
        Cause::new(CauseKind::Access, message).hint(hint)
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
        let message = "the URL names no user, and the operating system does not tell who this is";
        user.ok_or_else(|| self.wrong(&["user"], message))
    }

    pub(super) fn database(&self) -> Result<String, Cause> {
        self.get("dbname").map_or_else(|| self.user(), Ok)
    }

    pub(super) fn ssl_mode(&self) -> Result<String, Cause> {
        let system = self.get("sslrootcert").as_deref() == Some("system");
        let mode = self.get("sslmode").unwrap_or_else(|| if system { "verify-full" } else { "prefer" }.into());
        if system && mode != "verify-full" {
            let message = "`sslrootcert=system` goes only with `sslmode=verify-full`";
            return Err(self.wrong(&["sslmode", "sslrootcert"], message));
        }
        let weak = ["disable", "allow", "prefer"].contains(&mode.as_str());
        if weak && self.get("sslnegotiation").as_deref() == Some("direct") {
            let message = "`sslnegotiation=direct` goes only with `sslmode=require`, `verify-ca` or `verify-full`";
            return Err(self.wrong(&["sslmode", "sslnegotiation"], message));
        }
        Ok(mode)
    }

    /// The servers, in the order in which they are tried.
    pub(super) fn servers(&self) -> Result<Vec<Server>, Cause> {
        let list = |keyword| self.get(keyword).map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>());
        let addresses = list("hostaddr").unwrap_or_default();
        let hosts =
            list("host").unwrap_or_else(|| if addresses.is_empty() { vec![default_host()] } else { addresses.clone() });
        let ports = list("port").unwrap_or_default();
        for (keyword, list) in [("port", &ports), ("hostaddr", &addresses)] {
            let one_for_all = keyword == "port" && list.len() == 1;
            if !list.is_empty() && !one_for_all && list.len() != hosts.len() {
                let message = format!("there are {} of `{keyword}`, and {} of `host`", list.len(), hosts.len());
                return Err(self.wrong(&[keyword, "host"], &message));
            }
        }
        let server = |(i, host): (usize, &String)| {
            let port = ports.get(i).or(ports.first().filter(|_| ports.len() == 1)).filter(|port| !port.is_empty());
            let port = port.map_or(Ok(5432), |port| port.parse());
            let port = port.map_err(|_| self.wrong(&["port"], "`port` is a number up to 65535"))?;
            let address =
                addresses.get(i).filter(|address| !address.is_empty()).map(|address| address.parse()).transpose();
            let address = address.map_err(|_| self.wrong(&["hostaddr"], "`hostaddr` is an IP address"))?;
            Ok(Server { host: if host.is_empty() { default_host() } else { host.clone() }, address, port })
        };
        hosts.iter().enumerate().map(server).collect()
    }
}

/// The variable that stands for a keyword.
fn variable_of(keyword: &str) -> Option<&'static str> {
    let (_, variable) = KEYWORDS.iter().find(|(word, variable)| *word == keyword && !variable.is_empty())?;
    Some(variable)
}

/// A directory with a server's socket where there is one, as libpq has it by default.
fn default_host() -> String {
    let directories = ["/var/run/postgresql", "/tmp"];
    let is_there = |directory: &&str| cfg!(unix) && std::path::Path::new(directory).join(".s.PGSQL.5432").exists();
    directories.into_iter().find(is_there).unwrap_or("localhost").to_owned()
}
