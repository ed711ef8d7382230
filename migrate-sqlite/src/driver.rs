use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use migrate_core::driver::{
    Cause, CauseKind, Driver, Evidence, Expect, Facts, Failed, Group, Holder, LockAttempt, Savepoint, Unit, UnitMode,
};
use migrate_core::history::{HistoryRow, JournalRow, RowWrite};
use migrate_core::sql::Dialect;
use migrate_core::{Checksum, ForeignKeys, Tables, Version};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use crate::catalog;
use crate::connect::Url;
use crate::error::{cause, cause_in};
use crate::history::History;
use crate::lock::SideLock;

/// The savepoint that turns a stray COMMIT of a script into an error.
const GUARD: &str = "migrate_guard";

/// How long the journal's last line may wait for a writer: its statement has run already.
const LAST_WAIT: Duration = Duration::from_secs(30);

/// The driver: on a connection that you have, or on one of its own.
#[derive(Debug)]
pub struct Sqlite<'c> {
    handle: Handle<'c>,
    history: History,
    lock: Option<SideLock>,
    settings: Option<Settings>,
    foreign_keys_back: bool,
    began: Option<Instant>,
    savepoints: usize,
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

/// The settings of a session that a script may change, as they were found.
#[derive(Clone, Debug)]
struct Settings {
    pragmas: Vec<(&'static str, Value)>,
    /// `PRAGMA case_sensitive_like` can be set and not asked; comparing tells.
    like_ignores_case: bool,
    schemas: Vec<String>,
    temporary: Vec<String>,
    busy_timeout: i64,
}

/// What a script may switch, and the next one must not inherit.
const PRAGMAS: [&str; 16] = [
    "foreign_keys",
    "legacy_alter_table",
    "ignore_check_constraints",
    "recursive_triggers",
    "writable_schema",
    "query_only",
    "synchronous",
    "cache_size",
    "locking_mode",
    "trusted_schema",
    "reverse_unordered_selects",
    "automatic_index",
    "secure_delete",
    "read_uncommitted",
    "cell_size_check",
    "temp_store",
];

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
            savepoints: 0,
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

    /// Opens a transaction that writes: a deferred one would find out too late that somebody else does, and would not
    /// wait for the busy time-out at all.
    fn begin_immediate(&mut self, lock_timeout: Option<Duration>) -> Result<(), Cause> {
        if !self.db().is_autocommit() {
            return Err(inside_a_transaction());
        }
        // Zero is also what a busy handler of the application's own reads as: it stays.
        let patient = self.settings.as_ref().is_some_and(|settings| settings.busy_timeout != 0);
        if let Some(timeout) = lock_timeout.filter(|_| patient) {
            self.batch(&format!("PRAGMA busy_timeout = {}", timeout.as_millis()))?;
        }
        self.batch("BEGIN IMMEDIATE")?;
        if self.tables == HistoryTables::ToBeMade {
            self.batch(&self.history.create_sql()).inspect_err(|_| self.roll_back_all())?;
        }
        Ok(())
    }

    /// Commits, and with it the history's tables where this transaction made them.
    fn commit_all(&mut self) -> Result<(), Cause> {
        self.batch("COMMIT")?;
        self.tables = HistoryTables::There;
        Ok(())
    }

    /// On a read-only database `BEGIN IMMEDIATE` succeeds, and the first statement of the file would be blamed.
    fn check_writable(&self) -> Result<(), Cause> {
        self.batch(&self.history.no_op_sql())
    }

    fn expect(&self, unit: &Unit<'_>) -> Result<(), Cause> {
        let expected = match unit.expect {
            Expect::Absent => None,
            Expect::Applied => Some(true),
            Expect::Begun => Some(false),
        };
        if self.history.recorded(self.db(), unit.version)? == expected {
            return Ok(());
        }
        Err(Cause::new(CauseKind::HistoryMoved, format!("the history of {} changed meanwhile", unit.version)))
    }

    /// The guard is still there, or the script has ended the transaction that was opened for it.
    fn release_guard(&self) -> Result<(), Cause> {
        let ended = || {
            Cause::new(CauseKind::TransactionEnded, "the migration ended the transaction that was opened for it")
                .hint("take its COMMIT, END or ROLLBACK out; what it did until then is committed")
        };
        if self.db().is_autocommit() {
            return Err(ended());
        }
        self.batch(&format!("RELEASE {GUARD}")).map_err(|_| ended())
    }

