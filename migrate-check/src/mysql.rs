//! MySQL and MariaDB: scratch databases beside the one of a URL, and their catalog, as `SHOW CREATE` has it.
//!
//! The columns of a table can be put anywhere there, so their order counts.

use std::sync::Arc;

use migrate_core::{Cause, CauseKind, Driver, Tables};
use migrate_mysql::{Mysql, Url, admin};
use mysql::prelude::Queryable;
use mysql::{Conn, Row};

use crate::{Catalog, Columns, Inspect, Made, Object, Part, Place, Scratch};

/// Databases `migrate_check_<random>` on the server of the URL. The URL's own database is not touched.
#[derive(Clone, Debug)]
pub struct Beside {
    url: Url,
}

impl Beside {
    /// On the server of this URL.
    pub fn new(url: Url) -> Self {
        Beside { url }
    }
}

impl Scratch for Beside {
    type Driver = Mysql<'static>;

    /// A schema is another database here, maybe the one that your users work on: the history is in the scratch database all
    /// the same.
    fn make(&self, history: &Tables) -> Result<Made<Self::Driver>, Cause> {
        let name = crate::scratch::random_name();
        let url = self.url.with_database(Some(&name));
        let mut tables = history.clone();
        tables.schema = None;
        admin::create(&url).map_err(|why| match why.code.as_deref() {
            Some("1044") => why.hint(
                "let the user make databases of that name: GRANT ALL ON `migrate\\_check\\_%`.* TO …; or name another server, \
                 one for tests",
            ),
            _ => why,
        })?;
        match Mysql::connect(&url) {
            Ok(driver) => {
                let remove = {
                    let name = name.clone();
                    move || remove(&url, &name)
                };
                Ok(Made::new(name, driver.tables(tables), remove))
            }
            Err(why) => {
                let _ = remove(&url, &name);
                Err(why)
            }
        }
    }
}

/// Nobody else knows the name. `admin::drop` would look who is connected, and may find the session that we have just ended.
fn remove(url: &Url, name: &str) -> Result<(), Cause> {
    let mut driver = Mysql::connect(&url.with_database(None))?;
    driver.execute(&format!("DROP DATABASE IF EXISTS `{name}`"))
}

impl Inspect for Mysql<'_> {
    type Memory = ();
    const COLUMNS: Place = Place::Anywhere;

    fn catalog(&mut self, history: &Tables, (): &mut ()) -> Result<Catalog, Cause> {
        read(self.connection(), history).map_err(|error| {
            self.cause_of(Box::new(error)).unwrap_or_else(|error| Cause::new(CauseKind::Access, error.to_string()))
        })
    }
}

/// What else there is besides tables: kind, name, and what `SHOW CREATE` does not tell.
const PROGRAMS: &str = "\
    SELECT 'trigger', trigger_name, concat('order=', action_order, ' ') FROM information_schema.triggers WHERE trigger_schema = database() \
    UNION ALL SELECT lower(routine_type), routine_name, '' FROM information_schema.routines WHERE routine_schema = database() \
    UNION ALL SELECT 'event', event_name, '' FROM information_schema.events WHERE event_schema = database()";

/// Rights in this database. Those of a whole database stand under a pattern of its name.
const GRANTS: &str = "\
    SELECT 'grant', concat('database to ', grantee), privilege_type, is_grantable \
      FROM information_schema.schema_privileges WHERE table_schema IN (database(), replace(database(), '_', '\\\\_')) \
    UNION ALL SELECT 'grant', concat(table_name, ' to ', grantee), privilege_type, is_grantable \
      FROM information_schema.table_privileges WHERE table_schema = database() \
    UNION ALL SELECT 'grant', concat(table_name, '.', column_name, ' to ', grantee), privilege_type, is_grantable \
      FROM information_schema.column_privileges WHERE table_schema = database()";

