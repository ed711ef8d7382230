//! What a statement is, as far as running it safely needs to know. This is no parser: it reads the
//! words at a statement's head by the tables in [`verbs`](super::verbs).

use super::dialect::Dialect;
use super::head::{Head, Match};
use super::split::Statement;
use super::verbs::{Row, pragma, tables};
use super::version::ServerVersion;

/// What [`Statement::recognise`] found out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recognised {
    /// The words that say what it does, in capitals and without what only modifies them:
    /// `CREATE INDEX` for `create unique index if not exists`.
    pub verb: String,
    /// The objects that it names, where the head of the statement tells: all of `DROP TABLE a, b`; of
    /// `RENAME TABLE a TO b, c TO d` the old and the new name in turn.
    pub objects: Vec<ObjectName>,
    /// The table that an index, trigger, rule or policy belongs to.
    pub on: Option<ObjectName>,
    /// What it is to a run.
    pub role: Role,
    /// How it gets on with a transaction around it.
    pub in_transaction: InTransaction,
    /// MySQL and MariaDB commit the open transaction before it, even if it fails.
    pub commits: bool,
    /// No other migration should run behind it in the same transaction: it changes how the
    /// transaction ends, or what may be done in it.
    pub ends_segment: bool,
    /// SQLite's `PRAGMA foreign_keys` with a value. Behind `EXPLAIN` as well: SQLite sets it while
    /// it prepares (measured with 3.40).
    pub foreign_keys_pragma: bool,
}

/// The name of an object, as the dialect compares names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectName {
    /// The schema or database, if it was written.
    pub schema: Option<String>,
    /// The name itself.
    pub name: String,
}

/// What a statement is to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Changes or reads schema or data: all that is ordinary.
    Change,
    /// Begins or ends a transaction, or a part of one.
    TransactionControl,
    /// Changes the session, which outlives the statement: `SET`, `USE`, `PRAGMA x = y`.
    Session,
    /// Makes something that lives in the session: `CREATE TEMPORARY …`, `PREPARE`.
    TemporaryObject,
    /// Goes with statements inside and outside of a transaction: `COMMENT ON`.
    Neutral,
    /// Runs code that cannot be seen: `DO`, `CALL`, `EXECUTE`.
    Opaque,
    /// Not known here; the database may know better.
    Unknown,
}

/// How a statement gets on with a transaction around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InTransaction {
    /// As outside.
    Runs,
    /// It is refused.
    Fails {
        /// The rest of the sentence "…, because".
        why: &'static str,
    },
    /// It is refused, or does nothing, in a case that its text does not tell.
    MayFail {
        /// The case.
        why: &'static str,
    },
    /// It is accepted and silently does nothing.
    NoEffect {
        /// The rest of the sentence "…, because".
        why: &'static str,
    },
}

impl Statement<'_> {
    /// What the statement is, judged by the words at its head.
    ///
    /// ```
    /// use migrate_core::sql::{Dialect, InTransaction, split};
    ///
    /// let statements = split("VACUUM; drop table if exists A", Dialect::Sqlite)?;
    /// let vacuum = statements[0].recognise();
    /// assert!(matches!(vacuum.in_transaction, InTransaction::Fails { .. }));
    /// let drop = statements[1].recognise();
    /// assert_eq!(drop.verb, "DROP TABLE");
    /// assert_eq!(drop.objects[0].name, "a");
    /// # Ok::<_, migrate_core::sql::SplitError>(())
    /// ```
    pub fn recognise(&self) -> Recognised {
        self.recognise_on(None)
    }

    /// The same on a server of this version. Without one, what only some versions refuse
    /// [may fail](InTransaction::MayFail).
    ///
    /// ```
    /// use migrate_core::sql::{Dialect, InTransaction, ServerVersion, split};
    ///
    /// let add = &split("ALTER TYPE mood ADD VALUE 'meh'", Dialect::Postgres)?[0];
    /// assert!(matches!(add.recognise().in_transaction, InTransaction::MayFail { .. }));
    /// let on = |major| add.recognise_on(Some(ServerVersion::new(major, 0, 0))).in_transaction;
    /// assert!(matches!(on(11), InTransaction::Fails { .. }));
    /// assert_eq!(on(12), InTransaction::Runs);
    /// # Ok::<_, migrate_core::sql::SplitError>(())
    /// ```
    pub fn recognise_on(&self, server: Option<ServerVersion>) -> Recognised {
        let dialect = self.syntax.dialect();
        let head = Head::new(self.text, self.syntax);
        for row in tables(dialect).iter().copied().flatten().filter(|row| row.versions.hold(server)) {
            if let Some(found) = head.matches(row.pattern)
                && head.contains(row.having)
            {
                return finish(&head, &row.seen_by(server), found, dialect);
            }
        }
        let mut unknown = Recognised::new(head.first_word(), Vec::new());
        unknown.role = Role::Unknown;
        unknown
    }

    /// Whether its first word is one of transaction control; [`recognise`](Self::recognise) knows whether it is
    /// that. The macro asks it of every statement, in a build without optimisation, where the difference counts.
    pub(crate) fn may_control_transaction(&self) -> bool {
        let head = Head::first(self.text, self.syntax);
        let mut rows = tables(self.syntax.dialect()).iter().copied().flatten();
        rows.any(|row| row.role == Role::TransactionControl && head.begins(row.pattern))
    }
}

impl Recognised {
    fn new(verb: String, objects: Vec<ObjectName>) -> Self {
        Recognised {
            verb,
            objects,
            on: None,
            role: Role::Change,
            in_transaction: InTransaction::Runs,
            commits: false,
            ends_segment: false,
            foreign_keys_pragma: false,
        }
    }
}

fn finish(head: &Head<'_>, row: &Row, found: Match, dialect: Dialect) -> Recognised {
    let mut recognised = Recognised {
        role: row.role,
        in_transaction: row.in_transaction,
        commits: row.commits,
        ends_segment: row.ends_segment,
        on: found.on,
        ..Recognised::new(found.verb, found.objects)
    };
    let Some(object) = recognised.objects.first() else {
        return recognised;
    };
    if recognised.verb == "PRAGMA" {
        let has_value = head.has_value(found.next);
        let row = pragma(&object.name, has_value);
        recognised.role = row.role;
        recognised.in_transaction = row.in_transaction;
        recognised.ends_segment = row.ends_segment;
        recognised.foreign_keys_pragma = has_value && object.name == "foreign_keys";
    } else if recognised.verb.starts_with("CREATE ") && is_temporary(object, dialect) {
        recognised.role = Role::TemporaryObject;
    }
    recognised
}

/// `CREATE TABLE temp.x` needs no `TEMPORARY`.
fn is_temporary(object: &ObjectName, dialect: Dialect) -> bool {
    match (dialect, object.schema.as_deref()) {
        (Dialect::Sqlite, Some(schema)) => schema == "temp",
        (Dialect::Postgres, Some(schema)) => schema == "pg_temp",
        _ => false,
    }
}

#[cfg(test)]
mod tests;
