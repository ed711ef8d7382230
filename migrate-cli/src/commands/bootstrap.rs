//! `baseline --from-database`: the first migration, from a database that was made without one.

use jiff::Timestamp;
use migrate_core::sql::{Dialect, Role, split};
use migrate_core::{Driver, Error, Migrations, UpTarget, source};

use super::{Context, new, run};
use crate::args::Baseline;
use crate::database::{self, Job};
use crate::exit::Exit;
use crate::problem::Problem;

/// Writes the schema of the database as its first migration, and records that as applied.
pub(super) struct FromDatabase {
    name: String,
}

const HEAD: &str = "-- The schema that the database had when migrate came to it. There it is recorded, and does not run; an empty\n\
                    -- database gets it by `migrate up`.\n\n";

impl FromDatabase {
    pub(super) fn named(args: &Baseline) -> Self {
        FromDatabase { name: new::name(args.from_database.as_slice()) }
    }
}

impl Job for FromDatabase {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let dir = &cx.settings.dir;
        if self.name.is_empty() {
            return Err(Problem::usage("a migration's name needs a letter or a digit"));
        }
        if !known.is_empty() {
            let problem = Problem::failed(format!("{} holds migrations already", dir.display()));
            return Err(problem.note("record those that the database has with `migrate baseline VERSION`"));
        }
        let recorded = cx.migrator(driver).status(known, |status| status.entries.len())?;
        if recorded > 0 {
            let problem = Problem::failed("the history of this database holds migrations already");
            return Err(problem.note(format!("bring their files back into {}", dir.display())));
        }
        let facts =
            driver.facts().map_err(|cause| Error::Database { doing: "asking the server for its version", cause })?;
        let dump = database::dump(cx)?;
        if is_empty(&dump, facts.syntax.dialect()) {
            let problem = Problem::failed("there is nothing in this database that a migration could make");
            return Err(problem.note("make the first migration by hand: `migrate new WORDS`"));
        }
        let taken = new::taken(dir).unwrap_or_default();
        let file = format!("{}_{}.up.sql", new::free_stamp(Timestamp::now(), &taken), self.name);
        let path = dir.join(&file);
        let text = format!("{HEAD}{dump}");
        let read = source::read([(file.as_str(), text.as_str())], Some(facts.syntax.dialect())).map_err(Error::from)?;
        let first = Migrations::from_sql(read.migrations).map_err(Error::from)?;
        // What a run would refuse is told before the file is there.
        cx.migrator(driver).plan_up(&first, UpTarget::All)?;
        let Some(version) = first.iter().next().map(|migration| migration.meta().version) else {
            return Err(Problem::failed("the dump could not be read as a migration"));
        };
        new::make(&path, &text)?;
        cx.out.say(&format!("written: {}", path.display()));
        let nothing = "nothing to record";
        run::run(cx, driver, nothing, |mut migrator| migrator.baseline(&first, version))
    }
}

/// Whether only the session would be set.
fn is_empty(dump: &str, dialect: Dialect) -> bool {
    let sets = |role| matches!(role, Role::Session | Role::Neutral);
    split(dump, dialect).is_ok_and(|statements| {
        statements.iter().all(|statement| sets(statement.recognise().role) || statement.text.contains("set_config("))
    })
}
