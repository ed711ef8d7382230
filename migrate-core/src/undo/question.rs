//! What the catalog is asked before a script runs, and what its answers mean.

use std::fmt;

use super::Inverse;
use super::definition::Wanted;
use crate::sql::{Name, ObjectName, Syntax};

/// Something of the catalog that a statement's inverse depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked about.
    pub object: Object,
    then: Then,
    /// What is good enough where nobody can be asked.
    unasked: Option<Inverse>,
}

/// A thing in the catalog, or an aspect of one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// What of it is asked.
    pub asks: Asks,
    /// Its name, as the dialect compares names.
    pub name: ObjectName,
    /// The same as SQL; of a function with the types of its arguments.
    pub written: String,
    /// The table that it belongs to.
    pub on: Option<ObjectName>,
    /// The same as SQL.
    pub on_written: String,
}

/// What is asked of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Only whether it is there.
    Presence,
    /// The statements that make it again as it is, with all that goes with it, parted by `;`.
    Definition,
}

/// What is asked about. Those of the second half are asked for their [definition](Asks::Definition) only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectKind {
    /// A table with its columns, constraints, indexes, triggers and rights, and without its rows.
    Table,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// An index.
    Index,
    /// A sequence.
    Sequence,
    /// A type of any kind.
    Type,
    /// A domain.
    Domain,
    /// A schema that is empty.
    Schema,
    /// An extension.
    Extension,
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// A trigger.
    Trigger,
    /// A rule.
    Rule,
    /// A policy.
    Policy,
    /// An event.
    Event,
    /// A constraint of a table.
    Constraint,
    /// A column of a table, with the indexes and constraints that go with it.
    Column,
    /// A name that a relation or a constraint in the schema of a table may have: only whether it is taken.
    Name,

    /// MySQL, SQLite: a table's `CREATE TABLE`, and nothing else.
    Definition,
    /// A column's default: `ALTER TABLE … SET DEFAULT 0`, `DROP DEFAULT`.
    Default,
    /// Whether a column may be NULL: `ALTER TABLE … SET NOT NULL`, `DROP NOT NULL`.
    NotNull,
    /// A column's type, and its default, which changes with it.
    ColumnType,
    /// A relation's owner, as a clause: `OWNER TO x`.
    Owner,
    /// The schema of a relation, as a clause: `SET SCHEMA x`.
    Home,
    /// A relation's storage parameters: `ALTER TABLE … SET (fillfactor=70)`, or nothing.
    Parameters,
    /// Whether a trigger fires: `ALTER TABLE … DISABLE TRIGGER x`.
    TriggerState,
    /// Whether a table's policies hold, and for its owner too.
    RowSecurity,
    /// That a partitioned table makes nothing on a new partition: an empty text.
    BarePartitions,
    /// The comment of a relation, as a literal, or NULL.
    RelationComment,
    /// The same of a column.
    ColumnComment,
    /// The same of a schema.
    SchemaComment,
    /// The same of a type or domain.
    TypeComment,
    /// The same of a table's constraint.
    ConstraintComment,
    /// The same of a trigger.
    TriggerComment,
    /// SQLite: the value of a pragma.
    Pragma,
}

