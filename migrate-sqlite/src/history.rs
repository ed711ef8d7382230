use std::time::Duration;

use migrate_core::history::{HISTORY_FORMAT, HistoryRow, JournalRow, JournalState, NewRow, RowWrite, Tables};
use migrate_core::{Cause, CauseKind, Checksum, Direction, Version};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::catalog::{self, literal, name};
use crate::error::{self, cause};

/// UTC with milliseconds, by the database's clock.
const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// The three tables, always addressed by their schema.
#[derive(Clone, Debug)]
pub(crate) struct History {
    tables: Tables,
}

impl History {
    pub(crate) fn new(tables: Tables) -> Self {
        History { tables }
    }

    fn schema(&self) -> &str {
        self.tables.schema.as_deref().unwrap_or("main")
    }

    fn table(&self, table: &str) -> String {
        format!("{}.{}", name(self.schema()), name(table))
    }

    /// The statement that every start sends.
    fn select(&self) -> String {
        format!(
            "SELECT version, name, checksum, statements_checksum, down_checksum, direction, started_at, finished_at, \
             duration_ms, format, tool_version FROM {} ORDER BY version",
            self.table(&self.tables.history)
        )
    }

    pub(crate) fn read(&self, connection: &Connection) -> Result<Option<Vec<HistoryRow>>, Cause> {
        if self.schema().eq_ignore_ascii_case("temp") {
            let message = "a history in the schema temp would be gone with its connection";
            return Err(Cause::new(CauseKind::History, message).hint("leave the schema away, or name another one"));
        }
        let mut select = match connection.prepare(&self.select()) {
            Ok(select) => select,
            Err(error) => {
                let cause = cause(error);
                if cause.kind != CauseKind::Statement {
                    return Err(cause);
                }
                if !self.is_there(connection)? {
                    return Ok(None);
                }
                // Another starter may have made it between the two looks: seen with eight of them at once.
                connection.prepare(&self.select()).map_err(|error| self.not_ours(connection, error::cause(error)))?
            }
        };
        let mut rows = select.query([]).map_err(cause)?;
        let mut history = Vec::new();
        while let Some(row) = rows.next().map_err(cause)? {
            let format: i64 = row.get(9).map_err(|error| self.not_ours(connection, cause(error)))?;
            if format > HISTORY_FORMAT {
                return Err(self.too_new(format, row.get(10).unwrap_or_default()));
            }
            history.push(history_row(row).map_err(|error| self.not_ours(connection, cause(error)))?);
        }
        Ok(Some(history))
    }

    /// Whether there is a history to be read: only "there is no such table, in any schema" is an empty one.
    fn is_there(&self, connection: &Connection) -> Result<bool, Cause> {
        let table = &self.tables.history;
        let schemas = catalog::schemas(connection)?;
        if !schemas.iter().any(|schema| schema.eq_ignore_ascii_case(self.schema())) {
            let message =
                format!("there is no schema {} on this connection, only {}", self.schema(), schemas.join(", "));
            return Err(Cause::new(CauseKind::History, message).hint("correct the name, or attach the database first"));
        }
        let found = catalog::schemas_with_table(connection, table)?;
        match found.first() {
            Some(other) if !found.iter().any(|schema| schema == self.schema()) => {
                let message =
                    format!("the history is looked for in {}.{table}, but stands in {other}.{table}", self.schema());
                Err(Cause::new(CauseKind::History, message).hint("name the schema that it stands in"))
            }
            found => Ok(found.is_some()),
        }
    }

    fn not_ours(&self, connection: &Connection, cause: Cause) -> Cause {
        let columns = catalog::columns(connection, self.schema(), &self.tables.history).unwrap_or_default();
        if ["version", "checksum", "run_id", "tool_version", "format"]
            .iter()
            .all(|ours| columns.iter().any(|c| c == ours))
        {
            let message = format!("a row of {} is damaged: {}", self.tables.history, cause.message);
            return Cause::new(CauseKind::History, message).hint("mend that row; the table itself must stay");
        }
        let message = format!(
            "there is a table {} that is no history of migrate: it has the columns {}",
            self.tables.history,
            columns.join(", ")
        );
        let mut ours = Cause::new(CauseKind::History, message)
            .hint("it belongs to another tool: give the history another name (`--table`), or rename that table");
        ours.detail = Some(cause.message);
        ours
    }

    fn too_new(&self, format: i64, tool: String) -> Cause {
        let message = format!(
            "the history was written by {tool} in format {format}, and this is migrate {}, which knows formats up to \
             {HISTORY_FORMAT}",
            env!("CARGO_PKG_VERSION")
        );
        Cause::new(CauseKind::History, message).hint("update this program's migrate; nothing was changed")
    }

