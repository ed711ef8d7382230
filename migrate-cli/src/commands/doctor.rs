//! `doctor`: everything that may be wrong, each with what mends it. Reads only.

use jiff::{Timestamp, ToSpan};
use migrate_core::doctor::Finding;
use migrate_core::{Driver, Migration, Migrations};
use serde::Serialize;

use super::{Context, new};
use crate::database::Job;
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::Problem;

pub(super) struct Doctor;

#[derive(Serialize)]
struct Findings<'f> {
    findings: Vec<FindingJson<'f>>,
}

#[derive(Serialize)]
struct FindingJson<'f> {
    rule: &'f str,
    message: &'f str,
    help: &'f str,
}

impl Job for Doctor {
    fn run<D: Driver>(
        &self,
        cx: &Context<'_>,
        driver: &mut D,
        known: &Migrations<'_, D::Connection>,
    ) -> Result<Exit, Problem> {
        let mut found = cx.migrator(driver).examine(known)?;
        found.extend(ahead_of_the_clock(known));
        match cx.out.format {
            Format::Json => {
                let findings = found.iter().map(|finding| FindingJson {
                    rule: finding.rule,
                    message: &finding.message,
                    help: &finding.help,
                });
                cx.out.json(&Findings { findings: findings.collect() })?;
            }
            Format::Text => {
                let text: String = found.iter().map(|finding| format!("{finding}\n")).collect();
                cx.out.data(&text)?;
                cx.out.say(&match found.len() {
                    0 => "all is well".to_owned(),
                    1 => "1 finding".to_owned(),
                    count => format!("{count} findings"),
                });
            }
        }
        Ok(if found.is_empty() { Exit::Done } else { Exit::Failed })
    }
}

/// A stamp that is more than a day ahead comes behind everything that is made until then.
fn ahead_of_the_clock<C>(known: &Migrations<'_, C>) -> Option<Finding> {
    let tomorrow = new::stamp(Timestamp::now().saturating_add(24.hours()).unwrap_or(Timestamp::MAX));
    let newest = known.iter().next_back().map(Migration::meta)?;
    (newest.version.to_string() > tomorrow).then(|| {
        let message = format!("{newest} is ahead of this machine's clock: what is made until then runs before it");
        Finding::new(
            "clock",
            message,
            "set the clock if it is slow; else give the file a stamp of today, while nobody has applied it",
        )
    })
}
