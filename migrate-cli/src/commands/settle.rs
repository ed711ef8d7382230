use migrate_core::{Driver, Migrations};
use serde::Serialize;

use super::Context;
use crate::args::{Answer, Settle};
use crate::database::Job;
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::Problem;

#[derive(Serialize)]
struct SettledJson {
    settled: String,
}

impl Job for Settle {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let (answer, then) = match self.answer {
            Answer::Applied => (migrate_core::Answer::Applied, "goes on behind it"),
            Answer::Again => (migrate_core::Answer::Again, "sends it again"),
        };
        cx.migrator(driver).settle(known, self.version, self.n, answer)?;
        match cx.out.format {
            Format::Json => cx.out.json(&SettledJson { settled: self.version.to_string() })?,
            Format::Text => cx.out.say(&format!("settled: the next run {then}")),
        }
        Ok(Exit::Done)
    }
}
