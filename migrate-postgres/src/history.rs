use migrate_core::history::{
    HistoryRow, JournalRow, JournalState, RowSql, RowWrite, Tables, check_format, check_text, damaged, is_up_to_date,
    iso, not_ours,
};
use migrate_core::{Cause, CauseKind, Checksum, Direction, Meta, Version};
use postgres::{Client, SimpleQueryRow};

use crate::catalog::{self, literal, name};

/// When the unit began that is being written, as seconds since 1970: set at its start, gone with its transaction.
const BEGAN: &str = "migrate.began";

/// How the server is asked for times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    /// As the session's DateStyle shows them, which is ISO unless somebody has set it. `to_char` for each row would
    /// cost four times the whole SELECT (measured with 1,000 rows).
    AsShown,
    /// The same, whatever it is.
    Formatted,
}

/// When a unit began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Began {
    /// As [`History::began_sql`] has noted it: several units share a transaction.
    Noted,
    /// With its transaction.
    WithTransaction,
}

/// The three tables. Before anything is written [`settle_in`](Self::settle_in) finds out which schema they are in, and
/// from then on they are addressed by it: a script's `SET search_path` sends no row elsewhere.
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

    /// Whether somebody has said where it is.
    pub(crate) fn is_named(&self) -> bool {
        self.tables.schema.is_some()
    }

    /// The names of the three tables.
    pub(crate) fn names(&self) -> [&str; 3] {
        [&self.tables.history, &self.tables.text, &self.tables.journal]
    }

    /// What a role that migrates needs on each table.
    pub(crate) fn needed_privileges(&self) -> [(String, &'static [&'static str]); 3] {
        let all = &["SELECT", "INSERT", "UPDATE", "DELETE"];
        [
            (self.table(&self.tables.history), all),
            (self.table(&self.tables.text), &["SELECT", "INSERT"]),
            (self.table(&self.tables.journal), all),
        ]
    }

    pub(crate) fn settle_in(&mut self, schema: String) {
        self.home = Some(schema);
    }

    /// Where the history stands, or would be made: an expression of SQL.
    pub(crate) fn home_sql(&self) -> String {
        let Some(home) = &self.home else {
            return format!(
                "coalesce((SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
                 ON n.oid = c.relnamespace WHERE c.oid = to_regclass({})), current_schema())",
                literal(&name(&self.tables.history))
            );
        };
        literal(home)
    }

    /// What every start asks. With 1,000 rows, all columns would take three times as long (measured).
    pub(crate) fn is_up_to_date(&self, client: &mut Client, known: &[&Meta]) -> Result<bool, Cause> {
        let rows = match catalog::rows(client, &self.applied_sql()) {
            Ok(rows) => rows,
            // No table, another tool's, no permission: reading it all tells.
            Err(cause) if cause.kind == CauseKind::Statement => return Ok(false),
            Err(cause) => return Err(cause),
        };
        Ok(is_up_to_date(rows.iter().map(|row| (row.get(0), row.get(1))), known))
    }

    /// The statement that reads all of it.
    fn select(&self, times: Times) -> String {
        let utc = |column: &str| match times {
            Times::AsShown => format!("{column} AT TIME ZONE 'UTC'"),
            Times::Formatted => format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"),
        };
        format!(
            "SELECT version, name, checksum, statements_checksum, down_checksum, direction, {}, {}, duration_ms, format, \
             tool_version FROM {} ORDER BY version",
            utc("started_at"),
            utc("finished_at"),
            self.table(&self.tables.history)
        )
    }

    pub(crate) fn read(&self, client: &mut Client) -> Result<Option<Vec<HistoryRow>>, Cause> {
        let select = self.select(Times::AsShown);
        let mut rows = match catalog::rows(client, &select) {
            Ok(rows) => rows,
            Err(mut cause) => match cause.code.as_deref() {
                // There is no such table, or no such schema.
                Some("42P01" | "3F000") if !self.is_there(client)? => return Ok(None),
                // Another starter has made it between the two looks.
                Some("42P01") => catalog::rows(client, &select)?,
                Some("25P02") => return Err(inside_a_transaction()),
                Some("42703" | "42883" | "42809") => return Err(self.is_not_ours(client, cause)),
                Some("42501") => {
                    cause.kind = CauseKind::History;
                    return Err(cause.hint(self.grant(client)));
                }
                _ => return Err(cause),
            },
        };
        if rows.is_empty() {
            self.is_visible(client)?;
        }
        if rows.iter().any(|row| row.get(6).is_some_and(|time| iso(time).is_none())) {
            rows = catalog::rows(client, &self.select(Times::Formatted))?;
        }
        rows.iter().map(|row| self.history_row(row)).collect::<Result<_, _>>().map(Some)
    }

    /// What a role lacks that may not read the history.
    fn grant(&self, client: &mut Client) -> String {
        let select = format!("GRANT SELECT ON {}", self.table(&self.tables.history));
        let usable = |schema| format!("SELECT has_schema_privilege({}, 'USAGE')", literal(schema));
        match &self.home {
            Some(schema) if !catalog::is_true(client, &usable(schema)).unwrap_or(true) => {
                format!("GRANT USAGE ON SCHEMA {}, and {select}, to this role", name(schema))
            }
            _ => format!("{select} to this role"),
        }
    }

    /// Row-level security hides rows without a word: a history that looks empty, or shorter than it is.
    pub(crate) fn is_visible(&self, client: &mut Client) -> Result<(), Cause> {
        let table = self.table(&self.tables.history);
        let sql = format!("SELECT row_security_active(to_regclass({}))", literal(&table));
        if !catalog::is_true(client, &sql)? {
            return Ok(());
        }
        let message =
            format!("row-level security hides rows of {table} from this role, so what is applied can't be told");
        Err(Cause::new(CauseKind::History, message).hint(format!(
            "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, or read it as its owner or a role with BYPASSRLS"
        )))
    }

    /// Whether there is a history to be read: only "there is no such table, in any schema" is an empty one.
    fn is_there(&self, client: &mut Client) -> Result<bool, Cause> {
        let table = &self.tables.history;
        let found = catalog::schemas_with_table(client, table).map_err(|cause| match cause.code.as_deref() {
            // Our look for a table that is not there has aborted it.
            Some("25P02") => inside_a_transaction(),
            _ => cause,
        })?;
        // A schema that somebody has named is a decision; one that follows from the search_path is none, also when it is
        // settled: another role may have made the history elsewhere meanwhile.
        let Some(home) = &self.tables.schema else {
            let Some(other) = found.first() else { return Ok(false) };
            let path = catalog::column(client, "SELECT current_setting('search_path')")?.join("");
            if catalog::is_true(client, &format!("SELECT to_regclass({}) IS NOT NULL", literal(&name(table))))? {
                return Ok(true);
            }
            let message =
                format!("the history is looked for along the search_path ({path}), but stands in {other}.{table}");
            return Err(Cause::new(CauseKind::History, message).hint(elsewhere(other)));
        };
        if !catalog::schema_exists(client, home)? {
            let message = format!("there is no schema {home} in this database");
            return Err(Cause::new(CauseKind::History, message)
                .hint(format!("correct the name, or make it first: CREATE SCHEMA {}", name(home))));
        }
        Ok(found.contains(home))
    }

    fn is_not_ours(&self, client: &mut Client, cause: Cause) -> Cause {
        let table = self.table(&self.tables.history);
        let columns = catalog::columns(client, &table).unwrap_or_default();
        not_ours(&table, &columns, cause.message)
    }

    fn history_row(&self, row: &SimpleQueryRow) -> Result<HistoryRow, Cause> {
        let format = row.get(9).and_then(|text| text.parse().ok()).unwrap_or(0);
        check_format(format, row.get(10))?;
        let damaged = || damaged(&self.tables.history, &format!("version {}", row.get(0).unwrap_or("NULL")));
        let text = |index: usize| row.get(index).map(str::to_owned);
        Ok(HistoryRow {
            version: Version::new(row.get(0).and_then(|text| text.parse().ok()).ok_or_else(damaged)?),
            name: text(1).ok_or_else(damaged)?,
            checksum: row.get(2).map(Checksum::from).ok_or_else(damaged)?,
            statements_checksum: row.get(3).map(Checksum::from),
            down_checksum: row.get(4).map(Checksum::from),
            direction: Direction::parse(row.get(5).ok_or_else(damaged)?),
            started_at: row.get(6).and_then(iso).ok_or_else(damaged)?,
            finished_at: row.get(7).map(|time| iso(time).ok_or_else(damaged)).transpose()?,
            duration_ms: row.get(8).and_then(|text| text.parse().ok()),
        })
    }

    pub(crate) fn read_texts(&self, client: &mut Client, keys: &[Checksum]) -> Result<Vec<Option<String>>, Cause> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<_> = keys.iter().map(|key| literal(&key.to_string())).collect();
        let sql = format!(
            "SELECT sha256, text FROM {} WHERE sha256 IN ({})",
            self.table(&self.tables.text),
            wanted.join(", ")
        );
        let rows = catalog::rows(client, &sql)?;
        let find = |key: &Checksum| {
            let word = key.to_string();
            let text = rows.iter().find(|row| row.get(0) == Some(&word)).and_then(|row| row.get(1));
            text.map(|text| check_text(key, text).map(|()| text.to_owned())).transpose()
        };
        keys.iter().map(find).collect()
    }

    pub(crate) fn read_journal(&self, client: &mut Client, version: Version) -> Result<Vec<JournalRow>, Cause> {
        let sql = format!(
            "SELECT direction, n, statement_sha256, state, pre_image, error, format FROM {} WHERE version = {version} \
             ORDER BY n",
            self.table(&self.tables.journal)
        );
        let journal_row = |row: &SimpleQueryRow| {
            let format = row.get(6).and_then(|text| text.parse().ok()).unwrap_or(0);
            check_format(format, None)?;
            Ok(JournalRow {
                version,
                direction: Direction::parse(row.get(0).unwrap_or_default()),
                n: row.get(1).and_then(|text| text.parse().ok()).unwrap_or_default(),
                statement: row.get(2).unwrap_or_default().into(),
                state: JournalState::parse(row.get(3).unwrap_or_default()),
                pre_image: row.get(4).map(str::to_owned),
                error: row.get(5).map(str::to_owned),
            })
        };
        catalog::rows(client, &sql)?.iter().map(journal_row).collect()
    }

    /// How long these took, in microseconds, by the server's clock.
    pub(crate) fn durations_sql(&self, versions: &[Version]) -> String {
        self.recorded_sql(versions).replacen(
            "SELECT version",
            "SELECT version, round(extract(epoch FROM finished_at - started_at) * 1000000)::bigint",
            1,
        )
    }

    /// What the version's row says now, as an expression of SQL: NULL = absent, else whether it is finished.
    pub(crate) fn state_sql(&self, version: Version) -> String {
        format!("(SELECT finished_at IS NOT NULL FROM {} WHERE version = {version})", self.table(&self.tables.history))
    }

    /// Whether all three tables are there, as an expression of SQL.
    pub(crate) fn is_complete_sql(&self) -> String {
        let Tables { history, text, journal, .. } = &self.tables;
        let there =
            [history, text, journal].map(|table| format!("to_regclass({}) IS NOT NULL", literal(&self.table(table))));
        format!("({})", there.join(" AND "))
    }

    /// Makes the tables that are missing. It is sent only when one is: `CREATE TABLE IF NOT EXISTS` fails for a role
    /// without CREATE also where the table is there.
    pub(crate) fn create_sql(&self) -> String {
        let text = self.table(&self.tables.text);
        format!(
            "CREATE TABLE IF NOT EXISTS {history} (\n  \
               version bigint PRIMARY KEY,\n  name text NOT NULL,\n  checksum text NOT NULL,\n  \
               statements_checksum text,\n  down_checksum text,\n  started_at timestamptz NOT NULL,\n  \
               finished_at timestamptz,\n  direction text NOT NULL,\n  duration_ms bigint,\n  run_id text NOT NULL,\n  \
               applied_by text NOT NULL,\n  tool_version text NOT NULL,\n  format bigint NOT NULL\n);\n\
             CREATE TABLE IF NOT EXISTS {text} (\n  sha256 text PRIMARY KEY,\n  text text NOT NULL,\n  \
               format bigint NOT NULL\n);\n\
             CREATE TABLE IF NOT EXISTS {journal} (\n  \
               version bigint NOT NULL,\n  direction text NOT NULL,\n  n bigint NOT NULL,\n  \
               statement_sha256 text NOT NULL,\n  state text NOT NULL,\n  pre_image text,\n  error text,\n  \
               format bigint NOT NULL,\n  PRIMARY KEY (version, direction, n)\n);\n\
             REVOKE ALL ON TABLE {text} FROM PUBLIC;\n",
            history = self.table(&self.tables.history),
            journal = self.table(&self.tables.journal),
        )
    }

    /// Takes the texts away from roles to which `ALTER DEFAULT PRIVILEGES` gives all new tables: a migration may hold
    /// the password of a role.
    pub(crate) fn revoke_sql(&self, client: &mut Client) -> Result<String, Cause> {
        let text = self.table(&self.tables.text);
        let grantees = catalog::column(
            client,
            &format!(
                "SELECT DISTINCT r.rolname FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a \
                 JOIN pg_catalog.pg_roles r ON r.oid = a.grantee WHERE c.oid = to_regclass({}) AND a.grantee <> c.relowner",
                literal(&text)
            ),
        )?;
        Ok(grantees.iter().map(|role| format!("REVOKE ALL ON TABLE {text} FROM {};\n", name(role))).collect())
    }

    /// The same in PL/pgSQL, for a script, which can't ask first.
    pub(crate) fn revoke_from_all_sql(&self) -> String {
        let text = literal(&self.table(&self.tables.text));
        format!(
            "  EXECUTE (SELECT coalesce(string_agg(DISTINCT format('REVOKE ALL ON TABLE %s FROM %I;', c.oid::regclass, r.rolname), ' '), '') \
             FROM pg_class c, aclexplode(c.relacl) a\n    \
             JOIN pg_roles r ON r.oid = a.grantee WHERE c.oid = {text}::regclass AND a.grantee <> c.relowner);\n"
        )
    }

    /// Notes when a unit begins, for as long as its transaction lasts.
    pub(crate) fn began_sql() -> String {
        format!("SELECT set_config('{BEGAN}', extract(epoch FROM clock_timestamp())::text, true);\n")
    }

    /// A write as SQL, to be run and to be read.
    pub(crate) fn write_sql(&self, write: &RowWrite<'_>, began: Began) -> String {
        let began = match began {
            Began::Noted => format!("to_timestamp(current_setting('{BEGAN}')::float8)"),
            Began::WithTransaction => "now()".to_owned(),
        };
        RowSql::write_sql(self, write, (&began, &self.millis_since(&began)))
    }
}

impl RowSql for History {
    fn tables(&self) -> &Tables {
        &self.tables
    }

    fn table(&self, table: &str) -> String {
        self.home.as_ref().map_or_else(|| name(table), |schema| format!("{}.{}", name(schema), name(table)))
    }

    fn literal(&self, text: &str) -> String {
        literal(text)
    }

    fn now(&self) -> &str {
        "clock_timestamp()"
    }

    fn session_user(&self) -> &str {
        "session_user"
    }

    fn millis_since(&self, since: &str) -> String {
        format!("round(extract(epoch FROM clock_timestamp() - {since}) * 1000)::bigint")
    }
}

/// A session that is given to us is outside a transaction: ours would otherwise end somebody else's.
pub(crate) fn inside_a_transaction() -> Cause {
    Cause::new(CauseKind::Access, "the connection is inside a transaction that was begun before")
        .hint("commit it or roll it back first, or hand over another connection")
}

fn elsewhere(schema: &str) -> String {
    format!(
        "if that is this application's history, name its schema (`--schema {schema}`); if it is another \
         application's, name the schema for this one's"
    )
}
