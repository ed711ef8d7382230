//! Opening a connection: each server of the list in turn, with TLS as `sslmode` says.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use migrate_core::{Cause, CauseKind};
use postgres::config::{ChannelBinding, SslMode, SslNegotiation, TargetSessionAttrs};
use postgres::tls::{MakeTlsConnect, TlsConnect};
use postgres::{Client, Config, NoTls, Socket};

use super::Url;
use super::environment::{Environment, Server};
use super::passfile;
use crate::error::{cause, in_full};

/// A connection of our own, and what it was started with: a server keeps that, a pooler loses it.
pub(crate) struct Opened {
    pub(crate) client: Client,
    pub(crate) nonce: String,
    pub(crate) cancel: Cancel,
}

/// Cancels what a connection is at.
pub(crate) type Cancel = Arc<dyn Fn() -> Result<(), postgres::Error> + Send + Sync>;

/// The request goes the way of the connection, TLS included: the token keeps to it, and would send nothing without. The
/// server itself takes a plain one wherever it listens, also where pg_hba.conf is all `hostssl` (seen of 15.20 and 17.10).
pub(crate) fn canceller<T>(client: &Client, tls: T) -> Cancel
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
{
    let token = client.cancel_token();
    Arc::new(move || token.cancel_query(tls.clone()))
}

/// libpq waits for ever; ten seconds are enough for a server that is there.
const CONNECT_TIMEOUT: u64 = 10;

/// So much longer we wait than the client does, who knows better what was wrong: nobody answers, or nothing is said.
const GRACE: Duration = Duration::from_millis(500);

impl Url {
    /// Opens a connection.
    ///
    /// # Errors
    /// When no server of the URL can be reached, or it refuses us. The message holds no password.
    pub fn connect(&self) -> Result<Client, Cause> {
        self.open().map(|opened| opened.client)
    }

    pub(crate) fn open(&self) -> Result<Opened, Cause> {
        self.open_in(&Environment::of_process(self))
    }

    pub(super) fn open_in(&self, environment: &Environment<'_>) -> Result<Opened, Cause> {
        environment.check()?;
        let nonce = nonce();
        let mut why = None;
        for server in environment.servers()? {
            match open_one(environment, &server, &nonce) {
                Ok((client, cancel)) => return Ok(Opened { client, nonce, cancel }),
                Err(cause) => why = Some(cause),
            }
        }
        Err(why.unwrap_or_else(|| Cause::new(CauseKind::Access, "the URL names no server")))
    }
}

/// Whether a server may be there soon that was not reached, or did not take us, for this cause.
pub(crate) fn may_come_up(cause: &Cause) -> bool {
    matches!(cause.code.as_deref(), Some("57P03" | "53300" | UNREACHED))
}

/// The code of a server that nobody could be reached at.
const UNREACHED: &str = "08001";

/// One way to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    #[cfg(feature = "tls")]
    Tls,
}

fn open_one(environment: &Environment<'_>, server: &Server, nonce: &str) -> Result<(Client, Cancel), Cause> {
    let config = config(environment, server, nonce)?;
    let mode = environment.ssl_mode()?;
    let mut why = None;
    for way in ways(&mode, server)? {
        match attempt(environment, config.clone(), *way, server) {
            Ok(opened) => return Ok(opened),
            // A server that nobody answers at does so neither way.
            Err(cause) if may_come_up(&cause) => return Err(cause),
            // What a server says tells more than that it has no TLS.
            Err(mut cause) if why.as_ref().is_none_or(|why: &Cause| why.code.is_none()) => {
                // Where the other way was shut by what we were told, that may be all there is to mend.
                if let Some(before) = why.filter(|before| before.hint.is_some() && cause.detail.is_none()) {
                    cause.detail = Some(format!("with TLS: {}", before.message));
                }
                why = Some(cause);
            }
            Err(_) => {}
        }
    }
    Err(why.unwrap_or_else(|| Cause::new(CauseKind::Access, "there is no way to the server")))
}

#[cfg(feature = "tls")]
fn ways(mode: &str, server: &Server) -> Result<&'static [Way], Cause> {
    Ok(match mode {
        // A socket of the file system needs none, and libpq takes none.
        _ if server.is_socket() => &[Way::Plain],
        "disable" => &[Way::Plain],
        "allow" => &[Way::Plain, Way::Tls],
        "prefer" => &[Way::Tls, Way::Plain],
        _ => &[Way::Tls],
    })
}

#[cfg(not(feature = "tls"))]
fn ways(mode: &str, server: &Server) -> Result<&'static [Way], Cause> {
    match mode {
        "disable" | "allow" | "prefer" => Ok(&[Way::Plain]),
        _ if server.is_socket() => Ok(&[Way::Plain]),
        mode => {
            Err(Cause::new(CauseKind::Access, format!("sslmode={mode} needs TLS, which this program is built without"))
                .hint("switch the feature `tls` of migrate-postgres on (`postgres-tls` of migrate)"))
        }
    }
}

