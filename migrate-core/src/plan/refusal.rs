use std::fmt;

use super::Location;
use crate::Version;

/// Every reason why a plan can't be: nothing was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub Vec<Refusal>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("refused"),
            [only] => write!(f, "refused, nothing was changed: {only}"),
            all => {
                write!(f, "refused, nothing was changed, for {} reasons:", all.len())?;
                all.iter().try_for_each(|refusal| write!(f, "\n\n{refusal}"))
            }
        }
    }
}

impl std::error::Error for Refused {}

/// One reason why a plan can't be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// An applied migration's file does something else now.
    Changed {
        /// Which.
        version: Version,
        /// `20230314095813_create_users`
        label: String,
        /// Its file; `None` for code.
        file: Option<String>,
        /// From the stored text to the file, where the text was kept.
        diff: Option<String>,
    },
    /// A pending migration is older than an applied one, and the policy refuses that.
    OutOfOrder {
        /// `20230314095813_create_users`
        label: String,
    },
    /// An applied migration's file is gone, and the policy refuses that.
    Missing {
        /// `20230314095813_create_users`
        label: String,
    },
    /// A migration to be reverted has no way back.
    Irreversible {
        /// `20230314095813_create_users`
        label: String,
    },
    /// A migration to be reverted has a way back that does not bring back all, and the policy refuses that.
    LosesData {
        /// `20230314095813_create_users`
        label: String,
        /// What does not come back.
        losses: Vec<String>,
    },
    /// A migration to be reverted has no file, and its text was not kept.
    NoStoredText {
        /// `20230314095813_create_users`
        label: String,
    },
    /// A version that was named is neither known nor recorded.
    UnknownVersion {
        /// As it was given.
        version: Version,
    },
    /// Something in a script that would go wrong.
    Script {
        /// Where.
        at: Location,
        /// What.
        problem: String,
        /// What to do.
        help: String,
    },
    /// A statement of a begun file that is done, or may be, is not the same any more.
    DoneChanged {
        /// Where it is now.
        at: Location,
        /// What.
        problem: String,
        /// What to do.
        help: String,
        /// From the stored text to the file, where the text was kept.
        diff: Option<String>,
    },
    /// An interrupted migration stands in the way.
    Interrupted {
        /// `20230314095813_create_users`
        label: String,
        /// What to do first.
        first: String,
    },
    /// There can be no lock here, and the plan needs one.
    NoLock {
        /// `20230314095813_create_users`
        label: String,
        /// Why there is none.
        why: String,
    },
    /// Between the migrations of one transaction no hook can be called.
    HooksInOneTransaction,
    /// All in one transaction was asked for, and this one can't be in it.
    NotInOneTransaction {
        /// `20230314095813_create_users`
        label: String,
    },
    /// A script was asked for, and this one can't be in it.
    NotInAScript {
        /// `20230314095813_create_users`
        label: String,
        /// Why not.
        why: String,
    },
    /// What was asked for does not fit the state that the migration is in.
    State {
        /// `20230314095813_create_users`
        label: String,
        /// Why it does not fit, as a sentence.
        problem: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Changed { version, label, file, diff } => {
                let file = file.as_deref().unwrap_or("its code");
                write!(f, "{label} has changed since it was applied ({file})")?;
                match diff {
                    Some(diff) => write!(f, "\n{diff}")?,
                    None => write!(f, "\n  = its text was not kept, so there is no diff")?,
                }
                write!(
                    f,
                    "\n  = put the file back as it was, and write a new migration for what is new; \
                     or accept it as it is, without running it: `migrate repair {version}`"
                )
            }
            Refusal::OutOfOrder { label } => write!(
                f,
                "{label} is older than migrations that are applied already, and out-of-order is refused here\n  \
                 = give it a new timestamp, or allow out-of-order"
            ),
            Refusal::Missing { label } => write!(
                f,
                "{label} is applied, but its file is gone, and missing files are refused here\n  \
                 = bring the file back, or take the migration back with `migrate revert-missing`"
            ),
            Refusal::Irreversible { label } => write!(
                f,
                "{label} is irreversible: it has no down\n  \
                 = write its down file; if there is nothing to take back, let it say \
                 `-- migrate:options nothing-to-undo`"
            ),
            Refusal::LosesData { label, losses } => {
                write!(f, "reverting {label} brings the schema back, but not all data")?;
                losses.iter().try_for_each(|loss| write!(f, "\n  = lost: {loss}"))?;
                f.write_str("\n  = if that is meant: `--allow-data-loss`")
            }
            Refusal::NoStoredText { label } => write!(
                f,
                "{label} can't be reverted: its file is gone, and the history holds no text of its down\n  \
                 = bring the file back"
            ),
            Refusal::UnknownVersion { version } => {
                write!(f, "there is no migration {version}: no file has this version, and the history does not hold it")
            }
            Refusal::Script { at, problem, help } => write!(f, "{at}: {problem}\n  = {help}"),
            Refusal::DoneChanged { at, problem, help, diff } => {
                write!(f, "{at}: {problem}")?;
                diff.as_ref().map_or(Ok(()), |diff| write!(f, "\n{diff}"))?;
                write!(f, "\n  = {help}")
            }
            Refusal::Interrupted { label, first } => write!(f, "{label} is interrupted\n  = {first}"),
            Refusal::NoLock { label, why } => {
                write!(f, "{label} runs outside a transaction and needs the lock, which can't be had: {why}")
            }
            Refusal::HooksInOneTransaction => f.write_str(
                "hooks before or after each migration can't be called inside one transaction\n  \
                 = leave the one transaction away, or these hooks",
            ),
            Refusal::NotInOneTransaction { label } => write!(
                f,
                "{label} can't share one transaction with the others\n  \
                 = apply it on its own, or leave the one transaction away"
            ),
            Refusal::NotInAScript { label, why } => {
                write!(
                    f,
                    "{label} can't be in a script: {why}\n  = leave it out of the range, and let `migrate up` run it"
                )
            }
            Refusal::State { label, problem } => write!(f, "{label} {problem}"),
        }
    }
}
