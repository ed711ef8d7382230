use migrate_core::{Driver, Migrations};

use super::{Context, run};
use crate::args::Redo;
use crate::database::Job;
use crate::exit::Exit;
use crate::problem::Problem;

impl Job for Redo {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        run::run(cx, driver, "nothing to redo", |migrator| migrator.policy(self.losses.policy()).redo(known, self.n))
    }
}
