//! One run at a time: a session's advisory lock, which dies with its session. It is polled, never waited for inside
//! a statement: a waiting statement has a snapshot, for which the holder's `CREATE INDEX CONCURRENTLY` would wait.

use migrate_core::driver::{Holder, LockAttempt, shown_query};
use migrate_core::{Cause, CauseKind, Checksum};
use postgres::Client;

use crate::catalog;
use crate::driver::GUARD;

/// The lock of one history: advisory locks belong to a database already, schema and table make the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AdvisoryLock {
    key: i64,
}

impl AdvisoryLock {
    pub(crate) fn of(database: &str, schema: &str, table: &str) -> Self {
        let hash =
            Checksum::of_text(&format!("migrate {}:{database} {}:{schema} {table}", database.len(), schema.len()));
        let Checksum::Sha256([a, b, c, d, e, f, g, h, ..]) = hash else { return AdvisoryLock { key: 0 } };
        AdvisoryLock { key: i64::from_be_bytes([a, b, c, d, e, f, g, h]) }
    }

    /// One attempt, and the server process that made it.
    pub(crate) fn attempt(self, client: &mut Client) -> Result<(LockAttempt, Option<i32>), Cause> {
        let row = catalog::row(client, &format!("SELECT pg_try_advisory_lock({}), pg_backend_pid()", self.key))?;
        let pid = row.get(1).and_then(|pid| pid.parse().ok());
        match row.get(0) {
            Some("t") => Ok((LockAttempt::Acquired, pid)),
            _ => Ok((LockAttempt::Held(self.holder(client)?.unwrap_or_default()), pid)),
        }
    }

    /// Who holds it; what it is running tells why this takes long.
    pub(crate) fn holder(self, client: &mut Client) -> Result<Option<Holder>, Cause> {
        let sql = format!(
            "SELECT a.pid, a.application_name, host(a.client_addr), a.state, \
             left(a.query, 1000), \
             to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE {} LIMIT 1",
            self.is_granted()
        );
        let found = catalog::rows(client, &sql)?;
        Ok(found.first().map(|row| {
            let known = |index: usize| row.get(index).filter(|text| !text.is_empty());
            let from: Vec<_> = [known(1), known(2)].into_iter().flatten().collect();
            let from = if from.is_empty() { String::new() } else { format!(" ({})", from.join(" from ")) };
            let running = if known(3) == Some("active") { known(4) } else { None };
            let running =
                running.map_or(String::new(), |query| format!(", running `{}`", shown_query(of_script(query))));
            let mut holder = Holder::named(format!("backend {}{from}{running}", known(0).unwrap_or_default()));
            holder.since = known(5).map(str::to_owned);
            holder.end = known(0).map(|pid| format!("SELECT pg_terminate_backend({pid})"));
            holder
        }))
    }

    /// Whether this session has it still: `DISCARD ALL` in a script gives all of a session's locks away.
    pub(crate) fn is_ours(self, client: &mut Client) -> Result<bool, Cause> {
        catalog::is_true(client, &format!("SELECT {}", self.is_ours_sql()))
    }

    /// The same as an expression of SQL.
    pub(crate) fn is_ours_sql(self) -> String {
        let sql = "EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = pg_backend_pid() AND ";
        format!("{sql}{})", self.is_granted())
    }

    /// Gives it back from the server process that took it.
    pub(crate) fn release(self, client: &mut Client, pid: Option<i32>) -> Result<(), Cause> {
        let here = pid.map_or("true".into(), |pid| format!("pg_backend_pid() = {pid}"));
        let sql = format!("SELECT CASE WHEN {here} THEN pg_advisory_unlock({}) END", self.key);
        match catalog::row(client, &sql)?.get(0) {
            Some("t") => Ok(()),
            Some(_) => {
                let message =
                    "the lock was not this session's any more: somebody else may have been migrating meanwhile";
                let hint = "take DISCARD ALL or pg_advisory_unlock_all() out of the migrations";
                Err(Cause::new(CauseKind::Access, message).hint(hint))
            }
            None => {
                self.chase(client, &sql);
                Err(another_session())
            }
        }
    }

    /// A lock that was taken through a pooler stays with a session of its pool (trap 14), where it would keep everybody
    /// out: asked often enough, the pooler leads there again.
    fn chase(self, client: &mut Client, unlock: &str) {
        for _ in 0..64 {
            match catalog::row(client, unlock) {
                Ok(row) if row.get(0).is_none() => {}
                _ => return,
            }
        }
    }

    fn is_granted(self) -> String {
        let (high, low) = ((self.key.cast_unsigned() >> 32), self.key.cast_unsigned() & 0xffff_ffff);
        format!(
            "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = {high} AND l.objid = {low} \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
        )
    }
}

/// Of a message of ours what the migration says, where the server has kept that much of it.
fn of_script(query: &str) -> &str {
    query.split_once(&format!("SAVEPOINT {GUARD};\n")).map_or(query, |(_, script)| script)
}

/// A pooler has led a statement to another session than the one before it.
pub(crate) fn another_session() -> Cause {
    Cause::new(CauseKind::Access, "this is not the session any more that took the lock")
        .hint("a connection pooler hands out other sessions: give the server's own URL")
}

/// A script has given the lock away, and somebody else may be at work.
pub(crate) fn given_away() -> Cause {
    let message = "the migration gave the migration lock away, and another run may have taken it";
    Cause::new(CauseKind::Access, message)
        .hint("take DISCARD ALL or pg_advisory_unlock_all() out of the migration, and start again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_history_has_a_key_of_its_own() {
        let keys =
            [("a", "b", "c"), ("a", "b", "d"), ("a", "c", "c"), ("b", "b", "c"), ("a", "b c", ""), ("a b", "", "c")]
                .map(|(database, schema, table)| AdvisoryLock::of(database, schema, table).key);
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(i));
        }
        // Old and new tools of one rolling deployment must meet at the same key, for ever.
        assert_eq!(AdvisoryLock::of("app", "public", "migrate_history").key, 5_766_798_823_166_859_792);
    }
}
