//! The rows as SQL. Databases differ in few words of it.

use super::{AppliedBy, HISTORY_FORMAT, JournalRow, NewRow, RowWrite, Tables};
use crate::doctor::Finding;
use crate::{Checksum, Version};

/// The writes of the three tables as SQL, for a database that says these words in its own way.
///
/// The defaults are PostgreSQL's and SQLite's.
pub trait RowSql {
    /// What the tables are called.
    fn tables(&self) -> &Tables;

    /// One of them as SQL, addressed so that no setting of the session sends a row elsewhere.
    fn table(&self, name: &str) -> String;

    /// A text as a literal.
    fn literal(&self, text: &str) -> String;

    /// The time now in UTC, as an expression.
    fn now(&self) -> &str;

    /// Who has opened the session, as an expression.
    fn session_user(&self) -> &str;

    /// The whole milliseconds between `since` and now, as an expression.
    fn millis_since(&self, since: &str) -> String;

    /// What follows an `INSERT` whose row may be there: `update` of its columns, or nothing, then takes the new values.
    fn if_there(&self, key: &[&str], update: &[&str]) -> String {
        if update.is_empty() {
            return " ON CONFLICT DO NOTHING".into();
        }
        let set: Vec<_> = update.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), set.join(", "))
    }

    /// A write as SQL, to be run and to be read. `began` is when the migration began that it belongs to, and how many
    /// milliseconds ago that is, as expressions.
    fn write_sql(&self, write: &RowWrite<'_>, began: (&str, &str)) -> String {
        let history = self.table(&self.tables().history);
        let journal = self.table(&self.tables().journal);
        match write {
            RowWrite::Begun(new) => self.insert_sql(new, self.now(), "NULL", "NULL"),
            RowWrite::Applied(new) => self.insert_sql(new, began.0, self.now(), began.1),
            // The time it took first: MySQL sees in an assignment what those before it have set.
            RowWrite::Finished(version) => format!(
                "UPDATE {history} SET duration_ms = {}, finished_at = {} WHERE version = {version};",
                self.millis_since("started_at"),
                self.now(),
            ),
            RowWrite::Reverting(version, run_id) => format!(
                "UPDATE {history} SET direction = 'down', started_at = {}, finished_at = NULL, duration_ms = NULL, \
                 run_id = {} WHERE version = {version};",
                self.now(),
                self.literal(run_id),
            ),
            RowWrite::Reverted(version) => format!("DELETE FROM {history} WHERE version = {version};"),
            RowWrite::Accepted(new) => format!(
                "UPDATE {history} SET name = {}, checksum = {}, statements_checksum = {}, down_checksum = {}, \
                 tool_version = {}, format = {HISTORY_FORMAT} WHERE version = {};",
                self.literal(&new.name),
                self.checksum(Some(&new.checksum)),
                self.checksum(new.statements_checksum.as_ref()),
                self.checksum(new.down_checksum.as_ref()),
                self.literal(TOOL),
                new.version,
            ),
            RowWrite::Text(key, text) => format!(
                "INSERT INTO {} (sha256, text, format) VALUES ({}, {}, {HISTORY_FORMAT}){};",
                self.table(&self.tables().text),
                self.checksum(Some(key)),
                self.literal(text),
                self.if_there(&["sha256"], &[]),
            ),
            RowWrite::Journal(row) => self.journal_sql(row),
            RowWrite::JournalCleared(version) => format!("DELETE FROM {journal} WHERE version = {version};"),
        }
    }

    /// A new row of the history.
    fn insert_sql(&self, new: &NewRow, started_at: &str, finished_at: &str, duration_ms: &str) -> String {
        format!(
            "INSERT INTO {} (version, name, checksum, statements_checksum, down_checksum, started_at, finished_at, \
             direction, duration_ms, run_id, applied_by, tool_version, format) VALUES ({}, {}, {}, {}, {}, {started_at}, \
             {finished_at}, 'up', {duration_ms}, {}, {}, {}, {HISTORY_FORMAT});",
            self.table(&self.tables().history),
            new.version,
            self.literal(&new.name),
            self.checksum(Some(&new.checksum)),
            self.checksum(new.statements_checksum.as_ref()),
            self.checksum(new.down_checksum.as_ref()),
            self.literal(&new.run_id),
            self.applied_by(&new.applied_by),
            self.literal(TOOL),
        )
    }

    /// A line of the journal, new or as it is now.
    fn journal_sql(&self, row: &JournalRow) -> String {
        format!(
            "INSERT INTO {} (version, direction, n, statement_sha256, state, pre_image, error, format) VALUES ({}, '{}', \
             {}, {}, '{}', {}, {}, {HISTORY_FORMAT}){};",
            self.table(&self.tables().journal),
            row.version,
            row.direction,
            row.n,
            self.checksum(Some(&row.statement)),
            row.state.as_str(),
            self.optional(row.pre_image.as_deref()),
            self.optional(row.error.as_deref()),
            self.if_there(
                &["version", "direction", "n"],
                &["statement_sha256", "state", "pre_image", "error", "format"]
            ),
        )
    }

    /// Each version, and its checksum if it is finished and in a format that is known, as a query.
    fn applied_sql(&self) -> String {
        let history = self.table(&self.tables().history);
        format!(
            "SELECT version, CASE WHEN format <= {HISTORY_FORMAT} AND finished_at IS NOT NULL THEN checksum END \
             FROM {history} ORDER BY version"
        )
    }

    /// The versions among these that are recorded, as a query.
    fn recorded_sql(&self, versions: &[Version]) -> String {
        let versions: Vec<_> = versions.iter().map(Version::to_string).collect();
        let history = self.table(&self.tables().history);
        format!("SELECT version FROM {history} WHERE version IN ({})", versions.join(", "))
    }

    /// Who, as an expression.
    fn applied_by(&self, who: &AppliedBy) -> String {
        match who {
            AppliedBy::Name(name) => self.literal(name),
            AppliedBy::Session => self.session_user().to_owned(),
        }
    }

    /// The versions that have lines in the journal and are not under way, as a query.
    fn leftovers_sql(&self) -> String {
        let [history, journal] = [&self.tables().history, &self.tables().journal].map(|table| self.table(table));
        format!(
            "SELECT DISTINCT version FROM {journal} WHERE version NOT IN (SELECT version FROM {history} \
             WHERE finished_at IS NULL) ORDER BY version"
        )
    }

    /// What is to be said of such lines.
    fn leftover(&self, version: &str) -> Finding {
        let journal = self.table(&self.tables().journal);
        Finding::new(
            "journal",
            format!("{journal} has lines of {version}, which is not under way"),
            format!("DELETE FROM {journal} WHERE version = {version}"),
        )
    }

    /// A checksum as a literal, or NULL.
    fn checksum(&self, checksum: Option<&Checksum>) -> String {
        self.optional(checksum.map(Checksum::to_string).as_deref())
    }

    /// A text as a literal, or NULL.
    fn optional(&self, text: Option<&str>) -> String {
        text.map_or("NULL".into(), |text| self.literal(text))
    }
}

/// What the history calls this tool.
const TOOL: &str = concat!("migrate ", env!("CARGO_PKG_VERSION"));
