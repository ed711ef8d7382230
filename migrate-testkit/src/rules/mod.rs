//! The rules, a room each. Every rule panics when the driver does not keep it.

pub mod code;
pub mod journal;
pub mod locking;
pub mod policy;
pub mod reading;
pub mod settings;
pub mod transactions;
pub mod undo;

use migrate_core::{Driver, Migrator, State};

use crate::{Known, Subject};

/// Two plain files, and a third that counts how often they ran.
pub(crate) const A: (&str, &str) = ("20260101000001_a.sql", "CREATE TABLE a (n INTEGER);\nINSERT INTO a VALUES (0);");
pub(crate) const B: (&str, &str) = ("20260101000002_b.sql", "UPDATE a SET n = n + 1;");
pub(crate) const C: (&str, &str) = ("20260101000003_c.sql", "CREATE TABLE c (n INTEGER);\nUPDATE a SET n = n + 10;");

/// The states, in a line: `1 applied, 2 pending`.
pub(crate) fn states<S: Subject>(connection: &mut S::Connection, known: &Known<S>) -> String {
    let line = |status: &migrate_core::Status<'_>| {
        let one = |entry: &migrate_core::Entry<'_>| format!("{} {}", entry.version.get() % 100, entry.state.as_str());
        status.entries.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    Migrator::new(&mut S::driver(connection)).status(known, line).unwrap_or_else(|error| error.to_string())
}

/// Whether a change of the schema can be rolled back.
pub(crate) fn is_transactional<S: Subject>(connection: &mut S::Connection) -> bool {
    S::driver(connection).facts().is_ok_and(|facts| facts.transactional_ddl)
}

/// Whether a table is there.
pub(crate) fn is_there<S: Subject>(connection: &mut S::Connection, table: &str) -> bool {
    S::execute(connection, &format!("SELECT count(*) FROM {table}")).is_ok()
}

/// How many are in this state.
pub(crate) fn count<S: Subject>(connection: &mut S::Connection, known: &Known<S>, state: State) -> usize {
    let counted = Migrator::new(&mut S::driver(connection))
        .status(known, |status| status.entries.iter().filter(|entry| entry.state == state).count());
    counted.unwrap_or_else(|error| panic!("{error}"))
}
