//! What the server's `SHOW CREATE` says of something that a script is about to change. Where the text would not make the same
//! again (another `sql_mode`, another character set), that is told instead.

use std::time::Duration;

use migrate_core::Cause;
use migrate_core::undo::{Answer, Asks, Object, ObjectKind};

use super::Mysql;
use crate::catalog::{self, Row, literal};

/// Errors that say that there is no such thing.
const ABSENT: [&str; 5] = ["1146", "1305", "1347", "1360", "1539"];

/// Modes in which `SHOW CREATE` writes what is read otherwise without them, or leaves something out.
const OTHER_WORDS: [&str; 10] = [
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES",
    "ORACLE",
    "MSSQL",
    "DB2",
    "POSTGRESQL",
    "MAXDB",
    "NO_TABLE_OPTIONS",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
];

impl Mysql<'_> {
    pub(super) fn described(&mut self, object: &Object) -> Result<Answer, Cause> {
        // `SHOW CREATE` waits for whoever is changing the table, a year by default.
        let wait = self.wait_sql(Some(Duration::from_secs(2)));
        if !wait.is_empty() {
            self.batch(&wait)?;
        }
        let row = catalog::row(self.conn(), "SELECT database(), @@sql_mode, @@sql_quote_show_create, @@time_zone")?;
        let session = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
        let (database, mode) = (session(0).to_owned(), session(1).to_owned());
        if object.asks == Asks::Presence {
            return self.presence(object, &database);
        }
        if session(2) != "1" || mode.split(',').any(|mode| OTHER_WORDS.contains(&mode)) {
            return Ok(cant("the session's settings let the server describe it in words that others read otherwise"));
        }
        let elsewhere = object.name.schema.as_ref().is_some_and(|schema| *schema != database);
        if elsewhere && object.kind != ObjectKind::Definition {
            return Ok(cant("it is in another database"));
        }
        match object.kind {
            ObjectKind::Definition => self.shown("TABLE", &object.written, 1),
            ObjectKind::Table => self.table(object, &database),
            ObjectKind::View => self.shown("VIEW", &object.written, 1),
            ObjectKind::Trigger => match self.is_one_of_several(object, &database)? {
                true => Ok(cant("other triggers fire with it, and in which order is not in its text")),
                false => self.program("TRIGGER", object, &mode),
            },
            ObjectKind::Event if session(3) == "SYSTEM" || session(3) == "+00:00" => {
                self.program("EVENT", object, &mode)
            }
            ObjectKind::Function | ObjectKind::Procedure => {
                let kind = if object.kind == ObjectKind::Function { "FUNCTION" } else { "PROCEDURE" };
                let rights = format!(
                    "SELECT 1 FROM mysql.procs_priv WHERE db = {} AND routine_name = {} AND routine_type = '{kind}'",
                    literal(&database),
                    literal(&object.name.name)
                );
                match catalog::exists(self.conn(), &rights) {
                    Ok(false) => self.program(kind, object, &mode),
                    Ok(true) => Ok(cant("the rights that somebody has on it go with it")),
                    Err(_) => Ok(cant("whether somebody has rights on it can't be seen")),
                }
            }
            _ => Ok(cant("what it was before is not read from the catalog")),
        }
    }

    fn presence(&mut self, object: &Object, database: &str) -> Result<Answer, Cause> {
        let (table, column) = match object.kind {
            ObjectKind::Table | ObjectKind::View | ObjectKind::Sequence => ("tables", "table"),
            ObjectKind::Function | ObjectKind::Procedure => ("routines", "routine"),
            ObjectKind::Trigger => ("triggers", "trigger"),
            ObjectKind::Event => ("events", "event"),
            _ => return Ok(cant("whether it is there is not asked")),
        };
        let kind = match object.kind {
            ObjectKind::Function => " AND routine_type = 'FUNCTION'",
            ObjectKind::Procedure => " AND routine_type = 'PROCEDURE'",
            _ => "",
        };
        let schema = object.name.schema.as_deref().unwrap_or(database);
        let sql = format!(
            "SELECT 1 FROM information_schema.{table} WHERE {column}_schema = {} AND {column}_name = {}{kind}",
            literal(schema),
            literal(&object.name.name)
        );
        Ok(if catalog::exists(self.conn(), &sql)? { Answer::There(String::new()) } else { Answer::Absent })
    }

    fn show(&mut self, kind: &str, written: &str) -> Result<Option<Row>, Cause> {
        match catalog::rows(self.conn(), &format!("SHOW CREATE {kind} {written}")) {
            Ok(rows) => Ok(rows.into_iter().next()),
            Err(cause) if cause.code.as_deref().is_some_and(|code| ABSENT.contains(&code)) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    fn shown(&mut self, kind: &str, written: &str, column: usize) -> Result<Answer, Cause> {
        let Some(row) = self.show(kind, written)? else { return Ok(Answer::Absent) };
        Ok(match row.into_iter().nth(column).flatten() {
            Some(text) if text.trim_start().starts_with("CREATE") => Answer::There(text),
            _ => cant("this user may not see its text"),
        })
    }

    /// What has a body: its text means what it means in the settings that it was made with.
    fn program(&mut self, kind: &str, object: &Object, mode: &str) -> Result<Answer, Cause> {
        let Some(row) = self.show(kind, &object.written)? else { return Ok(Answer::Absent) };
        let cell = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
        let text = if kind == "EVENT" { 3 } else { 2 };
        let session = catalog::row(
            self.conn(),
            "SELECT @@character_set_client, @@collation_connection, @@collation_database, @@time_zone",
        )?;
        let now = |index: usize| session.get(index).and_then(Option::as_deref).unwrap_or_default();
        let same = cell(1) == mode && (1..=3).all(|n| cell(text + n) == now(n - 1));
        if !same || kind == "EVENT" && cell(2) != now(3) {
            return Ok(cant(
                "it was made with other settings (sql_mode, character set, time zone) than this session has",
            ));
        }
        Ok(if cell(text).is_empty() {
            cant("this user may not see its text")
        } else {
            Answer::There(cell(text).into())
        })
    }

    fn is_one_of_several(&mut self, object: &Object, database: &str) -> Result<bool, Cause> {
        let sql = format!(
            "SELECT 1 FROM information_schema.triggers a JOIN information_schema.triggers b \
             ON b.trigger_schema = a.trigger_schema AND b.event_object_table = a.event_object_table \
             AND b.event_manipulation = a.event_manipulation AND b.action_timing = a.action_timing \
             AND b.trigger_name <> a.trigger_name WHERE a.trigger_schema = {} AND a.trigger_name = {}",
            literal(database),
            literal(&object.name.name)
        );
        catalog::exists(self.conn(), &sql)
    }

    /// A table; rights on it the server keeps.
    fn table(&mut self, object: &Object, database: &str) -> Result<Answer, Cause> {
        let sql = format!(
            "SELECT 1 FROM information_schema.triggers WHERE event_object_schema = {} AND event_object_table = {}",
            literal(database),
            literal(&object.name.name)
        );
        match self.shown("TABLE", &object.written, 1)? {
            Answer::There(_) if catalog::exists(self.conn(), &sql)? => Ok(cant("it has triggers")),
            answer => Ok(answer),
        }
    }
}

fn cant(why: &str) -> Answer {
    Answer::CantTell(why.to_owned())
}
