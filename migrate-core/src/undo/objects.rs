//! `CREATE`, `DROP` and `RENAME` of whole objects.

use super::question::{Loses, Object, ObjectKind, Question};
use super::scope::{Scope, Space};
use super::{Inverse, Part};
use crate::sql::{Dialect, Name, Words};

/// What takes such a statement back.
pub(super) fn inverse(mut words: Words<'_>, scope: &mut Scope) -> Part {
    let mysql = matches!(scope.dialect, Dialect::Mysql | Dialect::Mariadb);
    if words.eat("CREATE") {
        return create(words, scope);
    }
    if words.eat("DROP") {
        return Part::whole(drop(words, scope));
    }
    if mysql && words.eat("RENAME TABLE|TABLES") {
        return Part::whole(rename_tables(words, scope));
    }
    Part::whole(Inverse::none("what takes it back is not known here"))
}

fn create(mut words: Words<'_>, scope: &mut Scope) -> Part {
    let none = |why: &str| Part::whole(Inverse::none(why));
    if words.eat("OR REPLACE") {
        return none("OR REPLACE: what was there before is not kept");
    }
    words.eat("UNLOGGED|UNIQUE|FULLTEXT|SPATIAL|CONSTRAINT|RECURSIVE|VIRTUAL");
    let kinds = [
        "TABLE",
        "INDEX",
        "MATERIALIZED VIEW",
        "VIEW",
        "SEQUENCE",
        "TYPE",
        "DOMAIN",
        "SCHEMA",
        "EXTENSION",
        "TRIGGER",
        "POLICY",
        "RULE",
    ];
    let Some(what) = words.one_of(&kinds) else { return none("what takes it back is not known here") };
    if what == "INDEX" {
        return index(words, scope);
    }
    if what == "SCHEMA" && words.is("AUTHORIZATION") || what == "EXTENSION" && words.has("CASCADE") {
        return none("its text does not say all that it makes");
    }
    let unless_there = words.eat("IF NOT EXISTS");
    let Some(name) = words.name() else { return none("its text does not say what it makes") };
    if what == "SCHEMA" && words.has("CREATE") {
        return none("it makes a schema with things in it; write them as statements of their own");
    }
    if what == "TYPE" && words.is_over() {
        return none("a shell type");
    }
    if matches!(what, "TRIGGER" | "POLICY" | "RULE") {
        let on = if what == "RULE" { "TO" } else { "ON" };
        let table = if words.skip_to(on) { words.name() } else { None };
        let Some(table) = table else { return none("its text does not say which table it is on") };
        if unless_there {
            return none("IF NOT EXISTS: whether it was there before is not known");
        }
        let space = if what == "POLICY" { Space::Policy } else { Space::Trigger };
        let owner = scope.made_table(&table.object);
        let made = scope.make(space, &name.object, Some(&table.object));
        let sql = match scope.dialect {
            Dialect::Postgres => format!("DROP {what} {} ON {}", name.sql(), table.sql()),
            _ => format!("DROP {what} {}", name.sql()),
        };
        return match owner {
            Err(unclear) => Part::whole(unclear),
            Ok(Some(_)) => Part::whole(Inverse::Nothing),
            Ok(None) => {
                scope.touch(&table.object, Some(&name.object.name));
                Part::whole(Inverse::sql(sql)).of(made)
            }
        };
    }
    let sql = Inverse::sql(format!("DROP {what} {}", name.sql()));
    let space = if matches!(what, "TYPE" | "DOMAIN" | "SCHEMA" | "EXTENSION") { Space::Other } else { Space::Relation };
    if unless_there {
        let object = Object::new(ObjectKind::Any, &name);
        return Part::whole(scope.make_unless_there(space, &name, object, sql));
    }
    let made = scope.make(space, &name.object, None);
    Part::whole(sql).of(made)
}

