//! What is sent together: rows of the history, checks of it, and a statement.

use std::time::Duration;

use migrate_core::driver::Unit;
use migrate_core::history::RowWrite;
use migrate_core::{Cause, CauseKind};

use super::Mysql;
use crate::error::ENDED;
use crate::lock;

/// The savepoint that turns a stray COMMIT into an error.
pub(super) const GUARD: &str = "migrate_guard";

/// The beginning of a transaction of ours: so many statements, two of which may be checks.
pub(super) struct Head {
    pub(super) text: String,
    /// How many results come before what follows.
    pub(super) results: usize,
    session: usize,
    history: usize,
}

impl Head {
    /// What an error means that came behind so many results.
    pub(super) fn why(&self, at: usize, cause: Cause) -> Cause {
        match cause.code.as_deref() {
            // A subquery that returns more than one row: how a check fails.
            Some("1242") if at == self.session => lock::lost(),
            Some("1242") if at == self.history => Cause::new(CauseKind::HistoryMoved, "the history changed meanwhile"),
            _ => cause,
        }
    }
}

/// Plain SQL can't raise an error by itself, but two rows where one is wanted are one.
pub(crate) fn error_unless(holds: &str) -> String {
    format!("(SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2) AS two WHERE NOT ({holds}))")
}

fn check(holds: &str) -> String {
    format!("SELECT {};\n", error_unless(holds))
}

/// A statement ends with a newline and a semicolon: a comment at its end would swallow what follows.
pub(super) fn ended(statement: &str) -> String {
    format!("{statement}{ENDED}")
}

impl Mysql<'_> {
    /// Opens a transaction in which the history says what the unit expects, and writes rows.
    pub(super) fn head(&mut self, unit: &Unit<'_>, before: &[RowWrite<'_>]) -> Head {
        // `BEGIN` opens a block in MariaDB's sql_mode=ORACLE.
        self.head_behind("START TRANSACTION;\n", unit, before)
    }

    /// The same in the transaction of the units before it.
    pub(super) fn next_head(&mut self, unit: &Unit<'_>, before: &[RowWrite<'_>]) -> Head {
        self.head_behind("", unit, before)
    }

    fn head_behind(&mut self, open: &str, unit: &Unit<'_>, before: &[RowWrite<'_>]) -> Head {
        let mut text = self.wait_sql(unit.lock_timeout);
        let mut results = usize::from(!text.is_empty());
        text.push_str(open);
        results += usize::from(!open.is_empty());
        let session = results;
        if let Some(held) = &self.held {
            text.push_str(&check(&format!("connection_id() = {} AND {}", self.id, held.is_ours_sql())));
            results += 1;
        }
        let history = results;
        text.push_str(&check(&self.history.holds_sql(unit.version, unit.expect)));
        results += 1;
        text.push_str(&self.rows_sql(before, Duration::ZERO));
        results += before.len();
        Head { text, results, session: if self.held.is_some() { session } else { usize::MAX }, history }
    }

    pub(super) fn rows_sql(&self, writes: &[RowWrite<'_>], elapsed: Duration) -> String {
        writes.iter().map(|write| self.history.write_sql(write, elapsed) + "\n").collect()
    }
}
