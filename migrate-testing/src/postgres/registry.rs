use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use ::postgres::{Client, SimpleQueryMessage, SimpleQueryRow};
use migrate_core::Error;

use super::{connect, open, told};
use crate::server::{Whereabouts, with_database};
use crate::{failed, locked, refused};

/// The database that knows ours. Another format has another name, so that programs with either leave each other alone.
const NAME: &str = "migrate_testing_v1";

const MARK: &str = "migrate: which databases of this server are for tests";

/// The registry of a server, and this process's connections to it.
pub(crate) struct Registry {
    url: String,
    /// The session that claims. It lives as long as the process, for with it the claims end.
    session: Mutex<Client>,
    /// For what takes its time.
    others: Mutex<Vec<Client>>,
    /// How many databases this process has in hand.
    pub(crate) live: AtomicUsize,
}

/// What a test gets.
pub(crate) struct Claim {
    pub(crate) name: String,
    pub(crate) template: String,
    pub(crate) from_stock: bool,
    pub(crate) dressed: bool,
    pub(crate) create_sql: String,
    pub(crate) claims: String,
    pub(crate) hits: String,
    /// Somebody should see to the stock.
    pub(crate) task: bool,
}

/// The one of this server: a process has one session for all its tests.
pub(crate) fn of(server: &Whereabouts) -> Result<Arc<Registry>, Error> {
    static ALL: Mutex<BTreeMap<String, Arc<Registry>>> = Mutex::new(BTreeMap::new());
    let mut all = locked(&ALL);
    if let Some(found) = all.get(&server.url).filter(|registry| !locked(&registry.session).is_closed()) {
        return Ok(Arc::clone(found));
    }
    let url = with_database(&server.url, NAME);
    let client = match open(&url) {
        Err(cause) if cause.code.as_deref() == Some("3D000") => {
            make(server)?;
            connect(&url)?
        }
        other => other.map_err(failed)?,
    };
    let registry = Registry { url, session: Mutex::new(client), others: Mutex::default(), live: AtomicUsize::new(0) };
    let registry = Arc::new(registry);
    all.insert(server.url.clone(), Arc::clone(&registry));
    Ok(registry)
}

/// Whole or not at all: it gets its name when it is finished.
fn make(server: &Whereabouts) -> Result<(), Error> {
    let mut client = connect(&server.url).or_else(|_| connect(&with_database(&server.url, "postgres")))?;
    let random = "SELECT substr(md5(random()::text || clock_timestamp()::text || pg_backend_pid()::text), 1, 12)";
    let mut name = String::from("migrate_testing_new_");
    name.push_str(&text(&mut client, random).map_err(told)?);
    let created = client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"));
    created.map_err(|error| {
        let mut cause = migrate_postgres::cause(error);
        if cause.code.as_deref() == Some("42501") {
            cause.hint = Some("tests need a role that may make databases: ALTER ROLE ... CREATEDB".into());
        }
        failed(cause)
    })?;
    let fill = connect(&with_database(&server.url, &name)).and_then(|mut inside| {
        inside.batch_execute(include_str!("registry.sql")).map_err(told)?;
        inside.batch_execute(&format!("COMMENT ON DATABASE {name} IS {}", quoted(MARK))).map_err(told)
    });
    let renamed = fill.and_then(|()| {
        client.batch_execute(&format!("ALTER DATABASE {name} RENAME TO {NAME}")).or_else(|error| {
            // Somebody else was quicker.
            match error.code().map(|code| code.code()) {
                Some("42P04" | "23505") => client.batch_execute(&format!("DROP DATABASE {name}")).map_err(told),
                _ => Err(told(error)),
            }
        })
    });
    if renamed.is_err() {
        let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}"));
    }
    renamed
}

impl Registry {
    /// A database for this template; `None` where the template is yet to be made.
    pub(crate) fn claim(&self, fingerprint: &str) -> Result<Option<Claim>, Error> {
        let sql = format!(
            "SELECT id, name, from_stock, dressed, claims, hits, task, CASE WHEN id IS NOT NULL THEN create_sql(name, id) END, \
             shobj_description((SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_database') \
             FROM claim({})",
            quoted(fingerprint)
        );
        let row = self.ask(&sql)?;
        let row = row.ok_or_else(|| refused("the registry of test databases says nothing", "drop it"))?;
        let column = |n| row.get(n).unwrap_or_default().to_owned();
        if column(8) != MARK {
            let message = format!("there is a database {NAME} in the server that is not ours");
            return Err(refused(message, "rename it: this name is the registry's of test databases"));
        }
        Ok(row.get(0).map(|template| Claim {
            template: template.to_owned(),
            name: column(1),
            from_stock: column(2) == "t",
            dressed: column(3) == "t",
            claims: column(4),
            hits: column(5),
            task: column(6) == "t",
            create_sql: column(7),
        }))
    }

    /// A short question, by the session that holds the claims.
    pub(crate) fn ask(&self, sql: &str) -> Result<Option<SimpleQueryRow>, Error> {
        row(&mut locked(&self.session), sql).map_err(told)
    }

    /// On a connection that may be busy for a while.
    pub(crate) fn beside<T>(&self, work: impl FnOnce(&mut Client) -> Result<T, ::postgres::Error>) -> Result<T, Error> {
        let spare = locked(&self.others).pop();
        let mut client = match spare {
            Some(client) if !client.is_closed() => client,
            _ => connect(&self.url)?,
        };
        let done = work(&mut client).map_err(told);
        locked(&self.others).push(client);
        done
    }

    /// Leaves it to the keeper; whether there is one at work.
    pub(crate) fn leave_to_keeper(&self, name: &str) -> Result<bool, Error> {
        self.ask(&format!("UPDATE clone SET use = 'drop', pid = 0 WHERE name = {}", quoted(name)))?;
        // Only now: a keeper that is busy after this has seen it, or looks again.
        Ok(self.ask("SELECT keeper_is_busy()")?.is_some_and(|row| row.get(0) == Some("t")))
    }

    /// Drops it, and waits for that.
    pub(crate) fn drop_now(&self, name: &str) -> Result<(), Error> {
        let drop = |client: &mut Client| {
            let sql =
                format!("SELECT drop_sql({0}), CASE WHEN major() < 13 THEN throw_out({0})::text END", quoted(name));
            let sql = text(client, &sql)?;
            client.batch_execute(&sql)?;
            client.batch_execute(&format!("DELETE FROM clone WHERE name = {}", quoted(name)))
        };
        // In a process of one test nobody else waits for the first connection, and a second one is not free.
        if self.live.load(std::sync::atomic::Ordering::Relaxed) <= 1 && locked(&self.others).is_empty() {
            return drop(&mut locked(&self.session)).map_err(told);
        }
        self.beside(drop)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
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
