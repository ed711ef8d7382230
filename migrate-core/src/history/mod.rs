//! The rows of the three tables, read and written.

mod sql;

use std::borrow::Cow;

use crate::{Cause, CauseKind, Checksum, Direction, Meta, Version};

pub use sql::RowSql;

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

/// Refuses a row of a newer format; `tool` is its writer.
///
/// # Errors
/// When this tool does not know the format.
pub fn check_format(format: i64, tool: Option<&str>) -> Result<(), Cause> {
    if format <= HISTORY_FORMAT {
        return Ok(());
    }
    let message = format!(
        "the history was written by {} in format {format}, and this is migrate {}, which knows formats up to \
         {HISTORY_FORMAT}",
        tool.unwrap_or("a newer migrate"),
        env!("CARGO_PKG_VERSION")
    );
    Err(Cause::new(CauseKind::History, message).hint("update this program's migrate; nothing was changed"))
}

/// A stored text may be run: it is, or it is not, the one that was stored under this key.
///
/// # Errors
/// When it is not.
pub fn check_text(key: &Checksum, text: &str) -> Result<(), Cause> {
    if !matches!(key, Checksum::Sha256(_)) || Checksum::of_text(text) == *key {
        return Ok(());
    }
    let message = format!("the stored text {key} is not the one that was stored: its checksum differs");
    let hint = "nothing of it was run; bring the migration's file back, or the text";
    Err(Cause::new(CauseKind::History, message).hint(hint))
}

/// Whether rows of [`RowSql::applied_sql`] say that nothing is to be done.
pub fn is_up_to_date<'r>(mut rows: impl Iterator<Item = (Option<&'r str>, Option<&'r str>)>, known: &[&Meta]) -> bool {
    let version = |text: Option<&str>| text.and_then(|text| text.parse().ok()).map(Version::new);
    let is_applied = |(number, checksum): (_, Option<&str>), meta: &Meta| {
        version(number) == Some(meta.version) && checksum.map(Checksum::from).as_ref() == Some(&meta.checksum)
    };
    // What comes behind them is of a newer build, and none of this one's business.
    let newest = known.last().map(|meta| meta.version);
    known.iter().all(|meta| rows.next().is_some_and(|row| is_applied(row, meta)))
        && rows.all(|(number, checksum)| checksum.is_some() && version(number) > newest)
}

/// A row of the history that can't be read; `what` says which, or why.
pub fn damaged(table: &str, what: &str) -> Cause {
    let message = format!("a row of {table} is damaged: {what}");
    Cause::new(CauseKind::History, message).hint("mend that row; the table itself must stay")
}

/// A table that has the history's name and is another tool's.
pub fn not_ours(table: &str, columns: &[String], said: String) -> Cause {
    let columns = columns.join(", ");
    let message = format!("there is a table {table} that is no history of migrate: it has the columns {columns}");
    let hint = "it belongs to another tool: give the history another name (`--table`), or rename that table";
    Cause { detail: Some(said), ..Cause::new(CauseKind::History, message).hint(hint) }
}

/// `2026-11-24 15:26:00.123456` as `2026-11-24T15:26:00.123Z`, for servers that write times so; `None` when it is written
/// otherwise.
pub fn iso(time: &str) -> Option<String> {
    let (date, clock) = time.split_at_checked(10)?;
    let clock = clock.strip_prefix(' ')?;
    let (seconds, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b':');
    let is_iso = date.as_bytes().get(4) == Some(&b'-') && seconds.len() == 8 && digits(date) && digits(seconds);
    let millis = fraction.get(..3).unwrap_or(fraction);
    let zeros = "000".get(millis.len()..).unwrap_or_default();
    // Of each row of the history, twice: `format!` showed in a profile.
    (is_iso && digits(fraction)).then(|| [date, "T", seconds, ".", millis, zeros, "Z"].concat())
}

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
    pub applied_by: AppliedBy,
}

/// Who runs a migration, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppliedBy {
    /// Somebody whose name is known.
    Name(String),
    /// Whoever runs the script that holds the row, by the database's own word.
    Session,
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

    /// From the table. A word that this tool never writes leaves the statement in doubt, which is the honest answer.
    pub fn parse(word: &str) -> Self {
        let known = [JournalState::Started, JournalState::Done, JournalState::Failed];
        known.into_iter().find(|state| state.as_str() == word).unwrap_or(JournalState::Started)
    }
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn times() {
        assert_eq!(iso("2026-11-24 15:26:00.123456").as_deref(), Some("2026-11-24T15:26:00.123Z"));
        assert_eq!(iso("2026-11-24 15:26:00.1").as_deref(), Some("2026-11-24T15:26:00.100Z"));
        assert_eq!(iso("2026-11-24 15:26:00").as_deref(), Some("2026-11-24T15:26:00.000Z"));
        for other in ["24/11/2026 15:26:00", "Tue Nov 24 15:26:00 2026", "24.11.2026 15:26:00", "", "infinity"] {
            assert_eq!(iso(other), None, "{other}");
        }
    }
}