fn index(mut words: Words<'_>, scope: &mut Scope) -> Part {
    let concurrently = if words.eat("CONCURRENTLY") { "CONCURRENTLY " } else { "" };
    let unless_there = words.eat("IF NOT EXISTS");
    let unnamed = || Part::whole(Inverse::none("the index has no name, and the server picks one; name it"));
    if words.is("ON") {
        return unnamed();
    }
    let Some(name) = words.name() else { return unnamed() };
    let on = words.skip_to("ON");
    words.eat("ONLY");
    let table = words.name().filter(|_| on);
    let Some(table) = table else { return Part::whole(Inverse::none("its text does not say which table it is on")) };
    let owner = match scope.made_table(&table.object) {
        Err(unclear) => return Part::whole(unclear),
        Ok(owner) => owner,
    };
    let (name, space, on, sql) = match scope.dialect {
        Dialect::Mysql | Dialect::Mariadb => {
            let sql = format!("DROP INDEX {} ON {}", name.sql(), table.sql());
            (name, Space::Index, Some(&table.object), sql)
        }
        // An index is in the schema of its table.
        Dialect::Postgres => {
            let name = table.renamed(&name);
            let sql = format!("DROP INDEX {concurrently}{}", name.sql());
            (name, Space::Relation, None, sql)
        }
        Dialect::Sqlite => {
            let sql = format!("DROP INDEX {}", name.sql());
            (name, Space::Relation, None, sql)
        }
    };
    if unless_there && owner.is_none() {
        if on.is_some() {
            return Part::whole(Inverse::none("IF NOT EXISTS: whether it was there before is not known"));
        }
        let object = Object::new(ObjectKind::Any, &name);
        scope.touch(&table.object, Some(&name.object.name));
        return Part::whole(scope.make_unless_there(space, &name, object, Inverse::sql(sql)));
    }
    let made = scope.make(space, &name.object, on);
    if owner.is_some() {
        return Part::whole(Inverse::Nothing);
    }
    scope.touch(&table.object, Some(&name.object.name));
    Part::whole(Inverse::sql(sql)).of(made)
}

fn drop(mut words: Words<'_>, scope: &mut Scope) -> Inverse {
    let kinds = [("TABLE", ObjectKind::Table), ("INDEX", ObjectKind::Index), ("VIEW", ObjectKind::View)];
    let Some((what, kind)) = kinds.into_iter().find(|(what, _)| words.eat(what)) else {
        return Inverse::none("what it takes away is not kept");
    };
    words.eat("CONCURRENTLY");
    let if_there = words.eat("IF EXISTS");
    let names = words.names();
    if words.has("CASCADE") {
        return Inverse::none("CASCADE takes away what it does not name");
    }
    let [name] = names.as_slice() else {
        return Inverse::none("it takes away several things; write a statement for each");
    };
    let table = if words.eat("ON") { words.name() } else { None };
    let (space, on) = match &table {
        Some(table) => (Space::Index, Some(&table.object)),
        None => (Space::Relation, None),
    };
    match scope.made(space, &name.object, on) {
        Err(unclear) => return unclear,
        Ok(Some(made)) => {
            scope.unmake(made);
            return Inverse::Nothing;
        }
        Ok(None) => {}
    }
    if on.is_some_and(|on| matches!(scope.made_table(on), Ok(Some(_)))) || if_there && scope.is_gone(&name.object, on) {
        return Inverse::Nothing;
    }
    let mut object = Object::new(kind, name);
    if let Some(table) = &table {
        object = object.on(table);
    }
    let loses = match what {
        "TABLE" => Loses::Data(format!("the rows of {}", name.sql())),
        _ => Loses::Nothing,
    };
    let asked = match if_there {
        true => Question::told_or(object, Inverse::Nothing, "", "", loses),
        false => Question::restore(object, loses),
    };
    let inverse = scope.ask(on.unwrap_or(&name.object), None, asked);
    scope.take_away(&name.object, on);
    scope.touch(on.unwrap_or(&name.object), None);
    inverse
}

fn rename_tables(mut words: Words<'_>, scope: &mut Scope) -> Inverse {
    let mut pairs: Vec<(Name, Name)> = Vec::new();
    if words.is("IF") {
        return Inverse::none("IF EXISTS: whether it was there before is not known");
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
        return Inverse::none("what takes it back is not known here");
    }
    // Things that were made may have changed places: nothing is said of them any more.
    if pairs.iter().any(|(old, new)| {
        !matches!(scope.made_table(&old.object), Ok(None)) || !matches!(scope.made_table(&new.object), Ok(None))
    }) {
        return Inverse::none("it renames what the file itself makes; write ALTER TABLE … RENAME TO …");
    }
    for (old, new) in &pairs {
        scope.touch(&old.object, None);
        scope.touch(&new.object, None);
    }
    let back: Vec<String> = pairs.iter().rev().map(|(old, new)| format!("{} TO {}", new.sql(), old.sql())).collect();
    Inverse::sql(format!("RENAME TABLE {}", back.join(", ")))
}