fn attempt(
    environment: &Environment<'_>,
    mut config: Config,
    way: Way,
    server: &Server,
) -> Result<(Client, Cancel), Cause> {
    let connected = match way {
        Way::Plain => {
            config.ssl_mode(SslMode::Disable);
            in_time(config, NoTls, server)
        }
        #[cfg(feature = "tls")]
        Way::Tls => {
            config.ssl_mode(SslMode::Require);
            let direct = environment.get("sslnegotiation").as_deref() == Some("direct");
            if direct {
                config.ssl_negotiation(SslNegotiation::Direct);
            }
            in_time(config, super::tls::connector(environment, direct)?, server)
        }
    };
    #[cfg(not(feature = "tls"))]
    let _ = (environment, SslNegotiation::Direct);
    match connected {
        #[cfg(feature = "tls")]
        Some(Err(error)) if way == Way::Tls => Err(super::tls::why_not(environment, server, error)),
        Some(connected) => connected.map_err(|error| why_not(error, server)),
        None => {
            let mut cause = Cause::new(CauseKind::Access, format!("{server}: it takes connections, and says nothing"));
            cause.code = Some(UNREACHED.into());
            Err(cause.hint("see that the server is not stopped, and that a balancer before it has somebody behind it"))
        }
    }
}

/// Connects on a thread of its own; `None` = the time is over. The client's own limit is for the connection alone: a
/// stopped server takes it, and would be waited for without end.
fn in_time<T>(config: Config, tls: T, server: &Server) -> Option<Result<(Client, Cancel), postgres::Error>>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::TlsConnect: Send,
    T::Stream: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    // For each address of a name: where the first is dead, the client goes on to the next, as libpq does.
    let limit = config.get_connect_timeout().copied().unwrap_or(Duration::from_secs(CONNECT_TIMEOUT));
    let limit = limit.saturating_mul(server.addresses()) + GRACE;
    let (connects, connected) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody may be waiting any more.
        let _ = connects.send(config.connect(tls.clone()).map(|client| {
            let cancel = canceller(&client, tls);
            (client, cancel)
        }));
    });
    connected.recv_timeout(limit).ok()
}

fn config(environment: &Environment<'_>, server: &Server, nonce: &str) -> Result<Config, Cause> {
    let mut config = Config::new();
    let (user, database) = (environment.user()?, environment.database()?);
    config.host(&server.host).port(server.port).user(&user).dbname(&database);
    if let Some(address) = server.address {
        config.hostaddr(address);
    }
    let password = environment.get("password").or_else(|| passfile::password(environment, server, &database, &user));
    if let Some(password) = password {
        config.password(password);
    }
    let name = environment.get("application_name").or_else(|| environment.get("fallback_application_name"));
    config.application_name(name.as_deref().unwrap_or("migrate"));
    let options = environment.get("options").unwrap_or_default();
    config.options(format!("{options} -c migrate.nonce={nonce}").trim());
    let seconds = |keyword| environment.number(keyword).filter(|n| *n > 0).map(|n| Duration::from_secs(n.into()));
    config.connect_timeout(seconds("connect_timeout").unwrap_or(Duration::from_secs(CONNECT_TIMEOUT)));
    config.keepalives(environment.number("keepalives") != Some(0));
    config.keepalives_idle(seconds("keepalives_idle").unwrap_or(Duration::from_secs(30)));
    if let Some(interval) = seconds("keepalives_interval") {
        config.keepalives_interval(interval);
    }
    if let Some(count) = environment.number("keepalives_count") {
        config.keepalives_retries(count);
    }
    if let Some(millis) = environment.number("tcp_user_timeout") {
        config.tcp_user_timeout(Duration::from_millis(millis.into()));
    }
    if matches!(environment.get("target_session_attrs").as_deref(), Some("read-write" | "primary")) {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    match environment.get("channel_binding").as_deref() {
        Some("require") => config.channel_binding(ChannelBinding::Require),
        Some("disable") => config.channel_binding(ChannelBinding::Disable),
        _ => config.channel_binding(ChannelBinding::Prefer),
    };
    Ok(config)
}

/// Why a server was not reached, or would not have us; with its name, for there may be several.
pub(super) fn why_not(error: postgres::Error, server: &Server) -> Cause {
    if error.as_db_error().is_none() {
        let words = in_full(&error).replace("error connecting to server: ", "");
        // Its words are all there is: what stands behind it may be a debug print of what was sent.
        let tls = words.contains("TLS") || words.contains("fatal alert");
        let message = format!("{server}: {words}");
        let mut cause = Cause::new(CauseKind::Access, message);
        if !tls && std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>()) {
            cause.code = Some(UNREACHED.into());
            return cause.hint("see that the server runs, and that host and port of the URL are its own");
        }
        return cause;
    }
    let mut cause = cause(error);
    let says = |words: &str| cause.message.contains(words);
    if cause.code.as_deref() == Some("08P01") && (says("startup parameter") || says("migrate.nonce")) {
        return crate::driver::behind_a_pooler();
    }
    cause.kind = CauseKind::Access;
    let hint = match cause.code.as_deref() {
        Some("28P01" | "28000") => "see to the user and password of the URL, PGPASSWORD, ~/.pgpass, and to pg_hba.conf",
        Some("3D000") => "make it first: `migrate create`",
        _ => return cause,
    };
    cause.hint(hint)
}

/// Sixteen hex digits that nobody else has sent.
fn nonce() -> String {
    use std::hash::{BuildHasher, Hasher};
    // The standard library seeds each `RandomState` from the operating system.
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}