/// What the catalog says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// There is no such thing.
    Absent,
    /// There is, and this is what was asked of it.
    There(String),
    /// It can't be told, or said in SQL; why, as the end of `has no inverse: `.
    CantTell(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Then {
    Whether {
        absent: Inverse,
        there: Inverse,
    },
    Told {
        absent: Inverse,
        before: String,
        loses: Option<String>,
        /// An index is built beside the traffic.
        concurrently: bool,
    },
    Read(Wanted),
}

impl Question {
    /// Only whether it is there.
    pub(super) fn whether(object: Object, absent: Inverse, there: Inverse) -> Inverse {
        Self::asked(Object { asks: Asks::Presence, ..object }, Then::Whether { absent, there })
    }

    /// What it is: the inverse is the answer.
    pub(super) fn told(object: Object) -> Inverse {
        Self::told_behind("", object)
    }

    /// The inverse is the answer behind this text.
    pub(super) fn told_behind(before: &str, object: Object) -> Inverse {
        let absent = Inverse::none(format!("there is no {}", object.what()));
        Self::asked(object, Then::Told { absent, before: before.to_owned(), loses: None, concurrently: false })
    }

    /// What can be read in a table's `CREATE TABLE`.
    pub(super) fn read(table: &Name, wanted: Wanted) -> Inverse {
        Self::asked(Object::new(ObjectKind::Definition, table), Then::Read(wanted))
    }

    fn asked(object: Object, then: Then) -> Inverse {
        Inverse::NeedsCatalog(Box::new(Question { object, then, unasked: None }))
    }

    pub(super) fn settle(&self, answer: Answer, syntax: Syntax) -> Inverse {
        match (answer, &self.then) {
            (Answer::CantTell(why), _) => Inverse::None { why },
            (Answer::Absent, Then::Whether { absent, .. } | Then::Told { absent, .. }) => absent.clone(),
            (Answer::There(_), Then::Whether { there, .. }) => there.clone(),
            (Answer::There(told), Then::Told { before, loses, concurrently, .. }) => {
                let told = if *concurrently { told.replacen(" INDEX ", " INDEX CONCURRENTLY ", 1) } else { told };
                let sql = format!("{before}{told}");
                match loses {
                    Some(loses) => Inverse::LosesData { sql, loses: loses.clone() },
                    None => Inverse::Sql(sql),
                }
            }
            (Answer::Absent, Then::Read(_)) => Inverse::none(format!("there is no {}", self.object.what())),
            (Answer::There(definition), Then::Read(wanted)) => wanted.read(&definition, syntax),
        }
    }

    /// The inverse where nobody can be asked; or why there is none.
    pub(super) fn without_an_answer(&self) -> Result<&Inverse, String> {
        self.unasked.as_ref().ok_or_else(|| match &self.then {
            Then::Read(wanted) => format!("that depends on {wanted}, which only the database tells"),
            _ => format!("that depends on {}, which only the database tells", self.object),
        })
    }
}

impl Inverse {
    /// What does not come back, when it is done.
    pub(super) fn losing(mut self, what: String) -> Self {
        if let Inverse::NeedsCatalog(question) = &mut self
            && let Then::Told { loses, .. } = &mut question.then
        {
            *loses = Some(what);
        }
        self
    }

    /// An index is built again beside the traffic, as it was taken away.
    pub(super) fn concurrently(mut self) -> Self {
        if let Inverse::NeedsCatalog(question) = &mut self
            && let Then::Told { concurrently, .. } = &mut question.then
        {
            *concurrently = true;
        }
        self
    }

    /// Nothing is to be done where the thing is not there.
    pub(super) fn if_there(mut self) -> Self {
        if let Inverse::NeedsCatalog(question) = &mut self
            && let Then::Told { absent, .. } = &mut question.then
        {
            *absent = Inverse::Nothing;
        }
        self
    }

    /// The inverse where nobody can be asked.
    pub(super) fn unasked(mut self, inverse: Inverse) -> Self {
        if let Inverse::NeedsCatalog(question) = &mut self {
            question.unasked = Some(inverse);
        }
        self
    }

    /// Another inverse where the thing is not there.
    pub(super) fn or(mut self, other: Inverse) -> Self {
        if let Inverse::NeedsCatalog(question) = &mut self
            && let Then::Told { absent, .. } = &mut question.then
        {
            *absent = other;
        }
        self
    }

    /// Whether it may be that nothing is made.
    pub(super) fn asks_whether(&self) -> bool {
        matches!(self, Inverse::NeedsCatalog(question) if question.unasked.is_none())
    }

    /// Whether only the presence of something is asked.
    pub(super) fn asks_presence(&self) -> bool {
        matches!(self, Inverse::NeedsCatalog(question) if question.object.asks == Asks::Presence)
    }
}

impl Object {
    pub(super) fn new(kind: ObjectKind, name: &Name) -> Self {
        let asks = Asks::Definition;
        Object { kind, asks, name: name.object.clone(), written: name.sql(), on: None, on_written: String::new() }
    }

    /// Of a table.
    pub(super) fn on(mut self, table: &Name) -> Self {
        self.on = Some(table.object.clone());
        self.on_written = table.sql();
        self
    }

    /// As SQL.
    pub(super) fn written(mut self, sql: String) -> Self {
        self.written = sql;
        self
    }

    /// `index users_email`
    fn what(&self) -> String {
        let word = match self.kind {
            ObjectKind::Table | ObjectKind::Definition | ObjectKind::BarePartitions => "table",
            ObjectKind::View => "view",
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::Index => "index",
            ObjectKind::Sequence => "sequence",
            ObjectKind::Type | ObjectKind::TypeComment => "type",
            ObjectKind::Domain => "domain",
            ObjectKind::Schema | ObjectKind::SchemaComment => "schema",
            ObjectKind::Extension => "extension",
            ObjectKind::Function => "function",
            ObjectKind::Procedure => "procedure",
            ObjectKind::Trigger | ObjectKind::TriggerState | ObjectKind::TriggerComment => "trigger",
            ObjectKind::Rule => "rule",
            ObjectKind::Policy => "policy",
            ObjectKind::Event => "event",
            ObjectKind::Constraint | ObjectKind::ConstraintComment => "constraint",
            ObjectKind::Column
            | ObjectKind::Default
            | ObjectKind::NotNull
            | ObjectKind::ColumnType
            | ObjectKind::ColumnComment => "column",
            ObjectKind::Pragma => "pragma",
            _ => "",
        };
        let space = if word.is_empty() { "" } else { " " };
        let on = if self.on.is_some() { format!(" of {}", self.on_written) } else { String::new() };
        format!("{word}{space}{}{on}", self.written)
    }
}

impl fmt::Display for Object {
    /// What is asked, as the end of a sentence: `whether index a is there`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what();
        match self.kind {
            _ if self.asks == Asks::Presence => write!(f, "whether {what} is there before"),
            ObjectKind::Default => write!(f, "the default of {what} before"),
            ObjectKind::NotNull => write!(f, "whether {what} may be NULL before"),
            ObjectKind::ColumnType => write!(f, "the type of {what} before"),
            ObjectKind::Owner => write!(f, "the owner of {what} before"),
            ObjectKind::Home => write!(f, "the schema of {what} before"),
            ObjectKind::Parameters => write!(f, "the parameters of {what} before"),
            ObjectKind::TriggerState => write!(f, "whether {what} fires before"),
            ObjectKind::RowSecurity => write!(f, "whether the policies of {what} hold before"),
            ObjectKind::BarePartitions => write!(f, "what {what} makes on its partitions"),
            ObjectKind::RelationComment
            | ObjectKind::ColumnComment
            | ObjectKind::SchemaComment
            | ObjectKind::TypeComment
            | ObjectKind::ConstraintComment
            | ObjectKind::TriggerComment => write!(f, "the comment of {what} before"),
            _ => write!(f, "what {what} is before"),
        }
    }
}
