//! Where a PostgreSQL database is, and how it is reached: with libpq's meaning of every word, because that is what the
//! URLs that people have are written for.

mod environment;
mod open;
mod passfile;
#[cfg(feature = "tls")]
mod tls;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

pub use migrate_core::url::UrlError;
use migrate_core::url::{decoded, escaped, host_and_port};

pub(crate) use open::{Cancel, Opened, canceller, may_come_up};

/// The database that the URL names, or the environment.
pub(crate) fn database_of(url: &Url) -> Result<String, migrate_core::Cause> {
    environment::Environment::of_process(url).database()
}

/// Where a PostgreSQL database is: `postgres://user:password@host:5432/database?sslmode=verify-full`.
///
/// Parts that are absent come from where libpq takes them, when the connection is opened: the variables `PGHOST`,
/// `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE` and their like, the file `~/.pgpass`, and its defaults.
/// Neither `{}` nor `{:?}` shows a password.
///
/// ```
/// use migrate_postgres::Url;
///
/// let url: Url = "postgresql://me:secret@db.example.com/app?sslmode=verify-full".parse()?;
/// assert_eq!(url.to_string(), "postgres://me:***@db.example.com/app?sslmode=verify-full");
/// assert!("postgres://localhost/app?sslmod=require".parse::<Url>().is_err());
/// # Ok::<(), migrate_postgres::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// By libpq's keywords; `host` and `port` hold lists.
    settings: BTreeMap<&'static str, String>,
}

/// libpq's keywords, and the variable that stands for one where the URL is silent.
const KEYWORDS: [(&str, &str); 31] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("passfile", "PGPASSFILE"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("application_name", "PGAPPNAME"),
    ("fallback_application_name", ""),
    ("options", "PGOPTIONS"),
    ("keepalives", ""),
    ("keepalives_idle", ""),
    ("keepalives_interval", ""),
    ("keepalives_count", ""),
    ("tcp_user_timeout", ""),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslpassword", ""),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslcompression", "PGSSLCOMPRESSION"),
    ("sslsni", "PGSSLSNI"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("client_encoding", "PGCLIENTENCODING"),
    ("gssencmode", "PGGSSENCMODE"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("service", "PGSERVICE"),
    ("sslcrl", "PGSSLCRL"),
];

/// What may be a secret, or hold one, is not shown.
const SECRETS: [&str; 3] = ["password", "sslpassword", "options"];

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")).ok_or_else(|| {
            UrlError::new("a PostgreSQL URL begins with `postgres://`, for instance postgres://user@localhost/app")
        })?;
        let mut settings = BTreeMap::new();
        let mut set = |keyword, value: &str, what: &str| -> Result<(), UrlError> {
            if !value.is_empty() {
                settings.insert(keyword, decoded(value, what)?);
            }
            Ok(())
        };
        let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query));
        let (place, database) = place.split_once('/').unwrap_or((place, ""));
        set("dbname", database, "database name")?;
        let hosts = match place.split_once('@') {
            Some((credentials, hosts)) => {
                let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
                set("user", user, "user name")?;
                set("password", password, "password")?;
                hosts
            }
            None => place,
        };
        // Else half of a password with an `@` or a `/` in it would be taken for a host or a database, and be shown.
        if hosts.contains('@') || database.contains('@') || query.contains('@') {
            let message = "an `@` in the URL's user name or password is written %40, a `:` %3A, a `/` %2F";
            return Err(UrlError::new(message));
        }
        let mut names = Vec::new();
        let mut ports = Vec::new();
        for host in hosts.split(',') {
            let (name, port) = host_and_port(host)?;
            names.push(name);
            ports.push(port);
        }
        set(
            "host",
            if names.iter().all(|name| name.is_empty()) { String::new() } else { names.join(",") }.as_str(),
            "host",
        )?;
        set(
            "port",
            if ports.iter().all(|port| port.is_empty()) { String::new() } else { ports.join(",") }.as_str(),
            "port",
        )?;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                UrlError::new(
                    "a parameter behind the `?` of the URL has no `=`: they are written name=value, joined by &",
                )
            })?;
            // A value whose `&` is not written %26 ends up here as a name, and may be half a password.
            let (keyword, _) = KEYWORDS.iter().find(|(keyword, _)| *keyword == name).ok_or_else(|| unknown(name))?;
            settings.insert(keyword, decoded(value, keyword)?);
        }
        let url = Url { settings };
        url.check()?;
        Ok(url)
    }
}

impl Url {
    /// What the URL itself says.
    fn get(&self, keyword: &str) -> Option<&str> {
        self.settings.get(keyword).map(String::as_str)
    }

    /// Whether every server that it may lead to is on this machine: a socket, or a loopback address. What it leaves
    /// open is taken from the environment, as when the connection is opened.
    ///
    /// ```
    /// use migrate_postgres::Url;
    ///
    /// assert!("postgres://me@localhost/app".parse::<Url>()?.is_local()?);
    /// assert!(!"postgres://me@localhost,db.example.com/app".parse::<Url>()?.is_local()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the URL and the environment together name no server.
    pub fn is_local(&self) -> Result<bool, migrate_core::Cause> {
        let servers = environment::Environment::of_process(self).servers()?;
        Ok(servers.iter().all(environment::Server::is_local))
    }

