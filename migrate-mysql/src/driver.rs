mod describe;
mod evidence;
mod examine;
pub(crate) mod message;
pub(crate) mod settings;
mod transaction;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use migrate_core::doctor::Finding;
use migrate_core::driver::{
    Cause, CauseKind, Driver, Evidence, Facts, Failed, Group, Holder, LockAttempt, Savepoint, Savepoints, Unit,
    UnitMode,
};
use migrate_core::history::{HistoryRow, JournalRow};
use migrate_core::render::Render;
use migrate_core::sql::{Dialect, Syntax};
use migrate_core::undo::{Answer, Object};
use migrate_core::{BoxError, Checksum, Interrupt, Meta, Tables, Version};
use mysql::Conn;

use crate::admin;
use crate::catalog;
use crate::connect::Url;
use crate::error::cause;
use crate::history::{History, no_database};
use crate::lock::NamedLock;
use crate::render::Renderer;
use message::GUARD;
use settings::Settings;
use transaction::self_made;

/// The driver: on a connection that you have, or on one of its own.
pub struct Mysql<'c> {
    handle: Handle<'c>,
    history: History,
    facts: Option<Facts>,
    lock: Option<NamedLock>,
    held: Option<NamedLock>,
    /// The connection that has the lock.
    id: u64,
    settings: Option<Settings>,
    /// Whether something ran that may have changed the session.
    touched: bool,
    /// A script's own variables that were NULL before, or what they were.
    variables: BTreeMap<String, Option<String>>,
    temporary: BTreeSet<String>,
    /// The time-outs for locks, as we set them last.
    waits: Option<(u64, u64)>,
    warnings: Vec<String>,
    began: Option<Instant>,
    savepoints: Savepoints,
    lost: bool,
    /// How our own connection was made.
    url: Option<Url>,
    interrupt: Option<Interrupt>,
}

enum Handle<'c> {
    Yours(&'c mut Conn),
    Ours(Box<Conn>),
}

impl std::fmt::Debug for Mysql<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mysql").field("history", &self.history).field("id", &self.id).finish_non_exhaustive()
    }
}

impl<'c> Mysql<'c> {
    /// On a connection that you have. It is given back as it was: outside a transaction, its settings as they were
    /// found.
    pub fn on(conn: &'c mut Conn) -> Self {
        Self::with(Handle::Yours(conn))
    }

    fn with(handle: Handle<'c>) -> Self {
        Mysql {
            handle,
            history: History::new(Tables::default()),
            facts: None,
            lock: None,
            held: None,
            id: 0,
            settings: None,
            touched: false,
            variables: BTreeMap::new(),
            temporary: BTreeSet::new(),
            waits: None,
            warnings: Vec::new(),
            began: None,
            savepoints: Savepoints::default(),
            lost: false,
            url: None,
            interrupt: None,
        }
    }

    /// Other names for the three tables, and the database that they are in.
    #[must_use]
    pub fn tables(mut self, tables: Tables) -> Self {
        self.history = History::new(tables);
        self
    }

    fn conn(&mut self) -> &mut Conn {
        match &mut self.handle {
            Handle::Yours(conn) => conn,
            Handle::Ours(conn) => conn,
        }
    }

    fn is_yours(&self) -> bool {
        matches!(self.handle, Handle::Yours(_))
    }

    /// Sends a message; an error comes with the number of results before it.
    fn send(&mut self, message: &str) -> Result<Vec<Vec<catalog::Row>>, (usize, Cause)> {
        let sent = catalog::send(self.conn(), message).map_err(|(at, error)| (at, cause(error)));
        if let Err((_, why)) = &sent {
            self.lost |= why.kind == CauseKind::ConnectionLost;
        }
        sent
    }

    /// Runs statements of our own as one message.
    fn batch(&mut self, sql: &str) -> Result<(), Cause> {
        self.send(sql).map(|_| ()).map_err(|(_, cause)| cause)
    }

    fn syntax(&self) -> Syntax {
        self.facts.as_ref().map_or(Dialect::Mysql.into(), |facts| facts.syntax)
    }

    fn is_mariadb(&self) -> bool {
        self.syntax().dialect() == Dialect::Mariadb
    }

    /// The lock of this history, and the database that it is in.
    fn find_lock(&mut self) -> Result<(NamedLock, String), Cause> {
        let row = catalog::row(self.conn(), "SELECT database(), @@lower_case_table_names")?;
        let cell = |index: usize| row.get(index).cloned().flatten();
        let home = self.history.home().map(str::to_owned).or_else(|| cell(0)).ok_or_else(no_database)?;
        let table = self.history.table_name();
        // Where App and app are one database, they have one lock.
        let lock = match cell(1).as_deref() {
            Some("0") => NamedLock::of(&home, table),
            _ => NamedLock::of(&home.to_lowercase(), &table.to_lowercase()),
        };
        Ok((lock, home))
    }

