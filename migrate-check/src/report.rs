use std::fmt;

use crate::ColumnOrder;

/// What was checked, and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Applied, reverted and applied again, in order.
    pub checked: Vec<String>,
    /// Without a way back: applied once.
    pub irreversible: Vec<String>,
    /// In which other orders the newest were applied, where that was asked for.
    pub orders: Option<Orders>,
    /// What deserves a word and is no failure.
    pub findings: Vec<Finding>,
}

/// The other orders of the newest migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orders {
    /// Of how many migrations.
    pub newest: usize,
    /// How many orders ended in the same schema.
    pub same: usize,
    /// In how many a migration fails, for it needs another one before it.
    pub failing: usize,
}

/// What deserves a word and is no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Its version is more than a day ahead: all that is new until then will run before it.
    InTheFuture {
        /// `20230314095813_create_users`
        label: String,
    },
    /// Its down brings columns back in another place.
    ColumnsMoved {
        /// `20230314095813_create_users`
        label: String,
        /// Where.
        order: ColumnOrder,
    },
    /// In the other order of these two, columns stand in another place.
    ColumnsByOrder {
        /// `20230314095813_create_users`
        earlier: String,
        /// `20230315101112_add_email`
        later: String,
        /// Where.
        order: ColumnOrder,
    },
    /// In another order one fails. That is fine as long as they are applied by their versions; a database that has the later
    /// one already refuses the earlier one, and says so.
    Dependency {
        /// Which must come before which; several where it is one of them.
        pairs: Vec<(String, String)>,
        /// Which one fails.
        label: String,
        /// What the database says.
        message: String,
    },
    /// Whether all that is in the directory is compiled in was not looked at: it is not there, or not known.
    NotCompared {
        /// As the macro was given it.
        dir: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::InTheFuture { label } => {
                write!(f, "{label} is more than a day in the future: what is new until then will run before it")
            }
            Finding::ColumnsMoved { label, order } => write!(
                f,
                "{label}: its down leaves the columns of {} as {}, which were {}",
                order.table,
                order.after.join(", "),
                order.before.join(", ")
            ),
            Finding::ColumnsByOrder { earlier, later, order } => write!(
                f,
                "{later} before {earlier} leaves the columns of {} as {}, and in version order they are {}",
                order.table,
                order.after.join(", "),
                order.before.join(", ")
            ),
            Finding::Dependency { pairs, label, message } => {
                let pairs: Vec<_> =
                    pairs.iter().map(|(earlier, later)| format!("{earlier} must come before {later}")).collect();
                write!(f, "{}: otherwise {label} fails: {message}", pairs.join(", or "))
            }
            Finding::NotCompared { dir } => {
                write!(f, "{dir} is not there to compare with: a new or edited file may not be compiled in")
            }
        }
    }
}

impl Report {
    /// In one line: `checked 3 migrations: 2 up, down and up again; 1 irreversible, applied once: …`.
    pub fn counts(&self) -> String {
        let all = self.checked.len() + self.irreversible.len();
        let mut counts = format!("checked {}: {} up, down and up again", of(all, "migration"), self.checked.len());
        if let list @ [_, ..] = self.irreversible.as_slice() {
            counts += &format!("; {} irreversible, applied once: {}", list.len(), list.join(", "));
        }
        if let Some(Orders { newest, same, failing }) = self.orders {
            counts += &format!("; the newest {newest} in {}: ", of(same + failing, "other order"));
            counts += &match (same, failing) {
                (_, 0) => "the same schema".to_owned(),
                (0, 1) => "it fails, for one needs another".to_owned(),
                (0, _) => "each fails, for one needs another".to_owned(),
                (_, 1) => format!("{same} the same schema, 1 fails, for one needs another"),
                _ => format!("{same} the same schema, {failing} fail, for one needs another"),
            };
        }
        counts
    }
}

fn of(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.counts())?;
        self.findings.iter().try_for_each(|finding| write!(f, "\nnote: {finding}"))
    }
}
