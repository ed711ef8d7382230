//! What a database must do: the [`Driver`] trait, and what passes through it.

use std::fmt;
use std::time::Duration;

use crate::doctor::Finding;
use crate::history::{HistoryRow, JournalRow, RowWrite};
use crate::plan::Piece;
use crate::render::Render;
use crate::sql::{Dialect, ServerVersion, Syntax};
use crate::undo::{Answer, Object};
use crate::{BoxError, Checksum, Direction, ForeignKeys, Interrupt, Meta, Script, Version};

/// What a database must do for the loop.
///
/// A driver holds no policy: no ordering, no retry, no waiting. It answers one call with one attempt, and tells the
/// truth about what is now committed. The loop, [`Migrator`](crate::Migrator), does the rest, once for all databases.
///
/// # How to write one
///
/// 1. **Reading** ([`read_history`](Self::read_history), [`is_up_to_date`](Self::is_up_to_date), [`read_texts`](Self::read_texts),
///    [`read_journal`](Self::read_journal)) creates nothing, locks nothing, changes no setting of the session, and is
///    one round trip. Only "there is no such table" is `None`; "no permission" is an error.
/// 2. **The lock** is the server's or the operating system's, taken by one attempt that does not wait; it dies with
///    its holder. Never a row in a table.
/// 3. **[`prepare`](Self::prepare)** is called under the lock, before the first step: it sees to it that the three
///    tables are there when the first row is written, and remembers the session's settings.
/// 4. **[`apply`](Self::apply)** is the heart. A [`Unit`] in [`UnitMode::Transaction`] commits with all its row
///    writes or leaves nothing; a guard (a savepoint after BEGIN, released before the rows are written) turns a stray
///    COMMIT into an error. A unit in [`UnitMode::Alone`] makes `before` durable, then runs its one statement, then
///    makes `after` durable. Before anything else it checks what the unit [expects](Expect) of the history.
/// 5. **Code** runs between [`begin`](Self::begin) and [`commit`](Self::commit), with the same guard.
/// 6. Every error carries the server's own words, code and position, and the right [`CauseKind`].
///
/// The conformance suite is the exam. This trait is unstable until a driver from outside has passed it.
pub trait Driver {
    /// The client library's own connection, which migrations in Rust are handed.
    type Connection;

    /// What the database can do. Asked for only when there is something to do or to compare.
    ///
    /// # Errors
    /// When the server does not answer.
    fn facts(&mut self) -> Result<Facts, Cause>;

    /// The history, sorted by version; `None` when its table does not exist.
    ///
    /// # Errors
    /// When it can't be read, is another tool's table, or was written in a newer format.
    fn read_history(&mut self) -> Result<Option<Vec<HistoryRow>>, Cause>;

    /// What a start asks first: whether the history holds these versions, sorted, each finished and with this checksum,
    /// and besides them only newer ones. `false` only means that the history must be read.
    ///
    /// For a database in which whole rows take much longer than the two columns that this needs.
    ///
    /// # Errors
    /// When the connection is gone, or the answer must be waited for. What else is wrong, reading the history tells.
    fn is_up_to_date(&mut self, known: &[&Meta]) -> Result<bool, Cause> {
        let _ = known;
        Ok(false)
    }

