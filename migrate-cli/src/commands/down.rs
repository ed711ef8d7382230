use migrate_core::{DataLoss, DownTarget, Driver, Migrations, Policy};

use super::{Context, run};
use crate::args::{Down, Losses, RevertMissing};
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
            let sql = cx.migrator(driver).policy(self.losses.policy()).render_down(known, target)?;
            return cx.sql(&sql);
        }
        run::run(cx, driver, "nothing to revert", |migrator| migrator.policy(self.losses.policy()).down(known, target))
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
            let sql = cx.migrator(driver).policy(self.losses.policy()).render_down(known, DownTarget::Absent)?;
            return cx.sql(&sql);
        }
        let nothing = "nothing to revert: every applied migration has its file";
        run::run(cx, driver, nothing, |migrator| migrator.policy(self.losses.policy()).down(known, DownTarget::Absent))
    }
}

impl Losses {
    /// What a plan tolerates.
    pub(super) fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        policy.data_loss = if self.allow_data_loss { DataLoss::Allow } else { DataLoss::Refuse };
        policy
    }
}
