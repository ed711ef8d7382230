//! The SQL of a run as text, for people and for the clients mysql and mariadb.

use std::borrow::Cow;
use std::time::Duration;

use migrate_core::Tables;
use migrate_core::driver::{Facts, Unit, UnitMode};
use migrate_core::history::RowWrite;
use migrate_core::render::{Checks, Render};
use migrate_core::sql::{Dialect, Role, split};

use crate::catalog::name;
use crate::driver::message::error_unless;
use crate::driver::settings::seconds;
use crate::history::History;

/// Writes SQL for MySQL or MariaDB without a connection. Without a schema in `tables` the history stands in the database
/// that the client is connected to.
///
/// ```
/// use migrate_core::{Migrations, Tables, Variables, Version, script, source, sql::Dialect};
///
/// let files = [("20260102030405_create_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY)")];
/// let known = Migrations::<()>::from_sql(source::read(files, Some(Dialect::Mariadb))?.migrations)?;
/// let to = Version::new(20260102030405);
/// let sql = script(&*migrate_mysql::renderer(Dialect::Mariadb, Tables::default()), &known, &Variables::default(), Version::ZERO, to)?;
/// assert!(sql.contains("CREATE TABLE users (id bigint PRIMARY KEY);"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn renderer(dialect: Dialect, tables: Tables) -> Box<dyn Render> {
    Box::new(Renderer { history: Cow::Owned(History::new(tables)), dialect })
}

pub(crate) struct Renderer<'h> {
    pub(crate) history: Cow<'h, History>,
    pub(crate) dialect: Dialect,
}

