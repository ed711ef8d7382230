//! What may be wrong in the database itself. Reads only what every user may.

use migrate_core::doctor::Finding;
use migrate_core::history::RowSql;
use migrate_core::{Cause, CauseKind};

use super::Mysql;
use crate::catalog::{self, literal, name};

/// What a user that migrates needs on its database.
const NEEDED: [&str; 8] = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX"];

impl Mysql<'_> {
    pub(super) fn look_around(&mut self) -> Result<Vec<Finding>, Cause> {
        let mut found = Vec::new();
        let (_, home) = self.find_lock()?;
        self.history.settle_in(home.clone());
        if let Err(cause) = self.check_session() {
            match cause.kind {
                CauseKind::Access => found.push(Finding::of("read-only", cause)),
                _ => return Err(cause),
            }
        }
        found.extend(self.warnings.drain(..).map(|warning| Finding::new("cluster", warning, "")));
        self.privileges(&home, &mut found)?;
        self.engines(&home, &mut found)?;
        let sql = self.history.leftovers_sql();
        match catalog::column(self.conn(), &sql) {
            Ok(versions) => found.extend(versions.iter().map(|version| self.history.leftover(version))),
            // There are no such tables yet, or this user may not look, which is told by its privileges.
            Err(cause) if matches!(cause.code.as_deref(), Some("1146" | "1142" | "1143" | "1054" | "1049")) => {}
            Err(cause) => return Err(cause),
        }
        Ok(found)
    }

    fn privileges(&mut self, home: &str, found: &mut Vec<Finding>) -> Result<(), Cause> {
        let cell = |row: &catalog::Row, index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        let sql = "SELECT substring_index(current_user(), '@', -1), current_user()";
        let row = catalog::row(self.conn(), sql)?;
        let (host, user) = (cell(&row, 0), cell(&row, 1));
        let user = user.strip_suffix(&format!("@{host}")).unwrap_or(&user).to_owned();
        // What a role gives is in no table that every user may read.
        let role = catalog::row(self.conn(), "SELECT current_role()").ok().map(|row| cell(&row, 0));
        if role.is_some_and(|role| !role.is_empty() && role != "NONE") {
            return Ok(());
        }
        let account = format!("'{user}'@'{host}'");
        let sql = format!(
            "SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = {account} UNION \
             SELECT privilege_type FROM information_schema.schema_privileges WHERE grantee = {account} \
             AND {home} LIKE table_schema",
            account = literal(&account),
            home = literal(home)
        );
        let has = catalog::column(self.conn(), &sql)?;
        let lacks: Vec<_> = NEEDED.into_iter().filter(|needed| !has.iter().any(|has| has == needed)).collect();
        if !lacks.is_empty() {
            let lacks = lacks.join(", ");
            let message = format!("the user {account} lacks {lacks} on the database {home}, so it can't migrate");
            let help = format!("GRANT {lacks} ON {}.* TO {account}", name(home));
            found.push(Finding::new("privileges", message, help));
        }
        Ok(())
    }

    /// Where nothing can be rolled back, a file that fails leaves rows.
    fn engines(&mut self, home: &str, found: &mut Vec<Finding>) -> Result<(), Cause> {
        let sql = format!(
            "SELECT t.table_name, t.engine FROM information_schema.tables t JOIN information_schema.engines e \
             ON e.engine = t.engine WHERE t.table_schema = {} AND t.table_type = 'BASE TABLE' \
             AND e.transactions <> 'YES' ORDER BY 1",
            literal(home)
        );
        // MariaDB opens each table for this, and would wait for one that a statement is at: that one is left out.
        let patience = catalog::row(self.conn(), "SELECT @@lock_wait_timeout")?.into_iter().next().flatten();
        self.batch("SET SESSION lock_wait_timeout = 1")?;
        let rows = catalog::rows(self.conn(), &sql);
        self.batch(&format!("SET SESSION lock_wait_timeout = {}", patience.as_deref().unwrap_or("DEFAULT")))?;
        for row in rows? {
            let cell = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
            let (table, engine) = (cell(0), cell(1));
            let message =
                format!("the table {table} is in {engine}, which has no transactions: what fails there stays");
            let help = format!("ALTER TABLE {}.{} ENGINE = InnoDB", name(home), name(table));
            found.push(Finding::new("engine", message, help));
        }
        Ok(())
    }
}