fn read(conn: &mut Conn, history: &Tables) -> mysql::Result<Catalog> {
    let ours = [&history.history, &history.text, &history.journal];
    let (mut objects, mut columns) = (Vec::new(), Vec::new());
    let mut push = |kind: &str, name: &str, definition: String| {
        objects.push(Object { kind: kind.into(), name: name.into(), definition });
    };
    let database: Option<String> = conn.query_first("SELECT database()")?.flatten();
    let Some(database) = database else { return Ok(Catalog::default()) };
    push("database", "itself", rest_of(&shown(conn, "database", &database)?));
    let tables: Vec<(String, String)> = conn.query("SHOW FULL TABLES")?;
    for (table, kind) in tables.into_iter().filter(|(table, _)| !ours.contains(&table)) {
        match kind.as_str() {
            "VIEW" => push("view", &table, without(&shown(conn, "view", &table)?, &database)),
            "SEQUENCE" => push("sequence", &table, without(&shown(conn, "sequence", &table)?, &database)),
            _ => {
                let text = without(&shown(conn, "table", &table)?, &database);
                let names = lines_of(&table, &text, &mut push);
                columns.push(Columns { table, names });
            }
        }
    }
    let programs: Vec<(String, String, String)> = conn.query(PROGRAMS)?;
    for (kind, name, told) in programs {
        // The last two are MariaDB's.
        if let "trigger" | "procedure" | "function" | "event" | "package" | "package body" = kind.as_str() {
            push(&kind, &name, told + &without(&shown(conn, &kind, &name)?, &database));
        }
    }
    let mut grants: Vec<(String, String, String, String)> = conn.query(GRANTS)?;
    // Who may not read the server's own tables does not see the rights on routines.
    let routines = "SELECT 'grant', concat(lower(routine_type), ' ', routine_name, ' to ', user, '@', host), \
                    cast(proc_priv AS char), '' FROM mysql.procs_priv WHERE db = database()";
    grants.extend(conn.query::<(String, String, String, String), _>(routines).unwrap_or_default());
    for (kind, name, privilege, grantable) in grants {
        let option = if grantable == "YES" { " WITH GRANT OPTION" } else { "" };
        push(&kind, &name, format!("{privilege}{option}"));
    }
    Ok(Catalog::new(vec![Arc::new(Part::new(objects, columns))]))
}

/// What `SHOW CREATE` answers: the text stands in the second column, or behind the `sql_mode` in the third.
fn shown(conn: &mut Conn, kind: &str, name: &str) -> mysql::Result<String> {
    let quoted = format!("`{}`", name.replace('`', "``"));
    let row: Option<Row> = conn.query_first(format!("SHOW CREATE {kind} {quoted}"))?;
    let Some(row) = row else { return Ok(String::new()) };
    let cell = |index: usize| row.get_opt::<Option<String>, _>(index)?.ok()?;
    Ok(match kind {
        "trigger" | "procedure" | "function" | "package" | "package body" => {
            format!("sql_mode={} {}", cell(1).unwrap_or_default(), cell(2).unwrap_or_default())
        }
        "event" => format!(
            "sql_mode={} time_zone={} {}",
            cell(1).unwrap_or_default(),
            cell(2).unwrap_or_default(),
            cell(3).unwrap_or_default()
        ),
        _ => cell(1).unwrap_or_default(),
    })
}

/// Columns, keys and constraints each by itself; what stands behind the closing parenthesis is the table's own. The
/// columns as they stand are returned.
fn lines_of(table: &str, text: &str, push: &mut impl FnMut(&str, &str, String)) -> Vec<String> {
    let mut columns = Vec::new();
    let mut options = Vec::new();
    for line in text.lines().skip(1) {
        let Some(line) = line.strip_prefix("  ") else {
            options.push(line.trim_start_matches([')', ' ']));
            continue;
        };
        let line = line.strip_suffix(',').unwrap_or(line);
        let name = line.split('`').nth(1).unwrap_or_default();
        let full = if name.is_empty() { table.to_owned() } else { format!("{table}.{name}") };
        if line.starts_with('`') {
            columns.push(name.to_owned());
            push("column", &full, line.splitn(3, '`').nth(2).unwrap_or_default().trim().to_owned());
        } else if line.starts_with("PRIMARY KEY") {
            push("primary key", table, line.to_owned());
        } else if line.starts_with("CONSTRAINT") {
            push("constraint", &full, line.to_owned());
        } else {
            push("index", &full, line.to_owned());
        }
    }
    push("table", table, without_counter(&options.join(" ")));
    columns
}

/// The next number is no part of the schema.
fn without_counter(options: &str) -> String {
    let words = options.split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT="));
    words.collect::<Vec<_>>().join(" ")
}

/// Each scratch database has another name, which views say.
fn without(text: &str, database: &str) -> String {
    text.replace(&format!("`{database}`."), "")
}

/// What stands behind the database's name.
fn rest_of(text: &str) -> String {
    text.rsplit('`').next().unwrap_or_default().trim().to_owned()
}
