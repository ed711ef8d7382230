//! One run at a time: a named lock of the server, which dies with its session. It is polled: MariaDB answers a wait
//! without end with NULL, at once, and locks nothing (trap 17).

use migrate_core::driver::{Holder, LockAttempt, shown_query};
use migrate_core::{Cause, CauseKind, Checksum};
use mysql::Conn;

use crate::catalog;

/// The lock of one history. Names are the whole server's, and at most 64 characters long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedLock {
    name: String,
}

impl NamedLock {
    pub(crate) fn of(database: &str, table: &str) -> Self {
        let hash = Checksum::of_text(&format!("migrate {}:{database} {table}", database.len())).to_string();
        let digits = hash.rsplit(':').next().unwrap_or_default();
        NamedLock { name: format!("mig_{}", digits.get(..40).unwrap_or(digits)) }
    }

    /// One attempt, and the connection that made it.
    pub(crate) fn attempt(&self, conn: &mut Conn) -> Result<(LockAttempt, u64), Cause> {
        let row = catalog::row(conn, &format!("SELECT get_lock('{}', 0), connection_id()", self.name))?;
        let id = row.get(1).cloned().flatten().and_then(|id| id.parse().ok()).unwrap_or_default();
        match row.first().cloned().flatten().as_deref() {
            Some("1") => Ok((LockAttempt::Acquired, id)),
            Some(_) => Ok((LockAttempt::Held(self.holder(conn)?.unwrap_or_default()), id)),
            None => {
                let message = "the server answered GET_LOCK with NULL: it has no memory for the lock, or forbids it";
                Err(Cause::new(CauseKind::Access, message).hint("a Galera node may refuse it: see its error log"))
            }
        }
    }

    /// Who holds it; what it is running tells why this takes long.
    pub(crate) fn holder(&self, conn: &mut Conn) -> Result<Option<Holder>, Cause> {
        let sql = format!("SELECT is_used_lock('{}')", self.name);
        let Some(id) = catalog::row(conn, &sql)?.into_iter().next().flatten() else { return Ok(None) };
        let sql =
            format!("SELECT user, host, command, left(info, 1000) FROM information_schema.processlist WHERE id = {id}");
        // Another user's sessions are seen only with the PROCESS privilege.
        let found = catalog::rows(conn, &sql)?.into_iter().next().unwrap_or_default();
        let known = |index: usize| found.get(index).and_then(Option::as_deref).filter(|text| !text.is_empty());
        let from = known(0).map_or(String::new(), |user| format!(" ({user}@{})", known(1).unwrap_or_default()));
        let running = known(3).filter(|_| known(2) == Some("Query"));
        let running = running.map_or(String::new(), |query| format!(", running `{}`", shown_query(query)));
        let holder = Holder::named(format!("connection {id}{from}{running}"));
        Ok(Some(Holder { end: Some(format!("KILL {id}")), ..holder }))
    }

    /// Whether this session has it, as an expression of SQL.
    pub(crate) fn is_ours_sql(&self) -> String {
        format!("is_used_lock('{}') <=> connection_id()", self.name)
    }

    /// Gives it back.
    pub(crate) fn release(&self, conn: &mut Conn) -> Result<(), Cause> {
        match catalog::row(conn, &format!("SELECT release_lock('{}')", self.name))?
            .first()
            .cloned()
            .flatten()
            .as_deref()
        {
            Some("1") => Ok(()),
            _ => Err(lost()),
        }
    }
}

/// Somebody else may have been migrating.
pub(crate) fn lost() -> Cause {
    let message = "the lock was not this session's any more: somebody else may have been migrating meanwhile";
    Cause::new(CauseKind::Access, message)
        .hint("take RELEASE_ALL_LOCKS() out of the migrations; a proxy that shares sessions can't be migrated through")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_history_has_a_name_of_its_own() {
        let names = [("a", "b"), ("a", "c"), ("b", "b"), ("a b", ""), ("a", " b")]
            .map(|(database, table)| NamedLock::of(database, table).name);
        for (i, name) in names.iter().enumerate() {
            assert_eq!(names.iter().position(|other| other == name), Some(i));
            assert!(name.len() <= 64);
        }
        // Old and new tools of one rolling deployment must meet at the same name, for ever.
        assert_eq!(NamedLock::of("app", "migrate_history").name, "mig_844e52ca5e1cd8492e3a846f241fb63254030994");
    }
}
