//! `repair` and `baseline`: the history takes somebody's word for it, and nothing runs.

use migrate_core::{Driver, Migrations, Version};

use super::{Context, run};
use crate::database::Job;
use crate::exit::Exit;
use crate::problem::Problem;

/// Accepts the file of an applied migration as it is now.
pub(super) struct Repair(pub(super) Version);

impl Job for Repair {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let nothing = "nothing to repair: the file is what was applied";
        run::run(cx, driver, nothing, |mut migrator| migrator.repair(known, self.0))
    }
}

/// Records a version and all older ones as applied.
pub(super) struct Baseline(pub(super) Version);

impl Job for Baseline {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let nothing = "nothing to record: it is applied, and so are all older ones";
        run::run(cx, driver, nothing, |mut migrator| migrator.baseline(known, self.0))
    }
}
