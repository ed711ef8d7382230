use std::fmt;

use crate::Phase;

/// What a check is at. Its `{}` is a line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'e> {
    /// A scratch database is made.
    Made {
        /// `migrate_check_5f3a…`
        name: &'e str,
    },
    /// A step begins.
    Step {
        /// `20230314095813_create_users`
        label: &'e str,
        /// Which.
        phase: Phase,
    },
    /// The newest migrations are going to be applied in this order, on a scratch database of their own.
    Order {
        /// `20230314095813_create_users`, each.
        labels: &'e [String],
    },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Made { name } => write!(f, "scratch database: {name}"),
            Event::Step { label, phase } => write!(f, "{label}: {}", phase.as_str()),
            Event::Order { labels } => write!(f, "in the order {}", labels.join(", ")),
        }
    }
}
