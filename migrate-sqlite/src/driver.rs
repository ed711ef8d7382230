mod describe;
mod examine;
mod settings;
mod transaction;

use std::borrow::Cow;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use migrate_core::doctor::Finding;
use migrate_core::driver::{
    Cause, Driver, Evidence, Facts, Failed, Group, Holder, LockAttempt, Savepoint, Savepoints, Unit, UnitMode,
};
use migrate_core::history::{HistoryRow, JournalRow, RowWrite};
use migrate_core::render::Render;
use migrate_core::sql::Dialect;
use migrate_core::undo::{Answer, Object};
use migrate_core::{BoxError, Checksum, Interrupt, Tables, Version};
use rusqlite::Connection;

use crate::connect::Url;
use crate::error::cause;
use crate::history::History;
use crate::lock::SideLock;
use crate::render::Renderer;
use settings::Settings;
use transaction::{GUARD, inside_a_transaction};

/// The driver: on a connection that you have, or on one of its own.
#[derive(Debug)]
pub struct Sqlite<'c> {
    handle: Handle<'c>,
    history: History,
    lock: Option<SideLock>,
    settings: Option<Settings>,
    foreign_keys_back: bool,
    began: Option<Instant>,
    savepoints: Savepoints,
    tables: HistoryTables,
}

/// Whether the history's tables are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HistoryTables {
    There,
    ToBeMade,
}

#[derive(Debug)]
enum Handle<'c> {
    Yours(&'c mut Connection),
    Ours(Box<Connection>),
    /// The file is yet to be made, and a read must not make it: until something is written, an empty database in
    /// memory stands in for it.
    Later {
        url: Url,
        empty: Box<Connection>,
    },
}

impl<'c> Sqlite<'c> {
    /// On a connection that you have. It is given back as it was: outside a transaction, its settings as they were
    /// found.
    pub fn on(connection: &'c mut Connection) -> Self {
        Self::with(Handle::Yours(connection))
    }

    fn with(handle: Handle<'c>) -> Self {
        Sqlite {
            handle,
            history: History::new(Tables::default()),
            lock: None,
            settings: None,
            foreign_keys_back: false,
            began: None,
            savepoints: Savepoints::default(),
            tables: HistoryTables::There,
        }
    }

    /// Other names for the three tables.
    #[must_use]
    pub fn tables(mut self, tables: Tables) -> Self {
        self.history = History::new(tables);
        self
    }

    fn db(&self) -> &Connection {
        match &self.handle {
            Handle::Yours(connection) => connection,
            Handle::Ours(connection) | Handle::Later { empty: connection, .. } => connection,
        }
    }

    /// Another run may have made the file since we looked.
    fn open_if_made(&mut self) -> Result<(), Cause> {
        if let Handle::Later { url, .. } = &self.handle
            && !url.is_yet_to_be_made()
        {
            self.handle = Handle::Ours(Box::new(url.open()?));
        }
        Ok(())
    }

    fn path(&self) -> Option<PathBuf> {
        match &self.handle {
            Handle::Later { url, .. } => url.path().map(PathBuf::from),
            _ => self.db().path().filter(|path| !path.is_empty()).map(PathBuf::from),
        }
    }

    /// Runs statements of our own.
    fn batch(&self, sql: &str) -> Result<(), Cause> {
        self.db().execute_batch(sql).map_err(cause)
    }

    fn pragma(&self, name: &str) -> Result<i64, Cause> {
        self.db().query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).map_err(cause)
    }

    fn write(&self, writes: &[RowWrite<'_>]) -> Result<(), Cause> {
        let elapsed = self.began.map_or(Duration::ZERO, |began| began.elapsed());
        writes.iter().try_for_each(|write| self.batch(&self.history.write_sql(write, elapsed)))
    }
}

impl Sqlite<'static> {
    /// On a connection of its own. A file that does not exist is made when something is written, not before.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn open(url: &Url) -> Result<Self, Cause> {
        if !url.is_yet_to_be_made() {
            return Ok(Self::with(Handle::Ours(Box::new(url.open()?))));
        }
        let empty = Box::new(Connection::open_in_memory().map_err(cause)?);
        Ok(Self::with(Handle::Later { url: url.clone(), empty }))
    }
}

