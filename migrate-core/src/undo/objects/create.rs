use super::{UNKNOWN, arguments, kind, space};
use crate::sql::{Dialect, Name, Words};
use crate::undo::alter::{index_added, item, picked_name};
use crate::undo::definition::{ItemKind, Wanted};
use crate::undo::question::{Object, ObjectKind, Question};
use crate::undo::scope::{Scope, Space};
use crate::undo::{Inverse, Part};

/// What takes a `CREATE` back.
pub(super) fn inverse(mut words: Words<'_>, scope: &mut Scope) -> Part {
    let replaces = words.eat("OR REPLACE");
    // MySQL: who a view or a program runs as, and how.
    if words.is("ALGORITHM|DEFINER|SQL|AGGREGATE") && !skip_options(&mut words) {
        return Part::none(UNKNOWN);
    }
    words.eat("UNLOGGED|UNIQUE|FULLTEXT|SPATIAL|CONSTRAINT|RECURSIVE|VIRTUAL");
    let Some((what, kind)) = kind(&mut words) else { return Part::none(UNKNOWN) };
    if kind == ObjectKind::Index {
        return if replaces {
            Part::none("OR REPLACE: what was there before is not kept")
        } else {
            index(words, scope)
        };
    }
    if kind == ObjectKind::Schema && scope.dialect != Dialect::Postgres {
        return Part::none("dropping a database drops whatever is in it by then");
    }
    if kind == ObjectKind::Schema && words.is("AUTHORIZATION") || kind == ObjectKind::Extension && words.has("CASCADE")
    {
        return Part::none("its text does not say all that it makes");
    }
    let unless_there = words.eat("IF NOT EXISTS");
    let Some(name) = words.name() else { return Part::none("its text does not say what it makes") };
    if kind == ObjectKind::Schema && words.has("CREATE") {
        return Part::none("it makes a schema with things in it; write them as statements of their own");
    }
    if kind == ObjectKind::Type && words.is_over() {
        return Part::none("a shell type");
    }
    if matches!(kind, ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule) {
        let made = Created { what, kind, name, replaces, unless_there };
        return made.on_table(words, scope);
    }
    let mut object = Object::new(kind, &name);
    let mut drop = format!("DROP {what} {}", name.sql());
    if matches!(kind, ObjectKind::Function | ObjectKind::Procedure) && scope.dialect == Dialect::Postgres {
        let Some(arguments) = arguments(&mut words) else { return Part::none(UNKNOWN) };
        drop = format!("{drop}({})", arguments.all);
        object = object.written(format!("{}({})", name.sql(), arguments.types));
    }
    if replaces {
        return Part::whole(replaced(&name, object, drop, scope));
    }
    if unless_there {
        let asked = scope.make_unless_there(space(kind), &name, object, Inverse::sql(drop));
        return Part::whole(asked);
    }
    let made = scope.make(space(kind), &name.object, None);
    Part::whole(Inverse::sql(drop)).of(made)
}

/// Up to the word that says what it is.
fn skip_options(words: &mut Words<'_>) -> bool {
    let mut read = words.clone();
    while !read.is_over() {
        if read.is("VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT") {
            *words = read;
            return true;
        }
        read.next_word();
    }
    false
}

/// `CREATE OR REPLACE`
fn replaced(name: &Name, object: Object, drop: String, scope: &mut Scope) -> Inverse {
    let kind = object.kind;
    match scope.made(space(kind), &name.object, None) {
        Err(unclear) => return unclear,
        Ok(Some(_)) => return Inverse::Nothing,
        Ok(None) => {}
    }
    // Of routines in PostgreSQL, others may have the name.
    if scope.is_gone(&name.object, None) {
        return Inverse::none("OR REPLACE of what is dropped above; write CREATE");
    }
    let before = match (kind, scope.dialect) {
        // Its definition replaces it itself.
        (ObjectKind::Function | ObjectKind::Procedure, Dialect::Postgres) => String::new(),
        (ObjectKind::Table | ObjectKind::Sequence, _) => {
            return Inverse::none("OR REPLACE: what was there before is not kept");
        }
        _ => format!("{drop};\n"),
    };
    let told = Question::told_behind(&before, object).or(Inverse::Sql(drop));
    let asked = scope.ask(&name.object, None, told);
    scope.touch(&name.object, None);
    asked
}

/// A trigger, a policy or a rule.
struct Created {
    what: &'static str,
    kind: ObjectKind,
    name: Name,
    replaces: bool,
    unless_there: bool,
}

