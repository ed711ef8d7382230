//! `wait --applied`: for those who need the migrations and leave them to somebody else. Reads only.

use std::time::{Duration, Instant};

use migrate_core::{Driver, Migrations};
use serde::Serialize;

use super::Context;
use crate::database::{self, Answer, Job, Source};
use crate::exit::Exit;
use crate::output::{Format, Progress, ShowBar};
use crate::problem::Problem;

/// How long before a server is asked again for a database that was not there.
const AGAIN: Duration = Duration::from_millis(500);

#[derive(Serialize)]
struct AppliedJson {
    applied: usize,
}

struct Wait(Duration);

/// Also through a restart of the server, and for a database that is yet to be made.
pub(super) fn wait(cx: &Context<'_>, source: &Source<'_>, limit: Duration) -> Result<Exit, Problem> {
    let began = Instant::now();
    loop {
        let left = limit.saturating_sub(began.elapsed());
        let answer = database::wait(cx, left)?;
        if answer == Answer::Ready || left.is_zero() {
            match database::with(cx, source, &Wait(left)) {
                Err(Problem::Library(error)) if error.is_connection_lost() && !left.is_zero() => {}
                ended => return ended,
            }
        }
        std::thread::sleep(AGAIN.min(left));
    }
}

impl Job for Wait {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let progress = Progress::new(cx.out, ShowBar::Never);
        cx.migrator(driver).observer(|event| progress.event(event)).wait(known, self.0)?;
        match cx.out.format {
            Format::Json => cx.out.json(&AppliedJson { applied: known.len() })?,
            Format::Text => cx.out.say("everything is applied"),
        }
        Ok(Exit::Done)
    }
}
