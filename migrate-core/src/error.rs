use std::fmt;
use std::time::Duration;

use crate::driver::{Cause, CauseKind, Holder};
use crate::plan::{Location, Refused};
use crate::source::Mistakes;
use crate::{Direction, DuplicateVersion, HookFailure, Report, StartupMode, State, Version};

/// Why a run did not do what it was asked. Its `{}` is the whole story; `source()` is the client library's error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The plan can't be: nothing was touched.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A step failed.
    #[error(transparent)]
    Failed(Box<Failure>),
    /// The migration files have mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// Two migrations have one version.
    #[error(transparent)]
    Duplicate(#[from] DuplicateVersion),
    /// Somebody else held the lock for all the time that we were ready to wait.
    #[error(
        "another run holds the migration lock: {holder}; waited {:.1} s, nothing was changed\n  \
         = wait for it to end and start again; the lock dies with its holder, there is nothing to clean up",
        waited.as_secs_f64()
    )]
    LockTimeout {
        /// Who.
        holder: Holder,
        /// How long.
        waited: Duration,
    },
    /// The program was compiled before these files were there.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// What this program needs is not all applied, and it is not to apply it itself.
    #[error(transparent)]
    NotApplied(Box<NotApplied>),
    /// [`Cancel`](crate::Cancel) was called.
    #[error(transparent)]
    Cancelled(Box<Cancelled>),
    /// The variable that says what a start does about migrations says nothing that is known: it may have meant yes.
    #[error("{name}={value:?} is not one of {}\n  = the database was not touched", StartupMode::VALUES)]
    Variable {
        /// Which.
        name: String,
        /// What it says.
        value: String,
    },
    /// Nobody can tell whether a statement ran that was under way when its run died.
    #[error(
        "{at}: statement {n} of {label} ({direction}) was under way when its run died, and whether it ran can't be told\n  \
         = look: {look_at}\n  \
         = then say which: `migrate settle {version} {n} applied`, or `migrate settle {version} {n} again`"
    )]
    Undecided {
        /// Whose statement.
        version: Version,
        /// `20230314095813_create_users`
        label: String,
        /// Which way it went.
        direction: Direction,
        /// Which statement, from 1.
        n: usize,
        /// Where it stands.
        at: Location,
        /// What to look at.
        look_at: String,
    },
    /// A hook failed.
    #[error(transparent)]
    Hook(Box<HookFailure>),
    /// The database, or the way to it, said no.
    #[error("{doing}: {cause}")]
    Database {
        /// What we were doing.
        doing: &'static str,
        /// What it said.
        #[source]
        cause: Cause,
    },
    /// The history kept changing under us.
    #[error(
        "the history changed {attempts} times while this run was working on it, although it holds the lock\n  \
         = something else writes to it: find out what, then start again"
    )]
    HistoryKeepsMoving {
        /// How often we looked again.
        attempts: usize,
    },
}

impl Error {
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(Cause) -> Error {
        move |cause| Error::Database { doing, cause }
    }

    /// Whether this was a lock, ours or the database's, that could not be had in time.
    pub fn is_lock_timeout(&self) -> bool {
        match self {
            Error::LockTimeout { .. } => true,
            Error::Failed(failure) => failure.cause.kind == CauseKind::LockTimeout,
            Error::Database { cause, .. } => cause.kind == CauseKind::LockTimeout,
            _ => false,
        }
    }

    /// Whether the connection was lost, so that the same may work on another one.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Error::Database { cause, .. } if cause.kind == CauseKind::ConnectionLost)
    }

    /// Whether the server is there, and the database that was named is not: PostgreSQL's and MySQL's codes for it.
    pub fn is_no_database(&self) -> bool {
        matches!(self, Error::Database { cause, .. } if matches!(cause.code.as_deref(), Some("3D000" | "1049")))
    }

    /// Whether the plan was refused, so that nothing was touched.
    pub fn is_refused(&self) -> bool {
        matches!(self, Error::Refused(_) | Error::Mistakes(_) | Error::Duplicate(_) | Error::Stale(_))
    }
}

/// A step that failed: where, what, what is now true, and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Which migration.
    pub version: Version,
    /// `20230314095813_create_users`
    pub label: String,
    /// Which way.
    pub direction: Direction,
    /// Where, down to the character where the database tells it; `None` for code.
    pub at: Option<Location>,
    /// The line of the file at that place.
    pub line: Option<String>,
    /// Which statement failed, from 1, and of how many.
    pub statement: Option<(usize, usize)>,
    /// What the database said.
    pub cause: Cause,
    /// What is committed of this migration.
    pub kept: Kept,
    /// What was done before it.
    pub report: Report,
    /// How many steps of the plan are left, without this one.
    pub still_pending: usize,
}

/// What a failed migration left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: it is rolled back.
    Nothing,
    /// Nothing, and nothing of this many others that shared its transaction.
    NothingOfAll(usize),
    /// This many statements are committed and recorded; the next run goes on behind them.
    Statements(usize),
    /// Nothing or all of it: the connection was lost, and the answer to its COMMIT may have been lost with it.
    Unanswered,
    /// What it did by itself: code outside a transaction, or code that ended ours.
    Unknown,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at}: {}", self.cause)?,
            None => write!(f, "{}: {}", self.label, self.cause)?,
        }
        if let Some(line) = &self.line {
            write!(f, "\n  | {}", line.trim_end())?;
        }
        write!(f, "\n  = {}", self.now_true())?;
        write!(f, "\n  = {}", self.what_to_do())
    }
}

