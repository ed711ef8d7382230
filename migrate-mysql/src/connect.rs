//! Where a MySQL or MariaDB database is, and how it is reached: with the meaning that MySQL's own clients give every
//! word, because that is what the options that people know are written for.

mod environment;
mod open;
#[cfg(feature = "tls")]
mod tls;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use migrate_core::Cause;
use migrate_core::sql::Dialect;
pub use migrate_core::url::UrlError;
use migrate_core::url::{decoded, escaped, host_and_port};

pub(crate) use open::may_come_up;

/// Where a MySQL or MariaDB database is: `mysql://user:password@host:3306/database?ssl-mode=VERIFY_IDENTITY`.
///
/// `mariadb://` means the same; the server says what it is. Neither `{}` nor `{:?}` shows a password.
///
/// # What the URL leaves open
///
/// It comes from where the clients take it, when the connection is opened: the variables `MYSQL_HOST`,
/// `MYSQL_TCP_PORT`, `MYSQL_UNIX_PORT` and `MYSQL_PWD`; the user is the operating system's. Option files (`~/.my.cnf`)
/// are not read.
///
/// Without a host it is `localhost`. There a socket is used, as the clients do, if `socket=` or `MYSQL_UNIX_PORT` names
/// one, or one of `/run/mysqld/mysqld.sock`, `/var/run/mysqld/mysqld.sock` and `/tmp/mysql.sock` is there; but not if
/// a port was given: `localhost:3306` is TCP here, and so is `127.0.0.1`.
///
/// # Parameters
///
/// | name | is |
/// |---|---|
/// | `ssl-mode` | `DISABLED`, `PREFERRED` (the default: encrypted if the server can), `REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY` |
/// | `ssl-ca` | the file of certificates to trust (PEM); without an `ssl-mode` it means `VERIFY_CA`, below that it is not looked at |
/// | `ssl-cert`, `ssl-key` | our own certificate and its key (PEM) |
/// | `socket` | the server's socket; it needs no TLS |
/// | `connect-timeout` | seconds, 10 if it is not given |
///
/// A `_` does for a `-`. Without the feature `tls`, `PREFERRED` is plain, and what is above it is an error.
///
/// A server without TLS is called twice for `PREFERRED`. It takes the first call for a broken one, and after
/// `max_connect_errors` of them with no login between, of a wrong password in a loop for instance, it takes nobody from
/// this machine: with `DISABLED` it is called once.
///
/// Against one that sits between us and the server only the two VERIFY modes help, and they are less strict here than
/// MySQL's: the client library trusts the public authorities besides `ssl-ca`, and can't be told not to. So
/// `VERIFY_CA`, which looks at no name, takes **any** certificate that a public authority has signed;
/// `VERIFY_IDENTITY` takes only one for this host. Use that one wherever the server's certificate allows it.
///
/// ```
/// use migrate_mysql::Url;
///
/// let url: Url = "mysql://me:secret@db.example.com/app?ssl_mode=required".parse()?;
/// assert_eq!(url.to_string(), "mysql://me:***@db.example.com/app?ssl-mode=required");
/// assert!("mysql://localhost/app?sslmode=required".parse::<Url>().is_err());
/// # Ok::<(), migrate_mysql::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    scheme: &'static str,
    settings: BTreeMap<&'static str, String>,
}

/// What stands before the `?`, and the variable for it where the URL is silent.
const PLACES: [(&str, &str); 5] =
    [("host", "MYSQL_HOST"), ("port", "MYSQL_TCP_PORT"), ("user", ""), ("password", "MYSQL_PWD"), ("database", "")];

/// What stands behind the `?`, by the names of the clients' options.
const PARAMETERS: [(&str, &str); 6] = [
    ("socket", "MYSQL_UNIX_PORT"),
    ("ssl-mode", ""),
    ("ssl-ca", ""),
    ("ssl-cert", ""),
    ("ssl-key", ""),
    ("connect-timeout", ""),
];

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = match url.split_once("://") {
            Some(("mysql", rest)) => ("mysql", rest),
            Some(("mariadb", rest)) => ("mariadb", rest),
            _ => {
                let message = "a URL of MySQL begins with `mysql://`, or `mariadb://`, for instance \
                               mysql://user@localhost/app";
                return Err(UrlError::new(message));
            }
        };
        let mut settings = BTreeMap::new();
        let mut set = |keyword, value: &str, what: &str| -> Result<(), UrlError> {
            if !value.is_empty() {
                settings.insert(keyword, decoded(value, what)?);
            }
            Ok(())
        };
        let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query));
        let (place, database) = place.split_once('/').unwrap_or((place, ""));
        set("database", database, "database name")?;
        let host = match place.split_once('@') {
            Some((credentials, host)) => {
                let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
                set("user", user, "user name")?;
                set("password", password, "password")?;
                host
            }
            None => place,
        };
        // Else half of a password with an `@`, a `/` or a `?` in it would be taken for something else, and be shown.
        if host.contains('@') || database.contains('@') || query.contains('@') {
            let message = "an `@` in the URL's user name or password is written %40, a `:` %3A, a `/` %2F, a `?` %3F";
            return Err(UrlError::new(message));
        }
        let (name, port) = host_and_port(host)?;
        set("host", name, "host")?;
        set("port", port, "port")?;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                UrlError::new(
                    "a parameter behind the `?` of the URL has no `=`: they are written name=value, joined by &",
                )
            })?;
            let name = name.replace('_', "-");
            // A value whose `&` is not written %26 ends up here as a name, and may be half a password.
            let (keyword, _) = PARAMETERS.iter().find(|(word, _)| *word == name).ok_or_else(|| unknown(&name))?;
            settings.insert(keyword, decoded(value, keyword)?);
        }
        let url = Url { scheme, settings };
        url.check()?;
        Ok(url)
    }
}

