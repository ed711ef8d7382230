use super::{Migrator, rows};
use crate::driver::{Driver, Expect};
use crate::history::{JournalState, RowWrite};
use crate::plan::{Refusal, Refused};
use crate::{Entry, Error, Migrations, Status, Version};

/// A person's answer about a statement of which nobody can tell whether it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It ran: the next run goes on behind it.
    Applied,
    /// It did not run, or may run twice: the next run sends it again.
    Again,
}

impl<D: Driver> Migrator<'_, D> {
    /// Notes what a person found out about statement `n` of a migration, which was under way when its run died.
    ///
    /// # Errors
    /// When that statement is not in doubt, or the lock can't be had.
    pub fn settle(
        &mut self,
        known: &Migrations<'_, D::Connection>,
        version: Version,
        n: usize,
        answer: Answer,
    ) -> Result<(), Error> {
        self.lock(None)?;
        let settled = self.settle_locked(known, version, n, answer);
        let released = self.release();
        settled.and(released)
    }

    fn settle_locked(
        &mut self,
        known: &Migrations<'_, D::Connection>,
        version: Version,
        n: usize,
        answer: Answer,
    ) -> Result<(), Error> {
        let rows = self.read()?;
        let status = Status::of(known, &rows);
        let Some(label) = status.find(version).map(Entry::label) else {
            return Err(Refused(vec![Refusal::UnknownVersion { version }]).into());
        };
        let journal = self.driver.read_journal(version).map_err(Error::database("reading the journal"))?;
        let Some(mut line) = journal.into_iter().find(|line| line.n == n && line.is_in_doubt()) else {
            let problem = format!("has no statement {n} that is in doubt, so there is nothing to settle");
            return Err(Refused(vec![Refusal::State { label, problem }]).into());
        };
        line.state = match answer {
            Answer::Applied => JournalState::Done,
            Answer::Again => JournalState::Failed,
        };
        let direction = line.direction;
        let mut unit = rows::bare(version, direction, Expect::Begun, vec![RowWrite::Journal(line)]);
        unit.lock_timeout = None;
        self.write(unit).map_err(Error::database("writing the journal"))
    }
}