impl Failure {
    /// What is now true, in one line.
    pub fn now_true(&self) -> String {
        let (label, total) = (&self.label, self.statement.map_or(0, |(_, total)| total));
        let this = match (self.kept, self.direction) {
            (Kept::Nothing, Direction::Up) => format!("rolled back: {label}"),
            (Kept::Nothing, Direction::Down) => format!("rolled back, still applied: {label}"),
            (Kept::NothingOfAll(n), _) => {
                let others = if n == 1 { "other one".to_owned() } else { format!("{n} others") };
                return format!("rolled back: {label}, and the {others} of its transaction");
            }
            (Kept::Statements(n), _) => format!("{n} of {total} statements of {label} are committed"),
            (Kept::Unanswered, _) => {
                format!("{label} is either rolled back or committed as a whole, which `migrate status` tells")
            }
            (Kept::Unknown, _) => format!("what {label} committed by itself stays"),
        };
        let before = self.report.done.len();
        let (did, left) = match self.direction {
            Direction::Up => ("applied", "pending"),
            Direction::Down => ("reverted", "to be reverted"),
        };
        format!("{this}; {did} before it: {before}; still {left} behind it: {}", self.still_pending)
    }

    /// What to do next, in one line.
    pub fn what_to_do(&self) -> String {
        let verb = self.direction;
        match (self.cause.kind, self.kept, &self.at) {
            (CauseKind::LockTimeout, ..) => format!("run `migrate {verb}` again when the other session is done"),
            (CauseKind::Interrupted, ..) => format!("run `migrate {verb}` again"),
            (CauseKind::ConnectionLost | CauseKind::Access, ..) => {
                format!("see to the database, and run `migrate {verb}` again")
            }
            (_, Kept::Statements(n), Some(_)) => {
                format!("fix the file from statement {} on, and run `migrate {verb}` again: it goes on there", n + 1)
            }
            (_, _, Some(_)) => format!("fix the file, and run `migrate {verb}` again"),
            (_, _, None) => format!("fix the code, and run `migrate {verb}` again"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source.as_deref().map(|source| source as _)
    }
}

/// A run that [`Cancel`](crate::Cancel) ended. What was under way is rolled back, what was done before it stays.
#[derive(Debug)]
#[non_exhaustive]
pub struct Cancelled {
    /// What was done before.
    pub report: Report,
    /// The step that was under way.
    pub failure: Option<Box<Failure>>,
    /// How many steps of the plan are left, without that one.
    pub still_pending: usize,
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cancelled\n  = {}\n  = the next run goes on there", self.now_true())
    }
}

impl Cancelled {
    /// One that had nothing under way yet.
    #[doc(hidden)]
    pub fn before_anything() -> Error {
        Error::Cancelled(Box::new(Cancelled { report: Report::default(), failure: None, still_pending: 0 }))
    }

    /// What is now true, in one line.
    pub fn now_true(&self) -> String {
        match &self.failure {
            Some(failure) => failure.now_true(),
            None => so_far(&self.report, self.still_pending),
        }
    }
}

/// What is true between two steps, in one line.
pub(crate) fn so_far(report: &Report, left: usize) -> String {
    match (report.done.is_empty(), left) {
        (true, _) => "nothing was changed".into(),
        (false, 0) => format!("{report}, and that stays"),
        (false, left) => format!("{report}, and that stays; still to do: {left}"),
    }
}

impl std::error::Error for Cancelled {}

/// Migrations that this program needs and the database has not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotApplied {
    /// Which, as `20230314095813_create_users`, and where each stands.
    pub migrations: Vec<(String, State)>,
    /// How long they were waited for; `None` where one look was all.
    pub waited: Option<Duration>,
    /// Who is at work on them, where somebody is.
    pub holder: Option<Holder>,
}

/// So many are named: a new database lacks all of them.
const NAMED: usize = 5;

impl fmt::Display for NotApplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.migrations.len() == 1;
        let (s, is) = if one { ("", "is") } else { ("s", "are") };
        write!(f, "{} migration{s} of this program {is} not applied", self.migrations.len())?;
        if let Some(waited) = self.waited {
            write!(f, ", after waiting {:.1} s", waited.as_secs_f64())?;
        }
        let named = self.migrations.iter().take(NAMED).map(|(label, state)| match state {
            State::Interrupted(_) => format!("{label} (begun, not finished)"),
            _ => label.clone(),
        });
        write!(f, ": {}", named.collect::<Vec<_>>().join(", "))?;
        if self.migrations.len() > NAMED {
            write!(f, " and {} more", self.migrations.len() - NAMED)?;
        }
        if let Some(holder) = &self.holder {
            write!(f, "\n  = at work: {holder}")?;
        }
        f.write_str("\n  = nothing was changed; have them applied (`migrate up`, or by the service that does it), and start again")
    }
}

impl std::error::Error for NotApplied {}

/// The program was compiled before these files were there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{}: on disk, but not compiled into this program\n  \
     = build it again; if it was just built, the crate lacks its build.rs line: \
     `println!(\"cargo::rerun-if-changed={dir}\");`",
    list(dir, files)
)]
pub struct Stale {
    /// The directory, as the macro was given it.
    pub dir: String,
    /// The files in it that are not compiled in.
    pub files: Vec<String>,
}

fn list(dir: &str, files: &[String]) -> String {
    files.iter().map(|file| format!("{dir}/{file}")).collect::<Vec<_>>().join(", ")
}