    /// The stored texts with these keys, in their order; `None` for one that is not kept.
    ///
    /// # Errors
    /// When they can't be read.
    fn read_texts(&mut self, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause>;

    /// The journal of a migration, sorted by statement.
    ///
    /// # Errors
    /// When it can't be read.
    fn read_journal(&mut self, version: Version) -> Result<Vec<JournalRow>, Cause>;

    /// One attempt to take the lock.
    ///
    /// # Errors
    /// When the attempt itself fails. A lock that somebody else holds is no error.
    fn try_lock(&mut self) -> Result<LockAttempt, Cause>;

    /// Who holds the lock now, as far as that can be seen without an attempt to take it; `None` = nobody, or nobody
    /// can tell.
    ///
    /// # Errors
    /// When it can't be asked.
    fn holder(&mut self) -> Result<Option<Holder>, Cause>;

    /// Ends a run: gives the lock back if there is one, and whatever [`prepare`](Self::prepare) changed.
    ///
    /// # Errors
    /// When the server says that the lock was not held: somebody else may have been working.
    fn unlock(&mut self) -> Result<(), Cause>;

    /// Before a run's first step, under the lock: makes the tables that are missing, at once or with the first
    /// transaction that writes, and remembers the session's settings.
    ///
    /// # Errors
    /// When a table can't be made.
    fn prepare(&mut self) -> Result<(), Cause>;

    /// Runs units in order, and says how long each took.
    ///
    /// Several units come only in [`UnitMode::Transaction`]: they share one transaction, each in a savepoint of its
    /// own. What stays when one of them fails is the [`Group`]'s choice.
    ///
    /// # Errors
    /// Which unit and which statement failed, and how many units are committed all the same.
    /// [`CauseKind::LockTimeout`] means that the same may be sent again; a unit alone whose statement has run, and whose
    /// `after` could not be written, must not say so.
    fn apply(&mut self, units: &[Unit<'_>], group: Group) -> Result<Vec<Duration>, Failed>;

    /// The SQL that [`prepare`](Self::prepare) would run now; empty when no table is missing. Creates nothing.
    ///
    /// # Errors
    /// When the catalog can't be read.
    fn render_prepare(&mut self) -> Result<String, Cause>;

    /// What writes the SQL that [`apply`](Self::apply) would run, as text to read or to hand to a DBA.
    fn renderer(&self) -> Box<dyn Render + '_>;

    /// Opens the transaction of a migration in Rust; `unit` holds no statement.
    ///
    /// # Errors
    /// When it can't be opened, or the history is not what the unit expects.
    fn begin(&mut self, unit: &Unit<'_>) -> Result<(), Cause>;

    /// Writes the unit's rows and commits.
    ///
    /// # Errors
    /// When the guard says that the code has ended our transaction, or the commit fails.
    fn commit(&mut self, unit: &Unit<'_>) -> Result<(), Cause>;

    /// Takes everything since [`begin`](Self::begin) back.
    ///
    /// # Errors
    /// When the connection is gone: then the server has rolled back.
    fn rollback(&mut self) -> Result<(), Cause>;

    /// A savepoint for [`Session::transaction`](crate::Session::transaction).
    ///
    /// # Errors
    /// What the database says.
    fn savepoint(&mut self, verb: Savepoint) -> Result<(), Cause>;

    /// Runs one statement for [`Session::run`](crate::Session::run), and drains what it returns.
    ///
    /// # Errors
    /// What the database says.
    fn execute(&mut self, statement: &str) -> Result<(), Cause>;

    /// The connection itself.
    fn connection(&mut self) -> &mut Self::Connection;

    /// What the client library's own error says, for migrations in Rust that return it; `Err` gives back what is no
    /// error of it.
    ///
    /// # Errors
    /// None: what is not known is handed back.
    fn cause_of(&self, error: BoxError) -> Result<Cause, BoxError> {
        Err(error)
    }

    /// Puts settings that a script may have changed back to what [`prepare`](Self::prepare) found.
    ///
    /// # Errors
    /// When one can't be put back.
    fn restore_settings(&mut self) -> Result<(), Cause>;

    /// What a statement's objects look like now, to be noted before it runs alone; `None` where nothing is needed.
    ///
    /// # Errors
    /// When the catalog can't be read.
    fn pre_image(&mut self, statement: &str) -> Result<Option<String>, Cause>;

    /// Whether a statement has run that was begun and is not known to be done: it was under way when its run died, or
    /// the database refused it, as `begun` says. Takes away what a refused one has left.
    ///
    /// # Errors
    /// When the catalog can't be read.
    fn evidence(&mut self, statement: &str, begun: &JournalRow) -> Result<Evidence, Cause>;

    /// What the catalog says of something that a script is about to change, for the undo of that script. Nothing is
    /// created, nobody is waited for longer than a moment, and no setting of the session changes. What can't be told with certainty is
    /// [`Answer::CantTell`], with the reason: then the script has no undo.
    ///
    /// # Errors
    /// When the catalog can't be read.
    fn describe(&mut self, object: &Object) -> Result<Answer, Cause> {
        let _ = object;
        Ok(Answer::CantTell("this driver does not read the catalog for that".into()))
    }

    /// What stops, called on another thread, the statement that the connection is at; `None` where nothing can.
    fn interrupter(&mut self) -> Option<Interrupt> {
        None
    }

    /// Sees to it that an interrupt that was sent and came too late hits no statement after this. Nothing is under way.
    fn absorb_interrupts(&mut self) {}

    /// What is not as it should be in the database itself, besides the history: privileges, what a failed statement has
    /// left. Creates, locks and changes nothing, and works for a role that may only read.
    ///
    /// # Errors
    /// When the catalog can't be read.
    fn examine(&mut self) -> Result<Vec<Finding>, Cause> {
        Ok(Vec::new())
    }

    /// What the server warned of since this was asked last.
    fn warnings(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// What a database can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How its SQL is read: its dialect, with what this session has set.
    pub syntax: Syntax,
    /// Its name and version, `SQLite 3.46.0`.
    pub server: String,
    /// The same as a number, on which some facts about statements depend. Without it the careful ones hold.
    pub version: Option<ServerVersion>,
    /// Whether a change of the schema can be rolled back.
    pub transactional_ddl: bool,
    /// Whether it can be told afterwards that two tables have changed places: MySQL and MariaDB show the numbers of
    /// tables only to a user with the PROCESS privilege.
    pub sees_swaps: bool,
}

impl Facts {
    /// For a plan in which no script is read: nothing is asked for nothing.
    pub(crate) const fn unasked() -> Self {
        Facts {
            syntax: Syntax::of(Dialect::Sqlite),
            server: String::new(),
            version: None,
            transactional_ddl: true,
            sees_swaps: true,
        }
    }
}

/// Whether something had to be done, for a database to be there or to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was so already.
    AlreadySo,
}

/// How an attempt to lock ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockAttempt {
    /// It is ours.
    Acquired,
    /// Somebody else has it.
    Held(Holder),
    /// There can be no lock here, for this reason; each transaction must be enough.
    Unavailable(String),
}

/// Who holds the lock, as far as the database or the operating system tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// `process 4711 (my-service)`; empty when nobody knows.
    pub who: String,
    /// Since when its session is there, where that is known: since when it has the lock, no server tells.
    pub since: Option<String>,
    /// What ends it, where it must be: a statement, or a command.
    pub end: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.who.is_empty() { "another process" } else { &self.who })?;
        self.since.as_ref().map_or(Ok(()), |since| write!(f, ", connected since {since}"))
    }
}

/// The beginning of what another session is running, for a message: in one line, and without a password.
///
/// ```
/// use migrate_core::driver::shown_query;
///
/// assert_eq!(shown_query("ALTER TABLE a\n  ADD b int"), "ALTER TABLE a ADD b int");
/// assert_eq!(shown_query("CREATE USER u IDENTIFIED BY 'x'"), "CREATE USER u IDENTIFIED …");
/// ```
pub fn shown_query(query: &str) -> String {
    shown(query, 100)
}

/// The same, with so many characters at most.
pub(crate) fn shown(query: &str, most: usize) -> String {
    let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
    // In ASCII alone nothing moves when letters become capitals.
    let capitals = line.to_ascii_uppercase();
    let secret = |word: &str| capitals.find(word).map(|at| at + word.len());
    let end = ["PASSWORD", "IDENTIFIED"].into_iter().filter_map(secret).min();
    let short = |text: &str| text.chars().take(most).collect::<String>();
    end.and_then(|end| line.get(..end)).map_or_else(|| short(&line), |before| format!("{} …", short(before)))
}

/// What is sent together.
#[derive(Clone, Debug)]
pub struct Unit<'a> {
    /// Whose it is.
    pub version: Version,
    /// Which way.
    pub direction: Direction,
    /// The script that the statements stand in; `None` when only rows are written, or code runs.
    pub script: Option<&'a Script>,
    /// The statements, in order.
    pub statements: &'a [Piece],
    /// Inside a transaction, or not.
    pub mode: UnitMode,
    /// What the history must say before anything runs.
    pub expect: Expect,
    /// Rows written before the statements.
    pub before: Vec<RowWrite<'a>>,
    /// Rows written after them.
    pub after: Vec<RowWrite<'a>>,
    /// What SQLite's foreign keys do meanwhile.
    pub foreign_keys: ForeignKeys,
    /// Whether a statement may have changed a setting, which is then put back before `after` is written.
    pub restore_settings: bool,
    /// How long a statement may wait for a lock of the database.
    pub lock_timeout: Option<Duration>,
}

