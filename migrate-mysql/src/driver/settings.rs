//! The session's settings: what a script may change in them is put back.

use std::collections::BTreeMap;
use std::time::Duration;

use migrate_core::driver::{Cause, Driver};
use migrate_core::sql::{Role, Statement, Syntax, split};

use super::Mysql;
use crate::catalog::{self, literal, name};
use crate::lock;

/// A session as it was found, and as a run wants it.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    found: BTreeMap<String, String>,
    ours: BTreeMap<String, String>,
    database: Option<String>,
    /// As `SET ROLE` takes it; `None` where the server has no roles.
    role: Option<String>,
}

/// What a run needs otherwise: an application's limits are for its queries. `sql_notes` and the like stay as they are.
const OURS: [(&str, &str); 5] = [
    ("autocommit", "ON"),
    ("max_execution_time", "0"),
    ("max_statement_time", "0"),
    ("wait_timeout", "28800"),
    ("sql_select_limit", "18446744073709551615"),
];

/// They change by themselves.
const MOVING: [&str; 14] = [
    "error_count",
    "gtid_binlog_pos",
    "gtid_current_pos",
    "identity",
    "in_transaction",
    "insert_id",
    "last_gtid",
    "last_insert_id",
    "pseudo_thread_id",
    "rand_seed1",
    "rand_seed2",
    "statement_id",
    "timestamp",
    "warning_count",
];

/// How long to wait for a lock: whole seconds here, and at least one.
pub(crate) fn seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

