//! What the catalog is asked before a script runs, and what its answers mean.

use std::fmt;

use super::Inverse;
use crate::sql::{Name, ObjectName};

/// Something of the catalog that a statement's inverse depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked about.
    pub object: Object,
    if_absent: Inverse,
    if_there: IfThere,
}

/// A thing in the catalog, or an aspect of one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// What it is, and what of it is asked.
    pub kind: ObjectKind,
    /// Its name, as the dialect compares names.
    pub name: ObjectName,
    /// The same as SQL; of a function with its arguments, if they were written.
    pub written: String,
    /// The table that it belongs to.
    pub on: Option<ObjectName>,
    /// The same as SQL.
    pub on_written: String,
}

/// What is asked. Unless something else is said, [`Answer::There`] holds statements that make the object again as it
/// is, with all that goes with it, parted by `;`.
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
    /// A constraint of a table. MySQL: a clause of `ALTER TABLE`.
    Constraint,
    /// A column of a table, with what goes with it. MySQL: what follows `ADD COLUMN`.
    Column,
    /// Any of these, and only whether it is there.
    Any,
    /// A column, and only whether it is there.
    AnyColumn,
    /// A column's default, as a clause: `SET DEFAULT 0`, `DROP DEFAULT`.
    Default,
    /// Whether a column may be NULL, as a clause: `SET NOT NULL`, `DROP NOT NULL`.
    NotNull,
}

/// What the catalog says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// There is no such thing.
    Absent,
    /// There is, and this is what was asked of it.
    There(String),
    /// It can't be told, or said in SQL.
    CantTell(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum IfThere {
    Is(Inverse),
    /// The answer, between these.
    Told {
        before: String,
        after: String,
        loses: Loses,
    },
}

/// What does not come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Loses {
    Nothing,
    Data(String),
}

impl Question {
    /// Only whether it is there.
    pub(super) fn whether(object: Object, if_absent: Inverse, if_there: Inverse) -> Inverse {
        Inverse::NeedsCatalog(Box::new(Question { object, if_absent, if_there: IfThere::Is(if_there) }))
    }

    /// What it is: the inverse is the answer.
    pub(super) fn restore(object: Object, loses: Loses) -> Inverse {
        Self::told(object, "", "", loses)
    }

    /// What it is: the inverse is the answer between two texts.
    pub(super) fn told(object: Object, before: &str, after: &str, loses: Loses) -> Inverse {
        let why = format!("there was no {} before", object.what());
        Self::told_or(object, Inverse::none(why), before, after, loses)
    }

    pub(super) fn told_or(object: Object, if_absent: Inverse, before: &str, after: &str, loses: Loses) -> Inverse {
        let if_there = IfThere::Told { before: before.to_owned(), after: after.to_owned(), loses };
        Inverse::NeedsCatalog(Box::new(Question { object, if_absent, if_there }))
    }

    pub(super) fn settle(&self, answer: Answer) -> Inverse {
        match (answer, &self.if_there) {
            (Answer::Absent, _) => self.if_absent.clone(),
            (Answer::CantTell(why), _) => Inverse::None { why },
            (Answer::There(_), IfThere::Is(inverse)) => inverse.clone(),
            (Answer::There(told), IfThere::Told { before, after, loses }) => {
                let sql = format!("{before}{told}{after}");
                let loses = match loses {
                    Loses::Nothing => None,
                    Loses::Data(what) => Some(what),
                };
                match loses {
                    Some(loses) => Inverse::LosesData { sql, loses: loses.clone() },
                    None => Inverse::Sql(sql),
                }
            }
        }
    }

    /// Why there is no inverse where nobody can be asked.
    pub(super) fn without_an_answer(&self) -> String {
        format!("that depends on {}, which only the database tells", self.object)
    }
}

impl Object {
    pub(super) fn new(kind: ObjectKind, name: &Name) -> Self {
        Object { kind, name: name.object.clone(), written: name.sql(), on: None, on_written: String::new() }
    }

    /// Of a table.
    pub(super) fn on(mut self, table: &Name) -> Self {
        self.on = Some(table.object.clone());
        self.on_written = table.sql();
        self
    }

    /// `index users_email`
    fn what(&self) -> String {
        let word = match self.kind {
            ObjectKind::Table => "table",
            ObjectKind::View => "view",
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::Index => "index",
            ObjectKind::Sequence => "sequence",
            ObjectKind::Type => "type",
            ObjectKind::Domain => "domain",
            ObjectKind::Schema => "schema",
            ObjectKind::Extension => "extension",
            ObjectKind::Function => "function",
            ObjectKind::Procedure => "procedure",
            ObjectKind::Trigger => "trigger",
            ObjectKind::Rule => "rule",
            ObjectKind::Policy => "policy",
            ObjectKind::Event => "event",
            ObjectKind::Constraint => "constraint",
            ObjectKind::Column | ObjectKind::AnyColumn | ObjectKind::Default | ObjectKind::NotNull => "column",
            ObjectKind::Any => "",
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
            ObjectKind::Any | ObjectKind::AnyColumn => write!(f, "whether {what} is there before"),
            ObjectKind::Default => write!(f, "the default of {what} before"),
            ObjectKind::NotNull => write!(f, "whether {what} may be NULL before"),
            _ => write!(f, "what {what} is before"),
        }
    }
}