    /// What must be so before anything is written: nobody else's transaction is open, and this server takes writes.
    fn check_session(&mut self) -> Result<(), Cause> {
        self.facts()?;
        let is_on = |value: Option<&Option<String>>| matches!(value, Some(Some(text)) if text == "1" || text == "ON");
        let galera = if self.is_mariadb() { "@@global.wsrep_on" } else { "0" };
        let row = match catalog::row(self.conn(), &format!("SELECT @@global.read_only, @@innodb_read_only, {galera}")) {
            // A server that is built without Galera.
            Err(why) if why.code.as_deref() == Some("1193") => {
                catalog::row(self.conn(), "SELECT @@global.read_only, @@innodb_read_only, 0")?
            }
            row => row?,
        };
        if is_on(row.first()) || is_on(row.get(1)) {
            let message = "this server is read-only (read_only), a replica perhaps";
            return Err(Cause::new(CauseKind::Access, message).hint("give the URL of the primary"));
        }
        if is_on(row.get(2)) {
            let message = "this is a Galera cluster (wsrep_on), where the migration lock is this node's alone: let all \
                           runs go to one node";
            self.warnings.push(message.into());
        }
        Ok(())
    }
}

impl Mysql<'static> {
    /// On a connection of its own.
    ///
    /// # Errors
    /// When the server of the URL can't be reached, or it refuses us.
    pub fn connect(url: &Url) -> Result<Self, Cause> {
        let mut driver = Self::with(Handle::Ours(Box::new(url.connect()?)));
        driver.url = Some(url.clone());
        Ok(driver)
    }
}

