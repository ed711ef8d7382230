use migrate_core::{Driver, GenerateUndo, Migrations, Migrator, Transactions, UpTarget};

use super::{Context, run};
use crate::args::Up;
use crate::database::Job;
use crate::exit::Exit;
use crate::problem::Problem;

impl Job for Up {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        if self.dry_run {
            let sql = self.set_up(cx.migrator(driver)).render_up(known, self.target())?;
            return cx.sql(&sql);
        }
        let nothing = if known.is_empty() { "nothing to do: there are no migrations" } else { "nothing to do" };
        run::run(cx, driver, nothing, |migrator| self.set_up(migrator).up(known, self.target()))
    }
}

impl Up {
    fn target(&self) -> UpTarget {
        match (self.n, self.to) {
            (Some(count), _) => UpTarget::Count(count),
            (None, Some(version)) => UpTarget::To(version),
            (None, None) => UpTarget::All,
        }
    }

    fn set_up<'d, D: Driver>(&self, migrator: Migrator<'d, D>) -> Migrator<'d, D> {
        let transactions = if self.one_transaction { Transactions::One } else { Transactions::PerMigration };
        let generate = if self.generate_undo { GenerateUndo::WithoutDown } else { GenerateUndo::Never };
        migrator.transactions(transactions).generate_undo(generate)
    }
}
