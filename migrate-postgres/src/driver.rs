mod describe;
mod evidence;
mod examine;
mod message;
pub(crate) mod settings;
mod transaction;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use migrate_core::doctor::Finding;
use migrate_core::driver::{
    Cause, CauseKind, Driver, Evidence, Facts, Failed, Group, Holder, LockAttempt, Savepoint, Savepoints, Unit,
    UnitMode,
};
use migrate_core::history::{HistoryRow, JournalRow};
use migrate_core::render::Render;
use migrate_core::sql::{Dialect, ServerVersion, Syntax};
use migrate_core::undo::{Answer, Object};
use migrate_core::{BoxError, Checksum, Interrupt, Meta, Tables, Version};
use postgres::{Client, SimpleQueryRow};

use crate::catalog;
use crate::connect::{Cancel, Opened, Url, canceller};
use crate::error::cause;
use crate::history::{Began, History, inside_a_transaction};
use crate::lock::{AdvisoryLock, another_session};
use crate::render::Renderer;
pub(crate) use message::GUARD;
use settings::{Settings, may_unlock};
use transaction::self_made;

/// The driver: on a connection that you have, or on one of its own.
pub struct Postgres<'c> {
    handle: Handle<'c>,
    history: History,
    facts: Option<Facts>,
    /// What our own connection was started with; a pooler between here and the server loses it.
    nonce: Option<String>,
    /// How our own connection is cancelled.
    cancel: Option<Cancel>,
    lock: Option<AdvisoryLock>,
    held: Option<AdvisoryLock>,
    /// The server process that has the lock.
    pid: Option<i32>,
    settings: Option<Settings>,
    /// An application's own settings that a script sets, with their values before.
    custom: BTreeMap<String, String>,
    savepoints: Savepoints,
}

enum Handle<'c> {
    Yours(&'c mut Client),
    Ours(Box<Client>),
}

impl std::fmt::Debug for Postgres<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("history", &self.history).field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl<'c> Postgres<'c> {
    /// On a connection that you have. It is given back as it was: outside a transaction, its settings as they were
    /// found.
    pub fn on(client: &'c mut Client) -> Self {
        Self::with(Handle::Yours(client), None)
    }

    fn with(handle: Handle<'c>, nonce: Option<String>) -> Self {
        Postgres {
            handle,
            history: History::new(Tables::default()),
            facts: None,
            nonce,
            cancel: None,
            lock: None,
            held: None,
            pid: None,
            settings: None,
            custom: BTreeMap::new(),
            savepoints: Savepoints::default(),
        }
    }

    /// Other names for the three tables, and the schema that they are in.
    #[must_use]
    pub fn tables(mut self, tables: Tables) -> Self {
        self.history = History::new(tables);
        self
    }

    fn client(&mut self) -> &mut Client {
        match &mut self.handle {
            Handle::Yours(client) => client,
            Handle::Ours(client) => client,
        }
    }

    fn is_yours(&self) -> bool {
        matches!(self.handle, Handle::Yours(_))
    }

    /// Runs statements as one message.
    fn batch(&mut self, sql: &str) -> Result<(), Cause> {
        self.client().batch_execute(sql).map_err(cause)
    }

    fn syntax(&self) -> Syntax {
        self.facts.as_ref().map_or(Dialect::Postgres.into(), |facts| facts.syntax)
    }

    /// All of it or nothing: texts that default privileges would show to others are never there without being taken
    /// away from them, and what an event trigger has set reaches no migration.
    fn make_tables(&mut self, create: &str) -> Result<(), Cause> {
        self.batch(&format!("BEGIN;\n{create}{}", self.put_back_sql()))?;
        let Postgres { handle, history, .. } = self;
        let revoke = history.revoke_sql(client_of(handle))?;
        self.batch(&format!("{revoke}COMMIT"))
    }

    /// The lock of this history, and what must be known before it is taken.
    fn find_lock(&mut self) -> Result<(AdvisoryLock, SimpleQueryRow), Cause> {
        let sql = format!(
            "SELECT current_database(), {}, now() <> statement_timestamp(), current_setting('migrate.nonce', true)",
            self.history.home_sql()
        );
        let row = catalog::row(self.client(), &sql)?;
        let Some(home) = row.get(1) else {
            let message = "no schema of this session's search_path exists, so there is no place for the history";
            return Err(Cause::new(CauseKind::History, message).hint("name its schema (`--schema NAME`)"));
        };
        let lock = AdvisoryLock::of(row.get(0).unwrap_or_default(), home, self.history.table_name());
        Ok((lock, row))
    }
}

