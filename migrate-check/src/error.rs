use std::fmt;

use migrate_core::Cause;

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
    /// The URL can't be read, or the migrations can't be.
    NotBegun(Box<migrate_core::Error>),
    /// The program was compiled before some files were there.
    Stale(migrate_core::Stale),
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
    /// It left another schema than it must: these lines differ.
    Differs(Vec<String>),
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unsound { label, phase, trouble: Trouble::Failed(error) } => {
                write!(f, "{label} ({}) fails: {error}", phase.as_str())
            }
            Error::Unsound { label, phase, trouble: Trouble::Differs(lines) } => {
                f.write_str(match phase {
                    Phase::UpAgain => "the second up of ",
                    Phase::Up | Phase::Down => "the down of ",
                })?;
                write!(f, "{label} ")?;
                f.write_str(match phase {
                    Phase::UpAgain => "ends in another schema than the first",
                    Phase::Up | Phase::Down => "leaves another schema than there was before its up",
                })?;
                lines.iter().try_for_each(|line| write!(f, "\n  {}", line.replace('\n', "\n    ")))?;
                f.write_str("\n  = let the down take back all that the up does, and only that")
            }
            Error::NotBegun(error) => error.fmt(f),
            Error::Stale(stale) => stale.fmt(f),
            Error::Scratch { doing, cause } => write!(f, "{doing}: {cause}"),
        }
    }
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
