use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use ::postgres::{Client, SimpleQueryMessage, SimpleQueryRow};
use migrate_core::Error;

use super::connect::{connect, open, pause};
use super::database_error;
use crate::server::with_database;
use crate::{locked, refused};

/// The database that knows ours. Another format has another name, so that programs with either leave each other alone.
const NAME: &str = "migrate_testing_v2";

/// The registry of a server, and this process's connections to it.
pub(crate) struct Registry {
    /// The server's, as it was named.
    server: String,
    url: String,
    /// The session that claims. It lives as long as the process, for with it the claims end.
    session: Mutex<Option<Client>>,
    /// For what takes its time, while others claim. Not one for each test: two hundred threads that copy at once use up the
    /// server's connections, and none is done sooner.
    others: [Mutex<Option<Client>>; 4],
    turn: AtomicUsize,
    /// Held while a template is made: for the server, all threads are one.
    pub(crate) building: Mutex<()>,
    /// How many databases this process has in hand, or asks for.
    pub(crate) live: AtomicUsize,
}

/// What a test gets.
pub(crate) struct Claim {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// Whether somebody sees to the stock.
    pub(crate) is_attended: bool,
    is_crowded: bool,
}

/// Where a test's database comes from.
pub(crate) enum Origin {
    /// It is ready.
    Stock,
    /// It is to be made.
    Template { create_sql: String, has_settings: bool },
}

/// The one of this server: a process has one session for all its tests.
pub(crate) fn of(server: &str) -> Arc<Registry> {
    static ALL: Mutex<BTreeMap<String, Arc<Registry>>> = Mutex::new(BTreeMap::new());
    let new = || {
        Arc::new(Registry {
            server: server.to_owned(),
            url: with_database(server, NAME),
            session: Mutex::default(),
            others: Default::default(),
            turn: AtomicUsize::new(0),
            building: Mutex::default(),
            live: AtomicUsize::new(0),
        })
    };
    Arc::clone(locked(&ALL).entry(server.to_owned()).or_insert_with(new))
}

impl Registry {
    /// A database for this template; `None` where the template is yet to be made.
    pub(crate) fn claim(&self, fingerprint: &str) -> Result<Option<Claim>, Error> {
        loop {
            let mut session = self.session()?;
            let Some(client) = session.as_mut() else { continue };
            let claimed = claim(client, fingerprint).or_else(|error| match error.code().map(|code| code.code()) {
                Some("42P01") => install(client).and_then(|()| claim(client, fingerprint).map_err(unusable)),
                _ => Err(unusable(error)),
            })?;
            match claimed {
                Some(claim) if claim.is_crowded && self.is_alone() => {
                    client
                        .batch_execute(&format!("SELECT unclaim({})", quoted(&claim.name)))
                        .map_err(database_error)?;
                    drop(session);
                    self.step_aside();
                }
                claimed => return Ok(claimed),
            }
        }
    }

    /// Leaves its connection to those who have databases, and waits a moment.
    pub(crate) fn step_aside(&self) {
        if self.is_alone() {
            *locked(&self.session) = None;
        }
        pause();
    }

    /// Whether nobody else in this process has a database, or is about to have one.
    fn is_alone(&self) -> bool {
        self.live.load(Ordering::Relaxed) <= 1
    }

