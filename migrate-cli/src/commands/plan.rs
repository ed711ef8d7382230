use migrate_core::plan::{Mode, Note, Plan as Steps, Step, Work};
use migrate_core::{Driver, ForeignKeys, Migrations, UpTarget, Version};
use serde::Serialize;

use super::Context;
use crate::args::Plan;
use crate::database::Job;
use crate::exit::Exit;
use crate::output::{Format, json_text};
use crate::problem::Problem;

impl Job for Plan {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let target = self.to.map_or(UpTarget::All, UpTarget::To);
        let plan = cx.migrator(driver).plan_up(known, target)?;
        let mut notes: Vec<_> = plan.notes.iter().map(Note::to_string).collect();
        notes.extend(what_it_cant_do(driver, &plan));
        if cx.out.format == Format::Json {
            let steps = plan.steps.iter().map(StepJson::of).collect();
            cx.out.json(&PlanJson { steps, notes })?;
            return Ok(Exit::Done);
        }
        notes.iter().for_each(|note| cx.out.note(note));
        if plan.steps.is_empty() {
            cx.out.say("nothing to do");
            return Ok(Exit::Done);
        }
        let steps: String = plan.steps.iter().map(|step| text(cx, step)).collect();
        let count = plan.steps.len();
        let server = driver.facts().map_or(String::new(), |facts| format!(" on {}", facts.server));
        cx.out.data(&format!("{steps}\n{count} step{}{server}\n", plural(count)))?;
        Ok(Exit::Done)
    }
}

/// What such a server can't do is said here, and not with every run.
fn what_it_cant_do<D: Driver>(driver: &mut D, plan: &Steps<'_>) -> Option<String> {
    let by_itself = plan.steps.iter().any(|step| step.mode == Mode::Journal);
    let facts = driver.facts().ok().filter(|facts| by_itself && !facts.transactional_ddl)?;
    Some(format!(
        "{} commits each change of the schema by itself: a file that fails keeps what ran before, and goes on from there \
         once it is mended",
        facts.server.split(' ').next().unwrap_or_default()
    ))
}

/// Two lines: who, then why and how.
fn text(cx: &Context<'_>, step: &Step<'_>) -> String {
    let direction = step.direction().as_str();
    let paint = cx.out.paint;
    format!(
        "{direction:<4}  {}\n      {}\n",
        step.label(),
        paint.dim(&format!("{}: {}", step.reason.as_str(), how(step)))
    )
}

fn how(step: &Step<'_>) -> String {
    let what = match &step.work {
        Work::Script(script, pieces) => {
            let keys_off = script.options.foreign_keys == ForeignKeys::Off;
            let keys = if keys_off { ", foreign keys off meanwhile" } else { "" };
            let count = pieces.len();
            let how = if step.mode == Mode::Journal { "each by itself" } else { "in a transaction" };
            return format!("{count} statement{}, {how}{keys}", plural(count));
        }
        Work::Code => "Rust code",
        Work::Nothing => "nothing to run",
    };
    format!("{what}, {}", if step.mode == Mode::Journal { "outside a transaction" } else { "in a transaction" })
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[derive(Serialize)]
struct PlanJson<'s> {
    steps: Vec<StepJson<'s>>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct StepJson<'s> {
    #[serde(serialize_with = "json_text")]
    version: Version,
    name: &'s str,
    direction: &'static str,
    reason: &'static str,
    /// `None` for Rust code.
    statements: Option<usize>,
    transaction: bool,
}

impl<'s> StepJson<'s> {
    fn of(step: &'s Step<'_>) -> Self {
        StepJson {
            version: step.version,
            name: &step.name,
            direction: step.direction().as_str(),
            reason: step.reason.as_str(),
            statements: match &step.work {
                Work::Script(_, pieces) => Some(pieces.len()),
                Work::Code => None,
                Work::Nothing => Some(0),
            },
            transaction: step.mode != Mode::Journal,
        }
    }
}
