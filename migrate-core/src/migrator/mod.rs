//! The only loop: looking, locking, planning under the lock, running.

mod examine;
mod failure;
mod guarded;
mod hooks;
mod journaled;
mod lock;
mod redo;
mod render;
mod rows;
mod run;
mod script;
mod settle;
mod undo;
mod verify;

use std::time::Duration;

use crate::diff::diff;
use crate::driver::{Driver, Facts, Holder};
use crate::event::Event;
use crate::plan::{DownTarget, Mode, Plan, Planner, Policy, Reason, Refusal, Refused, Step, Stored, UpTarget, Work};
use crate::trace;
use crate::{
    Cancel, Checksum, Direction, Error, HistoryRow, Hooks, Migration, Migrations, Report, State, Status, Variables,
    Version,
};

pub use lock::LockLadder;
pub use script::script;
pub use settle::Answer;

/// Runs plans on a database. All ways lead through here: library, start-up, command line, tests.
///
/// # What a run does
///
/// 1. **Look**, without a lock: one read of the history. If nothing is to be done, that was all. PostgreSQL is asked
///    for two columns first, and for whole rows only where these differ from what is known.
/// 2. **Refuse**, if the plan can't be: every reason at once, nothing touched.
/// 3. **Lock**: polled, never waited for inside a statement, for as long as [`lock_wait`](Self::lock_wait) says.
/// 4. **Look again** under the lock: what is read now is final. Plan again.
/// 5. **Run** each step: with its history row in one transaction where the database can do that, else statement by
///    statement with the journal. A step that waits too long for a lock of the database is rolled back and tried
///    again, on the [`LockLadder`].
/// 6. **Unlock**, on every way out, also when a migration panics.
///
/// What fails is rolled back; what was done before it stays; the next run goes on from there.
pub struct Migrator<'m, D: Driver> {
    driver: &'m mut D,
    policy: Policy,
    transactions: Transactions,
    generate_undo: GenerateUndo,
    lock_wait: Duration,
    ladder: LockLadder,
    patient_ladder: LockLadder,
    applied_by: Option<String>,
    variables: Variables,
    hooks: Hooks<'m, D::Connection>,
    observer: Box<dyn FnMut(&Event<'_>) + 'm>,
    cancel: Option<Cancel>,
    locked: bool,
}

/// How many transactions a run makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transactions {
    /// One per migration: what was done before a failure stays.
    #[default]
    PerMigration,
    /// One for all that is pending: a failure leaves nothing. Refused when a migration can't be in it.
    One,
}

/// Whether migrations without a down get one, made from their text and the catalog as it is before they run, and kept in
/// the history. One statement without an inverse means none for its migration; that is a [`Note`](crate::Note).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GenerateUndo {
    /// Without a down a migration is irreversible.
    #[default]
    Never,
    /// Where there is no down.
    WithoutDown,
}

/// What a run is asked for.
#[derive(Clone, Copy, Debug)]
enum Intent {
    Up(UpTarget),
    Down(DownTarget),
    Baseline(Version),
    Repair(Version),
}

impl<'m, D: Driver> Migrator<'m, D> {
    /// On this database, with the defaults: out-of-order is applied, missing files are noted, the lock is waited for
    /// up to 60 seconds.
    pub fn new(driver: &'m mut D) -> Self {
        Migrator {
            driver,
            policy: Policy::default(),
            transactions: Transactions::default(),
            generate_undo: GenerateUndo::default(),
            lock_wait: Duration::from_secs(60),
            ladder: LockLadder::default(),
            patient_ladder: LockLadder::patient(),
            applied_by: None,
            variables: Variables::new(),
            hooks: Hooks::new(),
            observer: Box::new(|_| {}),
            cancel: None,
            locked: false,
        }
    }

    /// What plans tolerate.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How many transactions a run makes.
    #[must_use]
    pub fn transactions(mut self, transactions: Transactions) -> Self {
        self.transactions = transactions;
        self
    }

    /// Whether migrations without a down get one.
    #[must_use]
    pub fn generate_undo(mut self, generate: GenerateUndo) -> Self {
        self.generate_undo = generate;
        self
    }

    /// How long to wait while another run holds the migration lock.
    #[must_use]
    pub fn lock_wait(mut self, limit: Duration) -> Self {
        self.lock_wait = limit;
        self
    }

    /// How long a step waits for locks of the database, and how often it is tried again.
    #[must_use]
    pub fn ladder(mut self, ladder: LockLadder) -> Self {
        self.ladder = ladder;
        self
    }

    /// The same for PostgreSQL's statements that can't be in a transaction, `CREATE INDEX CONCURRENTLY` for instance.
    #[must_use]
    pub fn patient_ladder(mut self, ladder: LockLadder) -> Self {
        self.patient_ladder = ladder;
        self
    }

    /// Who runs this, for the history; by default the user and host of this process.
    #[must_use]
    pub fn applied_by(mut self, who: impl Into<String>) -> Self {
        self.applied_by = Some(who.into());
        self
    }

