//! The session's settings: what a script may change in them is put back.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use migrate_core::driver::LockAttempt;
use migrate_core::{Cause, CauseKind};

use super::Postgres;
use crate::catalog::{self, literal};
use crate::lock::given_away;

/// A session as it was found, and as a run wants it.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    /// Name and value, of those below that this server knows.
    found: Vec<(String, String)>,
    /// The same, as they are while a run is under way.
    ours: Vec<(String, String)>,
    /// What the session itself has set before, whatever it is.
    session: BTreeMap<String, String>,
    /// What lives in the session: temporary tables, prepared statements and so on.
    belongings: BTreeSet<String>,
}

/// What one migration must not leave to the next, or to our rows: also where nobody can see from a script that it sets
/// something, as in `SELECT f()`, whose f calls `set_config`. In this order: with the role comes the right to the rest.
pub(crate) const ALWAYS: [&str; 20] = [
    "session_authorization",
    "role",
    "search_path",
    "lock_timeout",
    "statement_timeout",
    "transaction_timeout",
    "idle_in_transaction_session_timeout",
    "client_connection_check_interval",
    "row_security",
    "session_replication_role",
    "check_function_bodies",
    "standard_conforming_strings",
    "default_tablespace",
    "default_table_access_method",
    "default_transaction_read_only",
    "default_transaction_isolation",
    "client_min_messages",
    "TimeZone",
    "DateStyle",
    "client_encoding",
];

