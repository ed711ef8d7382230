use std::time::{Duration, Instant};

use super::Intent;
use super::Migrator;
use crate::driver::{Driver, Holder, LockAttempt};
use crate::event::Event;
use crate::{Error, Migrations, Report};

/// How long a step waits for a lock of the database, attempt after attempt.
///
/// A waiting `ALTER TABLE` blocks every query that comes after it, so a first attempt gives up after 50 ms. The
/// waits grow to 2 s, the pauses between them grow too, and one last attempt waits 5 s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockLadder {
    /// For each attempt: how long it waits, and how long we pause after it.
    pub rungs: Vec<(Duration, Duration)>,
}

impl Default for LockLadder {
    fn default() -> Self {
        let millis =
            [(50, 100), (100, 200), (200, 400), (500, 800), (1000, 1500), (2000, 3000), (2000, 5000), (5000, 0)];
        let rung = |(wait, pause)| (Duration::from_millis(wait), Duration::from_millis(pause));
        LockLadder { rungs: millis.into_iter().map(rung).collect() }
    }
}

impl LockLadder {
    /// For statements that wait long and stand in nobody's way meanwhile: `CREATE INDEX CONCURRENTLY` waits for every
    /// older transaction, and writers go on. Giving up costs an index half built.
    pub fn patient() -> Self {
        let seconds = [(60, 5), (300, 15), (900, 0)];
        let rung = |(wait, pause)| (Duration::from_secs(wait), Duration::from_secs(pause));
        LockLadder { rungs: seconds.into_iter().map(rung).collect() }
    }
}

const FIRST_POLL: Duration = Duration::from_millis(5);
const SLOWEST_POLL: Duration = Duration::from_millis(100);
const SAY_AGAIN: Duration = Duration::from_secs(1);

/// How the wait for the lock ended.
pub(super) enum Locked {
    /// It is ours.
    Yes,
    /// There can be none here, for this reason.
    Impossible(String),
    /// Others have done meanwhile what was to be done.
    NotNeeded(Report),
}

impl<D: Driver> Migrator<'_, D> {
    /// Takes the lock, unless what it is wanted for is done by others before it can be had.
    ///
    /// Fifty replicas that wait for one must not take the lock one after the other when it is done, only to see that: who
    /// finds the lock in other hands than before looks first.
    pub(super) fn lock(
        &mut self,
        wanted_for: Option<(&Migrations<'_, D::Connection>, Intent)>,
    ) -> Result<Locked, Error> {
        let began = Instant::now();
        let mut poll = FIRST_POLL;
        let mut said: Option<Instant> = None;
        let mut before: Option<Holder> = None;
        loop {
            if self.is_cancelled() {
                return Err(self.ended(Report::default(), 0));
            }
            let holder = match self.driver.try_lock().map_err(Error::database("taking the migration lock"))? {
                LockAttempt::Acquired => {
                    self.locked = true;
                    return Ok(Locked::Yes);
                }
                LockAttempt::Unavailable(why) => {
                    // There is nothing to unlock, and settings to be given back all the same.
                    self.locked = true;
                    return Ok(Locked::Impossible(why));
                }
                LockAttempt::Held(holder) => self.variables.redact_holder(holder),
            };
            let waited = began.elapsed();
            if said.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
                said = Some(Instant::now());
                self.tell(&Event::Waiting { holder: &holder, waited });
            }
            let other_hands = before.as_ref().is_some_and(|before| !before.is_same(&holder));
            if other_hands
                && let Some((known, intent)) = wanted_for
                && let Some(report) = self.nothing_to_do(known, intent)?
            {
                return Ok(Locked::NotNeeded(report));
            }
            let Some(left) = self.lock_wait.checked_sub(waited) else {
                return Err(Error::LockTimeout { holder, waited });
            };
            before = Some(holder);
            self.pause(poll.min(left).max(Duration::from_millis(1)));
            poll = (poll * 2).min(SLOWEST_POLL);
        }
    }

    /// Gives the lock back, and says so if it was not ours any more.
    pub(super) fn release(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.locked) {
            self.driver.unlock().map_err(Error::database("giving the migration lock back"))?;
        }
        Ok(())
    }
}

impl Holder {
    /// A holder of whom only this is known.
    pub fn named(who: impl Into<String>) -> Self {
        Holder { who: who.into(), since: None, end: None }
    }

    /// Whether this is certainly the one that it was before. What it is running is in its name, and changes.
    fn is_same(&self, now: &Holder) -> bool {
        let process = |holder: &Holder| holder.who.split(',').next().unwrap_or_default().to_owned();
        !self.who.is_empty() && process(self) == process(now)
    }
}