    /// The variables that lead PostgreSQL's own programs to the same database, `pg_dump` for instance: a password has no
    /// place among their arguments, which everybody on the machine can read. What the URL leaves open they take from
    /// where we take it.
    ///
    /// ```
    /// use migrate_postgres::Url;
    ///
    /// let url: Url = "postgres://me:secret@db.example.com/app".parse()?;
    /// let host = url.environment().find(|(name, _)| *name == "PGHOST");
    /// assert_eq!(host, Some(("PGHOST", "db.example.com")));
    /// # Ok::<(), migrate_postgres::UrlError>(())
    /// ```
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, &str)> {
        KEYWORDS
            .iter()
            .filter(|(_, variable)| !variable.is_empty())
            .filter_map(|(keyword, variable)| Some((*variable, self.get(keyword)?)))
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let mut url = self.clone();
        url.settings.insert("dbname", database.to_owned());
        url
    }

    fn check(&self) -> Result<(), UrlError> {
        for (keyword, value) in &self.settings {
            if let Some(rule) = broken_rule(keyword, value) {
                return Err(UrlError::new(format!("`{keyword}` in the URL is {rule}")));
            }
        }
        match ["service", "sslpassword", "sslcrl"].iter().find(|keyword| self.get(keyword).is_some()) {
            Some(keyword) => Err(UrlError::new(format!("`{keyword}` of libpq is not understood here"))),
            None => Ok(()),
        }
    }
}

/// What the value should be, and is not.
fn broken_rule(keyword: &str, value: &str) -> Option<String> {
    let words: &[&str] = match keyword {
        "sslmode" => &environment::SSL_MODES,
        "target_session_attrs" => &["any", "read-write", "primary"],
        "channel_binding" => &["disable", "prefer", "require"],
        "sslnegotiation" => &["postgres", "direct"],
        "gssencmode" => &["disable", "prefer"],
        "load_balance_hosts" => &["disable", "random"],
        "client_encoding" => &["utf8", "UTF8", "utf-8", "UTF-8", "auto"],
        "connect_timeout"
        | "keepalives"
        | "keepalives_idle"
        | "keepalives_interval"
        | "keepalives_count"
        | "tcp_user_timeout" => {
            // Below nought it is as good as none.
            return value.trim().parse::<i32>().is_err().then(|| "a whole number".to_owned());
        }
        _ => return None,
    };
    (!words.contains(&value)).then(|| format!("one of {}", words.join(", ")))
}

/// What else libpq knows. Ignored they would promise what nobody keeps: `require_auth`, for instance.
const NOT_UNDERSTOOD: [&str; 15] = [
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "max_protocol_version",
    "min_protocol_version",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcrldir",
    "sslkeylogfile",
];

fn unknown(name: &str) -> UrlError {
    if NOT_UNDERSTOOD.contains(&name) {
        return UrlError::new(format!("`{name}` of libpq is not understood here"));
    }
    let plain = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let near = |word: &str| plain && (word.starts_with(name) || name.starts_with(word));
    match KEYWORDS.iter().find(|(word, _)| near(word)) {
        Some((word, _)) => {
            UrlError::new(format!("the URL has a parameter that libpq does not know; did you mean `{word}`?"))
        }
        None => UrlError::new(
            "the URL has a parameter that libpq does not know (it is not shown here, for it may be part of a password; \
             an & in a value is written %26)",
        ),
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.get("user") {
            write!(f, "{}", escaped(user))?;
        }
        if self.get("password").is_some() {
            f.write_str(":***")?;
        }
        if self.get("user").or(self.get("password")).is_some() {
            f.write_str("@")?;
        }
        let mut ports = self.get("port").unwrap_or_default().split(',');
        for (i, host) in self.get("host").unwrap_or_default().split(',').enumerate() {
            f.write_str(if i > 0 { "," } else { "" })?;
            match host.contains(':') {
                true => write!(f, "[{host}]")?,
                false => write!(f, "{}", escaped(host))?,
            }
            match ports.next() {
                Some(port) if !port.is_empty() => write!(f, ":{port}")?,
                _ => {}
            }
        }
        if let Some(database) = self.get("dbname") {
            write!(f, "/{}", escaped(database))?;
        }
        let in_place = ["user", "password", "host", "port", "dbname"];
        let rest = self.settings.iter().filter(|(keyword, _)| !in_place.contains(keyword));
        for (i, (keyword, value)) in rest.enumerate() {
            f.write_str(if i == 0 { "?" } else { "&" })?;
            match SECRETS.contains(keyword) {
                true => write!(f, "{keyword}=***")?,
                false => write!(f, "{keyword}={}", escaped(value))?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

#[cfg(test)]
mod tests;
