//! `wait --applied`: for those who need the migrations and leave them to somebody else. Reads only.

use std::time::{Duration, Instant};

use migrate_core::{Driver, Migrations};
use serde::Serialize;

use super::Context;
use crate::database::{self, Answer, Job, Source};
use crate::exit::Exit;
use crate::output::{Format, Progress};
use crate::problem::Problem;

/// How long before a server is asked again for a database that was not there.
const AGAIN: Duration = Duration::from_millis(500);

#[derive(Serialize)]
struct AppliedJson {
    applied: usize,
}

struct Wait(Duration);

pub(super) fn wait(cx: &Context<'_>, source: Source<'_>, limit: Duration) -> Result<Exit, Problem> {
    let began = Instant::now();
    // Whoever makes the database may be slower than we are.
    while database::wait(cx, limit)? == Answer::NoDatabase && began.elapsed() < limit {
        std::thread::sleep(AGAIN);
    }
    database::with(cx, source, &Wait(limit.saturating_sub(began.elapsed())))
}

impl Job for Wait {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let progress = Progress::new(cx.out);
        cx.migrator(driver).observer(|event| progress.event(event)).wait(known, self.0)?;
        match cx.out.format {
            Format::Json => cx.out.json(&AppliedJson { applied: known.len() })?,
            Format::Text => cx.out.say("everything is applied"),
        }
        Ok(Exit::Done)
    }
}