/// Inside a transaction, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitMode {
    /// Statements and rows commit together, or not at all.
    Transaction,
    /// One statement that can't be in a transaction: `before` is durable first, `after` is written when it ran.
    Alone,
}

/// What stays of several units in one transaction when one fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Those before it: as if each had been alone.
    Segment,
    /// Nothing.
    AllOrNothing,
}

/// What the history must say, read again inside the transaction that relies on it: two starters may race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The version is not recorded.
    Absent,
    /// It is recorded as applied.
    Applied,
    /// It is recorded as begun.
    Begun,
}

/// A savepoint's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Savepoint {
    /// Opens one.
    Open,
    /// Keeps what happened since.
    Release,
    /// Takes it back.
    RollBack,
}

/// The savepoints that are open, one inside the other, as SQL that all databases read alike.
#[derive(Clone, Debug, Default)]
pub struct Savepoints {
    open: usize,
}

impl Savepoints {
    /// What is to be sent.
    ///
    /// ```
    /// use migrate_core::driver::{Savepoint, Savepoints};
    ///
    /// let mut savepoints = Savepoints::default();
    /// assert_eq!(savepoints.sql(Savepoint::Open), "SAVEPOINT migrate_savepoint_1");
    /// assert_eq!(savepoints.sql(Savepoint::Release), "RELEASE SAVEPOINT migrate_savepoint_1");
    /// ```
    pub fn sql(&mut self, verb: Savepoint) -> String {
        let name = |n: usize| format!("migrate_savepoint_{n}");
        match verb {
            Savepoint::Open => {
                self.open += 1;
                format!("SAVEPOINT {}", name(self.open))
            }
            Savepoint::Release | Savepoint::RollBack => {
                let name = name(self.open);
                self.open = self.open.saturating_sub(1);
                let back = if verb == Savepoint::RollBack { format!("ROLLBACK TO {name}; ") } else { String::new() };
                format!("{back}RELEASE SAVEPOINT {name}")
            }
        }
    }
}