    fn session(&self) -> Result<MutexGuard<'_, Option<Client>>, Error> {
        let mut session = locked(&self.session);
        if session.as_ref().is_none_or(Client::is_closed) {
            *session = Some(self.open()?);
        }
        Ok(session)
    }

    fn open(&self) -> Result<Client, Error> {
        match open(&self.url) {
            Err(cause) if cause.code.as_deref() == Some("3D000") => {
                self.create()?;
                connect(&self.url)
            }
            opened => opened.map_err(crate::failed),
        }
    }

    fn create(&self) -> Result<(), Error> {
        let mut client = connect(&self.server).or_else(|_| connect(&with_database(&self.server, "postgres")))?;
        match client.batch_execute(&format!("CREATE DATABASE {NAME} TEMPLATE template0")) {
            // Somebody else was quicker.
            Err(error) if matches!(error.code().map(|code| code.code()), Some("42P04" | "23505")) => Ok(()),
            created => created.map_err(database_error),
        }
    }

    /// A short question, by the session that holds the claims.
    pub(crate) fn ask(&self, sql: &str) -> Result<Option<SimpleQueryRow>, Error> {
        let mut session = self.session()?;
        let Some(client) = session.as_mut() else { return Ok(None) };
        row(client, sql).map_err(database_error)
    }

    /// What takes its time: by the session that holds the claims, where it is the only test's (in a process of one test
    /// another connection is not free), else by another.
    pub(crate) fn work<T>(&self, work: impl FnOnce(&mut Client) -> Result<T, ::postgres::Error>) -> Result<T, Error> {
        if self.is_alone()
            && let Ok(mut session) = self.session.try_lock()
            && let Some(client) = session.as_mut()
        {
            return work(client).map_err(database_error);
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut other = locked(&self.others[turn % self.others.len()]);
        let client = match other.take().filter(|client| !client.is_closed()) {
            Some(client) => other.insert(client),
            None => other.insert(connect(&self.url)?),
        };
        work(client).map_err(database_error)
    }

    /// Drops it, and waits for that.
    pub(crate) fn drop_now(&self, name: &str) -> Result<(), Error> {
        self.work(|client| {
            let terminate = "CASE WHEN major() < 13 THEN terminate_sessions";
            let sql = format!("SELECT drop_sql({0}), {terminate}({0})::text END", quoted(name));
            let sql = text(client, &sql)?;
            client.batch_execute(&sql)?;
            client.batch_execute(&format!("DELETE FROM clone WHERE name = {}", quoted(name)))
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// In one transaction: a crash leaves an empty database, which the next one fills.
fn install(client: &mut Client) -> Result<(), Error> {
    let mut work = || {
        let mut transaction = client.transaction()?;
        transaction.batch_execute("SELECT pg_advisory_xact_lock(1835365473, 2)")?;
        // Somebody else was quicker, or it is somebody else's: the next claim shows which.
        let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        if transaction.query_one(tables, &[])?.get::<_, i64>(0) == 0 {
            transaction.batch_execute(include_str!("registry.sql"))?;
        }
        transaction.commit()
    };
    work().map_err(database_error)
}

/// One statement, and few catalogs read: the session has just begun, and this is all that most tests wait for.
fn claim(client: &mut Client, fingerprint: &str) -> Result<Option<Claim>, ::postgres::Error> {
    let fingerprint = quoted(fingerprint);
    let from_stock = format!(
        "UPDATE clone SET use = 'test', pid = pg_backend_pid(), claimed = clock_timestamp() \
         WHERE name = (SELECT name FROM clone WHERE template = {fingerprint} AND use = 'stock' \
             LIMIT 1 FOR UPDATE SKIP LOCKED) \
         RETURNING name, is_attended(), is_crowded(), \
             (SELECT datconnlimit <> -2 FROM pg_database WHERE datname = name::name)"
    );
    while let Some(row) = row(client, &from_stock)? {
        // Else somebody has dropped it.
        if row.get(3) == Some("t") {
            return Ok(Some(Claim::read(&row, Origin::Stock)));
        }
    }
    let Some(row) = row(client, &format!("SELECT * FROM claim_new({fingerprint})"))? else { return Ok(None) };
    let create_sql = row.get(3).unwrap_or_default().to_owned();
    let origin = Origin::Template { create_sql, has_settings: row.get(4) == Some("t") };
    Ok(Some(Claim::read(&row, origin)))
}

impl Claim {
    fn read(row: &SimpleQueryRow, origin: Origin) -> Self {
        Claim {
            name: row.get(0).unwrap_or_default().to_owned(),
            origin,
            is_attended: row.get(1) == Some("t"),
            is_crowded: row.get(2) == Some("t"),
        }
    }
}

/// Why the registry can't be asked.
fn unusable(error: ::postgres::Error) -> Error {
    match error.code().map(|code| code.code()) {
        Some("42P01" | "42703" | "42883") => refused(
            format!("there is a database {NAME} in the server that is not ours"),
            "rename it: this name is the registry's of test databases",
        ),
        Some("42501") => refused(
            format!("the test databases of this server ({NAME}) belong to another role"),
            "run all tests with the same role; or drop that database, and the tests' begin anew",
        ),
        _ => database_error(error),
    }
}

pub(crate) fn row(client: &mut Client, sql: &str) -> Result<Option<SimpleQueryRow>, ::postgres::Error> {
    let found = client.simple_query(sql)?.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(found)
}

/// The first column, empty for null.
pub(crate) fn text(client: &mut Client, sql: &str) -> Result<String, ::postgres::Error> {
    Ok(row(client, sql)?.and_then(|row| row.get(0).map(str::to_owned)).unwrap_or_default())
}

pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