impl Url {
    /// What the URL itself says.
    fn get(&self, keyword: &str) -> Option<&str> {
        self.settings.get(keyword).map(String::as_str)
    }

    /// Whether its server is on this machine: a socket, or a loopback address. What it leaves open is taken from the
    /// environment, as when the connection is opened.
    ///
    /// ```
    /// use migrate_mysql::Url;
    ///
    /// assert!("mysql://me@127.0.0.1/app".parse::<Url>()?.is_local());
    /// assert!(!"mysql://me@db.example.com/app".parse::<Url>()?.is_local());
    /// # Ok::<(), migrate_mysql::UrlError>(())
    /// ```
    pub fn is_local(&self) -> bool {
        environment::Environment::of_process(self).server().is_ok_and(|server| server.is_local())
    }

    /// The options that lead the servers' own programs to the same server, `mysqldump` for instance, and no option file
    /// elsewhere; the database is left out. MariaDB's have other words for TLS than MySQL's, so `dialect` says which.
    ///
    /// # Errors
    /// When the URL and the environment together name no server or no user.
    pub fn client_options(&self, dialect: Dialect) -> Result<Vec<String>, Cause> {
        let environment = environment::Environment::of_process(self);
        let mut options = vec!["--no-defaults".to_owned(), format!("--user={}", environment.user()?)];
        let server = environment.server()?;
        options.extend(match &server {
            environment::Server::Socket(path) => vec!["--protocol=socket".to_owned(), format!("--socket={path}")],
            environment::Server::Tcp { host, port } => {
                vec!["--protocol=tcp".to_owned(), format!("--host={host}"), format!("--port={port}")]
            }
        });
        if !server.is_socket() {
            options.extend(environment.ssl_mode().client_options(dialect));
            let file = |keyword: &str| Some(format!("--{keyword}={}", environment.get(keyword)?));
            options.extend(["ssl-ca", "ssl-cert", "ssl-key"].into_iter().filter_map(file));
        }
        Ok(options)
    }

    /// The variable by which those programs are told the password: among their arguments everybody on the machine could
    /// read it. `None` where the URL has none; what the environment holds they find by themselves.
    pub fn password_variable(&self) -> Option<(&'static str, &str)> {
        Some(("MYSQL_PWD", self.get("password")?))
    }

    /// The database that the URL names: no variable does.
    pub fn database(&self) -> Option<&str> {
        self.get("database")
    }

    /// The same server, another database, or none.
    #[must_use]
    pub fn with_database(&self, database: Option<&str>) -> Self {
        let mut url = self.clone();
        match database {
            Some(database) => url.settings.insert("database", database.to_owned()),
            None => url.settings.remove("database"),
        };
        url
    }

    fn check(&self) -> Result<(), UrlError> {
        if self.get("ssl-mode").is_some_and(|mode| environment::SslMode::from_name(mode).is_none()) {
            return Err(UrlError::new(format!("`ssl-mode` in the URL is one of {}", environment::SslMode::names())));
        }
        if self.get("connect-timeout").is_some_and(|value| value.parse::<u32>().is_err()) {
            return Err(UrlError::new("`connect-timeout` in the URL is a whole number of seconds"));
        }
        if self.get("ssl-cert").is_some() != self.get("ssl-key").is_some() {
            return Err(UrlError::new("`ssl-cert` and `ssl-key` in the URL go together"));
        }
        if self.get("socket").is_some() && self.get("host").is_some_and(|host| !environment::is_here(host)) {
            return Err(UrlError::new("a `socket` is on this machine: leave the URL's host out, or say localhost"));
        }
        Ok(())
    }
}

fn unknown(name: &str) -> UrlError {
    // `sslmode` and `sslMode` are what other databases and other clients call it.
    let bare = |name: &str| name.replace('-', "").to_ascii_lowercase();
    let near =
        |word: &str| name.len() > 2 && (bare(word).starts_with(&bare(name)) || bare(name).starts_with(&bare(word)));
    match PARAMETERS.iter().find(|(word, _)| near(word)) {
        Some((word, _)) => UrlError::new(format!("the URL has a parameter that is not known; did you mean `{word}`?")),
        None => {
            let known: Vec<_> = PARAMETERS.iter().map(|(word, _)| *word).collect();
            UrlError::new(format!(
                "the URL has a parameter that is not known (it is not shown here, for it may be part of a password; \
                 an & in a value is written %26); there are {}",
                known.join(", ")
            ))
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if let Some(user) = self.get("user") {
            write!(f, "{}", escaped(user))?;
        }
        if self.get("password").is_some() {
            f.write_str(":***")?;
        }
        if self.get("user").or(self.get("password")).is_some() {
            f.write_str("@")?;
        }
        match self.get("host") {
            Some(host) if host.contains(':') => write!(f, "[{host}]")?,
            Some(host) => write!(f, "{}", escaped(host))?,
            None => {}
        }
        if let Some(port) = self.get("port") {
            write!(f, ":{port}")?;
        }
        if let Some(database) = self.get("database") {
            write!(f, "/{}", escaped(database))?;
        }
        let rest = self.settings.iter().filter(|(keyword, _)| PLACES.iter().all(|(place, _)| place != *keyword));
        for (i, (keyword, value)) in rest.enumerate() {
            write!(f, "{}{keyword}={}", if i == 0 { "?" } else { "&" }, escaped(value))?;
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
