use std::time::Duration;

use migrate_core::history::{
    HistoryRow, JournalRow, JournalState, RowSql, RowWrite, Tables, check_format, check_text, damaged, not_ours,
};
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
                connection.prepare(&self.select()).map_err(|error| self.is_not_ours(connection, error::cause(error)))?
            }
        };
        let mut rows = select.query([]).map_err(cause)?;
        let mut history = Vec::new();
        while let Some(row) = rows.next().map_err(cause)? {
            let format: i64 = row.get(9).map_err(|error| self.is_not_ours(connection, cause(error)))?;
            check_format(format, row.get::<_, String>(10).ok().as_deref())?;
            history.push(history_row(row).map_err(|error| self.is_not_ours(connection, cause(error)))?);
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

    fn is_not_ours(&self, connection: &Connection, cause: Cause) -> Cause {
        let columns = catalog::columns(connection, self.schema(), &self.tables.history).unwrap_or_default();
        if ["version", "checksum", "run_id", "tool_version", "format"]
            .iter()
            .all(|ours| columns.iter().any(|c| c == ours))
        {
            return damaged(&self.tables.history, &cause.message);
        }
        not_ours(&self.tables.history, &columns, cause.message)
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
            Some(text) => check_text(key, &text).map(|()| Some(text)),
            None => Ok(None),
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
            check_format(format, None)?;
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
        connection.query_row(&format!("SELECT {}", self.state_sql(version)), [], |row| row.get(0)).map_err(cause)
    }

    /// The same as an expression of SQL: NULL = absent, else whether it is finished.
    pub(crate) fn state_sql(&self, version: Version) -> String {
        let history = self.table(&self.tables.history);
        format!("(SELECT finished_at IS NOT NULL FROM {history} WHERE version = {version})")
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
        let began = format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{:.3} seconds')", elapsed.as_secs_f64());
        RowSql::write_sql(self, write, (&began, &elapsed.as_millis().to_string()))
    }
}

impl RowSql for History {
    fn tables(&self) -> &Tables {
        &self.tables
    }

    fn table(&self, table: &str) -> String {
        format!("{}.{}", name(self.schema()), name(table))
    }

    fn literal(&self, text: &str) -> String {
        literal(text)
    }

    fn now(&self) -> &str {
        NOW
    }

    /// Here nobody has a name.
    fn session_user(&self) -> &str {
        "'sqlite3'"
    }

    fn millis_since(&self, since: &str) -> String {
        format!("CAST((julianday('now') - julianday({since})) * 86400000 AS INTEGER)")
    }
}

fn history_row(row: &Row<'_>) -> Result<HistoryRow, rusqlite::Error> {
    let optional_checksum = |index| -> Result<Option<Checksum>, rusqlite::Error> {
        Ok(row.get_ref(index)?.as_str_or_null()?.map(Checksum::from))
    };
    Ok(HistoryRow {
        version: Version::new(row.get(0)?),
        name: row.get(1)?,
        checksum: row.get_ref(2)?.as_str()?.into(),
        statements_checksum: optional_checksum(3)?,
        down_checksum: optional_checksum(4)?,
        direction: Direction::parse(row.get_ref(5)?.as_str()?),
        started_at: row.get(6)?,
        finished_at: row.get(7)?,
        duration_ms: row.get(8)?,
    })
}

fn journal_row(version: Version, row: &Row<'_>) -> Result<JournalRow, rusqlite::Error> {
    Ok(JournalRow {
        version,
        direction: Direction::parse(row.get_ref(0)?.as_str()?),
        n: row.get::<_, i64>(1)?.try_into().unwrap_or_default(),
        statement: row.get_ref(2)?.as_str()?.into(),
        state: JournalState::parse(row.get_ref(3)?.as_str()?),
        pre_image: row.get(4)?,
        error: row.get(5)?,
    })
}