impl Mysql<'_> {
    /// Notes the settings as they are found, once, and sets what a run needs.
    pub(super) fn note_settings(&mut self) -> Result<(), Cause> {
        if self.settings.is_some() {
            return Ok(());
        }
        self.facts()?;
        let found = self.all_settings()?;
        let different = |(name, value): &&(&str, &str)| found.get(*name).is_some_and(|found| found != value);
        for (name, value) in OURS.iter().filter(different) {
            // A proxy, or a platform's own rule, may refuse it; the run can do without.
            let _ = self.set(name, value);
        }
        // The bytes of a script are UTF-8, whatever the server's init_connect has made of the session.
        if found.get("character_set_client").is_some_and(|set| set != "utf8mb4") {
            self.batch("SET NAMES utf8mb4")?;
        }
        let ours = self.all_settings()?;
        let wait = |name: &str| ours.get(name).and_then(|value| value.parse().ok()).unwrap_or_default();
        self.waits = Some((wait("lock_wait_timeout"), wait("innodb_lock_wait_timeout")));
        let database = self.current_database()?;
        let role = self.current_role();
        self.settings = Some(Settings { found, ours, database, role });
        Ok(())
    }

    /// SQL that lets statements wait so long for a lock, unless the script has said how long itself; nothing where it is
    /// so already.
    pub(super) fn wait_sql(&mut self, timeout: Option<Duration>) -> String {
        let (Some(timeout), Some((tables, rows))) = (timeout, self.waits) else { return String::new() };
        let wait = seconds(timeout);
        if (tables, rows) == (wait, wait) {
            return String::new();
        }
        self.waits = Some((wait, wait));
        let set =
            |name: &str, before: u64| format!("{name} = CAST(IF(@@{name} = {before}, {wait}, @@{name}) AS UNSIGNED)");
        format!(
            "SET SESSION {}, SESSION {};\n",
            set("lock_wait_timeout", tables),
            set("innodb_lock_wait_timeout", rows)
        )
    }

    /// Something runs that may change the session.
    pub(super) fn note(&mut self, text: &str) {
        self.touched = true;
        let Ok(statements) = self.syntax_now().map_err(drop).and_then(|syntax| split(text, syntax).map_err(drop))
        else {
            return;
        };
        for statement in &statements {
            let known = statement.recognise();
            if known.role == Role::TemporaryObject {
                let names = known.objects.iter().map(|object| {
                    let schema = object.schema.as_ref().map_or_else(String::new, |schema| format!("{}.", name(schema)));
                    format!("{schema}{}", name(&object.name))
                });
                let kind = if known.verb.contains("SEQUENCE") { "SEQUENCE" } else { "TABLE" };
                if known.verb.starts_with("CREATE") {
                    self.temporary.extend(names.map(|name| format!("DROP TEMPORARY {kind} IF EXISTS {name}")));
                }
            }
            self.note_variables(statement);
        }
    }

    fn note_variables(&mut self, statement: &Statement<'_>) {
        for variable in statement.user_variables() {
            if !self.variables.contains_key(&variable) {
                let sql = format!("SELECT @{}", name(&variable));
                let before = catalog::row(self.conn(), &sql).ok().and_then(|row| row.into_iter().next().flatten());
                self.variables.insert(variable, before);
            }
        }
    }

    /// Puts everything back that a script may have left in the session.
    pub(super) fn tidy_up(&mut self) -> Result<(), Cause> {
        let Some(settings) = self.settings.clone().filter(|_| self.touched) else { return Ok(()) };
        if let Some(role) = settings.role.filter(|role| self.current_role().as_ref() != Some(role)) {
            self.batch(&format!("SET ROLE {role}"))?;
        }
        let mut ours = settings.ours;
        // These are set with each unit.
        if let Some((tables, rows)) = self.waits {
            ours.insert("lock_wait_timeout".into(), tables.to_string());
            ours.insert("innodb_lock_wait_timeout".into(), rows.to_string());
        }
        self.put_back(&ours)?;
        if self.current_database()? != settings.database
            && let Some(database) = &settings.database
        {
            self.batch(&format!("USE {}", name(database)))?;
        }
        for (variable, before) in std::mem::take(&mut self.variables) {
            let before = before.as_deref().map_or("NULL".into(), literal);
            self.batch(&format!("SET @{} = {before}", name(&variable)))?;
        }
        for drop in std::mem::take(&mut self.temporary) {
            self.batch(&drop)?;
        }
        self.touched = false;
        self.still_locked()
    }

    /// Gives the session back as it was found.
    pub(super) fn give_back_settings(&mut self) -> Result<(), Cause> {
        let Some(settings) = self.settings.clone() else { return Ok(()) };
        if !self.is_yours() {
            return Ok(());
        }
        let tidied = self.tidy_up();
        self.settings = None;
        self.waits = None;
        self.put_back(&settings.found).and(tidied)
    }

    /// `RELEASE_ALL_LOCKS()` in a script gives the lock away. Nobody may have come in between.
    fn still_locked(&mut self) -> Result<(), Cause> {
        let Some(held) = self.held.clone() else { return Ok(()) };
        let sql = format!("SELECT {} AND connection_id() = {}", held.is_ours_sql(), self.id);
        if catalog::row(self.conn(), &sql)?.first().cloned().flatten().as_deref() == Some("1") {
            return Ok(());
        }
        self.held = None;
        Err(lock::lost())
    }

    fn put_back(&mut self, wanted: &BTreeMap<String, String>) -> Result<(), Cause> {
        for (name, now) in self.all_settings()? {
            match wanted.get(&name) {
                Some(value) if *value != now => self.set(&name, value)?,
                _ => {}
            }
        }
        self.batch("SET SESSION timestamp = DEFAULT")
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Cause> {
        let value = match value {
            "" if name == "character_set_results" => "NULL".to_owned(),
            value if value.parse::<f64>().is_ok() => value.to_owned(),
            value => literal(value),
        };
        match self.batch(&format!("SET SESSION {name} = {value}")) {
            // It is the whole server's, can't be set, or not by this user, who has not set it either.
            Err(why) if matches!(why.code.as_deref(), Some("1193" | "1227" | "1229" | "1238")) => Ok(()),
            other => other,
        }
    }

    fn all_settings(&mut self) -> Result<BTreeMap<String, String>, Cause> {
        let rows = catalog::rows(self.conn(), "SHOW SESSION VARIABLES")?;
        let pair = |row: catalog::Row| {
            let mut cells = row.into_iter();
            Some((cells.next()??.to_ascii_lowercase(), cells.next().flatten().unwrap_or_default()))
        };
        Ok(rows.into_iter().filter_map(pair).filter(|(name, _)| !MOVING.contains(&name.as_str())).collect())
    }

    /// Looks while the session is as it is by default: what SHOW CREATE says hangs on it, and the run that compares has
    /// another one.
    pub(super) fn plainly<T>(&mut self, look: impl FnOnce(&mut Self) -> Result<T, Cause>) -> Result<T, Cause> {
        const NAMES: [&str; 5] = [
            "sql_mode",
            "sql_quote_show_create",
            "character_set_client",
            "character_set_results",
            "collation_connection",
        ];
        let row = catalog::row(self.conn(), &format!("SELECT @@{}", NAMES.join(", @@")))?;
        self.batch("SET NAMES utf8mb4; SET SESSION sql_mode = '', sql_quote_show_create = 1")?;
        let seen = look(self);
        let set = NAMES.iter().zip(row).map(|(name, value)| {
            let value = value.map_or("NULL".into(), |value| literal(&value));
            format!("{name} = {}", if *name == "sql_quote_show_create" { value.replace('\'', "") } else { value })
        });
        let set: Vec<_> = set.collect();
        self.batch(&format!("SET SESSION {}", set.join(", ")))?;
        seen
    }

    /// How the session reads SQL now, which a script may have changed.
    pub(super) fn syntax_now(&mut self) -> Result<Syntax, Cause> {
        if !self.touched {
            return Ok(self.syntax());
        }
        let mode = catalog::row(self.conn(), "SELECT @@sql_mode")?.into_iter().next().flatten().unwrap_or_default();
        Ok(if self.is_mariadb() { Syntax::mariadb(&mode) } else { Syntax::mysql(&mode) })
    }

    fn current_role(&mut self) -> Option<String> {
        let row = catalog::row(self.conn(), "SELECT current_role()").ok()?;
        Some(match row.into_iter().next().flatten() {
            // MySQL gives a list of accounts in quotes, or the word.
            Some(roles) if roles == "NONE" || roles.contains('@') => roles,
            Some(role) => name(&role),
            None => "NONE".into(),
        })
    }

    pub(super) fn current_database(&mut self) -> Result<Option<String>, Cause> {
        // Nothing has run that could have left it.
        if !self.touched
            && let Some(Settings { database: Some(database), .. }) = &self.settings
        {
            return Ok(Some(database.clone()));
        }
        Ok(catalog::row(self.conn(), "SELECT database()")?.into_iter().next().flatten())
    }
}
