//! What statements are, as tables: the first row that fits counts. [`Head::matches`] and
//! [`Head::contains`] say how patterns read.
//!
//! [`Head::matches`]: super::head::Head::matches
//! [`Head::contains`]: super::head::Head::contains

use super::dialect::Dialect;
use super::statement::{InTransaction, Role};
use super::version::ServerVersion;

mod mysql;
mod parts;
mod postgres;
mod sqlite;

pub(super) use parts::PARTS;
pub(super) use sqlite::pragma;

/// One kind of statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) pattern: &'static str,
    pub(super) having: &'static str,
    pub(super) role: Role,
    pub(super) in_transaction: InTransaction,
    pub(super) commits: bool,
    pub(super) ends_segment: bool,
    pub(super) versions: Versions,
}

/// The major versions of the server that a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    All,
    Before(u32),
    Since(u32),
}

impl Versions {
    /// Whether they hold on this server; when it is not known, they may.
    pub(super) fn hold(self, server: Option<ServerVersion>) -> bool {
        match (self, server.map(ServerVersion::major)) {
            (Versions::All, _) | (_, None) => true,
            (Versions::Before(version), Some(server)) => server < version,
            (Versions::Since(version), Some(server)) => server >= version,
        }
    }
}

/// The tables of a dialect, the particular ones first.
pub(super) fn tables(dialect: Dialect) -> &'static [&'static [Row]] {
    match dialect {
        Dialect::Postgres => &[postgres::ROWS, COMMON],
        Dialect::Mysql => &[mysql::MYSQL_ROWS, mysql::ROWS, COMMON],
        Dialect::Mariadb => &[mysql::ROWS, COMMON],
        Dialect::Sqlite => &[sqlite::ROWS, COMMON],
    }
}

/// An ordinary statement, until more is said.
const fn row(pattern: &'static str) -> Row {
    Row {
        pattern,
        having: "",
        role: Role::Change,
        in_transaction: InTransaction::Runs,
        commits: false,
        ends_segment: false,
        versions: Versions::All,
    }
}

const fn control(pattern: &'static str) -> Row {
    row(pattern).role(Role::TransactionControl)
}

const fn session(pattern: &'static str) -> Row {
    row(pattern).role(Role::Session)
}

const fn temporary(pattern: &'static str) -> Row {
    row(pattern).role(Role::TemporaryObject)
}

const fn opaque(pattern: &'static str) -> Row {
    row(pattern).role(Role::Opaque)
}

impl Row {
    const fn having(self, having: &'static str) -> Row {
        Row { having, ..self }
    }

    const fn role(self, role: Role) -> Row {
        Row { role, ..self }
    }

    const fn fails(self, why: &'static str) -> Row {
        Row { in_transaction: InTransaction::Fails { why }, ..self }
    }

    const fn may_fail(self, why: &'static str) -> Row {
        Row { in_transaction: InTransaction::MayFail { why }, ..self }
    }

    const fn no_effect(self, why: &'static str) -> Row {
        Row { in_transaction: InTransaction::NoEffect { why }, ..self }
    }

    const fn commits(self) -> Row {
        Row { commits: true, ..self }
    }

    const fn ends_segment(self) -> Row {
        Row { ends_segment: true, ..self }
    }

    /// Only about versions before this one.
    const fn before(self, version: u32) -> Row {
        Row { versions: Versions::Before(version), ..self }
    }

    /// Only about this version and later ones.
    const fn since(self, version: u32) -> Row {
        Row { versions: Versions::Since(version), ..self }
    }

    /// What is certain of some versions only is not certain of a server whose version is not known.
    pub(super) fn seen_by(self, server: Option<ServerVersion>) -> Row {
        match self.in_transaction {
            InTransaction::Fails { why } if self.versions != Versions::All && server.is_none() => self.may_fail(why),
            _ => self,
        }
    }
}

const COMMON: &[Row] = &[
    control("BEGIN"),
    control("START TRANSACTION"),
    control("COMMIT"),
    control("ROLLBACK [TRANSACTION|WORK] TO"),
    control("ROLLBACK"),
    control("SAVEPOINT @"),
    control("RELEASE"),
    row("CREATE [UNIQUE] INDEX [IF NOT EXISTS] @ ~ON [ONLY] ^"),
    row("CREATE TRIGGER [IF NOT EXISTS] @ ~ON ^"),
    row("CREATE TABLE|VIEW [IF NOT EXISTS] @"),
    row("CREATE TABLE|VIEW|TRIGGER|INDEX"),
    row("ALTER TABLE [IF EXISTS] @"),
    row("DROP TABLE|VIEW|INDEX [IF EXISTS] @,"),
    row("DROP TRIGGER [IF EXISTS] @"),
    row("INSERT [IGNORE] -INTO @"),
    row("INSERT"),
    row("REPLACE -INTO @"),
    row("REPLACE"),
    row("UPDATE @"),
    row("UPDATE"),
    row("DELETE -FROM @"),
    row("DELETE"),
    row("TRUNCATE [TABLE] @,"),
    row("SELECT|VALUES|WITH|TABLE|EXPLAIN|ANALYZE"),
];
