//! What may be wrong in the file itself.

use migrate_core::doctor::Finding;
use migrate_core::history::RowSql;
use migrate_core::{Cause, CauseKind};

use super::Sqlite;
use crate::catalog;
use crate::error::cause;

impl Sqlite<'_> {
    pub(super) fn look_around(&mut self) -> Result<Vec<Finding>, Cause> {
        let mut found = Vec::new();
        let path = self.path();
        if let Some(path) = path.as_ref().filter(|path| path.exists()) {
            let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            for place in beside.into_iter().chain([path.as_path()]) {
                if place.metadata().is_ok_and(|metadata| metadata.permissions().readonly()) {
                    let message = format!("{} can't be written to", place.display());
                    let help = format!("chmod u+w {}, or migrate as who may", place.display());
                    found.push(Finding::new("read-only", message, help));
                }
            }
        }
        match catalog::check_foreign_keys(self.db()) {
            Ok(()) => {}
            Err(cause) if cause.kind == CauseKind::Statement => {
                let rows = cause.detail.as_ref().map_or(String::new(), |detail| format!(" ({detail})"));
                let help = "mend these rows: a migration with foreign_keys:off would be rolled back for them";
                found.push(Finding::new("foreign-keys", format!("{}{rows}", cause.message), help));
            }
            Err(cause) => return Err(cause),
        }
        if self.history.is_complete(self.db())? {
            let mut select = self.db().prepare(&self.history.leftovers_sql()).map_err(cause)?;
            let versions = select.query_map([], |row| row.get::<_, i64>(0)).map_err(cause)?;
            for version in versions {
                found.push(self.history.leftover(&version.map_err(cause)?.to_string()));
            }
        }
        Ok(found)
    }
}
