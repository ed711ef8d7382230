//! MySQL and MariaDB: a template database, and copies of it that are used again.
//!
//! These servers can't copy a database: making one table by table takes as long as running the migrations. So a copy is
//! made once for each test that runs at the same time as others, and restored when its test gives it back.
//!
//! # How a test gets its database
//!
//! 1. One round trip to the registry, a database of ours in the same server, claims a copy that is as the template. The
//!    claim is a row, and a lock of the session that wrote it (`GET_LOCK`): it dies with the test's process.
//! 2. There is none, but one that a killed test had: it is restored.
//! 3. There is none at all: the test makes one, from the definitions that the registry has and the template's rows.
//! 4. There is no template: whoever gets the lock builds it, and writes down what is in it when it is finished.
//! 5. At its end the test's sessions are ended, and all that is in the database is compared with what is written down: each
//!    definition, each counter, a digest of each table's rows. What differs is made anew, and compared again; what differs
//!    then is dropped as a whole.
//!
//! Nothing is concluded from what the server says about changes: see `state.rs`.

mod build;
mod keeper;
mod message;
mod registry;
mod restore;
mod state;

use std::sync::Arc;

use ::mysql::Conn;
use migrate_core::{CauseKind, Error};
use migrate_mysql::Url;

use crate::held::{Database, Held, say};
use crate::server::{self, Kind, Whereabouts, programs, with_database};
use crate::template::Options;
use crate::{Template, apart, refused};
use message::{connect, name, quoted, send};
use registry::{NAME, Registry};
use restore::Restored;

/// A test's own database on MySQL or MariaDB, restored for another test with this value.
pub struct Mysql {
    name: String,
    url: String,
    // Before what restores the database.
    conn: Option<Conn>,
    held: Arc<Held>,
}

impl Mysql {
    /// Its URL, for any client. If the server's has a password, it is in it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection to it: one, opened when it is first asked for. It blocks: an asynchronous test takes the
    /// [URL](Self::url).
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn conn(&mut self) -> Result<&mut Conn, Error> {
        match &mut self.conn {
            Some(conn) => Ok(conn),
            none => Ok(none.insert(connect(&self.url)?)),
        }
    }

    pub(crate) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }
}

impl std::fmt::Debug for Mysql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mysql").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Template<'_, Conn> {
    /// A database of its own for this test, with all that the template has.
    ///
    /// # Errors
    /// When there is no server, or only one that may be no place for tests; when a migration or a seed fails.
    pub fn mysql(&self) -> Result<Mysql, Error> {
        let lent = apart(|| {
            let server = server::find(Kind::Mysql, &self.options)?;
            let registry = registry::of(&server)?;
            let id = registry.id(&self.fingerprint().to_string());
            let (name, afterwards) = claim(self, &server, &registry, &id, Again::MayBe)?;
            let url = with_database(&server.url, &name);
            Ok::<_, Error>(Lent { name, url, id, afterwards, server, registry })
        })?;
        let (name, url) = (lent.name.clone(), lent.url.clone());
        Ok(Mysql { name, url, conn: None, held: Held::new(lent, self.options.on_failure) })
    }
}

/// The server that test databases are made on, as a URL, password and all: that of `TEST_DATABASE_URL`, else of `DATABASE_URL`,
/// else a private one, which this process keeps up.
///
/// # Errors
/// When there is none, or only one that may be no place for tests.
pub fn server() -> Result<String, Error> {
    apart(|| server::find(Kind::Mysql, &Options::default())).map(|server| server.url)
}

fn claim(
    template: &Template<'_, Conn>,
    server: &Whereabouts,
    registry: &Arc<Registry>,
    id: &str,
    again: Again,
) -> Result<(String, Afterwards), Error> {
    let mut claim = registry.claim(id)?;
    if claim.template.is_none() {
        build::template(template, server, registry, id)?;
        claim = registry.claim(id)?;
    }
    let Some(known) = claim.template else {
        return Err(refused("the template that was just made is gone", "see who else drops databases there"));
    };
    if claim.task {
        keeper::start(registry);
    }
    let (name, afterwards) = match (claim.clone, known.obstacle) {
        (Some(clone), _) => {
            tell(&clone, "the pool");
            (clone, Afterwards::Restore)
        }
        (None, None) => restored_or_new(template, server, registry, id, &claim.owner, again)?,
        (None, Some(why)) => (run_all(template, server, registry, id, &claim.owner, &why)?, Afterwards::Drop),
    };
    if afterwards == Afterwards::Restore {
        build::make_events(registry, id, &name, known.events)?;
    }
    Ok((name, afterwards))
}

/// Whether a template that somebody has changed is made anew: once is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    MayBe,
    No,
}

/// What becomes of a database when its test has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Afterwards {
    Restore,
    Drop,
}

/// With `MIGRATE_TESTING_STATS`.
fn tell(name: &str, from: &str) {
    if std::env::var_os("MIGRATE_TESTING_STATS").is_some() {
        say(&format!("{name} from {from}"));
    }
}

