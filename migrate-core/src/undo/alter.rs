//! `ALTER TABLE`, part by part.

mod mysql;
mod postgres;

pub(super) use mysql::{index_added, item};
pub(super) use postgres::picked_name;

use super::definition::{ItemKind, Wanted};
use super::question::{Object, ObjectKind, Question};
use super::scope::{Made, Scope, Space, member};
use super::{Inverse, Part};
use crate::sql::{Dialect, Name, ServerVersion, Statement, Words};

/// A table that is altered.
struct Altered<'s> {
    table: Name,
    /// The script has made it, so that dropping it takes everything along.
    owner: Option<Made>,
    scope: &'s mut Scope,
}

/// What takes an `ALTER TABLE` back.
pub(super) fn inverses(statement: &Statement<'_>, mut words: Words<'_>, scope: &mut Scope) -> Vec<Part> {
    let none = |why: &str| vec![Part::none(why)];
    words.eat("ALTER TABLE");
    if words.eat("IF EXISTS") {
        return none("IF EXISTS: whether the table is there when it runs is not known");
    }
    words.eat("ONLY");
    let Some(table) = words.name() else { return none("its text does not say which table it is") };
    let parts = statement.parts();
    if words.is("*") || parts.is_empty() {
        return none(UNKNOWN);
    }
    let owner = match scope.made_table(&table.object) {
        Err(unclear) => return vec![Part::whole(unclear)],
        Ok(owner) => owner,
    };
    let alone = parts.len() == 1;
    let mut altered = Altered { table, owner, scope };
    let mut all = Vec::new();
    for part in &parts {
        let words = Words::new(part.text, statement.syntax);
        if part.verb.starts_with("RENAME") && !alone {
            all.push(Part::none("it renames beside other changes; write a statement for each"));
        } else {
            all.extend(altered.part(&part.verb, words));
        }
    }
    all
}

const UNKNOWN: &str = "what takes it back is not known here";
const UNNAMED: &str = "it has no name, and the server picks one; write ADD CONSTRAINT with a name";