impl Render for Renderer<'_> {
    fn facts(&self) -> Facts {
        let server = if self.dialect == Dialect::Mariadb { "MariaDB" } else { "MySQL" };
        Facts {
            syntax: self.dialect.into(),
            server: server.into(),
            version: None,
            transactional_ddl: false,
            // Only who resumes has to look, and a script is not resumed.
            sees_swaps: true,
        }
    }

    fn tables(&self) -> String {
        let tables: String = self.history.create_sql().iter().map(|create| format!("{create};\n")).collect();
        format!("-- the tables of the history\n{tables}")
    }

    fn units(&self, units: &[Unit<'_>], checks: Checks) -> String {
        let rows = |writes: &[RowWrite<'_>]| -> String {
            writes.iter().map(|write| self.history.write_sql(write, Duration::ZERO) + "\n").collect()
        };
        // A statement that commits by itself, with no row beside it.
        let bare = |unit: &Unit<'_>| unit.mode == UnitMode::Alone && unit.before.is_empty() && unit.after.is_empty();
        let open = !units.iter().all(bare);
        let mut sql = String::from(if open { "START TRANSACTION;\n" } else { "" });
        for unit in units {
            for (version, expect) in checks.of(unit) {
                let checked = error_unless(&self.history.holds_sql(version, expect));
                sql.push_str(&format!("SET @migrate_check = {checked};\n"));
            }
            sql.push_str(&rows(&unit.before));
            let (note, put_back) = self.settings(unit);
            sql.push_str(&note);
            texts(unit).for_each(|text| sql.push_str(&delimited(text)));
            sql.push_str(&put_back);
            sql.push_str(&rows(&unit.after));
        }
        if open {
            sql.push_str("COMMIT;\n");
        }
        sql
    }

    fn opening(&self, head: &str) -> String {
        let client = if self.dialect == Dialect::Mariadb { "mariadb" } else { "mysql" };
        format!(
            "-- {head}\n\
             -- For {client}, as a user that may do all this:  {client} --comments --binary-mode DATABASE < THIS_FILE\n\
             -- So it ends at the first error; `source` would go on behind it. A change of the schema commits by itself: what\n\
             -- was done before an error stays, and the history says which migration is half done.\n\
             -- Let nobody else migrate meanwhile: a script takes no lock, it only looks whether the history has moved: then\n\
             -- a check ends it, by \"Subquery returns more than 1 row\".\n\
             SET NAMES utf8mb4;\n"
        )
    }

    fn objection(&self, unit: &Unit<'_>) -> Option<Cow<'static, str>> {
        let leaves = texts(unit).any(|text| begins_with(text, "USE"));
        (leaves && self.history.home().is_none()).then_some(
            "it goes to another database (USE), and the history's is not known here: name it (`--schema NAME`)".into(),
        )
    }
}

/// The variables of a session that a script is likely to set.
const VARIABLES: [&str; 26] = [
    "autocommit",
    "auto_increment_increment",
    "auto_increment_offset",
    "character_set_client",
    "character_set_connection",
    "character_set_database",
    "character_set_results",
    "collation_connection",
    "default_storage_engine",
    "default_tmp_storage_engine",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "group_concat_max_len",
    "innodb_lock_wait_timeout",
    "innodb_strict_mode",
    "lock_wait_timeout",
    "max_execution_time",
    "max_statement_time",
    "sql_log_bin",
    "sql_mode",
    "sql_notes",
    "sql_safe_updates",
    "time_zone",
    "tx_isolation",
    "transaction_isolation",
    "unique_checks",
];

impl Renderer<'_> {
    /// What notes the settings that a unit changes, and what puts them back and takes away what lives in the session.
    fn settings(&self, unit: &Unit<'_>) -> (String, String) {
        let (mut note, mut back) = (String::new(), String::new());
        if let Some(wait) = unit.lock_timeout {
            for variable in ["lock_wait_timeout", "innodb_lock_wait_timeout"] {
                note.push_str(&format!("SET @migrate_{variable} = @@SESSION.{variable};\n"));
                note.push_str(&format!("SET SESSION {variable} = {};\n", seconds(wait)));
                back.push_str(&format!("SET SESSION {variable} = @migrate_{variable};\n"));
            }
        }
        if !unit.restore_settings {
            return (note, back);
        }
        let session: Vec<_> = unit
            .statements
            .iter()
            .filter(|piece| piece.role != Role::Change)
            .filter_map(|piece| Some(piece.text(unit.script?)))
            .collect();
        let lower = session.join("\n").to_ascii_lowercase();
        let noted = |variable: &str| unit.lock_timeout.is_some() && variable.ends_with("lock_wait_timeout");
        for variable in VARIABLES.iter().filter(|variable| lower.contains(**variable) && !noted(variable)) {
            note.push_str(&format!("SET @migrate_{variable} = @@SESSION.{variable};\n"));
            back.push_str(&format!("SET SESSION {variable} = @migrate_{variable};\n"));
        }
        for text in &session {
            let Ok(statements) = split(text, self.dialect) else { continue };
            for statement in &statements {
                for variable in statement.user_variables() {
                    back.push_str(&format!("SET @{} = NULL;\n", name(&variable)));
                }
                let known = statement.recognise();
                if known.role == Role::TemporaryObject && known.verb.starts_with("CREATE") {
                    let kind = if known.verb.contains("SEQUENCE") { "SEQUENCE" } else { "TABLE" };
                    for object in &known.objects {
                        let schema = object.schema.as_ref().map_or_else(String::new, |s| format!("{}.", name(s)));
                        back.push_str(&format!("DROP TEMPORARY {kind} IF EXISTS {schema}{};\n", name(&object.name)));
                    }
                }
            }
        }
        if let (true, Some(home)) = (session.iter().any(|text| begins_with(text, "USE")), self.history.home()) {
            back.push_str(&format!("USE {};\n", name(home)));
        }
        if lower.contains("set names") || lower.contains("set character set") || lower.contains("set charset") {
            back.push_str("SET NAMES utf8mb4;\n");
        }
        if lower.contains("set role") {
            // As a session begins; MariaDB has no word for it.
            back.push_str(if self.dialect == Dialect::Mariadb { "SET ROLE NONE;\n" } else { "SET ROLE DEFAULT;\n" });
        }
        (note, back)
    }
}

fn texts<'u>(unit: &'u Unit<'_>) -> impl Iterator<Item = &'u str> {
    unit.statements.iter().filter_map(|piece| Some(piece.text(unit.script?)))
}

fn begins_with(text: &str, word: &str) -> bool {
    text.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word))
}

/// A statement as a client takes it, which needs to be told where the body of a routine ends.
fn delimited(statement: &str) -> String {
    let statement = statement.trim_end();
    if !statement.contains(';') {
        return format!("{statement};\n");
    }
    let delimiters = [";;", "$$", "//", "$migrate$"];
    let delimiter = delimiters.into_iter().find(|delimiter| !statement.contains(delimiter)).unwrap_or("$migrate$end$");
    format!("DELIMITER {delimiter}\n{statement}\n{delimiter}\nDELIMITER ;\n")
}

#[cfg(test)]
mod tests {
    use super::delimited;

    #[test]
    fn a_delimiter_is_not_in_its_statement() {
        assert_eq!(delimited("SELECT 1 "), "SELECT 1;\n");
        assert_eq!(delimited("SELECT ';'"), "DELIMITER ;;\nSELECT ';'\n;;\nDELIMITER ;\n");
        assert!(delimited("SELECT ';; $$'").starts_with("DELIMITER //\n"));
    }
}
