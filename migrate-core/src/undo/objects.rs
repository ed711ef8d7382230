//! `CREATE`, `DROP`, `RENAME` and `COMMENT` of whole objects.

mod create;
mod drop;

use super::question::{Object, ObjectKind, Question};
use super::scope::{Scope, Space, member};
use super::{Inverse, Part};
use crate::sql::{Dialect, Name, ObjectName, Words};

const UNKNOWN: &str = "what takes it back is not known here";

/// What there is, by its words.
const KINDS: [(&str, ObjectKind); 15] = [
    ("TABLE", ObjectKind::Table),
    ("MATERIALIZED VIEW", ObjectKind::MaterializedView),
    ("VIEW", ObjectKind::View),
    ("INDEX", ObjectKind::Index),
    ("SEQUENCE", ObjectKind::Sequence),
    ("TYPE", ObjectKind::Type),
    ("DOMAIN", ObjectKind::Domain),
    ("SCHEMA", ObjectKind::Schema),
    ("EXTENSION", ObjectKind::Extension),
    ("TRIGGER", ObjectKind::Trigger),
    ("POLICY", ObjectKind::Policy),
    ("RULE", ObjectKind::Rule),
    ("FUNCTION", ObjectKind::Function),
    ("PROCEDURE", ObjectKind::Procedure),
    ("EVENT", ObjectKind::Event),
];

/// What takes such a statement back.
pub(super) fn inverse(mut words: Words<'_>, scope: &mut Scope) -> Part {
    let is_postgres = scope.dialect == Dialect::Postgres;
    let is_mysql = matches!(scope.dialect, Dialect::Mysql | Dialect::Mariadb);
    if words.eat("CREATE") {
        return create::inverse(words, scope);
    }
    if words.eat("DROP") {
        return drop::inverse(words, scope);
    }
    let inverse = if is_mysql && words.eat("RENAME TABLE|TABLES") {
        rename_tables(words, scope)
    } else if is_postgres && words.eat("ALTER") {
        rename(words, scope)
    } else if is_postgres && words.eat("COMMENT ON") {
        comment(words, scope)
    } else if is_postgres && words.is("GRANT|REVOKE") {
        Inverse::none("who had which rights before is not kept")
    } else if scope.dialect == Dialect::Sqlite && words.eat("PRAGMA") {
        pragma(words, scope)
    } else {
        Inverse::none(UNKNOWN)
    };
    Part::whole(inverse)
}

/// A kind that is read here.
fn kind(words: &mut Words<'_>) -> Option<(&'static str, ObjectKind)> {
    KINDS.into_iter().find(|(what, _)| words.eat(what))
}

fn space(kind: ObjectKind) -> Space {
    match kind {
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sequence
        | ObjectKind::Index => Space::Relation,
        ObjectKind::Trigger | ObjectKind::Rule => Space::Trigger,
        ObjectKind::Policy => Space::Policy,
        _ => Space::Other,
    }
}

/// A routine's arguments as `DROP` takes them, and their types alone.
struct Arguments {
    all: String,
    types: String,
}

/// Reads a routine's arguments; `None` where there are none to be read.
fn arguments(words: &mut Words<'_>) -> Option<Arguments> {
    let (mut all, mut types) = (Vec::new(), Vec::new());
    for item in words.parentheses()? {
        let mut read = item.clone();
        while !read.is_over() && !read.is("DEFAULT") && !read.is("=") && !read.is(":=") {
            read.next_word();
        }
        all.push(read.read());
        let mut name = item;
        let is_out = name.is("OUT");
        name.eat("IN|OUT|INOUT|VARIADIC");
        let before = name.clone();
        let first = name.next_word().to_ascii_lowercase();
        // One word is a type; of several the first is the name, unless they are one type.
        let together =
            ["double", "character", "char", "national", "nchar", "bit", "timestamp", "time", "interval", "setof"];
        let end = read.read().len();
        let is_type = together.contains(&first.as_str()) || !read_more(&name, end);
        let kind = if is_type { before } else { name };
        if !is_out {
            types.push(kind.up_to(end));
        }
    }
    Some(Arguments { all: all.join(", "), types: types.join(", ") })
}

/// Whether another word of a type stands before this end.
fn read_more(words: &Words<'_>, end: usize) -> bool {
    let rest = words.up_to(end);
    rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '"' | '_'))
}