/// What is known of a statement that may or may not have run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// It ran.
    Ran,
    /// It did not run, or running it again does no harm.
    RunAgain,
    /// It can't be told; a person must look at this.
    Undecided {
        /// What to look at, as a sentence.
        look_at: String,
    },
}

/// A call to [`Driver::apply`] that failed.
#[derive(Debug)]
pub struct Failed {
    /// Which unit, from 0.
    pub unit: usize,
    /// Which of its statements, from 0; `None` when it was not a statement.
    pub statement: Option<usize>,
    /// How many units are committed all the same.
    pub committed: usize,
    /// Why.
    pub cause: Cause,
}

/// Why the database, or the way to it, said no.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Cause {
    /// What kind of no it is.
    pub kind: CauseKind,
    /// In the server's words.
    pub message: String,
    /// SQLSTATE or the database's own number.
    pub code: Option<String>,
    /// More of the server's words.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// What the server was in when it happened: a function, a trigger, a row.
    pub context: Option<String>,
    /// Where in the statement, as the server counts.
    pub position: Option<ServerPosition>,
    /// The client library's error.
    pub source: Option<BoxError>,
}

impl Cause {
    /// A cause in our own words.
    pub fn new(kind: CauseKind, message: impl Into<String>) -> Self {
        Cause { kind, message: message.into(), ..Cause::default() }
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(code) = &self.code {
            write!(f, " [{code}]")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, "\n  = detail: {detail}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  = hint: {hint}")?;
        }
        if let Some(context) = &self.context {
            write!(f, "\n  = in: {}", context.replace('\n', "; "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// What the loop can do about a cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CauseKind {
    /// The statement is wrong, or the data is: somebody must mend it.
    #[default]
    Statement,
    /// Somebody else holds a lock of the database: the same again, later.
    LockTimeout,
    /// The history changed since it was read: look again.
    HistoryMoved,
    /// The script ended the transaction that was opened for it.
    TransactionEnded,
    /// Somebody has cancelled the statement: it is not to begin again.
    Interrupted,
    /// The connection is gone; what was under way is rolled back or in doubt.
    ConnectionLost,
    /// The history table is not ours, too new, or can't be used.
    History,
    /// The database can't be opened, read or written at all.
    Access,
}

/// A place in the text that was sent, as the database counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerPosition {
    /// The nth character of the statement, from 1 (PostgreSQL).
    Character(usize),
    /// The byte of the statement, from 0 (SQLite).
    Byte(usize),
    /// The line of the statement, from 1 (MySQL, MariaDB).
    Line(u32),
}
