//! The parts that MySQL and MariaDB have. What was there before is read in `SHOW CREATE TABLE`.

use super::{Altered, UNKNOWN, UNNAMED};
use crate::sql::{Name, Words};
use crate::undo::definition::{ItemKind, Place, Wanted};
use crate::undo::question::Question;
use crate::undo::scope::{Scope, Space, member};
use crate::undo::{Inverse, Part};

impl Altered<'_> {
    pub(super) fn mysql(&mut self, verb: &str, mut words: Words<'_>) -> Vec<Part> {
        let part = match verb {
            "ADD CONSTRAINT" => return self.add_constraint(words),
            "ADD PRIMARY KEY" => return vec![self.add_primary_key(words)],
            "ADD INDEX" | "ADD UNIQUE" | "ADD FULLTEXT" | "ADD SPATIAL" => self.add_index(words),
            _ if verb.starts_with("ADD ") => Part::none(UNNAMED),
            "DROP COLUMN" => {
                words.eat("DROP");
                words.eat("COLUMN");
                self.drop_read_column(words)
            }
            "DROP PRIMARY KEY" => self.dropped(ItemKind::PrimaryKey, None, false),
            "DROP INDEX" | "DROP FOREIGN KEY" | "DROP CONSTRAINT" | "DROP CHECK" => self.drop_item(verb, words),
            "MODIFY COLUMN" | "CHANGE COLUMN" => self.change_column(verb, words),
            "ALTER COLUMN SET DEFAULT" | "ALTER COLUMN DROP DEFAULT" => self.change_default(words),
            // They say how it is done, and not what.
            "ALGORITHM" | "LOCK" => Part::whole(Inverse::Nothing),
            _ => {
                self.scope.touch(&self.table.object, None);
                self.scope.renamed();
                Part::none(UNKNOWN)
            }
        };
        vec![part]
    }

    fn add_constraint(&mut self, mut words: Words<'_>) -> Vec<Part> {
        words.eat("ADD CONSTRAINT");
        let unless_there = words.eat("IF NOT EXISTS");
        let Some(name) = words.name() else { return vec![Part::none(UNNAMED)] };
        if words.is("PRIMARY") {
            return vec![self.add_primary_key(words)];
        }
        if words.is("FOREIGN") && !unless_there {
            return vec![self.add_foreign_key(&name, words)];
        }
        if unless_there {
            let drop = format!("DROP CONSTRAINT {}", name.own);
            let whether = self.item_unless_there(ItemKind::Constraint, &name, drop, Inverse::Nothing);
            let inverse = match words.is("FOREIGN") {
                true => Inverse::none("IF NOT EXISTS: whether it makes an index is not known"),
                false => self.ask(Some(&item(&name)), whether),
            };
            self.touch_item(&name);
            return vec![self.clause(inverse)];
        }
        let space = if words.is("UNIQUE") { Space::Index } else { Space::Constraint };
        let drop = if space == Space::Index { "INDEX" } else { "CONSTRAINT" };
        let made = self.make(space, &name);
        self.touch_item(&name);
        vec![self.clause(Inverse::sql(format!("DROP {drop} {}", name.own))).of(made)]
    }

    /// It makes an index where none serves it.
    fn add_foreign_key(&mut self, name: &Name, mut words: Words<'_>) -> Part {
        words.eat("FOREIGN KEY");
        words.eat("IF NOT EXISTS");
        words.name();
        let columns: Vec<Name> =
            words.parentheses().unwrap_or_default().into_iter().filter_map(|mut item| item.name()).collect();
        let are_new = columns.iter().all(|column| matches!(self.made(Space::Column, column), Ok(Some(_))));
        let inverse = match are_new {
            // The index goes with its columns.
            true => Inverse::sql(format!("DROP FOREIGN KEY {}", name.own)),
            false => {
                let columns = columns.into_iter().map(|column| column.object.name).collect();
                self.ask(None, Question::read(&self.table, Wanted::AddedForeignKey { name: name.own.clone(), columns }))
            }
        };
        let made = self.make(Space::Constraint, name);
        self.touch_item(name);
        self.clause(inverse).of(made)
    }

    fn add_primary_key(&mut self, mut words: Words<'_>) -> Part {
        words.eat("ADD");
        words.eat("CONSTRAINT");
        let names_columns = words.skip_to("KEY") && words.is("(");
        let columns = if names_columns { words.parentheses() } else { None };
        let Some(columns) = columns else { return Part::none("its text does not say which columns it has") };
        let mut names = Vec::new();
        for mut column in columns {
            let Some(column) = column.name() else { return Part::none("its text does not say which columns it has") };
            if !matches!(self.made(Space::Column, &column), Ok(Some(_))) {
                names.push(column.object.name);
            }
        }
        let inverse = self.ask(None, Question::read(&self.table, Wanted::AddedPrimaryKey { columns: names }));
        self.scope.touch(&self.table.object, None);
        self.clause(inverse)
    }

    fn add_index(&mut self, mut words: Words<'_>) -> Part {
        words.eat("ADD");
        words.eat("CONSTRAINT");
        words.eat("UNIQUE|FULLTEXT|SPATIAL");
        words.eat("INDEX|KEY");
        let unless_there = words.eat("IF NOT EXISTS");
        let named = if words.is("USING|(") { None } else { words.name() };
        if let Some(name) = &named
            && !unless_there
        {
            let inverse = index_added(&self.table, name, words, format!("DROP INDEX {}", name.own), self.scope);
            let made = self.make(Space::Index, name);
            self.touch_item(name);
            return self.clause(inverse).of(made);
        }
        // Without a name it gets that of its first column, unless an index has it.
        let first = || words.clone().parentheses()?.into_iter().next()?.name();
        let (name, there) = match named {
            Some(name) => (name, Inverse::Nothing),
            None if words.is("(") => match first() {
                Some(name) => {
                    (name, Inverse::none("it has no name, and an index has the one that the server would pick"))
                }
                None => return Part::none(UNNAMED),
            },
            None => return Part::none(UNNAMED),
        };
        let drop = format!("DROP INDEX {}", name.own);
        let asked = self.ask(Some(&item(&name)), self.item_unless_there(ItemKind::Index, &name, drop, there));
        let column_is_new = matches!(self.made(Space::Column, &name), Ok(Some(_)));
        self.touch_item(&name);
        match column_is_new {
            true => Part::none(UNNAMED),
            false => self.clause(asked),
        }
    }

    fn drop_item(&mut self, verb: &str, mut words: Words<'_>) -> Part {
        words.eat("DROP");
        words.eat("FOREIGN");
        words.eat("INDEX|KEY|CONSTRAINT|CHECK");
        let if_there = words.eat("IF EXISTS");
        let Some(name) = words.name() else { return Part::none("its text does not say its name") };
        let (kind, spaces): (_, &[Space]) = match verb {
            "DROP INDEX" => (ItemKind::Index, &[Space::Index]),
            "DROP FOREIGN KEY" => (ItemKind::ForeignKey, &[Space::Constraint]),
            "DROP CHECK" => (ItemKind::Check, &[Space::Constraint]),
            _ => (ItemKind::Constraint, &[Space::Constraint, Space::Index]),
        };
        for space in spaces {
            match self.made(*space, &name) {
                Ok(Some(made)) => {
                    self.scope.unmake(made);
                    return Part::whole(Inverse::Nothing);
                }
                Ok(None) => {}
                Err(unclear) => return Part::whole(unclear),
            }
        }
        self.dropped(kind, Some(&name), if_there)
    }

    fn dropped(&mut self, kind: ItemKind, name: Option<&Name>, if_there: bool) -> Part {
        let absent = if if_there { Inverse::Nothing } else { Inverse::none("there is no such thing") };
        let own = name.map_or_else(String::new, |name| name.object.name.clone());
        let wanted = Wanted::DroppedItem { kind, name: own.clone(), absent: Box::new(absent) };
        // An index and a foreign key have one name as a rule, and are dropped one after the other.
        let part = name.map(|name| if kind == ItemKind::ForeignKey { key(name) } else { item(name) });
        let asked = self.ask(part.as_deref(), Question::read(&self.table, wanted));
        if let Some(name) = name {
            self.scope.take_away(&member(&item(name)), Some(&self.table.object));
        }
        self.scope.touch(&self.table.object, part.as_deref());
        self.clause(asked)
    }

    fn touch_item(&mut self, name: &Name) {
        self.scope.touch(&self.table.object, Some(&item(name)));
        self.scope.touch(&self.table.object, Some(&key(name)));
    }

    fn change_column(&mut self, verb: &str, mut words: Words<'_>) -> Part {
        words.eat("MODIFY|CHANGE");
        words.eat("COLUMN");
        if words.eat("IF EXISTS") {
            return Part::none("IF EXISTS: whether the column is there when it runs is not known");
        }
        let Some(column) = words.name() else { return Part::none("its text does not say which column it is") };
        let now = if verb == "CHANGE COLUMN" { words.name() } else { Some(column.clone()) };
        let Some(now) = now else { return Part::none("its text does not say the new name") };
        let place = if words.has("FIRST") || words.has("AFTER") { Place::Moves } else { Place::Stays };
        self.changed(&column, &now, Some(words.rest()), place)
    }

    fn change_default(&mut self, mut words: Words<'_>) -> Part {
        words.eat("ALTER");
        words.eat("COLUMN");
        let Some(column) = words.name() else { return Part::none("its text does not say which column it is") };
        self.changed(&column, &column, None, Place::Stays)
    }

    fn changed(&mut self, column: &Name, now: &Name, definition: Option<String>, place: Place) -> Part {
        match self.made(Space::Column, column) {
            Ok(Some(_)) if column == now => return Part::whole(Inverse::Nothing),
            Ok(None) => {}
            Ok(Some(_)) => return Part::none("it renames what the file itself makes; write it with its last name"),
            Err(unclear) => return Part::whole(unclear),
        }
        let wanted = Wanted::ChangedColumn {
            table: self.table.sql(),
            column: column.object.name.clone(),
            now: now.own.clone(),
            definition,
            place,
        };
        // Where it stood is told by its neighbours, which must be the same.
        let part = if place == Place::Stays { Some(column.object.name.as_str()) } else { None };
        let asked = self.ask(part, Question::read(&self.table, wanted));
        self.touch(column);
        self.touch(now);
        // Also that places are not the same any more.
        self.scope.renamed();
        self.clause(asked)
    }
}

/// What takes a new index back: unless it takes the place of a foreign key's own.
pub(in crate::undo) fn index_added(
    table: &Name,
    name: &Name,
    mut words: Words<'_>,
    drop: String,
    scope: &Scope,
) -> Inverse {
    let listed = if words.skip_to_parenthesis() { words.parentheses() } else { None };
    let columns = listed.unwrap_or_default().into_iter().map(|mut item| item.name().map(|name| name.object.name));
    let columns = columns.map(Option::unwrap_or_default).collect();
    let asked = Question::read(table, Wanted::AddedIndex { columns, drop: drop.clone() });
    scope.ask_as_well(&table.object, &item(name), asked, Inverse::Sql(drop))
}

/// A key or a constraint as a part of its table: a column may have the same name.
pub(in crate::undo) fn item(name: &Name) -> String {
    format!("key {}", name.object.name)
}

fn key(name: &Name) -> String {
    format!("foreign key {}", name.object.name)
}
