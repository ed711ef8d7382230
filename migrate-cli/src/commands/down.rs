use migrate_core::{DownTarget, Driver, Migrations};

use super::{Context, run};
use crate::args::{Down, RevertMissing};
use crate::database::Job;
use crate::exit::Exit;
use crate::problem::Problem;

impl Job for Down {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let target = match (self.n, self.to) {
            (Some(count), _) => DownTarget::Count(count),
            (None, Some(version)) => DownTarget::To(version),
            (None, None) => DownTarget::Count(1),
        };
        if self.dry_run {
            let sql = cx.migrator(driver).render_down(known, target)?;
            return cx.sql(&sql);
        }
        run::run(cx, driver, "nothing to revert", |mut migrator| migrator.down(known, target))
    }
}

impl Job for RevertMissing {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        if self.dry_run {
            let sql = cx.migrator(driver).render_down(known, DownTarget::Absent)?;
            return cx.sql(&sql);
        }
        let nothing = "nothing to revert: every applied migration has its file";
        run::run(cx, driver, nothing, |mut migrator| migrator.down(known, DownTarget::Absent))
    }
}