/// `ALTER kind a RENAME TO b`
fn rename(mut words: Words<'_>, scope: &mut Scope) -> Inverse {
    let Some((what, kind)) = kind(&mut words) else { return Inverse::none(UNKNOWN) };
    if words.is("IF EXISTS") {
        return Inverse::none("IF EXISTS: whether it is there when it runs is not known");
    }
    let Some(name) = words.name() else { return Inverse::none(UNKNOWN) };
    let mut behind = String::new();
    let mut table = None;
    if matches!(kind, ObjectKind::Function | ObjectKind::Procedure) {
        behind = arguments(&mut words).map(|arguments| format!("({})", arguments.all)).unwrap_or_default();
    }
    if matches!(kind, ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule) && words.eat("ON") {
        let Some(on) = words.name() else { return Inverse::none(UNKNOWN) };
        behind = format!(" ON {}", on.sql());
        table = Some(on);
    }
    if kind == ObjectKind::Type && words.eat("RENAME VALUE") {
        let old = words.next_word().to_owned();
        if !words.eat("TO") {
            return Inverse::none(UNKNOWN);
        }
        scope.touch(&name.object, None);
        scope.renamed();
        return Inverse::sql(format!("ALTER TYPE {} RENAME VALUE {} TO {old}", name.sql(), words.next_word()));
    }
    if kind == ObjectKind::Type && words.is("ADD VALUE") {
        return Inverse::none("a value can't be taken out of an enum again");
    }
    let new = if words.eat("RENAME TO") { words.name() } else { None };
    let Some(new) = new.filter(|_| words.is_over()) else {
        scope.touch(&name.object, None);
        scope.renamed();
        return Inverse::none(UNKNOWN);
    };
    let to = name.renamed(&new);
    let sql = Inverse::sql(format!("ALTER {what} {}{behind} RENAME TO {}", to.sql(), name.own));
    let on = table.as_ref().map(|table| &table.object);
    match scope.made(space(kind), &name.object, on) {
        Ok(Some(made)) => scope.rename(made, &to.object),
        Ok(None) => {
            scope.touch(on.unwrap_or(&name.object), None);
            scope.touch(&to.object, None);
            scope.renamed();
        }
        Err(unclear) => return unclear,
    }
    sql
}

fn rename_tables(mut words: Words<'_>, scope: &mut Scope) -> Inverse {
    let mut pairs: Vec<(Name, Name)> = Vec::new();
    if words.is("IF") {
        return Inverse::none("IF EXISTS: whether it is there when it runs is not known");
    }
    while let Some(old) = words.name() {
        let new = if words.eat("TO") { words.name() } else { None };
        let Some(new) = new else { break };
        pairs.push((old, new));
        if !words.eat(",") {
            break;
        }
    }
    if pairs.is_empty() || !words.is_over() {
        return Inverse::none(UNKNOWN);
    }
    // Things that were made may have changed places: nothing is said of them any more.
    let is_ours =
        |name: &Name| !matches!(scope.made_table(&name.object), Ok(None)) || scope.is_gone(&name.object, None);
    if pairs.iter().any(|(old, new)| is_ours(old) || is_ours(new)) {
        return Inverse::none("it renames what the file itself makes or drops; write its down");
    }
    for (old, new) in &pairs {
        scope.touch(&old.object, None);
        scope.touch(&new.object, None);
    }
    scope.renamed();
    let back: Vec<String> = pairs.iter().rev().map(|(old, new)| format!("{} TO {}", new.sql(), old.sql())).collect();
    Inverse::sql(format!("RENAME TABLE {}", back.join(", ")))
}

fn comment(mut words: Words<'_>, scope: &mut Scope) -> Inverse {
    let kinds = [
        ("TABLE", ObjectKind::RelationComment),
        ("VIEW", ObjectKind::RelationComment),
        ("MATERIALIZED VIEW", ObjectKind::RelationComment),
        ("INDEX", ObjectKind::RelationComment),
        ("SEQUENCE", ObjectKind::RelationComment),
        ("COLUMN", ObjectKind::ColumnComment),
        ("SCHEMA", ObjectKind::SchemaComment),
        ("TYPE", ObjectKind::TypeComment),
        ("DOMAIN", ObjectKind::TypeComment),
        ("CONSTRAINT", ObjectKind::ConstraintComment),
        ("TRIGGER", ObjectKind::TriggerComment),
    ];
    let Some((_, kind)) = kinds.into_iter().find(|(what, _)| words.eat(what)) else { return Inverse::none(UNKNOWN) };
    let Some(name) = words.name() else { return Inverse::none(UNKNOWN) };
    let mut object = Object::new(kind, &name);
    let table = match kind {
        ObjectKind::ColumnComment => name.parent(),
        ObjectKind::ConstraintComment | ObjectKind::TriggerComment if words.eat("ON") => words.name(),
        _ => None,
    };
    if let Some(table) = &table {
        object = object.written(name.own.clone()).on(table);
        object.name = member(&name.object.name);
    } else if matches!(kind, ObjectKind::ColumnComment | ObjectKind::ConstraintComment | ObjectKind::TriggerComment) {
        return Inverse::none(UNKNOWN);
    }
    let before = format!("{} IS ", words.read());
    let at = table.as_ref().map_or(&name.object, |table| &table.object);
    let is_new = |space, name: &ObjectName, on| matches!(scope.made(space, name, on), Ok(Some(_)));
    let own = member(&name.object.name);
    let made_in_it = [Space::Column, Space::Constraint, Space::Trigger];
    if is_new(Space::Relation, at, None)
        || is_new(Space::Other, at, None)
        || table.is_some() && made_in_it.into_iter().any(|space| is_new(space, &own, Some(at)))
    {
        return Inverse::Nothing;
    }
    let part = table.as_ref().map_or("", |_| name.object.name.as_str());
    scope.ask(at, Some(part), Question::told_behind(&before, object))
}

fn pragma(mut words: Words<'_>, scope: &mut Scope) -> Inverse {
    let Some(name) = words.name() else { return Inverse::none(UNKNOWN) };
    let is_kept = ["user_version", "application_id"].contains(&name.object.name.as_str());
    if !is_kept || words.is_over() {
        return Inverse::none(UNKNOWN);
    }
    let told = Question::told_behind(&format!("PRAGMA {} = ", name.sql()), Object::new(ObjectKind::Pragma, &name));
    let asked = scope.ask(&name.object, Some("value"), told);
    scope.touch(&name.object, Some("value"));
    asked
}
