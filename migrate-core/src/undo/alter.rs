//! `ALTER TABLE`, part by part.

use super::question::{Loses, Object, ObjectKind, Question};
use super::scope::{Scope, Space, member};
use super::{Inverse, Part};
use crate::sql::{Dialect, Name, ServerVersion, Statement, Words};

/// What takes an `ALTER TABLE` back.
pub(super) fn inverses(statement: &Statement<'_>, mut words: Words<'_>, scope: &mut Scope) -> Vec<Part> {
    let none = |why: &str| vec![Part::whole(Inverse::none(why))];
    words.eat("ALTER TABLE");
    if words.eat("IF EXISTS") {
        return none("IF EXISTS: whether the table was there before is not known");
    }
    words.eat("ONLY");
    let Some(table) = words.name() else { return none("its text does not say which table it is") };
    if words.is("*") {
        return none("what takes it back is not known here");
    }
    let parts = statement.parts();
    if parts.is_empty() {
        return none("what takes it back is not known here");
    }
    let alone = parts.len() == 1;
    let owner = match scope.made_table(&table.object) {
        Err(unclear) => return vec![Part::whole(unclear)],
        Ok(owner) => owner,
    };
    let mut all = Vec::new();
    for part in &parts {
        let words = Words::new(part.text, statement.syntax);
        if part.verb == "RENAME TO" {
            all.push(if alone { rename(words, &table, scope) } else { Part::whole(Inverse::none(MANY)) });
        } else if owner.is_some() && part.verb != "SET SCHEMA" && !part.verb.starts_with("ATTACH") {
            // Dropping the table takes it along.
            all.push(Part::whole(Inverse::Nothing));
        } else {
            let renames = part.verb.starts_with("RENAME") && !alone;
            all.push(if renames { Part::whole(Inverse::none(MANY)) } else { of(&part.verb, words, &table, scope) });
        }
    }
    all
}

const MANY: &str = "it renames beside other changes; write a statement for each";

fn rename(mut words: Words<'_>, table: &Name, scope: &mut Scope) -> Part {
    words.eat("RENAME");
    words.eat("TO|AS");
    let Some(new) = words.name() else { return Part::whole(Inverse::none("its text does not say the new name")) };
    // MySQL takes a table to another database so.
    if new.schema.is_some() {
        return Part::whole(Inverse::none(
            "it takes the table to another schema; what takes it back is not known here",
        ));
    }
    let to = table.renamed(&new);
    let sql = Inverse::sql(format!("ALTER TABLE {} RENAME TO {}", to.sql(), table.own));
    let made = match scope.made_table(&table.object) {
        Ok(made) => made,
        Err(unclear) => return Part::whole(unclear),
    };
    match made {
        Some(made) => {
            scope.rename(made, &to.object);
            // The name may be one that was taken away above, and is another table's now.
            Part::whole(sql).of(made)
        }
        None => {
            scope.touch(&table.object, None);
            scope.touch(&to.object, None);
            scope.moved(&table.object, &to.object);
            Part::whole(sql)
        }
    }
}

