use std::time::Duration;

use migrate_core::driver::Expect;
use migrate_core::history::{
    HistoryRow, JournalRow, JournalState, RowSql, RowWrite, Tables, check_format, check_text, damaged, is_up_to_date,
    iso, not_ours,
};
use migrate_core::{Cause, CauseKind, Checksum, Direction, Meta, Version};
use mysql::Conn;

use crate::catalog::{self, Row, literal, name};

/// `sql_select_limit` would cut a list of ours short.
const ALL: &str = "LIMIT 18446744073709551615";

/// The three tables. From the lock on they are addressed by their database: a script's `USE` sends no row elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct History {
    tables: Tables,
    home: Option<String>,
}

impl History {
    pub(crate) fn new(tables: Tables) -> Self {
        History { home: tables.schema.clone(), tables }
    }

    pub(crate) fn table_name(&self) -> &str {
        &self.tables.history
    }

    pub(crate) fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }

    pub(crate) fn settle_in(&mut self, database: String) {
        self.home = Some(database);
    }

    /// What every start asks. With 1,000 rows, all columns would take three times as long (measured).
    pub(crate) fn is_up_to_date(&self, conn: &mut Conn, known: &[&Meta]) -> Result<bool, Cause> {
        let rows = match catalog::rows(conn, &format!("{} {ALL}", self.applied_sql())) {
            Ok(rows) => rows,
            Err(cause) if matches!(cause.kind, CauseKind::ConnectionLost | CauseKind::LockTimeout) => {
                return Err(cause);
            }
            // No table, another tool's, no permission: reading it all tells.
            Err(_) => return Ok(false),
        };
        let cells = rows.iter().map(|row| match row.as_slice() {
            [version, checksum] => (version.as_deref(), checksum.as_deref()),
            _ => (None, None),
        });
        Ok(is_up_to_date(cells, known))
    }

    pub(crate) fn read(&self, conn: &mut Conn) -> Result<Option<Vec<HistoryRow>>, Cause> {
        let table = self.table(&self.tables.history);
        let sql = format!(
            "SELECT version, name, checksum, statements_checksum, down_checksum, direction, started_at, finished_at, \
             duration_ms, format, tool_version FROM {table} ORDER BY version {ALL}"
        );
        let rows = match catalog::rows(conn, &sql) {
            Ok(rows) => rows,
            Err(mut cause) => match cause.code.as_deref() {
                Some("1146") => return Ok(None),
                Some("1046") => return Err(no_database()),
                Some("1049") => {
                    cause.kind = CauseKind::History;
                    return Err(cause.hint("correct the name, or make it first"));
                }
                Some("1142" | "1143") => {
                    cause.kind = CauseKind::History;
                    return Err(cause.hint(format!("GRANT SELECT ON {table} to this user")));
                }
                Some("1054") => {
                    let columns = self.columns(conn);
                    return Err(not_ours(&table, &columns, cause.message));
                }
                _ => return Err(cause),
            },
        };
        rows.iter().map(|row| self.history_row(row)).collect::<Result<_, _>>().map(Some)
    }

    fn columns(&self, conn: &mut Conn) -> Vec<String> {
        let current = || catalog::row(conn, "SELECT database()").ok().and_then(|row| row.into_iter().next().flatten());
        let Some(home) = self.home.clone().or_else(current) else { return Vec::new() };
        catalog::columns(conn, &home, &self.tables.history).unwrap_or_default()
    }

    fn history_row(&self, row: &Row) -> Result<HistoryRow, Cause> {
        let cell = |index: usize| row.get(index).and_then(Option::as_deref);
        check_format(cell(9).and_then(|text| text.parse().ok()).unwrap_or(0), cell(10))?;
        let damaged = || damaged(&self.tables.history, &format!("version {}", cell(0).unwrap_or("NULL")));
        Ok(HistoryRow {
            version: Version::new(cell(0).and_then(|text| text.parse().ok()).ok_or_else(damaged)?),
            name: cell(1).ok_or_else(damaged)?.to_owned(),
            checksum: cell(2).map(Checksum::from).ok_or_else(damaged)?,
            statements_checksum: cell(3).map(Checksum::from),
            down_checksum: cell(4).map(Checksum::from),
            direction: Direction::parse(cell(5).ok_or_else(damaged)?),
            started_at: cell(6).and_then(iso).ok_or_else(damaged)?,
            finished_at: cell(7).map(|time| iso(time).ok_or_else(damaged)).transpose()?,
            duration_ms: cell(8).and_then(|text| text.parse().ok()),
        })
    }

    pub(crate) fn read_texts(&self, conn: &mut Conn, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<_> = keys.iter().map(|key| literal(&key.to_string())).collect();
        let table = self.table(&self.tables.text);
        let sql = format!("SELECT sha256, text FROM {table} WHERE sha256 IN ({}) {ALL}", wanted.join(", "));
        let rows = catalog::rows(conn, &sql)?;
        let find = |key: &Checksum| {
            let word = key.to_string();
            let row = rows.iter().find(|row| row.first().and_then(Option::as_deref) == Some(&word));
            let text = row.and_then(|row| row.get(1)).cloned().flatten();
            text.map(|text| check_text(key, &text).map(|()| text)).transpose()
        };
        keys.iter().map(find).collect()
    }

    pub(crate) fn read_journal(&self, conn: &mut Conn, version: Version) -> Result<Vec<JournalRow>, Cause> {
        let sql = format!(
            "SELECT direction, n, statement_sha256, state, pre_image, error, format FROM {} WHERE version = {version} \
             ORDER BY n {ALL}",
            self.table(&self.tables.journal)
        );
        let journal_row = |row: &Row| {
            let cell = |index: usize| row.get(index).and_then(Option::as_deref);
            check_format(cell(6).and_then(|text| text.parse().ok()).unwrap_or(0), None)?;
            Ok(JournalRow {
                version,
                direction: Direction::parse(cell(0).unwrap_or_default()),
                n: cell(1).and_then(|text| text.parse().ok()).unwrap_or_default(),
                statement: cell(2).unwrap_or_default().into(),
                state: JournalState::parse(cell(3).unwrap_or_default()),
                pre_image: cell(4).map(str::to_owned),
                error: cell(5).map(str::to_owned),
            })
        };
        catalog::rows(conn, &sql)?.iter().map(journal_row).collect()
    }

    /// Whether the history says what is expected of a version, as an expression of SQL.
    pub(crate) fn holds_sql(&self, version: Version, expect: Expect) -> String {
        let table = self.table(&self.tables.history);
        let state = format!("(SELECT finished_at IS NOT NULL FROM {table} WHERE version = {version})");
        match expect {
            Expect::Absent => format!("{state} IS NULL"),
            Expect::Applied => format!("{state} <=> 1"),
            Expect::Begun => format!("{state} <=> 0"),
        }
    }

    /// Whether all three tables are there.
    pub(crate) fn is_complete(&self, conn: &mut Conn) -> Result<bool, Cause> {
        let Tables { history, text, journal, .. } = &self.tables;
        let names = [history, text, journal].map(|name| literal(name));
        let sql = format!(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = {} AND table_name IN ({})",
            literal(self.home.as_deref().unwrap_or_default()),
            names.join(", ")
        );
        Ok(catalog::row(conn, &sql)?.first().cloned().flatten().as_deref() == Some("3"))
    }

    /// Makes the tables that are missing. Each by itself: here nothing can make them together.
    pub(crate) fn create_sql(&self) -> [String; 3] {
        let table = |name: &str, columns: &str| {
            format!(
                "CREATE TABLE IF NOT EXISTS {} (\n  {columns}\n) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 \
                 COLLATE utf8mb4_bin",
                self.table(name)
            )
        };
        let history = "version bigint NOT NULL PRIMARY KEY,\n  name text NOT NULL,\n  checksum varchar(80) NOT NULL,\n  \
             statements_checksum varchar(80),\n  down_checksum varchar(80),\n  started_at datetime(6) NOT NULL,\n  \
             finished_at datetime(6),\n  direction varchar(8) NOT NULL,\n  duration_ms bigint,\n  \
             run_id varchar(32) NOT NULL,\n  applied_by text NOT NULL,\n  tool_version varchar(80) NOT NULL,\n  \
             format bigint NOT NULL";
        let text = "sha256 varchar(80) NOT NULL PRIMARY KEY,\n  text longtext NOT NULL,\n  format bigint NOT NULL";
        let journal = "version bigint NOT NULL,\n  direction varchar(8) NOT NULL,\n  n bigint NOT NULL,\n  \
             statement_sha256 varchar(80) NOT NULL,\n  state varchar(16) NOT NULL,\n  pre_image longtext,\n  \
             error longtext,\n  format bigint NOT NULL,\n  PRIMARY KEY (version, direction, n)";
        [table(&self.tables.history, history), table(&self.tables.text, text), table(&self.tables.journal, journal)]
    }

    /// A write as SQL, to be run and to be read. `elapsed` = how long its migration has been running.
    pub(crate) fn write_sql(&self, write: &RowWrite<'_>, elapsed: Duration) -> String {
        let began = format!("{NOW} - INTERVAL {} MICROSECOND", elapsed.as_micros());
        RowSql::write_sql(self, write, (&began, &elapsed.as_millis().to_string()))
    }
}

