use migrate_core::{Cause, DownTarget, Driver, Migration, Migrations, UpTarget};

use crate::check::Check;
use crate::error::{Error, Phase, Trouble, unsound};
use crate::event::Event;
use crate::report::{Finding, Report};
use crate::{Catalog, Inspect, Place, Scratch};

pub(crate) type Connection<S> = <<S as Scratch>::Driver as Driver>::Connection;
type Memory<S> = <<S as Scratch>::Driver as Inspect>::Memory;

/// A check under way.
pub(crate) struct Run<'c, S, O> {
    pub(crate) check: &'c Check,
    pub(crate) scratch: &'c S,
    pub(crate) observer: O,
}

impl<S: Scratch, O: FnMut(&Event<'_>)> Run<'_, S, O> {
    /// Works on a scratch database, and removes it.
    pub(crate) fn on_scratch<T>(
        &mut self,
        work: impl FnOnce(&mut Self, &mut S::Driver) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.check.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let mut made = self.scratch.make(&self.check.tables).map_err(in_scratch("making a scratch database"))?;
        self.tell(&Event::Made { name: made.name() });
        let done = work(self, made.driver())?;
        let name = made.name().to_owned();
        made.remove().map_err(|mut cause| {
            cause.message = format!("{name} is left: {}", cause.message);
            Error::Scratch { doing: "removing the scratch database", cause }
        })?;
        Ok(done)
    }

    /// Each migration in version order: up, down, up.
    pub(crate) fn up_down_up(
        &mut self,
        known: &Migrations<'_, Connection<S>>,
        report: &mut Report,
    ) -> Result<(), Error> {
        self.on_scratch(|run, driver| run.walk(driver, known, report))
    }

    fn walk(
        &mut self,
        driver: &mut S::Driver,
        known: &Migrations<'_, Connection<S>>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let memory = &mut Memory::<S>::default();
        let mut before = self.look(driver, memory)?;
        for migration in known.iter() {
            let meta = migration.meta();
            let label = meta.to_string();
            self.step(driver, migration, Phase::Up)?;
            let after = self.look(driver, memory)?;
            if !meta.reversible {
                report.irreversible.push(label);
                before = after;
                continue;
            }
            self.step(driver, migration, Phase::Down)?;
            let back = self.look(driver, memory)?;
            same::<S::Driver>(&label, Phase::Down, &before, &back)?;
            if S::Driver::COLUMNS == Place::AtTheEnd {
                let moved = before.column_orders(&back).into_iter();
                report.findings.extend(moved.map(|order| Finding::ColumnsMoved { label: label.clone(), order }));
            }
            self.step(driver, migration, Phase::UpAgain)?;
            let again = self.look(driver, memory)?;
            same::<S::Driver>(&label, Phase::UpAgain, &after, &again)?;
            report.checked.push(label);
            before = again;
        }
        Ok(())
    }

    pub(crate) fn step(
        &mut self,
        driver: &mut S::Driver,
        migration: &dyn Migration<Connection<S>>,
        phase: Phase,
    ) -> Result<(), Error> {
        let label = migration.meta().to_string();
        self.tell(&Event::Step { label: &label, phase });
        // Only this one is known: an embedded set would look into its directory at each step.
        let this = Migrations::new().with_ref(migration).map_err(|error| Error::NotBegun(Box::new(error.into())))?;
        let mut migrator = self.check.migrator(driver);
        let run = match phase {
            Phase::Up | Phase::UpAgain => migrator.up(&this, UpTarget::All),
            Phase::Down => migrator.down(&this, DownTarget::Count(1)),
        };
        run.map(drop).map_err(|error| unsound(label, phase, error))
    }

    pub(crate) fn look(&self, driver: &mut S::Driver, memory: &mut Memory<S>) -> Result<Catalog, Error> {
        driver.catalog(&self.check.tables, memory).map_err(in_scratch("reading the catalog"))
    }

    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        (self.observer)(event);
    }
}

fn same<D: Inspect>(label: &str, phase: Phase, wanted: &Catalog, found: &Catalog) -> Result<(), Error> {
    let mut differences = wanted.diff(found);
    if D::COLUMNS == Place::Anywhere {
        differences.extend(wanted.column_orders(found).into_iter().map(Into::into));
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::Unsound { label: label.to_owned(), phase, trouble: Trouble::Differs(differences) })
}

fn in_scratch(doing: &'static str) -> impl FnOnce(Cause) -> Error {
    move |cause| Error::Scratch { doing, cause }
}
