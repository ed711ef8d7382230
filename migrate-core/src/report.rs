use std::fmt;
use std::time::Duration;

use crate::plan::{Action, Note, Step};
use crate::{Direction, Version};

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The steps that are committed, in order.
    pub done: Vec<Done>,
    /// What deserves a word.
    pub notes: Vec<Note>,
}

/// One step that is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Done {
    /// Which migration.
    pub version: Version,
    /// Its name.
    pub name: String,
    /// What was done with it.
    pub action: Action,
    /// How long it took.
    pub duration: Duration,
}

impl Done {
    pub(crate) fn new(step: &Step<'_>, duration: Duration) -> Self {
        Done { version: step.version, name: step.name.to_string(), action: step.action, duration }
    }

    /// `20230314095813_create_users`
    pub fn label(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }

    /// Which way it went.
    pub fn direction(&self) -> Direction {
        if self.action == Action::Revert { Direction::Down } else { Direction::Up }
    }
}

impl Report {
    /// Whether there was nothing to do.
    pub fn is_up_to_date(&self) -> bool {
        self.done.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |action| self.done.iter().filter(|done| done.action == action).count();
        let words = [
            (count(Action::Apply), "applied"),
            (count(Action::Revert), "reverted"),
            (count(Action::Record), "recorded"),
            (count(Action::Accept), "accepted"),
        ];
        let said: Vec<_> = words.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{word} {n}")).collect();
        f.write_str(if said.is_empty() { "nothing to do" } else { "" })?;
        f.write_str(&said.join(", "))
    }
}
