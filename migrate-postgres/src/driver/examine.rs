//! What may be wrong in the database itself. Reads the catalog only, which every role may.

use migrate_core::doctor::Finding;
use migrate_core::history::RowSql;
use migrate_core::{Cause, CauseKind};

use super::{Postgres, behind_a_pooler, client_of};
use crate::catalog::{self, literal, name};

impl Postgres<'_> {
    pub(super) fn look_around(&mut self) -> Result<Vec<Finding>, Cause> {
        let mut found = Vec::new();
        let home = match self.find_lock() {
            Ok((_, row)) => {
                if self.nonce.is_some() && row.get(3) != self.nonce.as_deref() {
                    found.push(Finding::of("pooler", behind_a_pooler()));
                }
                row.get(1).unwrap_or_default().to_owned()
            }
            Err(cause) if cause.kind == CauseKind::History => {
                found.push(Finding::of("history", cause));
                return Ok(found);
            }
            Err(cause) => return Err(cause),
        };
        let client = client_of(&mut self.handle);
        if catalog::is_true(client, "SELECT pg_is_in_recovery()")? {
            let message = "this server is a standby, which takes no writes";
            found.push(Finding::new("read-only", message, "give the URL of the primary"));
        }
        if !catalog::schema_exists(client, &home)? {
            // Reading the history has said so.
            return Ok(found);
        }
        self.histories(&home, &mut found)?;
        self.history.settle_in(home.clone());
        self.privileges(&home, &mut found)?;
        self.invalid_indexes(&mut found)?;
        self.leftovers(&mut found)?;
        Ok(found)
    }

    /// A second one is what a role with another search_path has made.
    fn histories(&mut self, home: &str, found: &mut Vec<Finding>) -> Result<(), Cause> {
        let table = self.history.table_name().to_owned();
        let schemas = catalog::schemas_with_table(self.client(), &table)?;
        let others: Vec<_> = schemas.iter().filter(|schema| *schema != home).map(|schema| name(schema)).collect();
        if others.is_empty() || self.history.is_named() || !schemas.iter().any(|schema| schema == home) {
            return Ok(());
        }
        let message = format!("the history is {home}.{table}, and there is another one in {}", others.join(", "));
        let help = format!("name the schema of this application's, so that no search_path decides: `--schema {home}`");
        found.push(Finding::new("elsewhere", message, help));
        Ok(())
    }

    fn privileges(&mut self, home: &str, found: &mut Vec<Finding>) -> Result<(), Cause> {
        let client = client_of(&mut self.handle);
        let role = name(&catalog::column(client, "SELECT current_user::text")?.join(""));
        if !catalog::is_true(client, &format!("SELECT has_schema_privilege({}, 'CREATE')", literal(home)))? {
            let message = format!("the role {role} may make nothing in the schema {home}");
            let help = format!("GRANT USAGE, CREATE ON SCHEMA {} TO {role}", name(home));
            found.push(Finding::new("privileges", message, help));
        }
        for (table, needed) in self.history.needed_privileges() {
            let values: Vec<_> = needed.iter().map(|privilege| format!("('{privilege}')")).collect();
            let sql = format!(
                "SELECT p FROM (VALUES {}) AS needed(p), to_regclass({}) AS t \
                 WHERE t IS NOT NULL AND NOT has_table_privilege(t, p)",
                values.join(", "),
                literal(&table)
            );
            let lacks = catalog::column(self.client(), &sql)?.join(", ");
            if !lacks.is_empty() {
                let message = format!("the role {role} lacks {lacks} on {table}, so it can't migrate");
                found.push(Finding::new("privileges", message, format!("GRANT {lacks} ON {table} TO {role}")));
            }
        }
        // What belongs to an extension only that changes.
        let sql = format!(
            "SELECT quote_ident(c.relname), quote_ident(pg_get_userbyid(c.relowner)) FROM pg_catalog.pg_class c \
             WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {}) \
             AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (SELECT FROM \
             pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') \
             AND c.relname NOT IN ({}) ORDER BY 1",
            literal(home),
            self.history.names().map(literal).join(", ")
        );
        let foreign = catalog::rows(self.client(), &sql)?;
        if let Some(first) = foreign.first() {
            let (table, owner) = (first.get(0).unwrap_or_default(), first.get(1).unwrap_or_default());
            let more = if foreign.len() > 1 { format!(", and {} more", foreign.len() - 1) } else { String::new() };
            let message = format!("the role {role} can't alter {table}, which is {owner}'s{more}");
            let help = format!("migrate as their owner, or make this role one of them: GRANT {owner} TO {role}");
            found.push(Finding::new("privileges", message, help));
        }
        Ok(())
    }

    /// What a `CREATE INDEX CONCURRENTLY` has left that failed: it is kept up to date, and used by nobody.
    fn invalid_indexes(&mut self, found: &mut Vec<Finding>) -> Result<(), Cause> {
        let sql = "SELECT format('%I.%I', n.nspname, c.relname), i.indrelid::regclass::text FROM pg_catalog.pg_index i \
                   JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   WHERE NOT i.indisvalid AND c.relkind = 'i' AND NOT EXISTS (SELECT FROM \
                   pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) ORDER BY 1";
        for row in catalog::rows(self.client(), sql)? {
            let (index, table) = (row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default());
            let message = format!("the index {index} on {table} is invalid: no query uses it, every write keeps it up");
            let help =
                format!("DROP INDEX CONCURRENTLY {index}, and make it again; or REINDEX INDEX CONCURRENTLY {index}");
            found.push(Finding::new("invalid-index", message, help));
        }
        Ok(())
    }

    fn leftovers(&mut self, found: &mut Vec<Finding>) -> Result<(), Cause> {
        let sql = self.history.leftovers_sql();
        match catalog::column(self.client(), &sql) {
            Ok(versions) => found.extend(versions.iter().map(|version| self.history.leftover(version))),
            // There are no such tables yet, or this role may not look, which is told by its privileges.
            Err(cause) if matches!(cause.code.as_deref(), Some("42P01" | "42501" | "42703")) => {}
            Err(cause) => return Err(cause),
        }
        Ok(())
    }
}