impl Driver for Mysql<'_> {
    type Connection = Conn;

    /// A second connection is needed for it, which only a URL can make.
    fn interrupter(&mut self) -> Option<Interrupt> {
        if self.interrupt.is_none() {
            let url = self.url.clone()?;
            let server = admin::which_server(self.conn()).ok()?;
            let id = self.conn().connection_id();
            self.interrupt = Some(Arc::new(move || drop(admin::interrupt(&url, id, &server))));
        }
        self.interrupt.clone()
    }

    /// An interrupt that finds nothing to interrupt may be kept for what comes next.
    fn absorb_interrupts(&mut self) {
        let _ = self.batch("DO 0");
    }

    fn facts(&mut self) -> Result<Facts, Cause> {
        if let Some(facts) = &self.facts {
            return Ok(facts.clone());
        }
        // `mysql` takes MariaDB 10.11 for a 5.5.5 (trap 8).
        let row = catalog::row(self.conn(), "SELECT version(), @@sql_mode")?;
        let cell = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        let (version, mode) = (cell(0), cell(1));
        let mariadb = version.to_ascii_lowercase().contains("mariadb");
        let number = version.parse().ok();
        let (product, syntax) = match mariadb {
            true => ("MariaDB", Syntax::mariadb(&mode)),
            false => ("MySQL", Syntax::mysql(&mode)),
        };
        // Without the PROCESS privilege this is an error, as it is with the numbers of tables. Asking for those, MySQL
        // would wait for a `CREATE TABLE … AS SELECT` that is under way, and `status` with it.
        let sees_swaps =
            catalog::rows(self.conn(), "SELECT page_size FROM information_schema.innodb_cmp LIMIT 1").is_ok();
        let shown = version.split('-').next().unwrap_or_default();
        let server = format!("{product} {shown}");
        let facts = Facts { syntax, server, version: number, transactional_ddl: false, sees_swaps };
        self.facts = Some(facts.clone());
        Ok(facts)
    }

    fn read_history(&mut self) -> Result<Option<Vec<HistoryRow>>, Cause> {
        let Mysql { handle, history, .. } = self;
        history.read(conn_of(handle))
    }

    fn is_up_to_date(&mut self, known: &[&Meta]) -> Result<bool, Cause> {
        let Mysql { handle, history, .. } = self;
        history.is_up_to_date(conn_of(handle), known)
    }

    fn read_texts(&mut self, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause> {
        let Mysql { handle, history, .. } = self;
        history.read_texts(conn_of(handle), keys)
    }

    fn read_journal(&mut self, version: Version) -> Result<Vec<JournalRow>, Cause> {
        let Mysql { handle, history, .. } = self;
        history.read_journal(conn_of(handle), version)
    }

    fn try_lock(&mut self) -> Result<LockAttempt, Cause> {
        if self.held.is_some() {
            return Ok(LockAttempt::Acquired);
        }
        let lock = match self.lock.clone() {
            Some(lock) => lock,
            None => {
                let (lock, home) = self.find_lock()?;
                self.check_session()?;
                self.history.settle_in(home);
                self.lock.insert(lock).clone()
            }
        };
        let (attempt, id) = lock.attempt(self.conn())?;
        if attempt == LockAttempt::Acquired {
            self.id = id;
            self.held = Some(lock);
            if !self.is_yours() {
                // Where the server's autocommit is off, our own look at the history has begun one, and would be all that
                // the next look sees.
                self.roll_back_all();
            } else if let Err(why) = self.check_transaction() {
                self.unlock()?;
                return Err(why);
            }
        }
        Ok(attempt)
    }

    fn holder(&mut self) -> Result<Option<Holder>, Cause> {
        let lock = match self.lock.clone() {
            Some(lock) => lock,
            None => self.find_lock()?.0,
        };
        lock.holder(self.conn())
    }

    fn unlock(&mut self) -> Result<(), Cause> {
        if self.lost {
            // The lock died with its session.
            self.held = None;
            return Ok(());
        }
        let given_back = self.give_back_settings();
        let released = self.held.take().map_or(Ok(()), |lock| lock.release(self.conn()));
        released.and(given_back)
    }

    fn examine(&mut self) -> Result<Vec<Finding>, Cause> {
        self.look_around()
    }

    fn prepare(&mut self) -> Result<(), Cause> {
        self.note_settings()?;
        let Mysql { handle, history, .. } = self;
        if history.is_complete(conn_of(handle))? {
            return Ok(());
        }
        history.create_sql().iter().try_for_each(|create| self.batch(create))
    }

    fn apply(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed> {
        if let [unit] = units
            && unit.mode == UnitMode::Alone
        {
            let done = self.alone(unit).map(|duration| vec![duration]);
            return done.map_err(|(statement, cause)| Failed { unit: 0, statement, committed: 0, cause });
        }
        if group == Group::AllOrNothing {
            return self.transaction(units);
        }
        let mut durations = Vec::with_capacity(units.len());
        for unit in units {
            let committed = durations.len();
            let done = self.transaction(std::slice::from_ref(unit)).map_err(|failed| Failed {
                unit: committed,
                committed,
                ..failed
            });
            durations.extend(done?);
            // The loop does it behind the last one.
            if durations.len() < units.len() && unit.restore_settings {
                let committed = durations.len();
                self.tidy_up().map_err(|cause| Failed { unit: committed, statement: None, committed, cause })?;
            }
        }
        Ok(durations)
    }

    fn render_prepare(&mut self) -> Result<String, Cause> {
        let (_, home) = self.find_lock()?;
        self.history.settle_in(home);
        let Mysql { handle, history, .. } = self;
        match history.is_complete(conn_of(handle))? {
            true => Ok(String::new()),
            false => Ok(self.renderer().tables()),
        }
    }

    fn renderer(&self) -> Box<dyn Render + '_> {
        Box::new(Renderer { history: Cow::Borrowed(&self.history), dialect: self.syntax().dialect() })
    }

    fn begin(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        self.savepoints = Savepoints::default();
        self.began = Some(Instant::now());
        self.touched = true;
        let head = self.head(unit, &unit.before);
        let message = format!("{}SAVEPOINT {GUARD}", head.text);
        self.send(&message).map(|_| ()).map_err(|(at, cause)| {
            self.roll_back_all();
            head.why(at, cause)
        })
    }

    fn commit(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        let elapsed = self.began.map_or(Duration::ZERO, |began| began.elapsed());
        let rows = self.rows_sql(&unit.after, elapsed);
        self.batch(&format!("RELEASE SAVEPOINT {GUARD};\n{rows}COMMIT")).map_err(self_made)
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
        self.note(statement);
        self.statement(statement)
    }

    fn connection(&mut self) -> &mut Conn {
        // Whatever code does with it.
        self.touched = true;
        self.conn()
    }

    fn cause_of(&self, error: BoxError) -> Result<Cause, BoxError> {
        error.downcast::<mysql::Error>().map(|error| cause(*error))
    }

    fn restore_settings(&mut self) -> Result<(), Cause> {
        if self.lost { Ok(()) } else { self.tidy_up() }
    }

    fn pre_image(&mut self, statement: &str) -> Result<Option<String>, Cause> {
        self.image_before(statement)
    }

    fn describe(&mut self, object: &Object) -> Result<Answer, Cause> {
        self.described(object)
    }

    fn evidence(&mut self, statement: &str, begun: &JournalRow) -> Result<Evidence, Cause> {
        self.what_happened(statement, begun)
    }

    fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}

fn conn_of<'h>(handle: &'h mut Handle<'_>) -> &'h mut Conn {
    match handle {
        Handle::Yours(conn) => conn,
        Handle::Ours(conn) => conn,
    }
}
