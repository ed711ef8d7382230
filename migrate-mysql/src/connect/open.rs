//! Opening a connection, with TLS as `ssl-mode` says.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use migrate_core::{Cause, CauseKind};
use mysql::{Conn, DriverError, Error, OptsBuilder};

use super::Url;
use super::environment::{Environment, Server, SslMode};
use crate::error::{cause, in_words, io};

impl Url {
    /// Opens a connection.
    ///
    /// # Errors
    /// When the server of the URL can't be reached, or it refuses us. The message holds no password.
    pub fn connect(&self) -> Result<Conn, Cause> {
        self.open_in(&Environment::of_process(self))
    }

    pub(super) fn open_in(&self, environment: &Environment<'_>) -> Result<Conn, Cause> {
        let server = environment.server()?;
        let mode = environment.ssl_mode();
        let ways = ways(mode, &server)?;
        let mut why = None;
        for way in ways {
            match attempt(environment, *way, mode, &server) {
                Ok(conn) => return Ok(conn),
                // Only for want of TLS, as the clients do it: what fails otherwise would fail plainly, too, or should.
                Err(Refusal { cause, no_tls }) => {
                    why = Some(cause);
                    if !no_tls {
                        break;
                    }
                }
            }
        }
        Err(why.unwrap_or_else(|| Cause::new(CauseKind::Access, "there is no way to the server")))
    }
}

/// Whether a server may be there soon that was not reached, or did not take us, for this cause.
pub(crate) fn may_come_up(cause: &Cause) -> bool {
    // It has no connection left, or is shutting down.
    matches!(cause.code.as_deref(), Some("1040" | "1053" | "1203" | UNREACHED))
}

/// The code of a server that nobody could be reached at, and of TLS that does not come about: the clients' own.
const UNREACHED: &str = "2003";
const TLS: &str = "2026";
const NO_SUCH_PLUGIN: &str = "2059";

/// One way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    #[cfg(feature = "tls")]
    Tls,
}

struct Refusal {
    cause: Cause,
    no_tls: bool,
}

impl From<Cause> for Refusal {
    fn from(cause: Cause) -> Self {
        Refusal { cause, no_tls: false }
    }
}

#[cfg(feature = "tls")]
fn ways(mode: SslMode, server: &Server) -> Result<&'static [Way], Cause> {
    Ok(match mode {
        // A socket of the file system needs none, and the client library takes none.
        _ if server.is_socket() => &[Way::Plain],
        SslMode::Disabled => &[Way::Plain],
        SslMode::Preferred => &[Way::Tls, Way::Plain],
        _ => &[Way::Tls],
    })
}

#[cfg(not(feature = "tls"))]
fn ways(mode: SslMode, server: &Server) -> Result<&'static [Way], Cause> {
    match mode {
        SslMode::Disabled | SslMode::Preferred => Ok(&[Way::Plain]),
        _ if server.is_socket() => Ok(&[Way::Plain]),
        mode => {
            let message = format!("ssl-mode={mode} needs TLS, which this program is built without");
            Err(with_code(TLS, message).hint("switch the feature `tls` of migrate-mysql on (`mysql-tls` of migrate)"))
        }
    }
}

fn attempt(environment: &Environment<'_>, way: Way, mode: SslMode, server: &Server) -> Result<Conn, Refusal> {
    let options = options(environment, server)?;
    let options = match way {
        Way::Plain => options,
        #[cfg(feature = "tls")]
        Way::Tls => options.ssl_opts(super::tls::options(environment, mode)?),
    };
    let limit = environment.connect_timeout();
    let mut connected = in_time(options.clone(), limit);
    // The client library tries only the first address that a name has, unless it is told where to come from.
    for from in other_addresses(server) {
        if !matches!(
            connected,
            Attempt::Failed(Error::DriverError(DriverError::CouldNotConnect(_) | DriverError::ConnectTimeout))
        ) {
            break;
        }
        match in_time(options.clone().bind_address(Some(from)), limit) {
            // The first address's own words are the better ones.
            Attempt::Failed(Error::DriverError(DriverError::CouldNotConnect(_) | DriverError::ConnectTimeout)) => {}
            other => connected = other,
        }
    }
    match connected {
        Attempt::Connected(conn) => Ok(*conn),
        Attempt::Failed(error) => {
            let no_tls = matches!(error, Error::DriverError(DriverError::TlsNotSupported));
            Err(Refusal { cause: why_not(error, mode, server), no_tls })
        }
        Attempt::Silent => Err(with_code(UNREACHED, format!("{server}: it takes connections, and says nothing"))
            .hint("see that the server is not stopped, and that a balancer before it has somebody behind it")
            .into()),
        Attempt::Confused => {
            let message = format!("{server}: what it answers is not what a server of MySQL or MariaDB says");
            Err(Cause::new(CauseKind::Access, message).hint(SEE_THAT_IT_RUNS).into())
        }
    }
}

enum Attempt {
    Connected(Box<Conn>),
    Failed(Error),
    /// The time is over.
    Silent,
    /// The client library has panicked, as it does at some answers.
    Confused,
}

/// Connects on a thread of its own: the client's own limits are for the connection alone, or for every later answer,
/// too. A stopped server takes connections, and would be waited for without end.
fn in_time(options: OptsBuilder, limit: Duration) -> Attempt {
    let (connects, connected) = mpsc::channel();
    let spawned = std::thread::Builder::new().name("migrate connects".into()).spawn(move || {
        // Nobody may be waiting any more.
        let _ = connects.send(Conn::new(options));
    });
    if let Err(error) = spawned {
        return Attempt::Failed(error.into());
    }
    // A little longer than the connection may take, whose error says more.
    match connected.recv_timeout(limit + Duration::from_millis(200)) {
        Ok(Ok(conn)) => Attempt::Connected(Box::new(conn)),
        Ok(Err(error)) => Attempt::Failed(error),
        Err(RecvTimeoutError::Timeout) => Attempt::Silent,
        Err(RecvTimeoutError::Disconnected) => Attempt::Confused,
    }
}