impl Created {
    fn on_table(self, mut words: Words<'_>, scope: &mut Scope) -> Part {
        let on = if self.kind == ObjectKind::Rule { "TO" } else { "ON" };
        let table = if words.skip_to(on) { words.name() } else { None };
        let Some(table) = table else { return Part::none("its text does not say which table it is on") };
        let Created { what, kind, name, replaces, unless_there } = self;
        let owner = match scope.made_table(&table.object) {
            Err(unclear) => return Part::whole(unclear),
            Ok(owner) => owner,
        };
        let on = if scope.dialect == Dialect::Postgres { format!(" ON {}", table.sql()) } else { String::new() };
        let drop = format!("DROP {what} {}{on}", name.sql());
        let object = Object::new(kind, &name).on(&table);
        let inverse = match (replaces, unless_there) {
            _ if owner.is_some() => Inverse::Nothing,
            (true, _) => {
                let told = Question::told_behind(&format!("{drop};\n"), object).or(Inverse::Sql(drop));
                scope.ask(&table.object, Some(&name.object.name), told)
            }
            (_, true) => {
                let whether = Question::whether(object, Inverse::Sql(drop), Inverse::Nothing);
                scope.ask(&table.object, Some(&name.object.name), whether)
            }
            _ => Inverse::Sql(drop),
        };
        let plain = matches!(inverse, Inverse::Sql(_));
        let made = scope.make(space(kind), &name.object, Some(&table.object));
        if owner.is_none() {
            scope.touch(&table.object, Some(&name.object.name));
        }
        if plain { Part::whole(inverse).of(made) } else { Part::whole(inverse) }
    }
}

fn index(mut words: Words<'_>, scope: &mut Scope) -> Part {
    let concurrently = if words.eat("CONCURRENTLY") { "CONCURRENTLY " } else { "" };
    let unless_there = words.eat("IF NOT EXISTS");
    let own = if words.is("ON") { None } else { words.name() };
    let on = words.skip_to("ON");
    words.eat("ONLY");
    let table = words.name().filter(|_| on);
    let Some(table) = table else { return Part::none("its text does not say which table it is on") };
    let owner = match scope.made_table(&table.object) {
        Err(unclear) => return Part::whole(unclear),
        Ok(owner) => owner,
    };
    let Some(name) = own else {
        return if owner.is_some() {
            Part::whole(Inverse::Nothing)
        } else {
            unnamed(words, &table, concurrently, scope)
        };
    };
    if matches!(scope.dialect, Dialect::Mysql | Dialect::Mariadb) {
        let sql = format!("DROP INDEX {} ON {}", name.sql(), table.sql());
        let inverse = match (owner, unless_there) {
            (Some(_), _) => Inverse::Nothing,
            (None, true) => {
                let wanted = Wanted::Whether {
                    kind: ItemKind::Index,
                    name: name.object.name.clone(),
                    absent: Box::new(Inverse::Sql(sql)),
                    there: Box::new(Inverse::Nothing),
                };
                scope.ask(&table.object, Some(&item(&name)), Question::read(&table, wanted))
            }
            (None, false) => index_added(&table, &name, words, sql, scope),
        };
        return keep(inverse, Space::Index, &name, Some(&table), &table, scope);
    }
    // An index is in the schema of its table.
    let name = if scope.dialect == Dialect::Postgres { table.renamed(&name) } else { name };
    let sql = Inverse::sql(format!("DROP INDEX {concurrently}{}", name.sql()));
    if unless_there && owner.is_none() {
        scope.touch(&table.object, Some(&name.object.name));
        let object = Object::new(ObjectKind::Index, &name).on(&table);
        return Part::whole(scope.make_unless_there(Space::Relation, &name, object, sql));
    }
    let inverse = if owner.is_some() { Inverse::Nothing } else { sql };
    keep(inverse, Space::Relation, &name, None, &table, scope)
}

/// Notes an index that is made.
fn keep(inverse: Inverse, space: Space, name: &Name, on: Option<&Name>, table: &Name, scope: &mut Scope) -> Part {
    let part = if on.is_some() { item(name) } else { name.object.name.clone() };
    scope.touch(&table.object, Some(&part));
    if matches!(inverse, Inverse::Nothing) || inverse.asks_whether() {
        return Part::whole(inverse);
    }
    let made = scope.make(space, &name.object, on.map(|on| &on.object));
    Part::whole(inverse).of(made)
}

/// PostgreSQL calls it after its table and columns, and puts a number behind that where the name is taken.
fn unnamed(mut words: Words<'_>, table: &Name, concurrently: &str, scope: &mut Scope) -> Part {
    let unsure = || Part::none("the index has no name, and the server picks one; name it");
    if words.eat("USING") {
        words.next_word();
    }
    let listed = words.parentheses();
    let column = |mut item: Words<'_>| item.name().filter(|_| !item.is("("));
    let columns: Option<Vec<Name>> = listed.and_then(|items| items.into_iter().map(column).collect());
    let Some(columns) = columns.filter(|columns| !columns.is_empty() && !words.is("INCLUDE")) else { return unsure() };
    let Some(name) = picked_name(table, &columns, "idx") else { return unsure() };
    let sql = Inverse::sql(format!("DROP INDEX {concurrently}{}", table.renamed(&name).sql()));
    let asked = scope.if_free(table, &name, sql);
    scope.touch(&table.object, Some(&name.object.name));
    scope.touch(&table.renamed(&name).object, None);
    Part::whole(asked)
}
