//! What is in a database: each definition, each counter, and a digest of each table's rows. Two databases with the
//! same are the same to a test.
//!
//! It is read from the database itself, and not concluded from what may have been done to it. The servers count changes
//! (`innodb_tablestats`) and note their times (`update_time`), and forget both when a table leaves their cache, which holds 400 on
//! MariaDB. `CHECKSUM TABLE` is a sum of CRC32s: of 33,318 pairs of rows that exchanged their values, seven summed up to
//! the same (`tests/mysql_restored.rs` has one).

use std::collections::BTreeMap;

use mysql::Conn;

use super::message::{Row, column, name, quoted, send, send_all};

/// Something in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Object {
    /// `database`, `table`, `view`, `sequence`, `trigger`, `procedure`, `function`, `package`, `package body`, `event`.
    pub(super) kind: String,
    pub(super) name: String,
    /// A trigger's: its place among others, when it fires, its table.
    pub(super) about: String,
    /// What the session must have set when it is made.
    pub(super) settings: String,
    /// The statement that makes it, with [`ITSELF`] for the database's name, and without the counter.
    pub(super) definition: String,
    /// The next AUTO_INCREMENT, where it is not the first.
    pub(super) counter: String,
    /// Those that are no expressions.
    pub(super) columns: String,
    /// The SELECT of the digest.
    pub(super) digest_sql: String,
    pub(super) digest: String,
}

/// Where a definition has the name of its own database, as the server writes it.
const ITSELF: &str = "`\u{1}`";

/// What a row that can't be taken into account makes of a digest: it is never the same as another.
pub(super) const UNKNOWN: &str = "unknown";

/// The digest of no rows.
pub(super) const EMPTY: &str = "0 - -";

impl Object {
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.kind, &self.name)
    }

    pub(super) fn in_words(&self) -> String {
        format!("{} {}", self.kind, self.name).trim_end().to_owned()
    }

    pub(super) fn has_rows(&self) -> bool {
        matches!(self.kind.as_str(), "table" | "sequence")
    }

    /// The table that a trigger is on.
    pub(super) fn table(&self) -> Option<&str> {
        (self.kind == "trigger").then(|| self.about.splitn(4, ' ').nth(3)).flatten()
    }

    pub(super) fn is_defined_as(&self, other: &Object) -> bool {
        (&self.about, &self.settings, &self.definition) == (&other.about, &other.settings, &other.definition)
    }

    pub(super) fn has_rows_of(&self, other: &Object) -> bool {
        self.digest == other.digest && self.digest != UNKNOWN
    }

    /// Rows and counter, where the definition is the same.
    pub(super) fn is_as(&self, other: &Object) -> bool {
        self.has_rows_of(other) && self.counter == other.counter
    }

    /// The statement that makes it in this database.
    pub(super) fn create_sql(&self, database: &str) -> String {
        let sql = self.definition.replace(ITSELF, &name(database));
        match sql.split_once("\n)") {
            Some((columns, options)) if !self.counter.is_empty() => {
                let (engine, rest) = options.split_at(counter_goes(options));
                format!("{columns}\n){engine} AUTO_INCREMENT={}{rest}", self.counter)
            }
            _ => sql,
        }
    }

    fn place(&self, database: &str) -> String {
        format!("{}.{}", name(database), name(&self.name))
    }

    fn show_sql(&self, database: &str) -> String {
        match self.kind.as_str() {
            "database" => format!("SHOW CREATE DATABASE {}", name(database)),
            "table" | "sequence" => format!("SHOW CREATE TABLE {}", self.place(database)),
            kind => format!("SHOW CREATE {kind} {}", self.place(database)),
        }
    }

    /// From what the server answers to `show_sql`.
    fn fill(&mut self, row: &Row, database: &str) {
        let (sql, settings): (usize, &[(usize, &str)]) = match self.kind.as_str() {
            "database" | "table" | "sequence" => (1, &[]),
            "view" => (1, &[(2, "character_set_client"), (3, "collation_connection")]),
            "event" => {
                (3, &[(1, "sql_mode"), (2, "time_zone"), (4, "character_set_client"), (5, "collation_connection")])
            }
            _ => (2, &[(1, "sql_mode"), (3, "character_set_client"), (4, "collation_connection")]),
        };
        let settings = settings.iter().map(|(n, setting)| format!("{setting} = {}", quoted(&column(row, *n))));
        self.settings = settings.collect::<Vec<_>>().join(", ");
        self.definition = column(row, sql).replace(&name(database), ITSELF);
        if self.has_rows() {
            (self.definition, self.counter) = without_counter(&self.definition);
            self.definition = without_character_sets(&self.definition);
        }
    }
}

/// Which of them, of a database.
#[derive(Clone, Copy)]
pub(super) enum Which<'w> {
    All,
    /// These tables.
    Tables(&'w [&'w Object]),
}

