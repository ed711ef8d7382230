//! The session's settings: what a script may change in them is put back.

use migrate_core::ForeignKeys;
use migrate_core::driver::{Cause, Unit};
use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::Sqlite;
use crate::catalog;
use crate::error::cause;

/// The settings of a session that a script may change, as they were found.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) pragmas: Vec<(&'static str, Value)>,
    /// `PRAGMA case_sensitive_like` can be set and not asked; comparing tells.
    pub(super) like_ignores_case: bool,
    pub(super) schemas: Vec<String>,
    pub(super) temporary: Vec<String>,
    pub(super) busy_timeout: i64,
}

/// What a script may switch, and the next one must not inherit.
const PRAGMAS: [&str; 16] = [
    "foreign_keys",
    "legacy_alter_table",
    "ignore_check_constraints",
    "recursive_triggers",
    "writable_schema",
    "query_only",
    "synchronous",
    "cache_size",
    "locking_mode",
    "trusted_schema",
    "reverse_unordered_selects",
    "automatic_index",
    "secure_delete",
    "read_uncommitted",
    "cell_size_check",
    "temp_store",
];

/// Can't be set inside a transaction, and matter to no row: they are put back behind it.
const OUTSIDE_ONLY: [&str; 2] = ["synchronous", "temp_store"];

impl Sqlite<'_> {
    /// Notes the settings as they are found, once.
    pub(super) fn note_settings(&mut self) -> Result<(), Cause> {
        if self.settings.is_some() {
            return Ok(());
        }
        let mut pragmas = Vec::with_capacity(PRAGMAS.len());
        for name in PRAGMAS {
            pragmas.push((name, self.setting(name)?));
        }
        self.settings = Some(Settings {
            pragmas,
            like_ignores_case: self.like_ignores_case()?,
            schemas: catalog::schemas(self.db())?,
            temporary: catalog::temporary_objects(self.db())?,
            busy_timeout: self.pragma("busy_timeout")?,
        });
        Ok(())
    }

    /// Puts the pragmas back that are not as they were found.
    pub(super) fn put_back(&self) -> Result<(), Cause> {
        let Some(settings) = &self.settings else { return Ok(()) };
        let inside = !self.db().is_autocommit();
        for (name, found) in &settings.pragmas {
            if (inside && OUTSIDE_ONLY.contains(name)) || self.setting(name)? == *found {
                continue;
            }
            match found {
                Value::Integer(number) => self.batch(&format!("PRAGMA {name} = {number}"))?,
                Value::Text(word) => self.batch(&format!("PRAGMA {name} = {word}"))?,
                _ => {}
            }
        }
        if self.like_ignores_case()? != settings.like_ignores_case {
            self.batch(&format!("PRAGMA case_sensitive_like = {}", !settings.like_ignores_case))?;
        }
        Ok(())
    }

    /// Takes away what a script left in the session: attached databases, temporary tables.
    pub(super) fn tidy_up(&self) -> Result<(), Cause> {
        let Some(settings) = &self.settings else { return Ok(()) };
        for object in catalog::temporary_objects(self.db())? {
            if !settings.temporary.contains(&object) {
                self.batch(&format!("DROP {object}"))?;
            }
        }
        for schema in catalog::schemas(self.db())? {
            // `temp` comes into being with its first table, and stays.
            if schema != "temp" && !settings.schemas.contains(&schema) {
                self.batch(&format!("DETACH {}", catalog::name(&schema)))?;
            }
        }
        // An exclusive locking mode that was put back lets go at the next read.
        self.db().query_row("SELECT count(*) FROM main.sqlite_master", [], |_| Ok(())).map_err(cause)
    }

    /// A setting as it is now; NULL for one that this build of SQLite does not have.
    pub(super) fn setting(&self, name: &str) -> Result<Value, Cause> {
        let asked = self.db().query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).optional();
        Ok(asked.map_err(cause)?.unwrap_or(Value::Null))
    }

    pub(super) fn like_ignores_case(&self) -> Result<bool, Cause> {
        self.db().query_row("SELECT 'a' LIKE 'A'", [], |row| row.get(0)).map_err(cause)
    }

    /// `foreign_keys:off`: outside the transaction, for inside it SQLite ignores the pragma without a word.
    pub(super) fn switch_foreign_keys_off(&mut self, unit: &Unit<'_>) -> Result<(), Cause> {
        if unit.foreign_keys == ForeignKeys::AsTheyAre || self.pragma("foreign_keys")? == 0 {
            return Ok(());
        }
        self.batch("PRAGMA foreign_keys = OFF")?;
        self.foreign_keys_back = true;
        Ok(())
    }

    pub(super) fn switch_foreign_keys_back(&mut self) -> Result<(), Cause> {
        if std::mem::take(&mut self.foreign_keys_back) { self.batch("PRAGMA foreign_keys = ON") } else { Ok(()) }
    }
}
