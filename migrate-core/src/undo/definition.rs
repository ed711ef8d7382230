//! A table's `CREATE TABLE`, as MySQL, MariaDB and SQLite show it, and what can be read in it.

use std::fmt;

use super::Inverse;
use crate::sql::{Dialect, Name, Syntax, Words};

/// What is to be read in a definition. Names are as SQL; those to be found are compared without their case, as these
/// databases compare the names of columns and indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A column that is dropped: it, and what goes with it.
    DroppedColumn { table: String, column: String, gone: Vec<String>, absent: Box<Inverse> },
    /// A column that gets another definition (`None`: but for its type), another name, or another place.
    ChangedColumn { table: String, column: String, now: String, definition: Option<String>, place: Place },
    /// An index or a constraint that is dropped.
    DroppedItem { kind: ItemKind, name: String, absent: Box<Inverse> },
    /// Whether there is such an item.
    Whether { kind: ItemKind, name: String, absent: Box<Inverse>, there: Box<Inverse> },
    /// A foreign key that is added, and the index that the server makes for it where none serves it.
    AddedForeignKey { name: String, columns: Vec<String> },
    /// An index that is added: where it serves a foreign key as well, the server drops the one that it made for that key,
    /// and this one can't be dropped any more (error 1553, MySQL 9.7 and MariaDB 10.11).
    AddedIndex { columns: Vec<String>, drop: String },
    /// A primary key that is added: its columns become NOT NULL.
    AddedPrimaryKey { columns: Vec<String> },
}

/// Whether a column is put elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Stays,
    /// Elsewhere than behind the same column; then these are gone meanwhile.
    Moves,
}

/// What stands in a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    Column,
    Index,
    PrimaryKey,
    ForeignKey,
    Check,
    /// Whatever has a name and is no column.
    Constraint,
}

#[derive(Debug)]
struct Item<'d> {
    kind: ItemKind,
    name: Option<Name>,
    /// Of a key.
    columns: Vec<String>,
    words: Words<'d>,
    text: String,
}

impl Wanted {
    pub(super) fn read(&self, definition: &str, syntax: Syntax) -> Inverse {
        let Some(items) = items(definition, syntax) else {
            return Inverse::none("the definition of its table can't be read");
        };
        let find = |kind: ItemKind, name: &str| items.iter().position(|item| item.is(kind, name));
        match self {
            Wanted::DroppedColumn { table, column, gone, absent } => match find(ItemKind::Column, column) {
                Some(at) if syntax.dialect() == Dialect::Sqlite => sqlite_column(table, &items, at),
                Some(at) => mysql_column(table, &items, at, gone),
                None => absent.as_ref().clone(),
            },
            Wanted::ChangedColumn { table, column, now, definition, place } => match find(ItemKind::Column, column) {
                Some(at) => changed(table, &items, at, now, definition.as_deref(), *place, syntax),
                None => Inverse::none("there is no such column"),
            },
            Wanted::DroppedItem { kind, name, absent } => match find(*kind, name).and_then(|at| items.get(at)) {
                Some(item) => Inverse::sql(format!("ADD {}", item.text)),
                None => absent.as_ref().clone(),
            },
            Wanted::Whether { kind, name, absent, there } => match find(*kind, name) {
                Some(_) => there.as_ref().clone(),
                None => absent.as_ref().clone(),
            },
            Wanted::AddedForeignKey { name, columns } => foreign_key(&items, name, columns),
            Wanted::AddedIndex { columns, drop } => index(&items, columns, drop),
            Wanted::AddedPrimaryKey { columns } => {
                let mut clauses = vec!["DROP PRIMARY KEY".to_owned()];
                for item in items.iter().filter(|item| columns.iter().any(|name| item.is(ItemKind::Column, name))) {
                    if !item.words.has("NOT NULL") {
                        clauses.push(format!("MODIFY COLUMN {}", item.text));
                    }
                }
                Inverse::sql(clauses.join(", "))
            }
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::DroppedColumn { column, .. } | Wanted::ChangedColumn { column, .. } => {
                write!(f, "what column {column} is before")
            }
            Wanted::DroppedItem { kind: ItemKind::PrimaryKey, .. } => write!(f, "what the primary key is before"),
            Wanted::DroppedItem { name, .. } => write!(f, "what {name} is before"),
            Wanted::Whether { name, .. } => write!(f, "whether {name} is there before"),
            Wanted::AddedForeignKey { .. } => write!(f, "whether an index serves the foreign key before"),
            Wanted::AddedIndex { .. } => write!(f, "which index serves a foreign key before"),
            Wanted::AddedPrimaryKey { .. } => write!(f, "whether its columns may be NULL before"),
        }
    }
}