    pub(crate) fn read_texts(&self, connection: &Connection, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT text FROM {} WHERE sha256 = ?1", self.table(&self.tables.text));
        let mut select = connection.prepare(&sql).map_err(cause)?;
        let mut text = |key: &Checksum| -> Result<Option<String>, rusqlite::Error> {
            select.query_row([key.to_string()], |row| row.get(0)).optional()
        };
        let checked = |key: &Checksum| match text(key).map_err(cause)? {
            Some(text) if matches!(key, Checksum::Sha256(_)) && Checksum::of_text(&text) != *key => Err(tampered(key)),
            text => Ok(text),
        };
        keys.iter().map(checked).collect()
    }

    pub(crate) fn read_journal(&self, connection: &Connection, version: Version) -> Result<Vec<JournalRow>, Cause> {
        let sql = format!(
            "SELECT direction, n, statement_sha256, state, pre_image, error, format FROM {} WHERE version = ?1 ORDER BY n",
            self.table(&self.tables.journal)
        );
        let mut select = connection.prepare(&sql).map_err(cause)?;
        let mut rows = select.query([version.get()]).map_err(cause)?;
        let mut journal = Vec::new();
        while let Some(row) = rows.next().map_err(cause)? {
            let format: i64 = row.get(6).map_err(cause)?;
            if format > HISTORY_FORMAT {
                return Err(self.too_new(format, "a newer migrate".into()));
            }
            journal.push(journal_row(version, row).map_err(cause)?);
        }
        Ok(journal)
    }

    /// Writes nothing, and needs a database that can be written.
    pub(crate) fn no_op_sql(&self) -> String {
        format!("DELETE FROM {} WHERE 0", self.table(&self.tables.history))
    }

    /// What the version's row says now: `None` = absent, `Some(finished)`.
    pub(crate) fn recorded(&self, connection: &Connection, version: Version) -> Result<Option<bool>, Cause> {
        let sql =
            format!("SELECT finished_at IS NOT NULL FROM {} WHERE version = ?1", self.table(&self.tables.history));
        let recorded = connection.query_row(&sql, [version.get()], |row| row.get(0)).optional();
        recorded.map_err(cause)
    }

    /// Whether all three tables are there.
    pub(crate) fn is_complete(&self, connection: &Connection) -> Result<bool, Cause> {
        let Tables { history, text, journal, .. } = &self.tables;
        let sql = format!(
            "SELECT count(*) FROM {}.sqlite_master WHERE type = 'table' AND lower(name) IN \
             (lower(?1), lower(?2), lower(?3))",
            name(self.schema())
        );
        let there: i64 = connection.query_row(&sql, [history, text, journal], |row| row.get(0)).map_err(cause)?;
        Ok(there == 3)
    }

