//! Deciding: from a [`Status`] to steps, or to every reason why not. No I/O, no clock.

mod down;
mod location;
mod refusal;
mod resumable;
mod script;
mod up;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use crate::driver::Facts;
use crate::sql::{InTransaction, Position, Role};
use crate::variables::Substituted;
use crate::{Checksum, Direction, Migration, Migrations, Script, Status, Variables, Version};

pub use down::DownTarget;
pub use location::Location;
pub use refusal::{Refusal, Refused};
pub(crate) use script::pieces;
pub use up::UpTarget;

/// What a run will do, in order.
///
/// ```
/// use migrate_core::{Facts, Migrations, Plan, Planner, Policy, Status, UpTarget, source, sql::Dialect};
///
/// let files = [
///     ("20260102030405_create_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY)"),
///     ("20260103030405_add_email.sql", "ALTER TABLE users ADD COLUMN email TEXT"),
/// ];
/// let known = Migrations::<()>::from_sql(source::read(files, None)?.migrations)?;
/// let status = Status::of(&known, &[]);
/// let facts = Facts { syntax: Dialect::Sqlite.into(), server: "SQLite".into(), version: None, transactional_ddl: true, sees_swaps: true };
/// let plan = Planner::new(&known, &facts, &Policy::default()).up(&status, UpTarget::All)?;
/// assert_eq!(plan.steps.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Plan<'a> {
    /// The steps, in order.
    pub steps: Vec<Step<'a>>,
    /// What deserves a word and stops nothing.
    pub notes: Vec<Note>,
}

/// One migration, one way.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step<'a> {
    /// Which.
    pub version: Version,
    /// Its name.
    pub name: Cow<'a, str>,
    /// What is done with it.
    pub action: Action,
    /// Why it is in the plan.
    pub reason: Reason,
    /// What runs.
    pub work: Work<'a>,
    /// Whether in a transaction.
    pub mode: Mode,
}

impl Step<'_> {
    /// `20230314095813_create_users`
    pub fn label(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }

    /// Which way it goes.
    pub fn direction(&self) -> Direction {
        if self.action == Action::Revert { Direction::Down } else { Direction::Up }
    }
}

/// What is done with a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It runs, and is recorded.
    Apply,
    /// It is taken back, and its record goes.
    Revert,
    /// `baseline`: it is recorded without running.
    Record,
    /// `repair`: its record takes the checksum of the file as it is now.
    Accept,
}

/// Why a step is in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It was not applied yet.
    Pending,
    /// It was not applied yet, although newer ones were.
    OutOfOrder,
    /// It was interrupted, and is taken up where it stopped.
    Resume,
    /// It was asked for.
    Asked,
    /// It was asked for, its file is gone, and the stored text runs.
    StoredText,
    /// It was asked for, nobody wrote a down, and the one that was generated when it was applied runs.
    GeneratedUndo,
}

impl Reason {
    /// A few words, for tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::Pending => "pending",
            Reason::OutOfOrder => "out of order",
            Reason::Resume => "resumed",
            Reason::Asked => "asked for",
            Reason::StoredText => "from the stored text",
            Reason::GeneratedUndo => "by its generated undo",
        }
    }
}

/// What runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Work<'a> {
    /// SQL, split.
    Script(Cow<'a, Script>, Vec<Piece>),
    /// Rust.
    Code,
    /// Nothing but the rows.
    Nothing,
}

/// Whether a step runs in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It commits as a whole, with its history row.
    Transaction,
    /// As `Transaction`, and may share one with its neighbours.
    Segment,
    /// Statement by statement, each with its journal entry.
    Journal,
}

/// One statement of a script: where it stands, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its bytes in the script's text.
    pub range: Range<usize>,
    /// Its place in the file.
    pub position: Position,
    /// `CREATE TABLE`
    pub verb: String,
    /// What it is for the runner.
    pub role: Role,
    /// Whether it can be in a transaction.
    pub in_transaction: InTransaction,
    /// Whether it commits the open transaction (MySQL, MariaDB).
    pub commits: bool,
    /// With the values of variables.
    pub(crate) substituted: Option<Substituted>,
}

impl Piece {
    /// What is sent to the database.
    pub fn text<'s>(&'s self, script: &'s Script) -> &'s str {
        self.substituted.as_ref().map_or_else(|| self.source(script), |put| &put.text)
    }

    /// The same without secrets: for people, and for the journal, whose lines are compared with those of a next run.
    pub fn shown<'s>(&'s self, script: &'s Script) -> &'s str {
        let shown = self.substituted.as_ref().and_then(|put| put.shown.as_deref());
        shown.unwrap_or_else(|| self.text(script))
    }

    /// As it stands in the file.
    pub(crate) fn source<'s>(&self, script: &'s Script) -> &'s str {
        script.text.get(self.range.clone()).unwrap_or_default()
    }

    /// Where in the script a byte of [`text`](Self::text) comes from.
    pub(crate) fn offset_in_script(&self, offset: usize) -> usize {
        let offset = self.substituted.as_ref().map_or(offset, |put| put.source_offset(offset));
        (self.range.start + offset).min(self.range.end)
    }
}