impl Item<'_> {
    fn is(&self, kind: ItemKind, name: &str) -> bool {
        let is_kind = self.kind == kind || kind == ItemKind::Constraint && self.kind != ItemKind::Column;
        let is_named = self.name.as_ref().is_some_and(|own| own.object.name.eq_ignore_ascii_case(name));
        is_kind && (is_named || kind == ItemKind::PrimaryKey)
    }

    fn own(&self) -> &str {
        self.name.as_ref().map_or("", |name| name.own.as_str())
    }
}

fn items(definition: &str, syntax: Syntax) -> Option<Vec<Item<'_>>> {
    let mut words = Words::new(definition, syntax);
    if !words.eat("CREATE") || !words.eat("TABLE") {
        return None;
    }
    words.name()?;
    let items = words.parentheses()?;
    Some(items.into_iter().map(|words| item(words, syntax.dialect())).collect())
}

fn item<'d>(mut words: Words<'d>, dialect: Dialect) -> Item<'d> {
    let (text, whole) = (words.rest(), words.clone());
    let mut name = if words.eat("CONSTRAINT") { words.name() } else { None };
    let is_mysql = dialect != Dialect::Sqlite;
    let kind = if words.eat("PRIMARY KEY") {
        ItemKind::PrimaryKey
    } else if words.eat("FOREIGN KEY") {
        ItemKind::ForeignKey
    } else if words.is("CHECK") {
        ItemKind::Check
    } else if is_mysql && words.is("KEY|INDEX|FULLTEXT|SPATIAL") || words.is("UNIQUE") {
        words.eat("UNIQUE|FULLTEXT|SPATIAL");
        words.eat("KEY|INDEX");
        name = words.name().or(name);
        ItemKind::Index
    } else {
        name = words.name();
        ItemKind::Column
    };
    let columns = match kind {
        ItemKind::Column | ItemKind::Check => Vec::new(),
        _ => {
            let listed = words.parentheses().unwrap_or_default();
            listed.into_iter().map(|mut item| item.name().map(|name| name.object.name).unwrap_or_default()).collect()
        }
    };
    Item { kind, name, columns, words: whole, text }
}