    /// What is put into SQL in the place of `${name}`.
    #[must_use]
    pub fn variables(mut self, variables: Variables) -> Self {
        self.variables = variables;
        self
    }

    /// What is called before and after a run, each of its migrations, and a failure.
    #[must_use]
    pub fn hooks(mut self, hooks: Hooks<'m, D::Connection>) -> Self {
        self.hooks = hooks;
        self
    }

    /// Who watches.
    #[must_use]
    pub fn observer(mut self, observer: impl FnMut(&Event<'_>) + 'm) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Who may stop this, from another thread.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }

    /// Reads the history, and hands `look` what stands where.
    ///
    /// # Errors
    /// When the history can't be read.
    pub fn status<T>(
        &mut self,
        known: &Migrations<'_, D::Connection>,
        look: impl FnOnce(&Status<'_>) -> T,
    ) -> Result<T, Error> {
        let rows = self.read()?;
        let mut status = self.compare(known, &rows)?;
        self.look_up_undos(&mut status);
        Ok(look(&status))
    }

    /// Who holds the lock now, as far as that can be seen without taking it.
    ///
    /// # Errors
    /// When it can't be asked.
    pub fn holder(&mut self) -> Result<Option<Holder>, Error> {
        let holder = self.driver.holder().map_err(Error::database("asking who holds the migration lock"))?;
        Ok(holder.map(|holder| self.variables.redact_holder(holder)))
    }

    /// What [`up`](Self::up) would do now.
    ///
    /// # Errors
    /// Every reason why it would not.
    pub fn plan_up<'a>(
        &mut self,
        known: &'a Migrations<'a, D::Connection>,
        target: UpTarget,
    ) -> Result<Plan<'a>, Error> {
        let rows = self.read()?;
        self.plan(known, Intent::Up(target), &rows)
    }

    /// What [`down`](Self::down) would do now.
    ///
    /// # Errors
    /// Every reason why it would not.
    pub fn plan_down<'a>(
        &mut self,
        known: &'a Migrations<'a, D::Connection>,
        target: DownTarget,
    ) -> Result<Plan<'a>, Error> {
        let rows = self.read()?;
        self.plan(known, Intent::Down(target), &rows)
    }

    /// Applies what is pending.
    ///
    /// # Errors
    /// When the plan is refused, the lock can't be had, or a step fails.
    pub fn up(&mut self, known: &Migrations<'_, D::Connection>, target: UpTarget) -> Result<Report, Error> {
        if cfg!(debug_assertions)
            && let Some(embedded) = known.embedded()
        {
            embedded.check_fresh()?;
        }
        self.run(known, Intent::Up(target))
    }

    /// Reverts, newest first.
    ///
    /// # Errors
    /// As [`up`](Self::up).
    pub fn down(&mut self, known: &Migrations<'_, D::Connection>, target: DownTarget) -> Result<Report, Error> {
        self.run(known, Intent::Down(target))
    }

    /// Records a version and all older ones as applied, without running them.
    ///
    /// # Errors
    /// As [`up`](Self::up).
    pub fn baseline(&mut self, known: &Migrations<'_, D::Connection>, version: Version) -> Result<Report, Error> {
        self.run(known, Intent::Baseline(version))
    }

    /// Accepts an applied migration's file as it is now, without running it.
    ///
    /// # Errors
    /// As [`up`](Self::up).
    pub fn repair(&mut self, known: &Migrations<'_, D::Connection>, version: Version) -> Result<Report, Error> {
        self.run(known, Intent::Repair(version))
    }

    fn tell(&mut self, event: &Event<'_>) {
        trace::event(event);
        (self.observer)(event);
    }

    fn read(&mut self) -> Result<Vec<HistoryRow>, Error> {
        let rows = self.driver.read_history().map_err(Error::database("reading the history"))?;
        Ok(rows.unwrap_or_default())
    }

    fn facts(&mut self) -> Result<Facts, Error> {
        self.driver.facts().map_err(Error::database("asking the server for its version"))
    }

    fn compare<'a>(
        &mut self,
        known: &'a Migrations<'_, D::Connection>,
        rows: &'a [HistoryRow],
    ) -> Result<Status<'a>, Error> {
        let mut status = Status::of(known, rows);
        if status.any(|state| state == State::Changed) {
            let dialect = self.facts()?.syntax.dialect();
            status.compare_statements(known, dialect);
        }
        Ok(status)
    }

    fn plan<'a>(
        &mut self,
        known: &'a Migrations<'a, D::Connection>,
        intent: Intent,
        rows: &[HistoryRow],
    ) -> Result<Plan<'a>, Error> {
        let status = self.compare(known, rows)?;
        // A start with nothing to do is one round trip: nothing will be split, so nothing is asked.
        let idle = matches!(intent, Intent::Up(_))
            && !status.any(|s| s.is_pending() || matches!(s, State::Changed | State::Interrupted(_)));
        let facts = if idle { Facts::unasked() } else { self.facts()? };
        let planner = Planner::new(known, &facts, &self.policy).variables(&self.variables);
        let plan = match intent {
            Intent::Up(target) => planner.up(&status, target),
            Intent::Baseline(version) => planner.baseline(&status, version),
            Intent::Repair(version) => planner.repair(&status, version),
            Intent::Down(target) => {
                let stored = self.stored(&status, target)?;
                let planner = Planner::new(known, &facts, &self.policy).variables(&self.variables);
                planner.down(&status, target, &stored)
            }
        };
        match plan {
            Ok(plan) => {
                self.fits_the_journal(&plan, rows)?;
                if matches!(intent, Intent::Up(_) | Intent::Down(_)) && !plan.steps.is_empty() {
                    self.readable_hooks()?;
                }
                self.fits_one_transaction(plan, intent)
            }
            Err(mut refused) => {
                for refusal in &mut refused.0 {
                    self.explain(refusal, known, rows);
                }
                Err(refused.into())
            }
        }
    }

    /// Refuses when a file that is to be resumed is not the one any more that was begun: before anything runs, for all.
    fn fits_the_journal(&mut self, plan: &Plan<'_>, rows: &[HistoryRow]) -> Result<(), Error> {
        let mut refused = Vec::new();
        for step in plan.steps.iter().filter(|step| step.reason == Reason::Resume) {
            let Work::Script(script, pieces) = &step.work else { continue };
            match self.where_it_goes_on(step, script, pieces) {
                Ok(_) => {}
                Err(Error::Refused(mut why)) => {
                    let row = rows.iter().find(|row| row.version == step.version);
                    let key = row.and_then(|row| match step.direction() {
                        Direction::Up => Some(&row.checksum),
                        Direction::Down => row.down_checksum.as_ref(),
                    });
                    let stored = key.and_then(|key| self.stored_text(key));
                    for refusal in &mut why.0 {
                        if let Refusal::DoneChanged { diff: shown, .. } = refusal {
                            *shown = stored.as_ref().map(|stored| diff(stored, &script.text));
                        }
                    }
                    refused.extend(why.0);
                }
                Err(error) => return Err(error),
            }
        }
        if refused.is_empty() { Ok(()) } else { Err(Refused(refused).into()) }
    }

    /// The texts that reverting these may need.
    fn stored(&mut self, status: &Status<'_>, target: DownTarget) -> Result<Stored, Error> {
        let mut keys: Vec<Checksum> = Vec::new();
        for entry in target.select(status) {
            let Some(row) = entry.row else { continue };
            keys.extend(row.down_checksum.clone());
            if entry.meta.is_none() {
                keys.push(row.checksum.clone());
            }
        }
        let texts = self.driver.read_texts(&keys).map_err(Error::database("reading the stored texts"))?;
        let texts = keys.into_iter().zip(texts).filter_map(|(key, text)| Some((key, text?))).collect();
        Ok(Stored { texts })
    }

    /// Adds the diff to a refusal of a changed file. Where the stored text can't be read, the refusal stands without.
    fn explain(&mut self, refusal: &mut Refusal, known: &Migrations<'_, D::Connection>, rows: &[HistoryRow]) {
        let Refusal::Changed { version, diff: shown, .. } = refusal else { return };
        let Some(sql) = known.find(*version).and_then(Migration::sql) else { return };
        let Some(row) = rows.iter().find(|row| row.version == *version) else { return };
        *shown = self.stored_text(&row.checksum).map(|text| diff(&text, &sql.up.text));
    }

    /// For a message only: what can't be read is left out of it.
    fn stored_text(&mut self, key: &Checksum) -> Option<String> {
        self.driver.read_texts(std::slice::from_ref(key)).ok()?.into_iter().next().flatten()
    }

    fn fits_one_transaction<'a>(&self, plan: Plan<'a>, intent: Intent) -> Result<Plan<'a>, Error> {
        if self.transactions == Transactions::PerMigration || !matches!(intent, Intent::Up(_) | Intent::Down(_)) {
            return Ok(plan);
        }
        if self.hooks.between() {
            return Err(Refused(vec![Refusal::HooksInOneTransaction]).into());
        }
        let only = plan.steps.len() == 1;
        let fits = |step: &Step<'_>| step.mode == Mode::Segment || (only && step.mode == Mode::Transaction);
        let alone = plan.steps.iter().filter(|step| !fits(step));
        let refused: Vec<_> = alone.map(|step| Refusal::NotInOneTransaction { label: step.label() }).collect();
        if refused.is_empty() { Ok(plan) } else { Err(Refused(refused).into()) }
    }
}

impl<D: Driver> Drop for Migrator<'_, D> {
    /// A migration in Rust that panics must not leave the lock on a connection that its pool hands on.
    fn drop(&mut self) {
        if self.locked {
            let _ = self.driver.unlock();
        }
    }
}
