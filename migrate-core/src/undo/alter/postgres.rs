//! The parts that PostgreSQL has. What was there before, its catalog says in statements.

use super::{Altered, UNKNOWN, UNNAMED};
use crate::sql::{Name, ServerVersion, Words};
use crate::undo::question::{Object, ObjectKind, Question};
use crate::undo::scope::{Space, member};
use crate::undo::{Inverse, Part};

impl Altered<'_> {
    pub(super) fn postgres(&mut self, verb: &str, mut words: Words<'_>) -> Vec<Part> {
        let part = match verb {
            "ADD CONSTRAINT" => {
                words.eat("ADD CONSTRAINT");
                return match words.name() {
                    Some(name) => self.add_named(&name, words),
                    None => vec![Part::none(UNNAMED)],
                };
            }
            "ADD UNIQUE" | "ADD FOREIGN KEY" | "ADD PRIMARY KEY" => {
                words.eat("ADD");
                return self.add_unnamed(words);
            }
            _ if verb.starts_with("ADD ") => Part::none(UNNAMED),
            "DROP COLUMN" | "DROP CONSTRAINT" => self.drop_member(verb, words),
            "VALIDATE CONSTRAINT" => {
                words.eat("VALIDATE CONSTRAINT");
                match words.name().map(|name| self.made(Space::Constraint, &name)) {
                    Some(Ok(Some(_))) => Part::whole(Inverse::Nothing),
                    _ => Part::none("a constraint that is proven can't be made unproven again"),
                }
            }
            "ALTER COLUMN SET DEFAULT" | "ALTER COLUMN DROP DEFAULT" => self.alter_column(ObjectKind::Default, words),
            "ALTER COLUMN SET NOT NULL" | "ALTER COLUMN DROP NOT NULL" => self.alter_column(ObjectKind::NotNull, words),
            "ALTER COLUMN TYPE" => self.alter_column(ObjectKind::ColumnType, words),
            "OWNER TO" => {
                let before = format!("{} ", self.alter());
                self.aspect(ObjectKind::Owner, &before)
            }
            "SET SCHEMA" => self.set_schema(words),
            "ENABLE TRIGGER" | "DISABLE TRIGGER" | "ENABLE REPLICA TRIGGER" | "ENABLE ALWAYS TRIGGER" => {
                self.trigger_state(words)
            }
            _ if verb.ends_with("ROW LEVEL SECURITY") => self.aspect(ObjectKind::RowSecurity, ""),
            "ATTACH PARTITION" => self.attach(words),
            "SET" | "RESET" => self.parameters(words),
            _ => {
                self.scope.touch(&self.table.object, None);
                Part::none(UNKNOWN)
            }
        };
        vec![part]
    }

    fn object(&self, kind: ObjectKind, name: &Name) -> Object {
        Object::new(kind, name).on(&self.table)
    }

    fn add_named(&mut self, name: &Name, mut words: Words<'_>) -> Vec<Part> {
        let mut parts = Vec::new();
        let is_primary = words.eat("PRIMARY KEY");
        if words.has("USING INDEX") && !words.has("USING INDEX TABLESPACE") {
            if is_primary {
                return vec![Part::none("it makes the columns of the index NOT NULL, and its text does not name them")];
            }
            words.skip_to("INDEX");
            let Some(index) = words.name() else { return vec![Part::none(UNKNOWN)] };
            let index = self.table.renamed(&index);
            match self.scope.made(Space::Relation, &index.object, None) {
                // It is gone with the constraint.
                Ok(Some(made)) => self.scope.unmake(made),
                Ok(None) => {
                    let told = Question::told(Object::new(ObjectKind::Index, &index));
                    parts.push(Part::whole(self.scope.ask(&index.object, None, told)));
                }
                Err(unclear) => return vec![Part::whole(unclear)],
            }
            self.scope.touch(&index.object, None);
        } else if is_primary {
            parts.extend(self.nullable_again(words.parentheses()));
        }
        let made = self.make(Space::Constraint, name);
        self.touch(name);
        parts.push(self.clause(Inverse::sql(format!("DROP CONSTRAINT {}", name.own))).of(made));
        parts
    }

    /// A primary key makes its columns NOT NULL, and does not take that back.
    fn nullable_again(&mut self, columns: Option<Vec<Words<'_>>>) -> Vec<Part> {
        let Some(columns) = columns else { return vec![Part::none("its text does not say which columns it has")] };
        let mut parts = Vec::new();
        for mut column in columns {
            let Some(column) = column.name() else { return vec![Part::none(UNKNOWN)] };
            match self.made(Space::Column, &column) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    let told = Question::told(self.object(ObjectKind::NotNull, &column));
                    parts.push(Part::whole(self.ask(Some(&column.object.name), told)));
                }
                Err(unclear) => return vec![Part::whole(unclear)],
            }
        }
        parts
    }

    /// The server calls it after its table and columns, and puts a number behind that where the name is taken.
    fn add_unnamed(&mut self, mut words: Words<'_>) -> Vec<Part> {
        let Some(what) = words.one_of(&["UNIQUE", "PRIMARY KEY", "FOREIGN KEY"]) else {
            return vec![Part::none(UNNAMED)];
        };
        if what == "UNIQUE" && words.eat("NULLS") {
            words.eat("NOT");
            words.eat("DISTINCT");
        }
        let listed = words.parentheses();
        let columns: Option<Vec<Name>> =
            listed.clone().and_then(|items| items.into_iter().map(|mut item| item.name()).collect());
        let Some(columns) = columns.filter(|columns| !columns.is_empty()) else { return vec![Part::none(UNNAMED)] };
        // Up to version 11 a foreign key is called after its first column alone.
        let by_first = self.scope.version.is_none_or(|version| version < ServerVersion::new(12, 0, 0));
        if words.is("INCLUDE|USING") || what == "FOREIGN KEY" && columns.len() > 1 && by_first {
            return vec![Part::none(UNNAMED)];
        }
        let end = match what {
            "UNIQUE" => "key",
            "FOREIGN KEY" => "fkey",
            _ => "pkey",
        };
        let named_by: &[Name] = if what == "PRIMARY KEY" { &[] } else { &columns };
        let Some(name) = picked_name(&self.table, named_by, end) else { return vec![Part::none(UNNAMED)] };
        let mut parts = if what == "PRIMARY KEY" { self.nullable_again(listed) } else { Vec::new() };
        let drop = Inverse::sql(format!("{} DROP CONSTRAINT {}", self.alter(), name.own));
        let asked = self.scope.if_free(&self.table, &name, drop);
        parts.push(Part::whole(asked));
        self.touch(&name);
        parts
    }

    fn drop_member(&mut self, verb: &str, mut words: Words<'_>) -> Part {
        words.eat("DROP");
        words.eat("COLUMN|CONSTRAINT");
        let if_there = words.eat("IF EXISTS");
        let Some(name) = words.name() else { return Part::none("its text does not say its name") };
        if words.has("CASCADE") {
            return Part::none("CASCADE takes away what it does not name");
        }
        let (space, kind) = match verb {
            "DROP COLUMN" => (Space::Column, ObjectKind::Column),
            _ => (Space::Constraint, ObjectKind::Constraint),
        };
        match self.made(space, &name) {
            Ok(Some(made)) => {
                self.scope.unmake(made);
                return Part::whole(Inverse::Nothing);
            }
            Ok(None) => {}
            Err(unclear) => return Part::whole(unclear),
        }
        let mut told = Question::told(self.object(kind, &name));
        if kind == ObjectKind::Column {
            told = told.losing(format!("the values of {}.{}", self.table.sql(), name.own));
        }
        if if_there {
            told = told.if_there();
        }
        let asked = self.ask(Some(&name.object.name), told);
        self.scope.take_away(&member(&name.object.name), Some(&self.table.object));
        // What else goes with a column is not known here: nothing of the table is asked any more.
        let part = if kind == ObjectKind::Column { None } else { Some(name.object.name.as_str()) };
        self.scope.touch(&self.table.object, part);
        Part::whole(asked)
    }

    fn alter_column(&mut self, kind: ObjectKind, mut words: Words<'_>) -> Part {
        words.eat("ALTER");
        words.eat("COLUMN");
        let Some(column) = words.name() else { return Part::none("its text does not say which column it is") };
        match self.made(Space::Column, &column) {
            Ok(Some(_)) => return Part::whole(Inverse::Nothing),
            Ok(None) => {}
            Err(unclear) => return Part::whole(unclear),
        }
        let mut told = Question::told(self.object(kind, &column));
        if kind == ObjectKind::ColumnType {
            told =
                told.losing(format!("the values of {}.{} that fit its new type alone", self.table.sql(), column.own));
        }
        let asked = self.ask(Some(&column.object.name), told);
        if kind == ObjectKind::ColumnType {
            self.scope.renamed();
        }
        Part::whole(asked)
    }

    /// Something of the table as a whole. What is only set, and set back to what it was before the file, meets nothing
    /// else that the file does to the table.
    fn aspect(&mut self, kind: ObjectKind, before: &str) -> Part {
        let told = Question::told_behind(before, Object::new(kind, &self.table));
        Part::whole(self.ask(Some(""), told))
    }

    fn set_schema(&mut self, mut words: Words<'_>) -> Part {
        words.eat("SET SCHEMA");
        let Some(new) = words.name() else { return Part::none("its text does not say the new schema") };
        if self.owner.is_some() {
            return Part::none("it takes what the file itself makes to another schema; make it there");
        }
        let before = format!("ALTER TABLE {}.{} ", new.own, self.table.own);
        let told = Question::told_behind(&before, Object::new(ObjectKind::Home, &self.table));
        let asked = self.ask(None, told);
        self.scope.touch(&self.table.object, None);
        self.scope.touch(&member(&self.table.object.name), None);
        self.scope.renamed();
        Part::whole(asked)
    }

    fn trigger_state(&mut self, mut words: Words<'_>) -> Part {
        words.skip_to("TRIGGER");
        let Some(name) = words.name() else { return Part::none(UNKNOWN) };
        if name.own.eq_ignore_ascii_case("ALL") || name.own.eq_ignore_ascii_case("USER") {
            return Part::none("it names no trigger, and which fired before is not known");
        }
        if let Ok(Some(_)) = self.made(Space::Trigger, &name) {
            return Part::whole(Inverse::Nothing);
        }
        let told = Question::told(self.object(ObjectKind::TriggerState, &name));
        Part::whole(self.ask(Some(&name.object.name), told))
    }

    fn attach(&mut self, mut words: Words<'_>) -> Part {
        words.eat("ATTACH PARTITION");
        let Some(partition) = words.name() else { return Part::none("its text does not say which table it is") };
        let detach = format!("{} DETACH PARTITION {}", self.alter(), partition.sql());
        self.scope.touch(&partition.object, None);
        let is_made = |table: &Name| matches!(self.scope.made_table(&table.object), Ok(Some(_)));
        if is_made(&partition) {
            // Dropping it takes it out.
            return Part::whole(Inverse::Nothing);
        }
        if self.owner.is_some() {
            return Part::none("what is put into a table goes with it when that is dropped");
        }
        let told = Question::told_behind(&detach, Object::new(ObjectKind::BarePartitions, &self.table));
        let asked = self.ask(None, told);
        self.scope.touch(&self.table.object, None);
        Part::whole(asked)
    }

    fn parameters(&mut self, mut words: Words<'_>) -> Part {
        words.eat("SET|RESET");
        let listed = words.parentheses().filter(|_| words.is_over());
        let Some(listed) = listed else {
            self.scope.touch(&self.table.object, None);
            return Part::none(UNKNOWN);
        };
        let names: Option<Vec<String>> =
            listed.into_iter().map(|mut item| item.name().map(|name| name.sql())).collect();
        let Some(names) = names else { return Part::none(UNKNOWN) };
        let before = format!("{} RESET ({});\n", self.alter(), names.join(", "));
        self.aspect(ObjectKind::Parameters, &before)
    }
}

/// The name that PostgreSQL picks for a constraint or an index, where it is sure: not shortened.
pub(in crate::undo) fn picked_name(table: &Name, columns: &[Name], end: &str) -> Option<Name> {
    const MOST: usize = 63;
    let columns: Vec<&str> = columns.iter().map(|column| column.object.name.as_str()).collect();
    let between = if columns.is_empty() { String::new() } else { format!("{}_", columns.join("_")) };
    let name = format!("{}_{between}{end}", table.object.name);
    let own = match name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        true => name.clone(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    };
    (name.len() <= MOST).then(|| Name { schema: None, own, object: member(&name) })
}