/// The server's clock, in UTC.
const NOW: &str = "utc_timestamp(6)";

impl RowSql for History {
    fn tables(&self) -> &Tables {
        &self.tables
    }

    fn table(&self, table: &str) -> String {
        self.home.as_ref().map_or_else(|| name(table), |home| format!("{}.{}", name(home), name(table)))
    }

    fn literal(&self, text: &str) -> String {
        literal(text)
    }

    fn now(&self) -> &str {
        NOW
    }

    fn session_user(&self) -> &str {
        "session_user()"
    }

    fn millis_since(&self, since: &str) -> String {
        format!("timestampdiff(MICROSECOND, {since}, {NOW}) DIV 1000")
    }

    fn if_there(&self, key: &[&str], update: &[&str]) -> String {
        // A row that is there may keep its key: then nothing is updated.
        let set: Vec<_> = match (update, key) {
            ([], [first, ..]) => vec![format!("{first} = {first}")],
            _ => update.iter().map(|column| format!("{column} = VALUES({column})")).collect(),
        };
        format!(" ON DUPLICATE KEY UPDATE {}", set.join(", "))
    }
}

pub(crate) fn no_database() -> Cause {
    Cause::new(CauseKind::Access, "no database is named").hint("name it in the URL: mysql://user@host/database")
}