    /// Several units that share a transaction.
    fn transaction(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        let fail = |unit, statement, committed, cause| Failed { unit, statement, committed, cause };
        let timeout = units.first().and_then(|unit| unit.lock_timeout);
        self.begin_immediate(timeout).map_err(|cause| fail(0, None, 0, cause))?;
        let mut durations = Vec::with_capacity(units.len());
        for (i, unit) in units.iter().enumerate() {
            let began = Instant::now();
            self.began = Some(began);
            let writable = if i == 0 { self.check_writable() } else { Ok(()) };
            if let Err((statement, cause)) = writable.map_err(|cause| (None, cause)).and_then(|()| self.unit(unit)) {
                let committed = self.keep_those_before(i, group);
                return Err(fail(i, statement, committed, cause));
            }
            durations.push(began.elapsed());
        }
        match self.commit_all() {
            Ok(()) => Ok(durations),
            Err(cause) => {
                self.roll_back_all();
                Err(fail(units.len().saturating_sub(1), None, 0, cause))
            }
        }
    }

    fn unit(&mut self, unit: &Unit<'_>) -> Result<(), (Option<usize>, Cause)> {
        let other = |cause| (None, cause);
        self.batch(&format!("SAVEPOINT {GUARD}")).map_err(other)?;
        self.expect(unit).map_err(other)?;
        self.write(&unit.before).map_err(other)?;
        for (n, piece) in unit.statements.iter().enumerate() {
            let Some(script) = unit.script else { continue };
            self.statement(piece.text(script)).map_err(|cause| (Some(n), cause))?;
        }
        if unit.foreign_keys == ForeignKeys::Off {
            catalog::check_foreign_keys(self.db()).map_err(other)?;
        }
        if unit.restore_settings {
            self.put_back().map_err(other)?;
        }
        if self.db().is_autocommit() {
            return self.release_guard().map_err(other);
        }
        self.write(&unit.after).map_err(other)?;
        self.release_guard().map_err(other)
    }

    /// One statement, to its end. SQLite must see exactly one where we see one.
    fn statement(&self, sql: &str) -> Result<(), Cause> {
        let cause = |error| cause_in(sql, error);
        let mut statement = self.db().prepare(sql).map_err(cause)?;
        if statement.parameter_count() > 0 {
            return Err(Cause::new(CauseKind::Statement, "a bind parameter, for which a migration has no value")
                .hint("write the value itself, or quote it"));
        }
        if statement.expanded_sql().is_some_and(|seen| seen.trim_end().len() != sql.trim_end().len()) {
            return Err(splits_differently());
        }
        let mut rows = statement.query([]).map_err(cause)?;
        while rows.next().map_err(cause)?.is_some() {}
        Ok(())
    }

    /// After a failure in unit `i`: commits those before it, if they are to stay and SQLite still has them. Says how
    /// many are committed.
    fn keep_those_before(&mut self, i: usize, group: Group) -> usize {
        let kept = i > 0
            && group == Group::Segment
            && !self.db().is_autocommit()
            && self.batch(&format!("ROLLBACK TO {GUARD}; RELEASE {GUARD}")).is_ok()
            && self.commit_all().is_ok();
        self.roll_back_all();
        if kept { i } else { 0 }
    }

    /// SQLite may have rolled back by itself (a full disk, `ON CONFLICT ROLLBACK`); then there is nothing to do.
    fn roll_back_all(&self) {
        if !self.db().is_autocommit() {
            let _ = self.batch("ROLLBACK");
        }
    }

    /// A statement that can't be in a transaction: its journal line before it, and behind it.
    fn alone(&mut self, unit: &Unit<'_>) -> Result<Duration, (Option<usize>, Cause)> {
        let other = |cause| (None, cause);
        let began = Instant::now();
        self.rows(unit.lock_timeout, unit, &unit.before).map_err(other)?;
        for (n, piece) in unit.statements.iter().enumerate() {
            let Some(script) = unit.script else { continue };
            self.statement(piece.text(script)).map_err(|cause| (Some(n), cause))?;
        }
        // The statement has run. "Locked, try again" would send it once more; in doubt is what it is.
        let noted = self.rows(Some(LAST_WAIT), unit, &unit.after);
        noted.map_err(|mut cause| {
            cause.kind = if cause.kind == CauseKind::LockTimeout { CauseKind::Access } else { cause.kind };
            (None, cause)
        })?;
        Ok(began.elapsed())
    }