/// What takes one part back.
fn of(verb: &str, mut words: Words<'_>, table: &Name, scope: &mut Scope) -> Part {
    let alter = format!("ALTER TABLE {}", table.sql());
    let mysql = matches!(scope.dialect, Dialect::Mysql | Dialect::Mariadb);
    let clause = |inverse: Inverse| match (&inverse, mysql) {
        (Inverse::Sql(_), true) => Part::clause(&alter, inverse),
        (Inverse::Sql(sql), false) => Part::whole(Inverse::sql(format!("{alter} {sql}"))),
        _ => Part::whole(inverse),
    };
    let none = |why: &str| Part::whole(Inverse::none(why));
    match verb {
        "ADD COLUMN" => {
            words.eat("ADD");
            words.eat("COLUMN");
            let unless_there = words.eat("IF NOT EXISTS");
            let Some(column) = words.name() else {
                return none("several columns in parentheses; write ADD COLUMN for each");
            };
            let old = ServerVersion::new(3, 35, 0);
            if scope.dialect == Dialect::Sqlite && scope.version.is_some_and(|version| version < old) {
                return none("SQLite before 3.35 has no DROP COLUMN");
            }
            if unless_there {
                return none("IF NOT EXISTS: whether the column was there before is not known");
            }
            // What an index that goes with the column is called does not matter; a foreign key must go before it.
            if mysql && words.has("REFERENCES") {
                return none("a foreign key without a name goes with the column; write ADD CONSTRAINT with its name");
            }
            let made = scope.make(Space::Column, &member(&column.object.name), Some(&table.object));
            scope.touch(&table.object, Some(&column.object.name));
            clause(Inverse::sql(format!("DROP COLUMN {}", column.own))).of(made)
        }
        "ADD CONSTRAINT" => {
            words.eat("ADD CONSTRAINT");
            if words.is("IF") {
                return none("IF NOT EXISTS: whether the constraint was there before is not known");
            }
            let Some(name) = words.name() else { return none(UNNAMED) };
            if words.is("PRIMARY") {
                return none("a primary key makes its columns NOT NULL, and whether they were so is not known");
            }
            if words.has("USING INDEX") {
                return none("the index becomes the constraint's, and gets its name");
            }
            if mysql && words.is("FOREIGN") {
                return none("a foreign key makes an index where none serves it, and whether one does is not known");
            }
            let made = scope.make(Space::Constraint, &name.object, Some(&table.object));
            scope.touch(&table.object, Some(&name.object.name));
            clause(Inverse::sql(format!("DROP CONSTRAINT {}", name.own))).of(made)
        }
        "ADD INDEX" | "ADD UNIQUE" | "ADD FULLTEXT" | "ADD SPATIAL" if mysql => {
            words.eat("ADD");
            words.eat("CONSTRAINT");
            words.eat("UNIQUE|FULLTEXT|SPATIAL");
            words.eat("INDEX|KEY");
            let Some(name) = words.name().filter(|name| !name.own.eq_ignore_ascii_case("USING")) else {
                return none(UNNAMED);
            };
            if name.own.eq_ignore_ascii_case("IF") {
                return none("IF NOT EXISTS: whether the index was there before is not known");
            }
            let made = scope.make(Space::Index, &name.object, Some(&table.object));
            scope.touch(&table.object, Some(&name.object.name));
            clause(Inverse::sql(format!("DROP INDEX {}", name.own))).of(made)
        }
        _ if verb.starts_with("ADD ") => none(UNNAMED),
        "RENAME COLUMN" | "RENAME CONSTRAINT TO" | "RENAME INDEX TO" | "RENAME KEY TO" => {
            words.eat("RENAME");
            let what = words.one_of(&["COLUMN", "CONSTRAINT", "INDEX", "KEY"]).unwrap_or("COLUMN");
            let Some(old) = words.name() else { return none("its text does not say the name") };
            let new = if words.eat("TO") { words.name() } else { None };
            let Some(new) = new else { return none("its text does not say the new name") };
            let space = match what {
                "COLUMN" => Space::Column,
                "CONSTRAINT" => Space::Constraint,
                _ => Space::Index,
            };
            let made = match scope.made_in(space, &old.object.name, &table.object) {
                Ok(made) => made,
                Err(unclear) => return Part::whole(unclear),
            };
            scope.touch(&table.object, Some(&old.object.name));
            scope.touch(&table.object, Some(&new.object.name));
            let part = clause(Inverse::sql(format!("RENAME {what} {} TO {}", new.own, old.own)));
            match made {
                Some(made) => {
                    scope.rename(made, &new.object);
                    part.of(made)
                }
                None => part,
            }
        }
        "VALIDATE CONSTRAINT" => {
            words.eat("VALIDATE CONSTRAINT");
            match words.name().map(|name| scope.made_in(Space::Constraint, &name.object.name, &table.object)) {
                Some(Ok(Some(_))) => Part::whole(Inverse::Nothing),
                _ => none("a constraint that is proven can't be made unproven again"),
            }
        }
        "ALTER COLUMN SET DEFAULT"
        | "ALTER COLUMN DROP DEFAULT"
        | "ALTER COLUMN SET NOT NULL"
        | "ALTER COLUMN DROP NOT NULL" => {
            words.eat("ALTER");
            words.eat("COLUMN");
            let Some(column) = words.name() else { return none("its text does not say which column it is") };
            match scope.made_in(Space::Column, &column.object.name, &table.object) {
                Ok(Some(_)) => return Part::whole(Inverse::Nothing),
                Ok(None) => {}
                Err(unclear) => return Part::whole(unclear),
            }
            let kind = if verb.ends_with("DEFAULT") { ObjectKind::Default } else { ObjectKind::NotNull };
            let object = Object::new(kind, &column).on(table);
            let before = format!("{alter} ALTER COLUMN {} ", column.own);
            let asked = scope.ask(
                &table.object,
                Some(&column.object.name),
                Question::told(object, &before, "", Loses::Nothing),
            );
            scope.touch(&table.object, Some(&column.object.name));
            Part::whole(asked)
        }
        _ => {
            scope.touch(&table.object, None);
            none("what was there before is not kept")
        }
    }
}

const UNNAMED: &str = "it has no name, and the server picks one; write ADD CONSTRAINT with a name";
