use std::fmt;

use migrate_core::Cause;

use crate::Difference;

/// Why the migrations are not sound, or could not be checked. Its `{}` is the whole story, and so is its `{:?}`, which is what a
/// test shows that returns it.
#[non_exhaustive]
pub enum Error {
    /// A migration is not sound.
    Unsound {
        /// `20230314095813_create_users`
        label: String,
        /// When it showed.
        phase: Phase,
        /// What showed.
        trouble: Trouble,
    },
    /// In another order the newest migrations end in another schema, and none of them fails.
    OrderMatters {
        /// Whose order matters, the earlier one first; several where it is one of them.
        pairs: Vec<(String, String)>,
        /// The order in which all of the newest were applied.
        order: Vec<String>,
        /// What differs: as it is in version order, and in that one.
        differences: Vec<Difference>,
    },
    /// The URL can't be read, the migrations can't be, or no database is named.
    NotBegun(Box<migrate_core::Error>),
    /// The program was compiled from other files than there are now: which.
    Stale(String),
    /// [`Cancel`](migrate_core::Cancel) was called.
    Cancelled,
    /// The scratch database can't be made, read or removed.
    Scratch {
        /// What we were doing.
        doing: &'static str,
        /// What it said.
        cause: Cause,
    },
}

/// Which step of a migration's check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Applying it.
    Up,
    /// Reverting it.
    Down,
    /// Applying it again.
    UpAgain,
}

/// What showed.
#[derive(Debug)]
pub enum Trouble {
    /// It failed.
    Failed(Box<migrate_core::Error>),
    /// It left another schema than it must.
    Differs(Vec<Difference>),
}

/// Only what a migration itself does is its fault.
pub(crate) fn unsound(label: String, phase: Phase, error: migrate_core::Error) -> Error {
    match error {
        migrate_core::Error::Cancelled(_) => Error::Cancelled,
        migrate_core::Error::Database { doing, cause } => Error::Scratch { doing, cause },
        error => Error::Unsound { label, phase, trouble: Trouble::Failed(Box::new(error)) },
    }
}

impl Phase {
    /// A few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Up => "up",
            Phase::Down => "down",
            Phase::UpAgain => "up again",
        }
    }
}

impl Error {
    /// Whether it is that two schemas differ which should be the same; otherwise something failed.
    pub fn is_difference(&self) -> bool {
        !self.differences().is_empty()
    }

    /// In what they differ.
    pub fn differences(&self) -> &[Difference] {
        match self {
            Error::Unsound { trouble: Trouble::Differs(differences), .. } => differences,
            Error::OrderMatters { differences, .. } => differences,
            _ => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unsound { label, phase, trouble: Trouble::Failed(error) } => {
                write!(f, "{label} ({}) fails: {error}", phase.as_str())
            }
            Error::Unsound { label, phase, trouble: Trouble::Differs(differences) } => match phase {
                Phase::UpAgain => {
                    write!(f, "the second up of {label} ends in another schema than the first")?;
                    tell(f, differences, ["after the first", "after the second"])?;
                    f.write_str("\n  = let the down take back all that the up does, rows that it reads included")
                }
                Phase::Up | Phase::Down => {
                    write!(f, "the down of {label} leaves another schema than there was before its up")?;
                    tell(f, differences, ["before", "after"])?;
                    f.write_str("\n  = let the down take back all that the up does, and only that")
                }
            },
            Error::OrderMatters { pairs, order, differences } => {
                match pairs.as_slice() {
                    [(earlier, later)] => {
                        write!(
                            f,
                            "the order of {earlier} and {later} matters: turned round, they end in another schema"
                        )?;
                    }
                    _ => write!(
                        f,
                        "the order matters: {} ends in another schema than the versions' own",
                        order.join(", ")
                    )?,
                }
                tell(f, differences, ["in version order", "turned round"])?;
                f.write_str(
                    "\n  = a database that has the later one already gets the earlier one behind it, and nothing fails\n  \
                     = let them not touch the same thing, or make one migration of them",
                )
            }
            Error::NotBegun(error) => error.fmt(f),
            Error::Stale(told) => f.write_str(told),
            Error::Cancelled => f.write_str("cancelled"),
            Error::Scratch { doing, cause } => write!(f, "{doing}: {cause}"),
        }
    }
}

fn tell(f: &mut fmt::Formatter<'_>, differences: &[Difference], words: [&str; 2]) -> fmt::Result {
    let mut lines = differences.iter().flat_map(|difference| difference.lines(words));
    lines.try_for_each(|line| write!(f, "\n  {}", line.replace('\n', "\n    ")))
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unsound { trouble: Trouble::Failed(error), .. } => error.source(),
            Error::NotBegun(error) => error.source(),
            Error::Scratch { cause, .. } => cause.source(),
            _ => None,
        }
    }
}
