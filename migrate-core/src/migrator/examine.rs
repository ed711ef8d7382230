//! `doctor`: a look at everything that may be wrong, with what mends it.

use super::Migrator;
use crate::doctor::Finding;
use crate::driver::{CauseKind, Driver};
use crate::history::JournalState;
use crate::{Direction, Entry, Error, Holder, Migrations, State};

impl<D: Driver> Migrator<'_, D> {
    /// What is not as it should be: the lock, the history, the database. Creates, locks and changes nothing.
    ///
    /// ```no_run
    /// # fn f<D: migrate_core::Driver>(driver: &mut D, known: &migrate_core::Migrations<'_, D::Connection>) -> Result<(), migrate_core::Error> {
    /// for finding in migrate_core::Migrator::new(driver).examine(known)? {
    ///     eprintln!("{finding}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database can't be asked.
    pub fn examine(&mut self, known: &Migrations<'_, D::Connection>) -> Result<Vec<Finding>, Error> {
        let mut found = Vec::new();
        let holder = self.holder()?;
        found.extend(holder.as_ref().map(held));
        if let Some(Err(stale)) = known.embedded().map(crate::Embedded::check_fresh) {
            let text = stale.to_string();
            let (message, help) = text.split_once("\n  = ").unwrap_or((&text, ""));
            found.push(Finding::new("stale", message, help));
        }
        match self.driver.read_history() {
            Ok(rows) => {
                let rows = rows.unwrap_or_default();
                let status = self.compare(known, &rows)?;
                for entry in &status.entries {
                    // What somebody is at is not half done.
                    if entry.unfinished().is_some() && holder.is_none() {
                        found.push(self.half_done(entry));
                    }
                    found.extend(of_file(entry));
                }
            }
            Err(cause) if cause.kind == CauseKind::History => found.push(Finding::of("history", cause)),
            Err(cause) => return Err(Error::database("reading the history")(cause)),
        }
        found.extend(self.driver.examine().map_err(Error::database("examining the database"))?);
        Ok(found)
    }

    fn half_done(&mut self, entry: &Entry<'_>) -> Finding {
        let version = entry.version;
        let way = if entry.unfinished() == Some(Direction::Down) { "reverted" } else { "applied" };
        let message = format!("{} is half {way}", entry.label());
        if entry.meta.is_none() {
            let help = "bring its file back and run `migrate up`, which finishes it";
            return Finding::new("interrupted", message, help);
        }
        // A role that may not read the journal is told what it may know.
        let journal = self.driver.read_journal(version).unwrap_or_default();
        match journal.iter().rev().find(|row| row.state != JournalState::Done) {
            Some(row) if row.state == JournalState::Failed => {
                let error = row.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
                let message = format!("{message}: the database refused its statement {}{error}", row.n);
                Finding::new(
                    "interrupted",
                    message,
                    "fix the file from there on and run `migrate up`, which goes on there",
                )
            }
            Some(row) => {
                let message = format!("{message}: its run died at statement {}", row.n);
                let help = format!(
                    "run `migrate up`, which finds out whether that statement ran; where it can't, it asks for \
                     `migrate settle {version} {} applied`, or `again`",
                    row.n
                );
                Finding::new("interrupted", message, help)
            }
            None => Finding::new("interrupted", message, "run `migrate up`, which goes on where it stopped"),
        }
    }
}

fn held(holder: &Holder) -> Finding {
    let message = format!("a run is under way: the migration lock is held by {holder}");
    let end = holder.end.as_ref().map_or(String::new(), |end| format!(", or end it: {end}"));
    Finding::new("lock", message, format!("wait until it is done{end}"))
}

/// What is wrong between an applied migration and its file.
fn of_file(entry: &Entry<'_>) -> Option<Finding> {
    let (label, version) = (entry.label(), entry.version);
    match entry.state {
        State::Changed => Some(Finding::new(
            "changed",
            format!("{label} has changed since it was applied"),
            format!(
                "`migrate plan` shows what; put the file back as it was, or accept it as it is: `migrate repair {version}`"
            ),
        )),
        State::Missing if entry.unfinished().is_none() => Some(Finding::new(
            "missing",
            format!("{label} is applied, but its file is gone"),
            "bring the file back, or take the migration back: `migrate revert-missing`",
        )),
        _ => None,
    }
}
