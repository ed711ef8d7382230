use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use migrate_core::Error;
use mysql::Conn;

use super::message::{Row, code, column, connect, name, one, quoted, send, told};
use super::restore::{Pristine, SETTINGS};
use super::state::Object;
use crate::server::{Whereabouts, with_database};
use crate::{locked, refused};

/// The database that knows ours. Another format has another name, so that programs with either leave each other alone.
pub(super) const NAME: &str = "migrate_testing_v1";

/// Whether the session whose claim a row of `clone` is has ended: the server frees its lock with it.
pub(super) const IS_DEAD: &str = "is_used_lock(concat('migrate_testing_v1 ', substring_index(owner, ' ', 1))) IS NULL";

/// The registry of a server, and this process's connections to it.
pub(super) struct Registry {
    url: String,
    /// The session that claims, by its name: it holds the lock of that name as long as the process lives.
    session: Mutex<Conn>,
    owner: String,
    /// `mariadb10.11`, `mysql9.7`.
    server: String,
    /// For what takes its time.
    others: Mutex<Vec<Conn>>,
    /// What this process has read of templates, which never change.
    pristine: Mutex<BTreeMap<String, Arc<Pristine>>>,
    count: AtomicUsize,
}

/// A template as a claim finds it, and what there was of it.
pub(super) struct Claim {
    pub(super) owner: String,
    pub(super) template: Option<Known>,
    pub(super) clone: Option<String>,
    /// Somebody should clear away what nobody wants.
    pub(super) task: bool,
}