/// What is in the database. Rows are digested as the template's objects say, whose columns are the same where the definition is.
pub(super) fn read(
    conn: &mut Conn,
    database: &str,
    which: Which<'_>,
    template: &[Object],
) -> Result<Vec<Object>, mysql::Error> {
    let mut found = match which {
        Which::All => inventory(conn, database)?,
        Which::Tables(tables) => {
            let bare =
                |table: &&Object| Object { kind: table.kind.clone(), name: table.name.clone(), ..Object::default() };
            tables.iter().map(bare).collect()
        }
    };
    let shown = send_all(conn, &found.iter().map(|object| object.show_sql(database)).collect::<Vec<_>>())?;
    for (object, rows) in found.iter_mut().zip(&shown) {
        object.fill(rows.first().unwrap_or(&Row::new()), database);
    }
    let of_template = by_key(template);
    for object in found.iter_mut().filter(|object| object.has_rows()) {
        let twin = of_template.get(&object.key()).copied().filter(|twin| twin.is_defined_as(object));
        if let Some(twin) = twin {
            object.columns.clone_from(&twin.columns);
            object.digest_sql.clone_from(&twin.digest_sql);
        }
    }
    digest(conn, database, &mut found)?;
    Ok(found)
}

/// The same of a template, whose columns are asked for.
pub(super) fn read_template(conn: &mut Conn, database: &str) -> Result<Vec<Object>, mysql::Error> {
    let mut found = read(conn, database, Which::All, &[])?;
    for (table, columns) in columns(conn, database)? {
        if let Some(object) = found.iter_mut().find(|object| object.has_rows() && object.name == table) {
            object.columns = columns.iter().map(|column| name(&column.name)).collect::<Vec<_>>().join(", ");
            object.digest_sql = digest_sql(&object.name, &columns);
        }
    }
    digest(conn, database, &mut found)?;
    for table in found.iter_mut().filter(|table| table.digest == EMPTY) {
        // Most tables are: what is in one that should be empty need not be read.
        table.digest_sql = format!(
            "SELECT count(*), count(*), NULL, NULL FROM (SELECT 1 FROM {ITSELF}.{} LIMIT 1) AS any_row",
            name(&table.name)
        );
    }
    Ok(found)
}

pub(super) fn by_key(objects: &[Object]) -> BTreeMap<(&str, &str), &Object> {
    objects.iter().map(|object| (object.key(), object)).collect()
}

fn digest(conn: &mut Conn, database: &str, objects: &mut [Object]) -> Result<(), mysql::Error> {
    let mut with_rows: Vec<_> = objects.iter_mut().filter(|object| !object.digest_sql.is_empty()).collect();
    let statements: Vec<_> =
        with_rows.iter().map(|object| object.digest_sql.replace(ITSELF, &name(database))).collect();
    let digests = send_all(conn, &statements)?;
    for (object, rows) in with_rows.iter_mut().zip(&digests) {
        let cells: Vec<_> = rows.first().into_iter().flatten().map(|cell| cell.as_deref().unwrap_or("-")).collect();
        // A row that is longer than a message may be has no hash.
        object.digest = match cells.as_slice() {
            [all, hashed, sums @ ..] if all == hashed => format!("{all} {}", sums.join(" ")),
            _ => UNKNOWN.into(),
        };
    }
    Ok(())
}

/// The kind and name of each thing, in the order in which they are made.
fn inventory(conn: &mut Conn, database: &str) -> Result<Vec<Object>, mysql::Error> {
    let literal = quoted(database);
    let sql = format!(
        "SHOW FULL TABLES FROM {};
         SELECT 'trigger', trigger_name, concat_ws(' ', action_order, action_timing, event_manipulation, event_object_table)
             FROM information_schema.triggers WHERE trigger_schema = {literal}
             ORDER BY event_object_table, action_timing, event_manipulation, action_order;
         SELECT lower(routine_type), routine_name, '' FROM information_schema.routines WHERE routine_schema = {literal}
             ORDER BY 1, 2;
         SELECT 'event', event_name, '' FROM information_schema.events WHERE event_schema = {literal} ORDER BY 2",
        name(database)
    );
    let results = send(conn, &sql)?;
    let object =
        |kind: &str, name: String, about: String| Object { kind: kind.into(), name, about, ..Object::default() };
    let mut all = vec![object("database", String::new(), String::new())];
    let (mut views, mut programs) = (Vec::new(), Vec::new());
    for row in results.first().into_iter().flatten() {
        match column(row, 1).as_str() {
            "VIEW" => views.push(object("view", column(row, 0), String::new())),
            "SEQUENCE" => all.push(object("sequence", column(row, 0), String::new())),
            "BASE TABLE" => all.push(object("table", column(row, 0), String::new())),
            other => all.push(object("table", column(row, 0), other.to_owned())),
        }
    }
    for row in results.iter().skip(1).flatten() {
        let program = object(&column(row, 0), column(row, 1), column(row, 2));
        match program.kind.as_str() {
            "trigger" | "event" => programs.push(program),
            _ => all.push(program),
        }
    }
    all.extend(views);
    all.extend(programs);
    Ok(all)
}

