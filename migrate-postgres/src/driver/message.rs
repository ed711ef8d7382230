//! Units as one message to the server, and from a place in that message back to the statement.

use std::ops::Range;
use std::time::Duration;

use migrate_core::driver::{Expect, ServerPosition, Unit};
use migrate_core::history::RowWrite;
use migrate_core::sql::offset_of_char;

use super::Postgres;
use super::settings::Scope;
use crate::history::{Began, History};

/// The savepoint that turns a stray COMMIT of a script into an error.
pub(crate) const GUARD: &str = "migrate_guard";

/// The words by which we know an error that our own checks raise.
pub(super) const MOVED: &str = "migrate: the history is not what was read";
pub(super) const OTHER_SESSION: &str = "migrate: this is another session of the server";
pub(super) const GIVEN_AWAY: &str = "migrate: the lock is not held any more";

/// What is sent, and where in it each statement of the units stands.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) text: String,
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    unit: usize,
    statement: usize,
    bytes: Range<usize>,
}

impl Message {
    pub(super) fn push(&mut self, sql: &str) {
        self.text.push_str(sql);
    }

    /// A statement ends with a newline and a semicolon: a comment at its end would swallow what follows.
    fn push_statement(&mut self, unit: usize, statement: usize, sql: &str) {
        let start = self.text.len();
        self.text.push_str(sql);
        self.places.push(Place { unit, statement, bytes: start..self.text.len() });
        self.text.push_str("\n;\n");
    }

    /// Which unit, which statement, and where in it.
    pub(super) fn place(&self, position: Option<ServerPosition>) -> Option<(usize, usize, ServerPosition)> {
        let Some(ServerPosition::Character(n)) = position else { return None };
        let byte = offset_of_char(&self.text, n);
        let place = self.places.iter().find(|place| place.bytes.contains(&byte) || place.bytes.end == byte)?;
        let before = self.text.get(place.bytes.start..byte).map_or(0, |text| text.chars().count());
        Some((place.unit, place.statement, ServerPosition::Character(before + 1)))
    }
}

impl Postgres<'_> {
    /// Several units in one transaction.
    pub(super) fn message(&self, units: &[Unit<'_>]) -> Message {
        let mut message = Message::default();
        message.push("BEGIN;\n");
        for (i, unit) in units.iter().enumerate() {
            message.push(&self.head_sql(unit));
            for (n, piece) in unit.statements.iter().enumerate() {
                let text = unit.script.map(|script| piece.text(script)).unwrap_or_default();
                message.push_statement(i, n, text);
            }
            if units.len() > 1 {
                message.push(CHECK_CONSTRAINTS);
            }
            message.push(&self.tail_sql(unit));
        }
        message.push("COMMIT");
        message
    }

    /// What comes before a unit's statements.
    pub(super) fn head_sql(&self, unit: &Unit<'_>) -> String {
        let mut sql = History::began_sql();
        sql.push_str(&self.lock_timeout_sql(unit.lock_timeout, Scope::Transaction));
        let expect = self.expect_sql(unit);
        if keeps_the_session(unit) {
            // The script's role may not read the history; ours must be gone again before its statement runs.
            sql.push_str(&format!("SAVEPOINT migrate_role;\n{}{expect}", self.our_role_sql()));
            sql.push_str("ROLLBACK TO SAVEPOINT migrate_role;\nRELEASE SAVEPOINT migrate_role;\n");
        } else {
            sql.push_str(&expect);
        }
        let before = self.rows_sql(&unit.before, Began::Noted);
        sql + &before + &format!("SAVEPOINT {GUARD};\n")
    }

    /// What comes behind them.
    pub(super) fn tail_sql(&self, unit: &Unit<'_>) -> String {
        let ours = if keeps_the_session(unit) { self.our_role_sql() } else { self.put_back_sql() };
        format!("RELEASE SAVEPOINT {GUARD};\n{ours}{}", self.rows_sql(&unit.after, Began::Noted))
    }

    /// Rows alone, in a transaction of their own, by the runner's own role.
    pub(super) fn rows_message(&self, unit: &Unit<'_>, writes: &[RowWrite<'_>], wait: Option<Duration>) -> String {
        let wait = self.lock_timeout_sql(wait, Scope::Transaction);
        format!(
            "BEGIN;\n{}{wait}{}{}COMMIT",
            self.our_role_sql(),
            self.expect_sql(unit),
            self.rows_sql(writes, Began::WithTransaction)
        )
    }

    pub(super) fn rows_sql(&self, writes: &[RowWrite<'_>], began: Began) -> String {
        writes.iter().map(|write| self.history.write_sql(write, began) + "\n").collect()
    }

    /// An error unless the history says what the unit expects, and the session is the one that has the lock: a cast
    /// that fails is the only way to raise one in plain SQL.
    pub(super) fn expect_sql(&self, unit: &Unit<'_>) -> String {
        let state = self.history.state_sql(unit.version);
        let holds = match unit.expect {
            Expect::Absent => format!("{state} IS NULL"),
            Expect::Applied => format!("{state} IS TRUE"),
            Expect::Begun => format!("{state} IS FALSE"),
        };
        let same = self.pid.map_or("true".into(), |pid| format!("pg_backend_pid() = {pid}"));
        // Two runs in one transaction meet at the history's key. Outside of one, only the lock keeps them apart.
        let lock = self.held.filter(|_| unit.expect == Expect::Begun);
        let held = lock.map_or("true".into(), |lock| lock.is_ours_sql());
        format!(
            "SELECT (CASE WHEN NOT {same} THEN '{OTHER_SESSION}' WHEN NOT {held} THEN '{GIVEN_AWAY}' \
             WHEN {holds} THEN '1' ELSE '{MOVED}' END)::int;\n"
        )
    }
}

/// A step outside a transaction keeps what its session statements have set until it is done.
fn keeps_the_session(unit: &Unit<'_>) -> bool {
    unit.statements.is_empty() || unit.after.iter().any(|write| matches!(write, RowWrite::Journal(_)))
}

/// Alone, a migration that leaves a deferred constraint broken fails at its COMMIT. Rolled back, so that the next one
/// finds deferred what is deferred.
pub(super) const CHECK_CONSTRAINTS: &str = "SAVEPOINT migrate_check;\nSET CONSTRAINTS ALL IMMEDIATE;\n\
    ROLLBACK TO SAVEPOINT migrate_check;\nRELEASE SAVEPOINT migrate_check;\n";