    pub(crate) fn create_sql(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {history} (\n  \
               version INTEGER PRIMARY KEY NOT NULL,\n  name TEXT NOT NULL,\n  checksum TEXT NOT NULL,\n  \
               statements_checksum TEXT,\n  down_checksum TEXT,\n  started_at TEXT NOT NULL,\n  finished_at TEXT,\n  \
               direction TEXT NOT NULL,\n  duration_ms INTEGER,\n  run_id TEXT NOT NULL,\n  applied_by TEXT NOT NULL,\n  \
               tool_version TEXT NOT NULL,\n  format INTEGER NOT NULL\n);\n\
             CREATE TABLE IF NOT EXISTS {text} (\n  sha256 TEXT PRIMARY KEY NOT NULL,\n  text TEXT NOT NULL,\n  \
               format INTEGER NOT NULL\n);\n\
             CREATE TABLE IF NOT EXISTS {journal} (\n  \
               version INTEGER NOT NULL,\n  direction TEXT NOT NULL,\n  n INTEGER NOT NULL,\n  \
               statement_sha256 TEXT NOT NULL,\n  state TEXT NOT NULL,\n  pre_image TEXT,\n  error TEXT,\n  \
               format INTEGER NOT NULL,\n  PRIMARY KEY (version, direction, n)\n);\n",
            history = self.table(&self.tables.history),
            text = self.table(&self.tables.text),
            journal = self.table(&self.tables.journal),
        )
    }

    /// A write as SQL, to be run and to be read. `elapsed` = how long its migration has been running.
    pub(crate) fn write_sql(&self, write: &RowWrite<'_>, elapsed: Duration) -> String {
        let history = self.table(&self.tables.history);
        let journal = self.table(&self.tables.journal);
        match write {
            RowWrite::Begun(new) => self.insert(new, NOW, "NULL", "NULL"),
            RowWrite::Applied(new) => {
                let began = format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{:.3} seconds')", elapsed.as_secs_f64());
                self.insert(new, &began, NOW, &elapsed.as_millis().to_string())
            }
            RowWrite::Finished(version) => format!(
                "UPDATE {history} SET finished_at = {NOW}, \
                 duration_ms = CAST((julianday('now') - julianday(started_at)) * 86400000 AS INTEGER) \
                 WHERE version = {version};",
                version = version.get()
            ),
            RowWrite::Reverting(version, run_id) => format!(
                "UPDATE {history} SET direction = 'down', started_at = {NOW}, finished_at = NULL, duration_ms = NULL, \
                 run_id = {run} WHERE version = {version};",
                run = literal(run_id),
                version = version.get()
            ),
            RowWrite::Reverted(version) => format!("DELETE FROM {history} WHERE version = {};", version.get()),
            RowWrite::Accepted(new) => format!(
                "UPDATE {history} SET name = {}, checksum = {}, statements_checksum = {}, down_checksum = {}, \
                 tool_version = {}, format = {HISTORY_FORMAT} WHERE version = {};",
                literal(&new.name),
                checksum(Some(&new.checksum)),
                checksum(new.statements_checksum.as_ref()),
                checksum(new.down_checksum.as_ref()),
                tool_version(),
                new.version.get()
            ),
            RowWrite::Text(key, text) => format!(
                "INSERT OR IGNORE INTO {} (sha256, text, format) VALUES ({}, {}, {HISTORY_FORMAT});",
                self.table(&self.tables.text),
                checksum(Some(key)),
                literal(text)
            ),
            RowWrite::Journal(row) => format!(
                "INSERT OR REPLACE INTO {journal} (version, direction, n, statement_sha256, state, pre_image, error, \
                 format) VALUES ({}, '{}', {}, {}, '{}', {}, {}, {HISTORY_FORMAT});",
                row.version.get(),
                row.direction,
                row.n,
                checksum(Some(&row.statement)),
                row.state.as_str(),
                optional(row.pre_image.as_deref()),
                optional(row.error.as_deref())
            ),
            RowWrite::JournalCleared(version) => format!("DELETE FROM {journal} WHERE version = {};", version.get()),
        }
    }

    fn insert(&self, new: &NewRow, started_at: &str, finished_at: &str, duration_ms: &str) -> String {
        format!(
            "INSERT INTO {} (version, name, checksum, statements_checksum, down_checksum, started_at, finished_at, \
             direction, duration_ms, run_id, applied_by, tool_version, format) VALUES ({}, {}, {}, {}, {}, {started_at}, \
             {finished_at}, 'up', {duration_ms}, {}, {}, {}, {HISTORY_FORMAT});",
            self.table(&self.tables.history),
            new.version.get(),
            literal(&new.name),
            checksum(Some(&new.checksum)),
            checksum(new.statements_checksum.as_ref()),
            checksum(new.down_checksum.as_ref()),
            literal(&new.run_id),
            literal(&new.applied_by),
            tool_version(),
        )
    }
}

/// A stored text may be run. It is, or it is not, the one that was stored.
fn tampered(key: &Checksum) -> Cause {
    let message = format!("the stored text {key} is not the one that was stored: its checksum differs");
    Cause::new(CauseKind::History, message).hint("nothing of it was run; bring the migration's file back, or the text")
}

fn checksum(checksum: Option<&Checksum>) -> String {
    checksum.map_or("NULL".into(), |checksum| literal(&checksum.to_string()))
}

fn optional(text: Option<&str>) -> String {
    text.map_or("NULL".into(), literal)
}

fn tool_version() -> String {
    literal(concat!("migrate ", env!("CARGO_PKG_VERSION")))
}

fn parsed(text: &str) -> Checksum {
    match text.parse() {
        Ok(checksum) => checksum,
        Err(never) => match never {},
    }
}

fn history_row(row: &Row<'_>) -> Result<HistoryRow, rusqlite::Error> {
    let optional_checksum =
        |index| -> Result<Option<Checksum>, rusqlite::Error> { Ok(row.get_ref(index)?.as_str_or_null()?.map(parsed)) };
    Ok(HistoryRow {
        version: Version::new(row.get(0)?),
        name: row.get(1)?,
        checksum: parsed(row.get_ref(2)?.as_str()?),
        statements_checksum: optional_checksum(3)?,
        down_checksum: optional_checksum(4)?,
        direction: direction(row.get_ref(5)?.as_str()?),
        started_at: row.get(6)?,
        finished_at: row.get(7)?,
        duration_ms: row.get(8)?,
    })
}

fn journal_row(version: Version, row: &Row<'_>) -> Result<JournalRow, rusqlite::Error> {
    let state: String = row.get(3)?;
    Ok(JournalRow {
        version,
        direction: direction(row.get_ref(0)?.as_str()?),
        n: row.get::<_, i64>(1)?.try_into().unwrap_or_default(),
        statement: parsed(row.get_ref(2)?.as_str()?),
        // A word that we never write leaves the statement in doubt, which is the honest answer.
        state: JournalState::parse(&state).unwrap_or(JournalState::Started),
        pre_image: row.get(4)?,
        error: row.get(5)?,
    })
}

fn direction(word: &str) -> Direction {
    if word == "down" { Direction::Down } else { Direction::Up }
}