struct Column {
    name: String,
    data_type: String,
}

/// The columns of each table that hold something of their own.
fn columns(conn: &mut Conn, database: &str) -> Result<BTreeMap<String, Vec<Column>>, mysql::Error> {
    let sql = format!(
        "SELECT table_name, column_name, data_type FROM information_schema.columns
         WHERE table_schema = {} AND coalesce(generation_expression, '') = '' ORDER BY table_name, ordinal_position",
        quoted(database)
    );
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in send(conn, &sql)?.iter().flatten() {
        let found = Column { name: column(row, 1), data_type: column(row, 2) };
        tables.entry(column(row, 0)).or_default().push(found);
    }
    Ok(tables)
}

/// How many rows there are, how many have a hash, and two sums over the hashes: rows that trade places, or values, show.
fn digest_sql(table: &str, columns: &[Column]) -> String {
    let exact = |Column { name: column, data_type }: &Column| {
        let column = name(column);
        let text = match data_type.to_ascii_lowercase().as_str() {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "double" | "date" | "time"
            | "datetime" | "timestamp" => column.clone(),
            // As a text it has six digits.
            "float" => format!("{column} + 0e0"),
            "enum" | "set" | "year" => format!("{column} + 0"),
            _ => format!("hex({column})"),
        };
        format!("if({column} IS NULL, '-', {text}), ','")
    };
    let all: Vec<_> = columns.iter().map(exact).collect();
    format!(
        "SELECT count(*), count(h), sum(cast(conv(left(h, 15), 16, 10) AS unsigned)),
         sum(cast(conv(substr(h, 16, 15), 16, 10) AS unsigned))
         FROM (SELECT sha2(concat({}), 256) AS h FROM {ITSELF}.{}) AS each_row",
        all.join(", "),
        name(table)
    )
}

/// The definition without its `AUTO_INCREMENT=`, and that number.
fn without_counter(definition: &str) -> (String, String) {
    let as_it_is = || (definition.to_owned(), String::new());
    let Some((columns, options)) = definition.split_once("\n)") else { return as_it_is() };
    let at = counter_goes(options);
    let Some(rest) = options[at..].strip_prefix(" AUTO_INCREMENT=") else { return as_it_is() };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (format!("{columns}\n){}{}", &options[..at], &rest[digits..]), rest[..digits].to_owned())
}

/// A column's character set is its collation's. MySQL shows it besides where the statement has named either, and what it
/// shows has.
fn without_character_sets(definition: &str) -> String {
    let outside = |text: &str| {
        let mut parts = text.split("CHARACTER SET ");
        let mut bare = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let rest = part.split_once(' ').map(|(_, rest)| rest).filter(|rest| rest.starts_with("COLLATE "));
            bare.push_str(if rest.is_some() { "" } else { "CHARACTER SET " });
            bare.push_str(rest.unwrap_or(part));
        }
        bare
    };
    // A quote in a literal is shown as two.
    let parts = definition.split('\'').enumerate();
    let parts = parts.map(|(n, part)| if n % 2 == 0 { outside(part) } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("'")
}

/// Behind `ENGINE=…`, in what follows the columns.
fn counter_goes(options: &str) -> usize {
    let engine = options.find("ENGINE=").unwrap_or(options.len());
    options[engine..].find(' ').map_or(options.len(), |at| engine + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_no_part_of_the_definition() {
        let check = |text: &str, bare: &str, counter: &str| {
            assert_eq!(without_counter(text), (bare.to_owned(), counter.to_owned()));
            let object = Object { definition: bare.into(), counter: counter.into(), ..Object::default() };
            assert_eq!(object.create_sql("d"), text);
        };
        let with = "CREATE TABLE `t` (\n  `id` int\n) ENGINE=InnoDB AUTO_INCREMENT=42 DEFAULT CHARSET=utf8mb4";
        check(with, "CREATE TABLE `t` (\n  `id` int\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4", "42");
        let said = "CREATE TABLE `t` (\n  `id` int\n) ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=42'";
        check(said, said, "");
        check("CREATE TABLE `t` (\n  `id` int\n) ENGINE=InnoDB", "CREATE TABLE `t` (\n  `id` int\n) ENGINE=InnoDB", "");
    }

    #[test]
    fn a_collation_says_the_character_set() {
        let check = |text, expected| assert_eq!(without_character_sets(text), expected);
        check("`a` text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,", "`a` text COLLATE utf8mb4_bin NOT NULL,");
        check("`a` enum('x') CHARACTER SET latin1 DEFAULT NULL", "`a` enum('x') CHARACTER SET latin1 DEFAULT NULL");
        let literal = "`a` int COMMENT 'it''s CHARACTER SET a COLLATE b'";
        check(literal, literal);
    }
}
