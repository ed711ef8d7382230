//! For those who need the migrations applied and are not to apply them: reads only, takes no lock.

use std::time::{Duration, Instant};

use super::Migrator;
use crate::driver::Driver;
use crate::error::NotApplied;
use crate::event::Event;
use crate::plan::{Refusal, Refused};
use crate::{Error, Migration, Migrations, Report, State};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const SAY_AGAIN: Duration = Duration::from_secs(5);

impl<D: Driver> Migrator<'_, D> {
    /// Whether everything that is known is applied, as it is known: what a program asks that may not migrate. Others may
    /// have applied more.
    ///
    /// # Errors
    /// [`Error::NotApplied`] when something is pending, or begun and not finished; [`Error::Refused`] when an applied file
    /// has changed.
    pub fn verify(&mut self, known: &Migrations<'_, D::Connection>) -> Result<(), Error> {
        let migrations = self.not_applied(known)?;
        if migrations.is_empty() {
            self.tell(&Event::UpToDate { migrations: known.len() });
            return Ok(());
        }
        let holder = self.holder()?;
        Err(Error::NotApplied(Box::new(NotApplied { migrations, waited: None, holder })))
    }

    /// Waits until others have applied everything that is known, at most so long, and says how long that took.
    ///
    /// It looks again and again, first after 50 ms, in the end each second.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), when the time is over; a changed file at once.
    pub fn wait(&mut self, known: &Migrations<'_, D::Connection>, limit: Duration) -> Result<Duration, Error> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut said: Option<Instant> = None;
        loop {
            if self.is_cancelled() {
                return Err(self.ended(Report::default(), 0));
            }
            let waited = began.elapsed();
            let migrations = match self.not_applied(known) {
                Ok(migrations) if migrations.is_empty() => {
                    self.tell(&Event::UpToDate { migrations: known.len() });
                    return Ok(waited);
                }
                Ok(migrations) => migrations,
                // Whoever migrates keeps readers out meanwhile, on SQLite.
                Err(error) if error.is_lock_timeout() && waited < limit => Vec::new(),
                Err(error) => return Err(error),
            };
            let over = waited >= limit;
            if over || said.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
                said = Some(Instant::now());
                let holder = self.holder()?;
                self.tell(&Event::Awaiting { pending: migrations.len(), holder: holder.as_ref(), waited });
                if over {
                    return Err(Error::NotApplied(Box::new(NotApplied { migrations, waited: Some(waited), holder })));
                }
            }
            self.pause(pause.min(limit.saturating_sub(waited)));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What is known and not applied.
    fn not_applied(&mut self, known: &Migrations<'_, D::Connection>) -> Result<Vec<(String, State)>, Error> {
        if self.has_all(known)? {
            return Ok(Vec::new());
        }
        let rows = self.read()?;
        let status = self.compare(known, &rows)?;
        let mut not_applied = Vec::new();
        let mut refused = Vec::new();
        for entry in status.entries.iter().filter(|entry| entry.meta.is_some()) {
            match entry.state {
                State::Changed => refused.push(Refusal::Changed {
                    version: entry.version,
                    label: entry.label(),
                    file: known.find(entry.version).and_then(Migration::sql).map(|sql| sql.up.file.to_string()),
                    diff: None,
                }),
                State::Pending | State::OutOfOrder | State::Interrupted(_) => {
                    not_applied.push((entry.label(), entry.state));
                }
                _ => {}
            }
        }
        if refused.is_empty() {
            return Ok(not_applied);
        }
        for refusal in &mut refused {
            self.explain(refusal, known, &rows);
        }
        Err(Refused(refused).into())
    }
}