/// `FIRST`, or behind the nearest column before it that is still there.
fn position(items: &[Item<'_>], at: usize, gone: &[String]) -> String {
    let mut before = items.get(..at).unwrap_or_default().iter().rev().filter(|item| item.kind == ItemKind::Column);
    let is_there = |item: &&Item<'_>| !gone.iter().any(|name| item.is(ItemKind::Column, name));
    before.find(is_there).map_or_else(|| "FIRST".to_owned(), |item| format!("AFTER {}", item.own()))
}

fn is_among(names: &[String], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

fn mysql_column(table: &str, items: &[Item<'_>], at: usize, gone: &[String]) -> Inverse {
    let Some(column) = items.get(at) else { return Inverse::Nothing };
    let name = column.name.as_ref().map(|name| name.object.name.clone()).unwrap_or_default();
    let needs_value = column.words.has("NOT NULL") && !column.words.has("DEFAULT");
    if needs_value && ["date", "datetime", "timestamp", "time", "year"].iter().any(|kind| column.words.has(kind)) {
        return Inverse::none("it is NOT NULL without a default, and there is no time to put into its rows");
    }
    let mut clauses = vec![format!("ADD COLUMN {} {}", column.text, position(items, at, gone))];
    for item in items {
        let is_gone = item.name.as_ref().is_some_and(|name| is_among(gone, &super::alter::item(name)));
        let is_in_it = item.columns.iter().any(|column| column.eq_ignore_ascii_case(&name));
        match item.kind {
            _ if is_gone => {}
            ItemKind::PrimaryKey if is_in_it => return Inverse::none("the column is in the primary key"),
            ItemKind::Index if is_in_it && item.columns.len() == 1 => clauses.push(format!("ADD {}", item.text)),
            ItemKind::Index if is_in_it && item.columns.iter().any(|column| is_among(gone, column)) => {
                return Inverse::none("the file drops several columns of an index; drop the index first");
            }
            ItemKind::Index if is_in_it => {
                clauses.push(format!("DROP INDEX {}, ADD {}", item.own(), item.text));
            }
            ItemKind::Check if item.text.contains(column.own()) => clauses.push(format!("ADD {}", item.text)),
            _ => {}
        }
    }
    let sql = clauses.join(", ");
    match column.words.has("GENERATED ALWAYS") {
        true => Inverse::Sql(sql),
        false => Inverse::LosesData { sql, loses: format!("the values of {table}.{name}") },
    }
}

fn sqlite_column(table: &str, items: &[Item<'_>], at: usize) -> Inverse {
    let Some(column) = items.get(at) else { return Inverse::Nothing };
    let has = |words| column.words.has(words);
    if has("NOT NULL") && !has("DEFAULT") {
        return Inverse::none("it is NOT NULL without a default, and there is nothing to put into its rows");
    }
    if has("PRIMARY|UNIQUE")
        || has("STORED")
        || has("DEFAULT (")
        || has("DEFAULT CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME")
    {
        return Inverse::none("SQLite can't add such a column to a table that is there");
    }
    let sql = format!("ALTER TABLE {table} ADD COLUMN {}", column.text);
    match has("AS (") {
        true => Inverse::Sql(sql),
        false => Inverse::LosesData { sql, loses: format!("the values of {table}.{}", column.own()) },
    }
}

fn changed(
    table: &str,
    items: &[Item<'_>],
    at: usize,
    now: &str,
    definition: Option<&str>,
    place: Place,
    syntax: Syntax,
) -> Inverse {
    let Some(column) = items.get(at) else { return Inverse::Nothing };
    let place = match place {
        Place::Stays => String::new(),
        Place::Moves => format!(" {}", position(items, at, &[])),
    };
    let is_named = Words::new(now, syntax).name().is_some_and(|name| column.is(ItemKind::Column, &name.object.name));
    let sql = match is_named {
        true => format!("MODIFY COLUMN {}{place}", column.text),
        false => format!("CHANGE COLUMN {now} {}{place}", column.text),
    };
    let mut old = column.words.clone();
    old.name();
    match definition.is_none_or(|new| type_of(Words::new(new, syntax)) == type_of(old)) {
        true => Inverse::Sql(sql),
        false => Inverse::LosesData {
            sql,
            loses: format!("the values of {table}.{} that fit its new type alone", column.own()),
        },
    }
}

/// A column's type, in a form that can be compared: equal forms are equal types.
fn type_of(mut words: Words<'_>) -> String {
    const ATTRIBUTES: &str = "NOT|NULL|DEFAULT|AUTO_INCREMENT|COMMENT|GENERATED|AS|UNIQUE|PRIMARY|KEY|REFERENCES|CHECK|ON|\
                              INVISIBLE|VISIBLE|FIRST|AFTER|COLUMN_FORMAT|STORAGE|SRID|CONSTRAINT|WITH|WITHOUT";
    let mut found = Vec::new();
    while !words.is_over() && !words.is(ATTRIBUTES) {
        found.push(words.next_word().to_ascii_lowercase());
    }
    if let Some(word) = found.first_mut()
        && word == "integer"
    {
        *word = "int".into();
    }
    // What an integer is shown with is no part of its type; MySQL 8.0.19 has left it away.
    let is_integer = found.first().is_some_and(|word| word.ends_with("int"));
    if is_integer && found.get(1).is_some_and(|word| word == "(") {
        found.drain(1..found.len().min(4));
    }
    found.join(" ")
}

/// Whether an index over these columns serves a key over those.
fn begins(longer: &[String], shorter: &[String]) -> bool {
    longer.len() >= shorter.len() && longer.iter().zip(shorter).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn index(items: &[Item<'_>], columns: &[String], drop: &str) -> Inverse {
    let served = items.iter().filter(|item| item.kind == ItemKind::ForeignKey && begins(columns, &item.columns));
    for key in served {
        let serves = |item: &&Item<'_>| {
            matches!(item.kind, ItemKind::Index | ItemKind::PrimaryKey) && begins(&item.columns, &key.columns)
        };
        // Such names the server picks; whether it has picked this one, nobody tells.
        let may_be_made = |item: &Item<'_>| {
            let own = item.name.as_ref().map(|name| name.object.name.as_str()).unwrap_or_default();
            let names =
                [key.name.as_ref().map(|name| name.object.name.as_str()), key.columns.first().map(String::as_str)];
            item.columns.len() == key.columns.len()
                && names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(own))
        };
        if items.iter().filter(serves).all(may_be_made) {
            return Inverse::none(
                "the server drops the index that it made for a foreign key, which this one serves as well",
            );
        }
    }
    Inverse::sql(drop)
}

fn foreign_key(items: &[Item<'_>], name: &str, columns: &[String]) -> Inverse {
    let keys = || items.iter().filter(|item| matches!(item.kind, ItemKind::Index | ItemKind::PrimaryKey));
    if keys().any(|key| begins(&key.columns, columns)) {
        return Inverse::sql(format!("DROP FOREIGN KEY {name}"));
    }
    let others = items.iter().filter(|item| item.kind == ItemKind::ForeignKey);
    if others.into_iter().any(|other| begins(columns, &other.columns)) {
        return Inverse::none("its index takes the place of the one that another foreign key has");
    }
    Inverse::sql(format!("DROP FOREIGN KEY {name}, DROP INDEX {name}"))
}