impl Altered<'_> {
    fn part(&mut self, verb: &str, mut words: Words<'_>) -> Vec<Part> {
        match verb {
            "RENAME TO" => return vec![self.rename(words)],
            "SET SCHEMA" => {}
            _ if verb.starts_with("ATTACH") || verb.starts_with("DETACH") => {}
            // Dropping the table takes it along.
            _ if self.owner.is_some() => return vec![Part::whole(Inverse::Nothing)],
            _ => {}
        }
        match verb {
            "ADD COLUMN" => self.add_column(words),
            "RENAME COLUMN" | "RENAME CONSTRAINT TO" | "RENAME INDEX TO" | "RENAME KEY TO" => {
                vec![self.rename_member(words)]
            }
            _ => match self.scope.dialect {
                Dialect::Postgres => self.postgres(verb, words),
                Dialect::Mysql | Dialect::Mariadb => self.mysql(verb, words),
                Dialect::Sqlite if verb == "DROP COLUMN" => {
                    words.eat("DROP");
                    words.eat("COLUMN");
                    vec![self.drop_read_column(words)]
                }
                Dialect::Sqlite => vec![Part::none(UNKNOWN)],
            },
        }
    }

    fn is_mysql(&self) -> bool {
        matches!(self.scope.dialect, Dialect::Mysql | Dialect::Mariadb)
    }

    fn alter(&self) -> String {
        format!("ALTER TABLE {}", self.table.sql())
    }

    /// A clause of this table, as a part.
    fn clause(&self, inverse: Inverse) -> Part {
        let alter = self.alter();
        match (inverse, self.is_mysql()) {
            (inverse, true) => Part::clause(&alter, inverse),
            (Inverse::Sql(sql), false) => Part::whole(Inverse::sql(format!("{alter} {sql}"))),
            (inverse, false) => Part::whole(inverse),
        }
    }

    /// A question about this table, or a part of it.
    fn ask(&self, part: Option<&str>, inverse: Inverse) -> Inverse {
        self.scope.ask(&self.table.object, part, inverse)
    }

    fn touch(&mut self, part: &Name) {
        self.scope.touch(&self.table.object, Some(&part.object.name));
    }

    fn make(&mut self, space: Space, name: &Name) -> Made {
        self.scope.make(space, &member(&name.object.name), Some(&self.table.object))
    }

    fn made(&self, space: Space, name: &Name) -> Result<Option<Made>, Inverse> {
        self.scope.made_in(space, &name.object.name, &self.table.object)
    }

    /// Whether there is such an item in the table's definition.
    fn item_unless_there(&self, kind: ItemKind, name: &Name, drop: String, there: Inverse) -> Inverse {
        let wanted = Wanted::Whether {
            kind,
            name: name.object.name.clone(),
            absent: Box::new(Inverse::Sql(drop)),
            there: Box::new(there),
        };
        Question::read(&self.table, wanted)
    }

    fn rename(&mut self, mut words: Words<'_>) -> Part {
        words.eat("RENAME");
        words.eat("TO|AS");
        let Some(new) = words.name() else { return Part::none("its text does not say the new name") };
        // MySQL takes a table to another database so.
        if new.schema.is_some() {
            return Part::none("it takes the table to another schema; what takes it back is not known here");
        }
        let to = self.table.renamed(&new);
        if self.scope.is_gone(&to.object, None) {
            return Part::none(
                "it puts another table in the place of the one that is dropped above: going back, the rows would be lost; \
                 write its down",
            );
        }
        let sql = Inverse::sql(format!("ALTER TABLE {} RENAME TO {}", to.sql(), self.table.own));
        match self.owner {
            Some(made) => {
                self.scope.rename(made, &to.object);
                Part::whole(sql).of(made)
            }
            None => {
                self.scope.touch(&self.table.object, None);
                self.scope.touch(&to.object, None);
                self.scope.moved(&self.table.object, &to.object);
                self.scope.renamed();
                Part::whole(sql)
            }
        }
    }

    fn add_column(&mut self, mut words: Words<'_>) -> Vec<Part> {
        words.eat("ADD");
        words.eat("COLUMN");
        let old = ServerVersion::new(3, 35, 0);
        if self.scope.dialect == Dialect::Sqlite && self.scope.version.is_some_and(|version| version < old) {
            return vec![Part::none("SQLite before 3.35 has no DROP COLUMN")];
        }
        if let Some(columns) = words.parentheses() {
            return columns.into_iter().map(|words| self.add_one_column(words, false)).collect();
        }
        let unless_there = words.eat("IF NOT EXISTS");
        vec![self.add_one_column(words, unless_there)]
    }

    fn add_one_column(&mut self, mut words: Words<'_>, unless_there: bool) -> Part {
        if words.is("INDEX|KEY|UNIQUE|PRIMARY|CONSTRAINT|FOREIGN|CHECK|FULLTEXT|SPATIAL") {
            return Part::none("it is no column; write ADD for each");
        }
        let Some(column) = words.name() else { return Part::none("its text does not say which column it is") };
        // What an index that goes with the column is called does not matter; a foreign key must go before it.
        if self.is_mysql() && words.has("REFERENCES") {
            return Part::none("a foreign key without a name goes with the column; write ADD CONSTRAINT with its name");
        }
        let drop = format!("DROP COLUMN {}", column.own);
        if unless_there {
            let inverse = match self.scope.dialect {
                Dialect::Postgres => {
                    let object = Object::new(ObjectKind::Column, &column).on(&self.table);
                    let drop = Inverse::sql(format!("{} {drop}", self.alter()));
                    Question::whether(object, drop, Inverse::Nothing)
                }
                _ => self.item_unless_there(ItemKind::Column, &column, drop, Inverse::Nothing),
            };
            let asked = self.ask(Some(&column.object.name), inverse);
            self.touch(&column);
            return self.clause(asked);
        }
        let made = self.make(Space::Column, &column);
        self.touch(&column);
        self.clause(Inverse::sql(drop)).of(made)
    }

    fn rename_member(&mut self, mut words: Words<'_>) -> Part {
        words.eat("RENAME");
        let what = words.one_of(&["COLUMN", "CONSTRAINT", "INDEX", "KEY"]).unwrap_or("COLUMN");
        let Some(old) = words.name() else { return Part::none("its text does not say the name") };
        let new = if words.eat("TO") { words.name() } else { None };
        let Some(new) = new else { return Part::none("its text does not say the new name") };
        let space = match what {
            "COLUMN" => Space::Column,
            "CONSTRAINT" => Space::Constraint,
            _ => Space::Index,
        };
        let made = match self.made(space, &old) {
            Ok(made) => made,
            Err(unclear) => return Part::whole(unclear),
        };
        for name in [&old, &new] {
            let part = if matches!(what, "INDEX" | "KEY") { item(name) } else { name.object.name.clone() };
            self.scope.touch(&self.table.object, Some(&part));
        }
        let part = self.clause(Inverse::sql(format!("RENAME {what} {} TO {}", new.own, old.own)));
        match made {
            Some(made) => {
                self.scope.rename(made, &member(&new.object.name));
                part.of(made)
            }
            None => {
                self.scope.renamed();
                part
            }
        }
    }

    /// A column that can be read in the table's definition.
    fn drop_read_column(&mut self, mut words: Words<'_>) -> Part {
        let if_there = words.eat("IF EXISTS");
        let Some(column) = words.name() else { return Part::none("its text does not say which column it is") };
        match self.made(Space::Column, &column) {
            Ok(Some(made)) => {
                self.scope.unmake(made);
                return Part::whole(Inverse::Nothing);
            }
            Ok(None) => {}
            Err(unclear) => return Part::whole(unclear),
        }
        let absent = if if_there { Inverse::Nothing } else { Inverse::none("there is no such column") };
        let wanted = Wanted::DroppedColumn {
            table: self.table.sql(),
            column: column.object.name.clone(),
            gone: self.scope.gone_from(&self.table.object),
            absent: Box::new(absent),
        };
        let asked = self.ask(Some(&column.object.name), Question::read(&self.table, wanted));
        self.scope.take_away(&member(&column.object.name), Some(&self.table.object));
        self.touch(&column);
        self.clause(asked)
    }
}
