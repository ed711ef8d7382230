use std::time::{Duration, SystemTime, UNIX_EPOCH};

use migrate_core::{Cancel, Cause, DownTarget, Driver, Migrations, Migrator, Tables, UpTarget};

use crate::error::{Error, Phase, Trouble};
use crate::report::{Finding, Report};
use crate::{Catalog, ColumnOrder, Inspect, Place, Scratch};

type Connection<S> = <<S as Scratch>::Driver as Driver>::Connection;

/// Checks migrations.
///
/// 1. What is compiled in must be what is on the disk, as far as the program knows its directory.
/// 2. On one scratch database, each migration in version order: up, down, up. One without a way back is applied once.
/// 3. The first that fails, or leaves another schema than it must, ends the check. The scratch database is removed on every way out.
#[derive(Clone, Debug)]
pub struct Check {
    now: SystemTime,
    cancel: Cancel,
}

impl Default for Check {
    fn default() -> Self {
        Check { now: SystemTime::now(), cancel: Cancel::default() }
    }
}

impl Check {
    /// By the clock of this machine.
    pub fn new() -> Self {
        Self::default()
    }

    /// By another clock, for what is in the future.
    #[must_use]
    pub fn now(mut self, now: SystemTime) -> Self {
        self.now = now;
        self
    }

    /// Can be ended from another thread. The scratch database is removed then, too.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.cancel = cancel.clone();
        self
    }

    /// Does it.
    ///
    /// # Errors
    /// The first migration that is not sound; or why it can't be found out.
    pub fn run<S: Scratch>(&self, scratch: &S, known: &Migrations<'_, Connection<S>>) -> Result<Report, Error> {
        known.embedded().map_or(Ok(()), |embedded| embedded.check_fresh()).map_err(Error::Stale)?;
        let mut made = scratch.make().map_err(in_scratch("making a scratch database"))?;
        let name = made.name().to_owned();
        let Some(driver) = made.driver() else { return Ok(Report::default()) };
        let mut report = walk(driver, known, &self.cancel)?;
        made.remove().map_err(|mut cause| {
            cause.message = format!("{name} is left: {}", cause.message);
            Error::Scratch { doing: "removing the scratch database", cause }
        })?;
        let tomorrow = stamp(self.now + Duration::from_secs(24 * 60 * 60));
        let ahead = known.iter().map(|migration| migration.meta()).filter(|meta| meta.version.get() > tomorrow);
        report.findings.extend(ahead.map(|meta| Finding::InTheFuture { label: meta.to_string() }));
        Ok(report)
    }
}

fn walk<D: Inspect>(driver: &mut D, known: &Migrations<'_, D::Connection>, cancel: &Cancel) -> Result<Report, Error> {
    let mut report = Report::default();
    let memory = &mut D::Memory::default();
    let mut before = look(driver, memory)?;
    for migration in known.iter() {
        let meta = migration.meta();
        let label = meta.to_string();
        let failed = |phase| {
            let label = label.clone();
            move |error| Error::Unsound { label, phase, trouble: Trouble::Failed(Box::new(error)) }
        };
        let target = UpTarget::To(meta.version);
        Migrator::new(driver).cancelled_by(cancel).up(known, target).map_err(failed(Phase::Up))?;
        let after = look(driver, memory)?;
        if !meta.reversible {
            report.irreversible.push(label);
            before = after;
            continue;
        }
        Migrator::new(driver).cancelled_by(cancel).down(known, DownTarget::Count(1)).map_err(failed(Phase::Down))?;
        let back = look(driver, memory)?;
        same(&label, Phase::Down, &before, &back)?;
        let moved = before.column_orders(&back).into_iter();
        match D::COLUMNS {
            Place::AtTheEnd => {
                report.findings.extend(moved.map(|order| Finding::ColumnsMoved { label: label.clone(), order }));
            }
            Place::Anywhere => nothing_moved(&label, moved)?,
        }
        Migrator::new(driver).cancelled_by(cancel).up(known, target).map_err(failed(Phase::UpAgain))?;
        let again = look(driver, memory)?;
        same(&label, Phase::UpAgain, &after, &again)?;
        report.checked.push(label);
        before = again;
    }
    Ok(report)
}

fn look<D: Inspect>(driver: &mut D, memory: &mut D::Memory) -> Result<Catalog, Error> {
    driver.catalog(&Tables::default(), memory).map_err(in_scratch("reading the catalog"))
}

fn same(label: &str, phase: Phase, wanted: &Catalog, found: &Catalog) -> Result<(), Error> {
    let lines = wanted.diff(found);
    if lines.is_empty() {
        return Ok(());
    }
    Err(Error::Unsound { label: label.to_owned(), phase, trouble: Trouble::Differs(lines) })
}

fn nothing_moved(label: &str, moved: impl Iterator<Item = ColumnOrder>) -> Result<(), Error> {
    let lines: Vec<_> = moved.flat_map(|order| order.lines()).collect();
    if lines.is_empty() {
        return Ok(());
    }
    Err(Error::Unsound { label: label.to_owned(), phase: Phase::Down, trouble: Trouble::Differs(lines) })
}

fn in_scratch(doing: &'static str) -> impl FnOnce(Cause) -> Error {
    move |cause| Error::Scratch { doing, cause }
}

/// A moment as a version writes it, in UTC.
fn stamp(at: SystemTime) -> i64 {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    // Days since the 1st of March of the year 0: a leap day then ends its year.
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
    let number = ((era * 400 + year) * 100 + month) * 100 + date;
    ((number * 100 + clock / 3_600) * 100 + clock / 60 % 60) * 100 + clock % 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps() {
        let check = |seconds, expected| assert_eq!(stamp(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        check(0, 19700101000000);
        check(951_782_400, 20000229000000);
        check(1_709_251_199, 20240229235959);
        check(1_767_225_599, 20251231235959);
    }
}
