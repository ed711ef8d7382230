use super::{arguments, kind, space};
use crate::sql::{Dialect, Words};
use crate::undo::alter::item;
use crate::undo::definition::{ItemKind, Wanted};
use crate::undo::question::{Object, ObjectKind, Question};
use crate::undo::scope::{Scope, Space, member};
use crate::undo::{Inverse, Part};

/// What takes a `DROP` back.
pub(super) fn inverse(mut words: Words<'_>, scope: &mut Scope) -> Part {
    let known = kind(&mut words).filter(|(_, kind)| !matches!(kind, ObjectKind::Extension));
    let Some((_, kind)) = known else { return Part::none("what it takes away is not kept") };
    let concurrently = words.eat("CONCURRENTLY");
    let if_there = words.eat("IF EXISTS");
    let Some(name) = words.name() else { return Part::none("its text does not say what it takes away") };
    let mut object = Object::new(kind, &name);
    if matches!(kind, ObjectKind::Function | ObjectKind::Procedure) && scope.dialect == Dialect::Postgres {
        // Without arguments it is the only one of its name.
        if let Some(arguments) = arguments(&mut words) {
            object = object.written(format!("{}({})", name.sql(), arguments.types));
        }
    }
    let table = if words.eat("ON") { words.name() } else { None };
    if words.has("CASCADE") {
        return Part::none("CASCADE takes away what it does not name");
    }
    if words.is(",") {
        return Part::none("it takes away several things; write a statement for each");
    }
    let is_read = kind == ObjectKind::Index && table.is_some();
    let space = if is_read { Space::Index } else { space(kind) };
    let on = table.as_ref().map(|table| &table.object);
    match scope.made(space, &name.object, on) {
        Err(unclear) => return Part::whole(unclear),
        Ok(Some(made)) => {
            scope.unmake(made);
            return Part::whole(Inverse::Nothing);
        }
        Ok(None) => {}
    }
    let own = if is_read { member(&item(&name)) } else { name.object.clone() };
    if on.is_some_and(|on| matches!(scope.made_table(on), Ok(Some(_)))) || if_there && scope.is_gone(&own, on) {
        return Part::whole(Inverse::Nothing);
    }
    let (at, part) = (on.unwrap_or(&name.object), on.map(|_| own.name.as_str()));
    let asked = match &table {
        Some(table) if is_read => {
            let absent = if if_there { Inverse::Nothing } else { Inverse::none("there is no such index") };
            let wanted =
                Wanted::DroppedItem { kind: ItemKind::Index, name: name.object.name.clone(), absent: Box::new(absent) };
            Part::clause(&format!("ALTER TABLE {}", table.sql()), scope.ask(at, part, Question::read(table, wanted)))
        }
        table => {
            if let Some(table) = table {
                object = object.on(table);
            }
            let mut told = Question::told(object);
            if kind == ObjectKind::Table {
                told = told.losing(format!("the rows of {}", name.sql()));
            }
            if if_there {
                told = told.if_there();
            }
            if concurrently {
                told = told.concurrently();
            }
            Part::whole(scope.ask(at, part, told))
        }
    };
    scope.take_away(&own, on);
    scope.touch(at, part);
    asked
}