impl Postgres<'static> {
    /// On a connection of its own.
    ///
    /// # Errors
    /// When no server of the URL can be reached, or it refuses us.
    pub fn connect(url: &Url) -> Result<Self, Cause> {
        let Opened { client, nonce, cancel } = url.open()?;
        let mut driver = Self::with(Handle::Ours(Box::new(client)), Some(nonce));
        driver.cancel = Some(cancel);
        Ok(driver)
    }
}

impl Driver for Postgres<'_> {
    type Connection = Client;

    /// Also where our own connection has TLS, which [`postgres::CancelToken`] alone can't. With one of yours that has
    /// it nothing is sent.
    fn interrupter(&mut self) -> Option<Interrupt> {
        let cancel = self.cancel.clone().unwrap_or_else(|| canceller(self.client(), postgres::NoTls));
        Some(Arc::new(move || drop(cancel())))
    }

    /// The request goes another way than the statements. An idle session takes no notice of one that comes now.
    fn absorb_interrupts(&mut self) {
        std::thread::sleep(Duration::from_millis(50));
    }

    fn facts(&mut self) -> Result<Facts, Cause> {
        if let Some(facts) = &self.facts {
            return Ok(facts.clone());
        }
        let sql = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
                   current_setting('standard_conforming_strings')";
        let row = catalog::row(self.client(), sql)?;
        let number: u32 = row.get(0).and_then(|text| text.parse().ok()).unwrap_or_default();
        let version = (number > 0).then(|| ServerVersion::new(number / 10_000, number % 10_000, 0));
        let syntax = Syntax::postgres(row.get(2) != Some("off"));
        let server = format!("PostgreSQL {}", row.get(1).unwrap_or_default());
        let facts = Facts { syntax, server, version, transactional_ddl: true, sees_swaps: true };
        self.facts = Some(facts.clone());
        Ok(facts)
    }

    fn read_history(&mut self) -> Result<Option<Vec<HistoryRow>>, Cause> {
        let Postgres { handle, history, .. } = self;
        history.read(client_of(handle))
    }

    fn is_up_to_date(&mut self, known: &[&Meta]) -> Result<bool, Cause> {
        let Postgres { handle, history, .. } = self;
        history.is_up_to_date(client_of(handle), known)
    }

    fn read_texts(&mut self, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause> {
        let Postgres { handle, history, .. } = self;
        history.read_texts(client_of(handle), keys)
    }

    fn read_journal(&mut self, version: Version) -> Result<Vec<JournalRow>, Cause> {
        let Postgres { handle, history, .. } = self;
        history.read_journal(client_of(handle), version)
    }

    fn try_lock(&mut self) -> Result<LockAttempt, Cause> {
        if self.held.is_some() {
            return Ok(LockAttempt::Acquired);
        }
        let lock = match self.lock {
            Some(lock) => lock,
            None => {
                let (lock, row) = self.find_lock()?;
                if row.get(2) == Some("t") {
                    return Err(inside_a_transaction());
                }
                if self.nonce.is_some() && row.get(3) != self.nonce.as_deref() {
                    return Err(behind_a_pooler());
                }
                self.history.settle_in(row.get(1).unwrap_or_default().to_owned());
                *self.lock.insert(lock)
            }
        };
        let (attempt, pid) = lock.attempt(self.client())?;
        self.pid = pid;
        if attempt == LockAttempt::Acquired {
            self.held = Some(lock);
            if self.is_yours() && !lock.is_ours(self.client())? {
                self.unlock()?;
                return Err(another_session());
            }
        }
        Ok(attempt)
    }

    fn holder(&mut self) -> Result<Option<Holder>, Cause> {
        let lock = match self.lock {
            Some(lock) => lock,
            // Where no schema can hold a history, nobody can be at work on one.
            None => match self.find_lock() {
                Err(why) if why.kind == CauseKind::History => return Ok(None),
                found => found?.0,
            },
        };
        lock.holder(self.client())
    }

    fn unlock(&mut self) -> Result<(), Cause> {
        if self.client().is_closed() {
            // The lock died with its session.
            self.held = None;
            return Ok(());
        }
        let given_back = self.give_back_settings();
        let released = self.held.take().map_or(Ok(()), |lock| {
            let pid = self.pid;
            lock.release(self.client(), pid)
        });
        released.and(given_back)
    }

    fn examine(&mut self) -> Result<Vec<Finding>, Cause> {
        self.look_around()
    }

    fn prepare(&mut self) -> Result<(), Cause> {
        self.note_settings()?;
        let complete = format!("SELECT {}", self.history.is_complete_sql());
        if catalog::is_true(self.client(), &complete)? {
            let Postgres { handle, history, .. } = self;
            return history.is_visible(client_of(handle));
        }
        let create = self.history.create_sql();
        // An event trigger or a full disk may fail it: then nothing of it is there.
        self.make_tables(&create).inspect_err(|_| self.roll_back_all())
    }

    fn apply(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        if let [unit] = units
            && unit.mode == UnitMode::Alone
        {
            let done = self.alone(unit).map(|duration| vec![duration]);
            return done.map_err(|(statement, cause)| Failed { unit: 0, statement, committed: 0, cause });
        }
        let mut durations = Vec::with_capacity(units.len());
        while let Some(left) = units.get(durations.len()..).filter(|left| !left.is_empty()) {
            let before = durations.len();
            let behind = |mut failed: Failed| {
                failed.unit += before;
                failed.committed += before;
                failed
            };
            let chunk = left.get(..Self::shared(left, group)).unwrap_or(left);
            durations.extend(self.transaction(chunk, group).map_err(behind)?);
            // The loop does it behind the last one.
            if durations.len() < units.len() && chunk.iter().any(|unit| unit.restore_settings) {
                let committed = durations.len();
                self.tidy_up().map_err(|cause| Failed { unit: committed, statement: None, committed, cause })?;
            }
        }
        Ok(durations)
    }

    fn render_prepare(&mut self) -> Result<String, Cause> {
        let (_, row) = self.find_lock()?;
        self.history.settle_in(row.get(1).unwrap_or_default().to_owned());
        let complete = format!("SELECT {}", self.history.is_complete_sql());
        match catalog::is_true(self.client(), &complete)? {
            true => Ok(String::new()),
            false => Ok(self.renderer().tables()),
        }
    }

    fn renderer(&self) -> Box<dyn Render + '_> {
        Box::new(Renderer(Cow::Borrowed(&self.history)))
    }

    fn begin(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        self.savepoints = Savepoints::default();
        let sql = format!("BEGIN;\n{}", self.head_sql(unit));
        self.batch(&sql).map_err(|cause| {
            self.roll_back_all();
            self_made(cause)
        })
    }

    fn commit(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        let role = self.put_back_sql();
        let rows = self.rows_sql(&unit.after, Began::Noted);
        self.batch(&format!("RELEASE SAVEPOINT {GUARD};\n{role}{rows}COMMIT")).map_err(self_made)
    }

    fn rollback(&mut self) -> Result<(), Cause> {
        self.roll_back_all();
        Ok(())
    }

    fn savepoint(&mut self, verb: Savepoint) -> Result<(), Cause> {
        let sql = self.savepoints.sql(verb);
        self.batch(&sql)
    }

    fn execute(&mut self, statement: &str) -> Result<(), Cause> {
        self.note_custom(statement);
        self.batch(statement)?;
        // Without the lock another run would take a migration up that is under way here.
        if may_unlock(statement) { self.still_locked() } else { Ok(()) }
    }

    fn connection(&mut self) -> &mut Client {
        self.client()
    }

    fn cause_of(&self, error: BoxError) -> Result<Cause, BoxError> {
        error.downcast::<postgres::Error>().map(|error| cause(*error))
    }

    fn restore_settings(&mut self) -> Result<(), Cause> {
        if self.client().is_closed() { Ok(()) } else { self.tidy_up() }
    }

    fn pre_image(&mut self, statement: &str) -> Result<Option<String>, Cause> {
        self.image_before(statement)
    }

    fn describe(&mut self, object: &Object) -> Result<Answer, Cause> {
        self.described(object)
    }

    fn evidence(&mut self, statement: &str, begun: &JournalRow) -> Result<Evidence, Cause> {
        self.what_happened(statement, begun.pre_image.as_deref())
    }
}

fn client_of<'h>(handle: &'h mut Handle<'_>) -> &'h mut Client {
    match handle {
        Handle::Yours(client) => client,
        Handle::Ours(client) => client,
    }
}

pub(crate) fn behind_a_pooler() -> Cause {
    let message =
        "there is a connection pooler between here and the server: what this session was started with is lost";
    Cause::new(CauseKind::Access, message).hint(
        "a pooler shares sessions, and a lock that is taken through it protects nothing: give the server's own URL",
    )
}