/// What a killed test had, else a new one.
fn restored_or_new(
    template: &Template<'_, Conn>,
    server: &Whereabouts,
    registry: &Arc<Registry>,
    id: &str,
    owner: &str,
    again: Again,
) -> Result<(String, Afterwards), Error> {
    let pristine = registry.pristine(id)?;
    while let Some(left) = registry.claim_left(id, owner)? {
        let restored = registry.beside(|conn| {
            // Killed before it was made.
            send(conn, &format!("CREATE DATABASE IF NOT EXISTS {}", name(&left)))?;
            restore::restore(conn, &left, &pristine)
        });
        if matches!(restored, Ok(Restored::Exactly)) {
            tell(&left, "the pool, restored after a test that was killed");
            return Ok((left, Afterwards::Restore));
        }
        discard(registry, &left)?;
    }
    let new = registry.new_clone(id, "lent", owner)?;
    let made = registry.beside(|conn| {
        send(conn, &format!("CREATE DATABASE {}", name(&new)))?;
        restore::restore(conn, &new, &pristine)
    });
    if matches!(made, Ok(Restored::Exactly)) {
        tell(&new, "the template");
        return Ok((new, Afterwards::Restore));
    }
    discard(registry, &new)?;
    if again == Again::MayBe && !registry.beside(|conn| restore::is_intact(conn, &pristine)).unwrap_or(false) {
        registry.forget(id)?;
        return claim(template, server, registry, id, Again::No);
    }
    let why = match made {
        Ok(Restored::Not(what)) => format!("{what} differs in a copy of it"),
        // Refused by the server, which would refuse it the next time, too.
        Err(Error::Database { cause, .. }) if cause.kind == CauseKind::Statement => {
            format!("a copy of it: {}", cause.message)
        }
        made => made.map(|_| String::new())?,
    };
    let never = format!("UPDATE {NAME}.template SET obstacle = {} WHERE id = {}", quoted(&why), quoted(id));
    registry.ask(&never).map_err(message::told)?;
    Ok((run_all(template, server, registry, id, owner, &why)?, Afterwards::Drop))
}

/// Drops it; where something is in the way, a prepared transaction for instance, somebody else does so later.
fn discard(registry: &Registry, database: &str) -> Result<(), Error> {
    registry.beside(|conn| keeper::drop_database(conn, database)).or_else(|_| registry.set_state(database, "drop"))
}

/// Where no copy can be had: slow, and right.
fn run_all(
    template: &Template<'_, Conn>,
    server: &Whereabouts,
    registry: &Registry,
    id: &str,
    owner: &str,
    why: &str,
) -> Result<String, Error> {
    let name = registry.new_clone(id, "lent", owner)?;
    let mut conn = registry.open()?;
    let made = build::migrated(template, server, &mut conn, &name);
    if made.is_err() {
        let _ = keeper::drop_database(&mut conn, &name);
    }
    made?;
    tell(&name, &format!("its migrations, all of them: {why}"));
    Ok(name)
}

/// What a test has.
struct Lent {
    name: String,
    url: String,
    /// The template's.
    id: String,
    afterwards: Afterwards,
    server: Whereabouts,
    registry: Arc<Registry>,
}

impl Lent {
    fn give_back(&self) -> Result<(), Error> {
        let restored = match self.afterwards {
            Afterwards::Restore => {
                let pristine = self.registry.pristine(&self.id)?;
                self.registry.beside(|conn| restore::restore(conn, &self.name, &pristine))
            }
            Afterwards::Drop => Ok(Restored::Not(String::new())),
        };
        match restored {
            Ok(Restored::Exactly) => self.registry.set_state(&self.name, "free"),
            _ => discard(&self.registry, &self.name),
        }
    }
}

impl Database for Lent {
    fn end(&mut self) {
        // Who can't even say so leaves it to whoever finds it when this process has ended.
        let _ = apart(|| self.give_back());
    }

    fn keep(&mut self) {
        let _ = self.registry.set_state(&self.name, "kept");
    }

    fn whereabouts(&self) -> String {
        let shown = self.url.parse::<Url>().map(|url| url.to_string()).unwrap_or_default();
        let look = look(&shown, &self.server);
        format!("{shown}\n  = look: {look}\n  = it is dropped after a day")
    }
}

/// The command line of a client that takes no URL.
fn look(shown: &str, server: &Whereabouts) -> String {
    let client = if programs::in_path("mariadb").is_some() { "mariadb" } else { "mysql" };
    let mut words = vec![client.to_owned()];
    words.extend(server.password_file.as_ref().map(|file| format!("--defaults-extra-file={}", file.display())));
    let rest = shown.split_once("://").map_or("", |(_, rest)| rest);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (place, database) = place.split_once('/').unwrap_or((place, ""));
    let (credentials, host) = place.split_once('@').map_or((None, place), |(user, host)| (Some(user), host));
    if let Some(credentials) = credentials {
        let (user, password) =
            credentials.split_once(':').map_or((credentials, None), |(user, rest)| (user, Some(rest)));
        words.push(format!("--user={user}"));
        words.extend(password.filter(|_| server.password_file.is_none()).map(|_| "--password".to_owned()));
    }
    let (host, port) = host.rsplit_once(':').filter(|_| !host.ends_with(']')).unwrap_or((host, ""));
    words.extend(
        [("--host", host), ("--port", port)]
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(option, value)| format!("{option}={value}")),
    );
    words.extend(query.split('&').find_map(|pair| pair.strip_prefix("socket=")).map(|path| format!("--socket={path}")));
    words.push(database.to_owned());
    words.join(" ")
}
