//! The rows of the three tables, read and written.

use std::borrow::Cow;

use crate::{Checksum, Direction, Version};

/// One row of the history table: a migration that was applied, or is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// Whose row it is.
    pub version: Version,
    /// Its name when it was applied.
    pub name: String,
    /// Over the up text that was applied.
    pub checksum: Checksum,
    /// Over what that text does; `None` for code.
    pub statements_checksum: Option<Checksum>,
    /// Over the down text; the key under which the text is stored. `None` means irreversible.
    pub down_checksum: Option<Checksum>,
    /// Which way it was going.
    pub direction: Direction,
    /// When it began: UTC, as `2026-11-23T18:47:00.123Z`, by the database's clock.
    pub started_at: String,
    /// When it ended; `None` = interrupted.
    pub finished_at: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
}

/// The version of the three tables' layout that this tool writes. Each row carries its writer's, so that an older
/// tool of the same rolling deployment notices a newer layout instead of misreading it.
pub const HISTORY_FORMAT: i64 = 1;

/// The names of the three tables.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tables {
    /// Where they stand; `None` = the connection's default schema.
    pub schema: Option<String>,
    /// The set of applied migrations.
    pub history: String,
    /// Their texts.
    pub text: String,
    /// Progress of a migration that runs outside a transaction.
    pub journal: String,
}

impl Tables {
    /// Another name for the history; the other two are called after it.
    ///
    /// ```
    /// let tables = migrate_core::Tables::named("app_migrations");
    /// assert_eq!(tables.journal, "app_migrations_journal");
    /// ```
    pub fn named(history: &str) -> Self {
        if history == "migrate_history" {
            return Self::default();
        }
        Tables {
            schema: None,
            history: history.into(),
            text: format!("{history}_text"),
            journal: format!("{history}_journal"),
        }
    }

    /// The schema that they stand in.
    #[must_use]
    pub fn in_schema(mut self, schema: &str) -> Self {
        self.schema = Some(schema.into());
        self
    }
}

impl Default for Tables {
    fn default() -> Self {
        Tables {
            schema: None,
            history: "migrate_history".into(),
            text: "migrate_text".into(),
            journal: "migrate_journal".into(),
        }
    }
}

/// A row to be written. The driver adds the times, by the database's clock, and [`HISTORY_FORMAT`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// Whose row it is.
    pub version: Version,
    /// Its name.
    pub name: String,
    /// Over the up text.
    pub checksum: Checksum,
    /// Over what the up text does; `None` for code.
    pub statements_checksum: Option<Checksum>,
    /// Over the down text; `None` = irreversible.
    pub down_checksum: Option<Checksum>,
    /// The run that writes it: one run is one deployment.
    pub run_id: String,
    /// Who runs it.
    pub applied_by: String,
}

/// A change of the three tables, as data: the driver turns it into its database's SQL, to be run or to be printed.
///
/// A new kind breaks every driver's build on purpose: a row that is silently not written would be the worst outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowWrite<'a> {
    /// A migration that began; without its end it reads as interrupted.
    Begun(NewRow),
    /// A migration that is applied as a whole, begun when its transaction began.
    Applied(NewRow),
    /// A begun migration is applied.
    Finished(Version),
    /// An applied migration begins to be reverted.
    Reverting(Version, &'a str),
    /// It is gone from the set.
    Reverted(Version),
    /// `repair`: the file as it is now is what was applied.
    Accepted(NewRow),
    /// Keeps a text, once.
    Text(Checksum, Cow<'a, str>),
    /// A line of the journal.
    Journal(JournalRow),
    /// The migration's journal is no longer needed.
    JournalCleared(Version),
}

/// One line of the journal: statement `n` of a migration that runs outside a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Whose statement it is.
    pub version: Version,
    /// Which way.
    pub direction: Direction,
    /// Which statement, from 1, session statements counted.
    pub n: usize,
    /// Over the statement's text.
    pub statement: Checksum,
    /// How far it came.
    pub state: JournalState,
    /// What the driver noted of the named objects before it began.
    pub pre_image: Option<String>,
    /// What the database said, when it failed.
    pub error: Option<String>,
}

impl JournalRow {
    /// Whether this line leaves its statement in doubt.
    pub fn is_in_doubt(&self) -> bool {
        self.state == JournalState::Started
    }
}

/// How far a statement came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalState {
    /// It was sent; whether it ran is in doubt.
    Started,
    /// It ran, and its effect is durable.
    Done,
    /// The database refused it.
    Failed,
}

impl JournalState {
    /// As the table writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            JournalState::Started => "started",
            JournalState::Done => "done",
            JournalState::Failed => "failed",
        }
    }

    /// From the table; `None` for a word that this tool never writes.
    pub fn parse(word: &str) -> Option<Self> {
        [JournalState::Started, JournalState::Done, JournalState::Failed].into_iter().find(|s| s.as_str() == word)
    }
}