/// Where to come from to be let try each address of this kind; nothing if the server has only one address.
fn other_addresses(server: &Server) -> Vec<SocketAddr> {
    let Server::Tcp { host, port } = server else { return Vec::new() };
    let Ok(found) = (host.as_str(), *port).to_socket_addrs() else { return Vec::new() };
    let found: Vec<_> = found.collect();
    if found.len() < 2 {
        return Vec::new();
    }
    let kinds = [SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))];
    kinds.into_iter().filter(|kind| found.iter().any(|address| address.is_ipv4() == kind.is_ipv4())).collect()
}

fn options(environment: &Environment<'_>, server: &Server) -> Result<OptsBuilder, Cause> {
    let options = match server {
        Server::Socket(path) => OptsBuilder::new().socket(Some(path)),
        // The client library wants an IPv6 address as a URL has it.
        Server::Tcp { host, port } if host.contains(':') => {
            OptsBuilder::new().ip_or_hostname(Some(format!("[{host}]"))).tcp_port(*port)
        }
        Server::Tcp { host, port } => OptsBuilder::new().ip_or_hostname(Some(host)).tcp_port(*port),
    };
    Ok(options
        .user(Some(environment.user()?))
        .pass(environment.get("password"))
        .db_name(environment.database())
        // Else it may change over to a socket that the server names, which may be another machine's.
        .prefer_socket(false)
        .tcp_connect_timeout(Some(environment.connect_timeout()))
        .tcp_keepalive_time_ms(Some(30_000))
        .stmt_cache_size(0)
        .connect_attrs(Some(HashMap::from([("program_name", "migrate")])))
        // It says utf8mb4 when it connects, but with a collation of its own, which what is created would inherit.
        .init(vec!["SET NAMES utf8mb4"]))
}

const SEE_THAT_IT_RUNS: &str = "see that the server runs, and that host and port of the URL are its own";

fn with_code(code: &str, message: String) -> Cause {
    let mut cause = Cause::new(CauseKind::Access, message);
    cause.code = Some(code.into());
    cause
}

/// Why the server was not reached, or would not have us; with its name, where it said nothing itself.
fn why_not(error: Error, mode: SslMode, server: &Server) -> Cause {
    if let Some(words) = tls_words(&error) {
        let hint = match mode {
            SslMode::VerifyCa | SslMode::VerifyIdentity => {
                "see that `ssl-ca` holds who signed the server's certificate, and that it is for this host"
            }
            _ => "see to the server's certificate and TLS versions: 1.2 and 1.3 are spoken here",
        };
        return with_code(TLS, format!("{server}: TLS: {words}")).hint(hint);
    }
    match &error {
        Error::MySqlError(_) => {
            let mut cause = cause(error);
            cause.kind = CauseKind::Access;
            let hint = match cause.code.as_deref() {
                Some("1045" | "1698") => "see to the user and password of the URL, or MYSQL_PWD",
                Some("1049") => "make it first: `migrate create`",
                Some("1130") => "the server takes nobody from this machine: see to the host part of its users",
                Some("3159") => "the server takes only encrypted connections: `ssl-mode=REQUIRED`",
                _ => return cause,
            };
            cause.hint(hint)
        }
        Error::DriverError(DriverError::TlsNotSupported) => with_code(TLS, format!("{server}: the server has no TLS"))
            .hint("let it have a certificate, or take a lower `ssl-mode`"),
        Error::DriverError(
            DriverError::UnknownAuthPlugin(_)
            | DriverError::OldMysqlPasswordDisabled
            | DriverError::CleartextPluginDisabled,
        ) => {
            // MySQL names any plugin for a user that there is none of, lest one find out who there is.
            with_code(NO_SUCH_PLUGIN, format!("{server}: {}", in_words(&error)))
                .hint("see to the user of the URL, and that it may log in by caching_sha2_password")
        }
        Error::DriverError(DriverError::CouldNotConnect(Some((_, why, _)))) => {
            with_code(UNREACHED, format!("{server}: {why}")).hint(SEE_THAT_IT_RUNS)
        }
        Error::DriverError(DriverError::ConnectTimeout) => {
            with_code(UNREACHED, format!("{server}: nobody answers")).hint(SEE_THAT_IT_RUNS)
        }
        _ if io(&error).is_some() => {
            with_code(UNREACHED, format!("{server}: {}", in_words(&error))).hint(SEE_THAT_IT_RUNS)
        }
        _ => Cause::new(CauseKind::Access, format!("{server}: {}", in_words(&error))).hint(SEE_THAT_IT_RUNS),
    }
}

/// What rustls said, which is said on the wire when it is found out while reading or writing.
#[cfg(feature = "tls")]
fn tls_words(error: &Error) -> Option<String> {
    let inside = io(error).and_then(|error| error.get_ref()).and_then(|inside| inside.downcast_ref::<rustls::Error>());
    match error {
        Error::TlsError(error) => Some(error.to_string()),
        _ => inside.map(ToString::to_string),
    }
}

#[cfg(not(feature = "tls"))]
fn tls_words(_: &Error) -> Option<String> {
    None
}