    fn rows(&mut self, wait: Option<Duration>, unit: &Unit<'_>, writes: &[RowWrite<'_>]) -> Result<(), Cause> {
        self.begin_immediate(wait)?;
        let written = self.expect(unit).and_then(|()| self.write(writes)).and_then(|()| self.commit_all());
        if written.is_err() {
            self.roll_back_all();
        }
        written
    }

    /// Puts the pragmas back that are not as they were found.
    fn put_back(&self) -> Result<(), Cause> {
        let Some(settings) = &self.settings else { return Ok(()) };
        for (name, found) in &settings.pragmas {
            if self.setting(name)? == *found {
                continue;
            }
            match found {
                Value::Integer(number) => self.batch(&format!("PRAGMA {name} = {number}"))?,
                Value::Text(word) => self.batch(&format!("PRAGMA {name} = {word}"))?,
                _ => {}
            }
        }
        if self.like_ignores_case()? != settings.like_ignores_case {
            self.batch(&format!("PRAGMA case_sensitive_like = {}", !settings.like_ignores_case))?;
        }
        Ok(())
    }

    /// Takes away what a script left in the session: attached databases, temporary tables.
    fn tidy_up(&self) -> Result<(), Cause> {
        let Some(settings) = &self.settings else { return Ok(()) };
        for object in catalog::temporary_objects(self.db())? {
            if !settings.temporary.contains(&object) {
                self.batch(&format!("DROP {object}"))?;
            }
        }
        for schema in catalog::schemas(self.db())? {
            // `temp` comes into being with its first table, and stays.
            if schema != "temp" && !settings.schemas.contains(&schema) {
                self.batch(&format!("DETACH {}", catalog::name(&schema)))?;
            }
        }
        // An exclusive locking mode that was put back lets go at the next read.
        self.db().query_row("SELECT count(*) FROM main.sqlite_master", [], |_| Ok(())).map_err(cause)
    }

    /// A setting as it is now; NULL for one that this build of SQLite does not have.
    fn setting(&self, name: &str) -> Result<Value, Cause> {
        let asked = self.db().query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).optional();
        Ok(asked.map_err(cause)?.unwrap_or(Value::Null))
    }

    fn like_ignores_case(&self) -> Result<bool, Cause> {
        self.db().query_row("SELECT 'a' LIKE 'A'", [], |row| row.get(0)).map_err(cause)
    }

    /// `foreign_keys:off`: outside the transaction, for inside it SQLite ignores the pragma without a word.
    fn switch_foreign_keys_off(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        if unit.foreign_keys == ForeignKeys::AsTheyAre || self.pragma("foreign_keys")? == 0 {
            return Ok(());
        }
        self.batch("PRAGMA foreign_keys = OFF")?;
        self.foreign_keys_back = true;
        Ok(())
    }

    fn switch_foreign_keys_back(&mut self) -> Result<(), Cause> {
        if std::mem::take(&mut self.foreign_keys_back) { self.batch("PRAGMA foreign_keys = ON") } else { Ok(()) }
    }

    /// How many of these units may share the next transaction: not across a foreign key that waits for the commit,
    /// for then one migration could break rows and the next one mend them, which one by one would fail.
    fn shared(&self, units: &[Unit<'_>], group: Group) -> Result<usize, Cause> {
        if group == Group::AllOrNothing || units.len() < 2 {
            return Ok(units.len());
        }
        if catalog::has_deferred_keys(self.db())? {
            return Ok(1);
        }
        let defers = |unit: &Unit<'_>| unit.script.is_some_and(|s| s.text.to_ascii_lowercase().contains("deferr"));
        Ok(units.iter().position(defers).map_or(units.len(), |i| i + 1))
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

    fn facts(&mut self) -> Result<Facts, Cause> {
        Ok(Facts {
            dialect: Dialect::Sqlite,
            server: format!("SQLite {}", rusqlite::version()),
            transactional_ddl: true,
        })
    }

    fn read_history(&mut self) -> Result<Option<Vec<HistoryRow>>, Cause> {
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
        // Another run may have made the file since we looked.
        if let Handle::Later { url, .. } = &self.handle
            && !url.is_yet_to_be_made()
        {
            self.handle = Handle::Ours(Box::new(url.open()?));
        }
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

    fn prepare(&mut self) -> Result<(), Cause> {
        if let Handle::Later { url, .. } = &self.handle {
            self.handle = Handle::Ours(Box::new(url.open()?));
        }
        if self.settings.is_none() {
            let mut pragmas = Vec::with_capacity(PRAGMAS.len());
            for name in PRAGMAS {
                pragmas.push((name, self.setting(name)?));
            }
            self.settings = Some(Settings {
                pragmas,
                like_ignores_case: self.like_ignores_case()?,
                schemas: catalog::schemas(self.db())?,
                temporary: catalog::temporary_objects(self.db())?,
                busy_timeout: self.pragma("busy_timeout")?,
            });
        }
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
            false => {
                Ok(format!("-- the tables of the history\nBEGIN IMMEDIATE;\n{}COMMIT;\n", self.history.create_sql()))
            }
        }
    }

    fn render(&self, units: &[Unit<'_>]) -> String {
        let keys_off = units.iter().any(|unit| unit.foreign_keys == ForeignKeys::Off);
        let alone = units.iter().any(|unit| unit.mode == UnitMode::Alone);
        let mut sql = String::new();
        let mut line = |text: &str| {
            sql.push_str(text.trim_end());
            sql.push('\n');
        };
        let rows = |writes: &[RowWrite<'_>]| -> String {
            writes.iter().map(|write| self.history.write_sql(write, Duration::ZERO) + "\n").collect()
        };
        if keys_off {
            line("PRAGMA foreign_keys = OFF;");
        }
        if !alone {
            line("BEGIN IMMEDIATE;");
        }
        for unit in units {
            if !unit.before.is_empty() {
                line(&rows(&unit.before));
            }
            if let Some(script) = unit.script {
                unit.statements.iter().for_each(|piece| line(&format!("{};", piece.text(script))));
            }
            if unit.restore_settings {
                line("-- here the settings of the session are put back as they were");
            }
            if !unit.after.is_empty() {
                line(&rows(&unit.after));
            }
        }
        if keys_off {
            line("PRAGMA foreign_key_check; -- any row: ROLLBACK");
        }
        if !alone {
            line("COMMIT;");
        }
        if keys_off {
            line("PRAGMA foreign_keys = ON;");
        }
        sql
    }

    fn begin(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        self.savepoints = 0;
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
        let name = |n: usize| format!("migrate_savepoint_{n}");
        match verb {
            Savepoint::Open => {
                self.batch(&format!("SAVEPOINT {}", name(self.savepoints + 1)))?;
                self.savepoints += 1;
                Ok(())
            }
            Savepoint::Release | Savepoint::RollBack => {
                let name = name(self.savepoints);
                self.savepoints = self.savepoints.saturating_sub(1);
                let back = if verb == Savepoint::RollBack { format!("ROLLBACK TO {name}; ") } else { String::new() };
                self.batch(&format!("{back}RELEASE {name}"))
            }
        }
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

    fn restore_settings(&mut self) -> Result<(), Cause> {
        self.put_back()?;
        self.tidy_up()
    }

    fn pre_image(&mut self, _statement: &str) -> Result<Option<String>, Cause> {
        Ok(None)
    }

    /// Only what can't be in a transaction is ever in doubt here: `VACUUM`, and pragmas that set what they set. Done
    /// twice is done once.
    fn evidence(&mut self, _statement: &str, _pre_image: Option<&str>) -> Result<Evidence, Cause> {
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

/// A statement that is not run at all would be the worst outcome of two readers that disagree.
fn splits_differently() -> Cause {
    Cause::new(
        CauseKind::Statement,
        "SQLite reads more than one statement here, where migrate reads one: please report this file",
    )
}

fn inside_a_transaction() -> Cause {
    Cause::new(CauseKind::Access, "the connection is inside a transaction that was begun before")
        .hint("commit it or roll it back first, or hand over another connection")
}
