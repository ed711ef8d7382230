use std::time::{Duration, SystemTime, UNIX_EPOCH};

use migrate_core::{Cancel, Driver, Freshness, Migration, Migrations, Migrator, Tables, Variables};

use crate::Scratch;
use crate::error::Error;
use crate::event::Event;
use crate::report::{Finding, Report};
use crate::run::{Connection, Run};

/// Checks migrations.
///
/// 1. What is compiled in must be what is on the disk, as far as the program knows its directory.
/// 2. On a scratch database, each migration in version order: up, down, up. One without a way back is applied once.
/// 3. On request, the newest ones in [other orders](Self::order), each order on a scratch database of its own.
///
/// The first that fails, or leaves another schema than it must, ends the check. Scratch databases are removed on every way out.
#[derive(Clone, Debug)]
pub struct Check {
    now: SystemTime,
    pub(crate) cancel: Cancel,
    pub(crate) tables: Tables,
    pub(crate) variables: Variables,
    pub(crate) newest: usize,
}

impl Default for Check {
    fn default() -> Self {
        Check {
            now: SystemTime::now(),
            cancel: Cancel::default(),
            tables: Tables::default(),
            variables: Variables::new(),
            newest: 0,
        }
    }
}

impl Check {
    /// By the clock of this machine, with the history where it is by default, in version order only.
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

    /// The history stands in other tables, which migrations may name.
    #[must_use]
    pub fn tables(mut self, tables: Tables) -> Self {
        self.tables = tables;
        self
    }

    /// What is put into SQL in the place of `${name}`.
    #[must_use]
    pub fn variables(mut self, variables: Variables) -> Self {
        self.variables = variables;
        self
    }

    /// Also applies the `newest` migrations in other orders, as databases get them when branches are merged: what was not
    /// applied yet is applied, whatever its place. Up to [`ALL_ORDERS`](crate::ALL_ORDERS) of them in all orders; more in those that swap two
    /// neighbours, and in the reverse one.
    ///
    /// An order in which one of them fails is told as a [`Finding::Dependency`](crate::Finding::Dependency), for nobody can miss it. One that ends in
    /// another schema, and fails nowhere, is [`Error::OrderMatters`](crate::Error::OrderMatters).
    #[must_use]
    pub fn order(mut self, newest: usize) -> Self {
        self.newest = newest;
        self
    }

    /// The loop, as it is told here.
    pub(crate) fn migrator<'d, D: Driver>(&self, driver: &'d mut D) -> Migrator<'d, D> {
        Migrator::new(driver).cancelled_by(&self.cancel).variables(self.variables.clone())
    }

    /// Does it.
    ///
    /// # Errors
    /// The first migration that is not sound; or why it can't be found out.
    pub fn run<S: Scratch>(&self, scratch: &S, known: &Migrations<'_, Connection<S>>) -> Result<Report, Error> {
        self.run_observed(scratch, known, |_| {})
    }

    /// As [`run`](Self::run), and says what it is at.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_observed<S: Scratch>(
        &self,
        scratch: &S,
        known: &Migrations<'_, Connection<S>>,
        observer: impl FnMut(&Event<'_>),
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        if let Some(embedded) = known.embedded() {
            match embedded.freshness() {
                Freshness::Fresh => {}
                Freshness::Unknown => report.findings.push(Finding::NotCompared { dir: embedded.dir().to_owned() }),
                Freshness::Stale(told) => return Err(Error::Stale(told)),
            }
        }
        let mut run = Run { check: self, scratch, observer };
        run.up_down_up(known, &mut report)?;
        run.in_other_orders(known, &mut report)?;
        let tomorrow = stamp(self.now + Duration::from_secs(24 * 60 * 60));
        let ahead = known.iter().map(Migration::meta).filter(|meta| meta.version.get() > tomorrow);
        report.findings.extend(ahead.map(|meta| Finding::InTheFuture { label: meta.to_string() }));
        Ok(report)
    }
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
