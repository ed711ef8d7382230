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
    /// What deserves a word and is no failure.
    pub findings: Vec<Finding>,
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
        }
    }
}

impl Report {
    /// In one line: `checked 3 migrations: 2 up, down and up again; 1 irreversible, applied once: …`.
    pub fn counts(&self) -> String {
        let all = self.checked.len() + self.irreversible.len();
        let plural = if all == 1 { "" } else { "s" };
        let counts = format!("checked {all} migration{plural}: {} up, down and up again", self.checked.len());
        match self.irreversible.as_slice() {
            [] => counts,
            list => format!("{counts}; {} irreversible, applied once: {}", list.len(), list.join(", ")),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.counts())?;
        self.findings.iter().try_for_each(|finding| write!(f, "\nnote: {finding}"))
    }
}