impl Driver for Sqlite<'_> {
    type Connection = Connection;

    fn interrupter(&mut self) -> Option<Interrupt> {
        let handle = self.db().get_interrupt_handle();
        Some(Arc::new(move || handle.interrupt()))
    }

    fn facts(&mut self) -> Result<Facts, Cause> {
        Ok(Facts {
            syntax: Dialect::Sqlite.into(),
            server: format!("SQLite {}", rusqlite::version()),
            version: rusqlite::version().parse().ok(),
            transactional_ddl: true,
            sees_swaps: true,
        })
    }

    fn read_history(&mut self) -> Result<Option<Vec<HistoryRow>>, Cause> {
        self.open_if_made()?;
        let rows = self.history.read(self.db());
        rows.map_err(|cause| self.why_not_readable(cause))
    }

    fn read_texts(&mut self, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause> {
        self.history.read_texts(self.db(), keys)
    }

    fn read_journal(&mut self, version: Version) -> Result<Vec<JournalRow>, Cause> {
        self.history.read_journal(self.db(), version)
    }

    fn try_lock(&mut self) -> Result<LockAttempt, Cause> {
        if !self.db().is_autocommit() {
            return Err(inside_a_transaction());
        }
        self.open_if_made()?;
        // In memory there is one connection, and nobody to lock out.
        let Some(path) = self.path() else { return Ok(LockAttempt::Acquired) };
        self.lock.get_or_insert_with(|| SideLock::for_database(&path)).attempt()
    }

    fn holder(&mut self) -> Result<Option<Holder>, Cause> {
        Ok(self.path().and_then(|path| SideLock::for_database(&path).holder()))
    }

    fn unlock(&mut self) -> Result<(), Cause> {
        let released = self.lock.as_mut().map_or(Ok(()), SideLock::release);
        let restored = self.restore_settings();
        if let Some(settings) = self.settings.take()
            && settings.busy_timeout != 0
        {
            self.batch(&format!("PRAGMA busy_timeout = {}", settings.busy_timeout))?;
        }
        released.and(restored)
    }

    fn examine(&mut self) -> Result<Vec<Finding>, Cause> {
        self.look_around()
    }

    fn prepare(&mut self) -> Result<(), Cause> {
        if let Handle::Later { url, .. } = &self.handle {
            self.handle = Handle::Ours(Box::new(url.open()?));
        }
        self.note_settings()?;
        // They are made in the first transaction that writes, so that a failure in it leaves nothing at all.
        let complete = self.history.is_complete(self.db())?;
        self.tables = if complete { HistoryTables::There } else { HistoryTables::ToBeMade };
        Ok(())
    }

    fn apply(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        let failed = |cause| Failed { unit: 0, statement: None, committed: 0, cause };
        if let [unit] = units {
            if unit.mode == UnitMode::Alone {
                let done = self.alone(unit).map(|duration| vec![duration]);
                return done.map_err(|(statement, cause)| Failed { unit: 0, statement, committed: 0, cause });
            }
            self.switch_foreign_keys_off(unit).map_err(failed)?;
            let done = self.transaction(units, group);
            let back = self.switch_foreign_keys_back();
            let done = done?;
            back.map_err(|cause| Failed { unit: 1, statement: None, committed: 1, cause })?;
            return Ok(done);
        }
        let mut durations = Vec::with_capacity(units.len());
        while let Some(left) = units.get(durations.len()..).filter(|left| !left.is_empty()) {
            let before = durations.len();
            let behind = |mut failed: Failed| {
                failed.unit += before;
                failed.committed += before;
                failed
            };
            let shared = self.shared(left, group).map_err(|cause| behind(failed(cause)))?;
            let chunk = left.get(..shared).unwrap_or(left);
            durations.extend(self.transaction(chunk, group).map_err(behind)?);
        }
        Ok(durations)
    }

    fn render_prepare(&mut self) -> Result<String, Cause> {
        match self.history.is_complete(self.db())? {
            true => Ok(String::new()),
            false => Ok(self.renderer().tables()),
        }
    }

    fn renderer(&self) -> Box<dyn Render + '_> {
        Box::new(Renderer(Cow::Borrowed(&self.history)))
    }

    fn begin(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        self.savepoints = Savepoints::default();
        self.begin_immediate(unit.lock_timeout)?;
        self.began = Some(Instant::now());
        let begun = self.expect(unit).and_then(|()| self.batch(&format!("SAVEPOINT {GUARD}")));
        if begun.is_err() {
            self.roll_back_all();
        }
        begun
    }

    fn commit(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        self.release_guard()?;
        self.write(&unit.after)?;
        self.commit_all()
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
        self.statement(statement)
    }

    fn connection(&mut self) -> &mut Connection {
        match &mut self.handle {
            Handle::Yours(connection) => connection,
            Handle::Ours(connection) | Handle::Later { empty: connection, .. } => connection,
        }
    }

    fn cause_of(&self, error: BoxError) -> Result<Cause, BoxError> {
        error.downcast::<rusqlite::Error>().map(|error| cause(*error))
    }

    fn restore_settings(&mut self) -> Result<(), Cause> {
        self.put_back()?;
        self.tidy_up()
    }

    fn pre_image(&mut self, _statement: &str) -> Result<Option<String>, Cause> {
        Ok(None)
    }

    /// Only what can't be in a transaction is ever in doubt here: `VACUUM`, and pragmas that set what they set. Done
    /// twice is done once.
    fn describe(&mut self, object: &Object) -> Result<Answer, Cause> {
        self.described(object)
    }

    fn evidence(&mut self, _statement: &str, _begun: &JournalRow) -> Result<Evidence, Cause> {
        Ok(Evidence::RunAgain)
    }
}

impl Drop for Sqlite<'_> {
    /// Foreign keys that were switched off for one migration must not stay off when it panics.
    fn drop(&mut self) {
        let _ = self.switch_foreign_keys_back();
    }
}

impl Sqlite<'_> {
    /// A WAL database can't even be read where its `-shm` file can't be made; SQLite only says that it can't open
    /// the database, or that it is read-only.
    fn why_not_readable(&self, cause: Cause) -> Cause {
        let unopened = ["SQLITE_CANTOPEN", "SQLITE_READONLY"];
        if !cause.code.as_ref().is_some_and(|code| unopened.iter().any(|unopened| code.starts_with(unopened))) {
            return cause;
        }
        let Some(path) = self.path() else { return cause };
        // The version bytes of the file's header. Nobody in this process can hold a lock on a file that can't be
        // opened, so opening and closing it drops none.
        let header = std::fs::File::open(&path).and_then(|mut file| {
            let mut header = [0; 20];
            file.read_exact(&mut header).map(|()| header)
        });
        match header {
            Ok([.., 2, 2]) => cause.hint(format!(
                "{} is in WAL mode: even reading it needs its -shm file beside it, so the directory must be writable \
                 for this process",
                path.display()
            )),
            _ => cause,
        }
    }
}