/// What deserves a word and stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The history holds a migration whose file is gone.
    Missing {
        /// `20230314095813_create_users`
        label: String,
    },
    /// Only comments or blanks of an applied file have changed.
    CommentsChanged {
        /// `20230314095813_create_users`
        label: String,
    },
    /// A file's statements can't be in a transaction, so it runs outside one.
    OutsideTransaction {
        /// `20230314095813_create_users`
        label: String,
    },
    /// The down of the file is not the one that was stored when the migration was applied.
    DownDiffers {
        /// `20230314095813_create_users`
        label: String,
    },
    /// The server did what it was asked to, and warned.
    Warning {
        /// `20230314095813_create_users`
        label: String,
        /// In its words.
        message: String,
    },
    /// The hook for failures failed as well.
    Hook {
        /// Which, and why.
        message: String,
    },
    /// It has no down, and none could be generated.
    NoUndo {
        /// `20230314095813_create_users`
        label: String,
        /// Every statement that has no inverse, with its place.
        why: Vec<String>,
    },
    /// The undo that was generated does not bring back all.
    UndoLosesData {
        /// `20230314095813_create_users`
        label: String,
        /// What does not come back.
        losses: Vec<String>,
    },
    /// There is no lock here; the transactions are enough for this plan.
    NoLock {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Missing { label } => write!(f, "{label} is in the history, but its file is gone"),
            Note::CommentsChanged { label } => {
                write!(f, "{label} has changed since it was applied, but only in comments or blanks")
            }
            Note::OutsideTransaction { label } => {
                write!(f, "{label} runs outside a transaction: its statements can't be in one")
            }
            Note::DownDiffers { label } => {
                write!(
                    f,
                    "{label}: the down in the file is not the one that was stored when it was applied; the file's runs"
                )
            }
            Note::Warning { label, message } => write!(f, "{label}: the server warns: {message}"),
            Note::Hook { message } => f.write_str(message),
            Note::NoUndo { label, why } => write!(f, "{label} has no undo: {}", why.join("; ")),
            Note::UndoLosesData { label, losses } => {
                write!(f, "{label}: its undo brings the schema back, but not {}", losses.join(", nor "))
            }
            Note::NoLock { why } => write!(f, "running without a lock, each transaction by itself: {why}"),
        }
    }
}

/// What a plan tolerates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// A pending migration that is older than an applied one.
    pub out_of_order: OutOfOrder,
    /// An applied migration whose file is gone.
    pub missing: Missing,
    /// A down that does not bring back all.
    pub data_loss: DataLoss,
}

/// What becomes of a pending migration that is older than an applied one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutOfOrder {
    /// It is applied: branches merge in any order.
    #[default]
    Apply,
    /// The plan is refused.
    Refuse,
}

/// What becomes of an applied migration whose file is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// A note.
    #[default]
    Note,
    /// The plan is refused.
    Refuse,
}

/// What becomes of a down that says that it does not bring back all: a generated one, or a file with a line
/// `-- migrate:loses`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataLoss {
    /// The plan is refused.
    #[default]
    Refuse,
    /// It runs.
    Allow,
}

/// What the history keeps beside its rows, as far as a plan needs it.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Texts by their checksums.
    pub texts: HashMap<Checksum, String>,
}

/// Makes plans.
pub struct Planner<'a, 'f, C> {
    known: &'a Migrations<'a, C>,
    facts: &'f Facts,
    policy: &'f Policy,
    variables: &'f Variables,
}

impl<'a, 'f, C> Planner<'a, 'f, C> {
    /// For these migrations, on this database, by this policy.
    pub const fn new(known: &'a Migrations<'a, C>, facts: &'f Facts, policy: &'f Policy) -> Self {
        const NONE: &Variables = &Variables::new();
        Planner { known, facts, policy, variables: NONE }
    }

    /// With these values in the place of `${name}`.
    #[must_use]
    pub const fn variables(mut self, variables: &'f Variables) -> Self {
        self.variables = variables;
        self
    }

    fn sql(&self, version: Version) -> Option<&'a crate::SqlMigration> {
        self.known.find(version).and_then(Migration::sql)
    }

    /// The states that every way up looks at first: what has changed, what is gone.
    fn survey(&self, status: &Status<'_>, plan: &mut Plan<'a>, refused: &mut Vec<Refusal>) {
        use crate::State;
        for entry in &status.entries {
            let label = entry.label();
            match entry.state {
                State::Changed => refused.push(Refusal::Changed {
                    version: entry.version,
                    file: self.sql(entry.version).map(|sql| sql.up.file.to_string()),
                    label,
                    diff: None,
                }),
                State::CommentsChanged => plan.notes.push(Note::CommentsChanged { label }),
                State::Missing if self.policy.missing == Missing::Refuse => refused.push(Refusal::Missing { label }),
                State::Missing => plan.notes.push(Note::Missing { label }),
                State::OutOfOrder if self.policy.out_of_order == OutOfOrder::Refuse => {
                    refused.push(Refusal::OutOfOrder { label });
                }
                _ => {}
            }
        }
    }
}

fn finish(plan: Plan<'_>, refused: Vec<Refusal>) -> Result<Plan<'_>, Refused> {
    if refused.is_empty() { Ok(plan) } else { Err(Refused(refused)) }
}