/// What a run needs otherwise: an application's time-outs are for its queries, and a lock whose holder is cut off from
/// the network must come free. `client_connection_check_interval` ends the statement of a run that was killed.
const OURS: [(&str, &str); 6] = [
    ("statement_timeout", "0"),
    ("transaction_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("client_connection_check_interval", "1s"),
    ("client_encoding", "UTF8"),
];

/// Set once, and not compared: through a socket of the file system they read as 0 whatever they are set to.
const KEEPALIVES: [(&str, &str); 3] =
    [("tcp_keepalives_idle", "30"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3")];

impl Postgres<'_> {
    /// Notes the settings as they are found, once, and sets what a run needs.
    pub(super) fn note_settings(&mut self) -> Result<(), Cause> {
        if self.settings.is_some() {
            return Ok(());
        }
        // The last two are not in the view.
        let all = "SELECT name, current_setting(name) FROM pg_catalog.pg_settings \
                   UNION ALL SELECT n, current_setting(n) FROM (VALUES ('session_authorization'), ('role')) AS these(n)";
        let mut all: BTreeMap<_, _> = self.pairs(all)?.into_iter().collect();
        let session = self.of_this_session()?;
        let found: Vec<_> =
            ALWAYS.iter().filter_map(|name| Some(((*name).to_owned(), all.get(*name)?.clone()))).collect();
        let known = OURS.iter().chain(&KEEPALIVES).filter(|(name, _)| all.contains_key(*name));
        let set = |(name, value): &(&str, &str)| format!("SELECT set_config('{name}', '{value}', false);\n");
        let known: Vec<_> = known.map(set).collect();
        // A platform without the means for one of them refuses it, and with it the whole message; the run can do
        // without that one.
        if self.batch(&known.concat()).is_err() {
            for one in known {
                let _ = self.batch(&one);
            }
        }
        for (name, value) in self.pairs("SELECT name, current_setting(name) FROM pg_catalog.pg_settings")? {
            all.insert(name, value);
        }
        let ours = found.iter().filter_map(|(name, _)| Some((name.clone(), all.get(name)?.clone()))).collect();
        let belongings = self.belongings()?;
        self.settings = Some(Settings { found, ours, session, belongings });
        Ok(())
    }

    /// SQL that puts back what every script may have changed.
    pub(super) fn put_back_sql(&self) -> String {
        self.settings.as_ref().map_or_else(String::new, |settings| put_back(&settings.ours))
    }

    /// SQL that makes the rest of a transaction run in the runner's role: the script's own may not write our rows.
    pub(super) fn our_role_sql(&self) -> String {
        let Some(settings) = &self.settings else { return String::new() };
        let role = |(name, value): &(String, String)| {
            format!(
                "SELECT set_config('{name}', {value}, true) WHERE current_setting('{name}') <> {value};\n",
                value = literal(value)
            )
        };
        settings.ours.iter().filter(|(name, _)| name == "role" || name == "session_authorization").map(role).collect()
    }

    /// SQL that lets statements wait so long for a lock, unless the script has said how long itself.
    pub(super) fn lock_timeout_sql(&self, timeout: Option<std::time::Duration>, scope: Scope) -> String {
        let Some(timeout) = timeout else { return String::new() };
        let set_before =
            self.settings.iter().flat_map(|settings| &settings.ours).find(|(name, _)| name == "lock_timeout");
        let before = set_before.map_or("0", |(_, value)| value);
        format!(
            "SELECT set_config('lock_timeout', '{}ms', {}) WHERE current_setting('lock_timeout') = {};\n",
            timeout.as_millis(),
            scope == Scope::Transaction,
            literal(before)
        )
    }

    /// Puts everything back that a script may have left in the session.
    pub(super) fn tidy_up(&mut self) -> Result<(), Cause> {
        let Some(settings) = self.settings.clone() else { return Ok(()) };
        self.put_all_back(&settings).map_err(|mut cause| {
            cause.message = format!("a migration has left a setting that can't be put back: {}", cause.message);
            if cause.kind == CauseKind::Statement {
                // Its transaction is committed, and no file that comes behind it is to blame.
                cause.kind = CauseKind::Access;
            }
            cause
        })?;
        self.still_locked()
    }

    fn put_all_back(&mut self, settings: &Settings) -> Result<(), Cause> {
        self.batch(&put_back(&settings.ours))?;
        let mut sql = String::new();
        let ours: Vec<_> = OURS.iter().chain(&KEEPALIVES).map(|(name, _)| *name).chain(ALWAYS).collect();
        for (name, value) in self.of_this_session()? {
            match settings.session.get(&name) {
                _ if ours.contains(&name.as_str()) => {}
                Some(before) if *before == value => {}
                Some(before) => {
                    sql.push_str(&format!("SELECT set_config({}, {}, false);\n", literal(&name), literal(before)));
                }
                None => sql.push_str(&format!("RESET {};\n", dotted(&name))),
            }
        }
        for (name, before) in std::mem::take(&mut self.custom) {
            sql.push_str(&format!("SELECT set_config({}, {}, false);\n", literal(&name), literal(&before)));
        }
        for belonging in self.belongings()?.difference(&settings.belongings) {
            sql.push_str(belonging);
            sql.push_str(";\n");
        }
        if sql.is_empty() { Ok(()) } else { self.batch(&sql) }
    }

    /// A setting of an application's own, `app.tenant`, is in no view: one that a script names is remembered before it
    /// is set.
    pub(super) fn note_custom(&mut self, statement: &str) {
        let Some(name) = custom_setting(statement) else { return };
        if self.custom.contains_key(&name) {
            return;
        }
        let sql = format!("SELECT current_setting({}, true)", literal(&name));
        // What can't be asked can't be set either, and the script's own statement will tell.
        if let Ok(row) = catalog::row(self.client(), &sql) {
            let before = row.get(0).unwrap_or_default().to_owned();
            self.custom.insert(name, before);
        }
    }

    /// Gives the session back as it was found.
    pub(super) fn give_back_settings(&mut self) -> Result<(), Cause> {
        let Some(settings) = self.settings.take() else { return Ok(()) };
        if !self.is_yours() {
            return Ok(());
        }
        let mut sql = put_back(&settings.found);
        for (name, _) in OURS.iter().chain(&KEEPALIVES) {
            if settings.found.iter().any(|(found, _)| found == name) {
                continue;
            }
            match settings.session.get(*name) {
                Some(value) => sql.push_str(&format!("SELECT set_config('{name}', {}, false);\n", literal(value))),
                None => sql.push_str(&format!(
                    "SELECT set_config(name, reset_val, false) FROM pg_catalog.pg_settings WHERE name = '{name}';\n"
                )),
            }
        }
        self.batch(&sql)
    }

    /// `DISCARD ALL` in a script gives the lock away, too. Nobody may have come in between.
    pub(super) fn still_locked(&mut self) -> Result<(), Cause> {
        let Some(lock) = self.held else { return Ok(()) };
        if lock.is_ours(self.client())? {
            return Ok(());
        }
        match lock.attempt(self.client())?.0 {
            LockAttempt::Acquired => Ok(()),
            _ => {
                self.held = None;
                Err(given_away())
            }
        }
    }

    fn of_this_session(&mut self) -> Result<BTreeMap<String, String>, Cause> {
        let sql = "SELECT name, current_setting(name, true) FROM pg_catalog.pg_settings WHERE source = 'session' \
                   AND name NOT LIKE 'migrate.%'";
        Ok(self.pairs(sql)?.into_iter().collect())
    }

    /// What lives in the session, each as the statement that takes it away.
    fn belongings(&mut self) -> Result<BTreeSet<String>, Cause> {
        let sql = "\
            SELECT 'DROP ' || CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END \
                || ' IF EXISTS pg_temp.' || quote_ident(c.relname) || ' CASCADE' \
            FROM pg_catalog.pg_class c WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind IN ('r', 'p', 'v', 'S') \
            UNION ALL SELECT 'DROP ROUTINE IF EXISTS ' || p.oid::regprocedure || ' CASCADE' \
            FROM pg_catalog.pg_proc p WHERE p.pronamespace = pg_my_temp_schema() \
            UNION ALL SELECT 'DROP TYPE IF EXISTS pg_temp.' || quote_ident(t.typname) || ' CASCADE' \
            FROM pg_catalog.pg_type t WHERE t.typnamespace = pg_my_temp_schema() AND (t.typtype IN ('e', 'd', 'r') \
                OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) \
            UNION ALL SELECT 'DEALLOCATE ' || quote_ident(name) FROM pg_catalog.pg_prepared_statements WHERE from_sql \
            UNION ALL SELECT 'CLOSE ' || quote_ident(name) FROM pg_catalog.pg_cursors WHERE is_holdable \
            UNION ALL SELECT 'UNLISTEN ' || quote_ident(channel) FROM pg_listening_channels() AS channel";
        Ok(catalog::column(self.client(), sql)?.into_iter().collect())
    }

    fn pairs(&mut self, sql: &str) -> Result<Vec<(String, String)>, Cause> {
        let rows = catalog::rows(self.client(), sql)?;
        Ok(rows.iter().filter_map(|row| Some((row.get(0)?.to_owned(), row.get(1)?.to_owned()))).collect())
    }
}

/// How long a setting lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Transaction,
    Session,
}

/// Sets what is not as it should be; one that is is left alone, for not every role may set it.
fn put_back(settings: &[(String, String)]) -> String {
    let values: Vec<_> =
        settings.iter().map(|(name, value)| format!("({}, {})", literal(name), literal(value))).collect();
    if values.is_empty() {
        return String::new();
    }
    format!(
        "SELECT set_config(name, value, false) FROM (VALUES {}) AS found(name, value) \
         WHERE current_setting(name, true) IS DISTINCT FROM value;\n",
        values.join(", ")
    )
}

/// The same of a setting that is an application's own, `app.tenant`.
fn custom_setting(statement: &str) -> Option<String> {
    setting(statement).filter(|name| name.contains('.') && !name.starts_with("migrate."))
}

/// The `app.tenant` of `SET app.tenant = …` or of `SELECT set_config('app.tenant', …)`.
pub(crate) fn setting(statement: &str) -> Option<String> {
    let mut words = statement.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty());
    let is = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
    let name = match words.next()? {
        word if is(word, "SET") => words.find(|word| !is(word, "SESSION") && !is(word, "LOCAL"))?.to_owned(),
        // The first literal of another function may look like a setting, and none can be made of it:
        // `SELECT setval('public."order-items_id_seq"', 42)`.
        word if is(word, "SELECT") => {
            let function = words.next()?.to_ascii_lowercase();
            let function = function.strip_prefix("pg_catalog.").unwrap_or(&function);
            function.starts_with("set_config").then(|| statement.split('\'').nth(1))??.to_owned()
        }
        _ => return None,
    };
    let name = name.replace('"', "");
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'))).then_some(name)
}

/// Whether a statement may give all locks of the session away.
pub(super) fn may_unlock(statement: &str) -> bool {
    let lower = statement.to_ascii_lowercase();
    lower.contains("discard") || lower.contains("pg_advisory_unlock")
}

/// `app.tenant` is two names.
fn dotted(setting: &str) -> String {
    setting.split('.').map(catalog::name).collect::<Vec<_>>().join(".")
}