pub(super) struct Known {
    /// Why copies can't be restored, where they can't.
    pub(super) obstacle: Option<String>,
    pub(super) events: Events,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Events {
    Some,
    None,
}

/// The one of this server: a process has one session for all its tests.
pub(super) fn of(server: &Whereabouts) -> Result<Arc<Registry>, Error> {
    static ALL: Mutex<BTreeMap<String, Arc<Registry>>> = Mutex::new(BTreeMap::new());
    let mut all = locked(&ALL);
    if let Some(found) = all.get(&server.url) {
        return Ok(Arc::clone(found));
    }
    // The database that the URL names may be yet to be made, and is nobody's business here.
    let url = with_database(&server.url, "");
    let mut conn = connect(&url)?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let owner = format!("{:x}{:x}", std::process::id(), since.as_nanos());
    let sql = format!("{}; SELECT version(), get_lock('{NAME} {owner}', 0)", setup());
    let row = send(&mut conn, &sql).map_err(told)?.into_iter().flatten().next().unwrap_or_default();
    let version = column(&row, 0);
    if column(&row, 1) != "1" {
        return Err(refused("the server gives no lock to a session of ours", "see GET_LOCK in its manual"));
    }
    let registry = Registry {
        url,
        session: Mutex::new(conn),
        owner,
        server: server_word(&version),
        others: Mutex::default(),
        pristine: Mutex::default(),
        count: AtomicUsize::new(0),
    };
    let registry = Arc::new(registry);
    all.insert(server.url.clone(), Arc::clone(&registry));
    Ok(registry)
}

fn opened(url: &str) -> Result<Conn, Error> {
    let mut conn = connect(url)?;
    send(&mut conn, &setup()).map_err(told)?;
    Ok(conn)
}

fn setup() -> String {
    format!("{SETTINGS}; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
}

fn server_word(version: &str) -> String {
    let word = if version.to_lowercase().contains("mariadb") { "mariadb" } else { "mysql" };
    let numbers: Vec<_> = version.split(['.', '-']).take(2).collect();
    format!("{word}{}", numbers.join("."))
}

impl Registry {
    /// A template's, on this server.
    pub(super) fn id(&self, fingerprint: &str) -> String {
        format!("{fingerprint}_{}", self.server)
    }

    /// A copy that is free, in one message.
    pub(super) fn claim(&self, id: &str) -> Result<Claim, Error> {
        let owner = self.new_owner();
        let (template, mine) = (quoted(id), quoted(&owner));
        let sql = format!(
            "UPDATE {NAME}.clone SET state = 'lent', owner = {mine}, at = utc_timestamp(6)
                 WHERE template = {template} AND state = 'free' ORDER BY at LIMIT 1;
             UPDATE {NAME}.template SET used = utc_timestamp(6)
                 WHERE id = {template} AND used < utc_timestamp(6) - INTERVAL 1 MINUTE;
             SELECT obstacle, events, (SELECT name FROM {NAME}.clone WHERE owner = {mine}), {}
                 FROM {NAME}.template WHERE id = {template}",
            super::keeper::task_sql()
        );
        let results = match self.ask(&sql) {
            Err(error) if matches!(code(&error), 1049 | 1146) => {
                self.beside(make)?;
                self.ask(&sql)
            }
            other => other,
        };
        let row = results.map_err(told)?.into_iter().flatten().next();
        let known = row.as_ref().map(|row| Known {
            obstacle: Some(column(row, 0)).filter(|why| !why.is_empty()),
            events: if column(row, 1) == "1" { Events::Some } else { Events::None },
        });
        let clone = row.as_ref().and_then(|row| row.get(2).cloned().flatten());
        let task = row.is_some_and(|row| column(&row, 3) == "1");
        Ok(Claim { owner, template: known, clone, task })
    }

    /// One that a test had which was killed: it is to be restored.
    pub(super) fn claim_left(&self, id: &str, owner: &str) -> Result<Option<String>, Error> {
        let (template, mine) = (quoted(id), quoted(owner));
        let sql = format!(
            "UPDATE {NAME}.clone SET owner = {mine}, at = utc_timestamp(6)
                 WHERE template = {template} AND state = 'lent' AND {IS_DEAD} LIMIT 1;
             SELECT name FROM {NAME}.clone WHERE owner = {mine}"
        );
        let row = self.ask(&sql).map_err(told)?.into_iter().flatten().next();
        Ok(row.and_then(|row| row.into_iter().next().flatten()))
    }

    /// The name of a database that is yet to be made, as it is written down now.
    pub(super) fn new_clone(&self, id: &str, state: &str, owner: &str) -> Result<String, Error> {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("migrate_test_{}_{}_{n}", &id[..id.len().min(10)], self.owner);
        let sql = format!(
            "INSERT INTO {NAME}.clone (name, template, state, owner, at) VALUES ({}, {}, {}, {}, utc_timestamp(6))",
            quoted(&name),
            quoted(id),
            quoted(state),
            quoted(owner)
        );
        self.ask(&sql).map_err(told)?;
        Ok(name)
    }

    pub(super) fn new_owner(&self) -> String {
        format!("{} {}", self.owner, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Another state for a database of ours, which then is nobody's.
    pub(super) fn set_state(&self, database: &str, state: &str) -> Result<(), Error> {
        let sql = format!(
            "UPDATE {NAME}.clone SET state = '{state}', owner = '', at = utc_timestamp(6) WHERE name = {}",
            quoted(database)
        );
        self.ask(&sql).map(drop).map_err(told)
    }

    /// What is in a template.
    pub(super) fn pristine(&self, id: &str) -> Result<Arc<Pristine>, Error> {
        if let Some(found) = locked(&self.pristine).get(id) {
            return Ok(Arc::clone(found));
        }
        let sql = format!(
            "SELECT name FROM {NAME}.template WHERE id = {0};
             SELECT kind, name, about, settings, definition, counter, columns, digest_sql, digest
                 FROM {NAME}.object WHERE template = {0} ORDER BY n",
            quoted(id)
        );
        let mut results = self.ask(&sql).map_err(told)?.into_iter();
        let database = results.next().and_then(|rows| rows.into_iter().next()).map(|row| column(&row, 0));
        let database =
            database.ok_or_else(|| refused("a template of test databases is gone", "run the tests again"))?;
        let objects = results.next().unwrap_or_default().iter().map(object).collect();
        let pristine = Arc::new(Pristine { database, objects });
        locked(&self.pristine).insert(id.to_owned(), Arc::clone(&pristine));
        Ok(pristine)
    }

    /// A template that is none any more: the next one is made anew. Its database is dropped.
    pub(super) fn forget(&self, id: &str) -> Result<(), Error> {
        locked(&self.pristine).remove(id);
        self.ask(&super::keeper::forget_sql(id)).map(drop).map_err(told)
    }

    /// A short question, by the session that holds the claims.
    pub(super) fn ask(&self, sql: &str) -> Result<Vec<Vec<Row>>, mysql::Error> {
        let mut session = locked(&self.session);
        let mut attempts = 0;
        loop {
            match send(&mut session, sql) {
                // Two that claim at once may wait for each other; the server has undone one of them.
                Err(error) if matches!(code(&error), 1213 | 1205) && attempts < 20 => attempts += 1,
                other => return other,
            }
        }
    }

    /// On a connection that may be busy for a while. After an error nobody knows what it has set.
    pub(super) fn beside<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T, mysql::Error>) -> Result<T, Error> {
        let spare = locked(&self.others).pop();
        let mut conn = match spare {
            Some(conn) => conn,
            None => opened(&self.url)?,
        };
        let done = work(&mut conn).map_err(told)?;
        locked(&self.others).push(conn);
        Ok(done)
    }

    pub(super) fn open(&self) -> Result<Conn, Error> {
        opened(&self.url)
    }
}

fn object(row: &Row) -> Object {
    Object {
        kind: column(row, 0),
        name: column(row, 1),
        about: column(row, 2),
        settings: column(row, 3),
        definition: column(row, 4),
        counter: column(row, 5),
        columns: column(row, 6),
        digest_sql: column(row, 7),
        digest: column(row, 8),
    }
}

fn other(message: &str) -> mysql::Error {
    mysql::Error::IoError(std::io::Error::other(message))
}

/// One at a time: whoever comes later finds it. What a crash has left of it is gone on with.
fn make(conn: &mut Conn) -> Result<(), mysql::Error> {
    const TABLES: [&str; 3] = ["template", "object", "clone"];
    if one(conn, &format!("SELECT get_lock('{NAME}', 60)"))?.as_deref() != Some("1") {
        return Err(other("another process has been making the registry of test databases for a minute"));
    }
    send(conn, &format!("CREATE DATABASE IF NOT EXISTS {NAME}"))?;
    let found = send(conn, &format!("SHOW TABLES FROM {NAME}"))?;
    let foreign = found.iter().flatten().map(|row| column(row, 0)).find(|table| !TABLES.contains(&table.as_str()));
    if let Some(table) = foreign {
        let message =
            format!("there is a database {NAME} in the server that is not ours: it has a table {}", name(&table));
        return Err(other(&message));
    }
    let sql = include_str!("registry.sql").replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ");
    let made = send(conn, &sql).map(drop);
    send(conn, &format!("SELECT release_lock('{NAME}')"))?;
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_in_a_template_s_name() {
        assert_eq!(server_word("10.11.19-MariaDB-0+deb12u1"), "mariadb10.11");
        assert_eq!(server_word("9.7.4-2"), "mysql9.7");
    }
}
