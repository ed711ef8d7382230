//! `check`: whether the migrations are sound, on a scratch database.

use migrate_check::{Check, Made, Report, Scratch};
use migrate_core::{Cause, Driver, Migrations};
use serde::Serialize;

use super::Context;
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::Problem;

#[derive(Serialize)]
struct Checked<'r> {
    checked: &'r [String],
    irreversible: &'r [String],
    findings: Vec<String>,
}

pub(crate) fn run<S: Scratch>(
    cx: &Context<'_>,
    scratch: &S,
    known: &Migrations<'_, <S::Driver as Driver>::Connection>,
) -> Result<Exit, Problem> {
    let check = Check::new();
    #[cfg(unix)]
    let check = check.cancelled_by(crate::signals::cancel());
    let report = check.run(&Told { scratch, cx }, known)?;
    said(cx, &report)
}

/// Says the name of what is made.
struct Told<'s, S> {
    scratch: &'s S,
    cx: &'s Context<'s>,
}

impl<S: Scratch> Scratch for Told<'_, S> {
    type Driver = S::Driver;

    fn make(&self) -> Result<Made<S::Driver>, Cause> {
        let made = self.scratch.make()?;
        self.cx.out.detail(&format!("scratch database: {}", made.name()));
        Ok(made)
    }
}

fn said(cx: &Context<'_>, report: &Report) -> Result<Exit, Problem> {
    let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    match cx.out.format {
        Format::Json => {
            cx.out.json(&Checked { checked: &report.checked, irreversible: &report.irreversible, findings })?
        }
        Format::Text => {
            findings.iter().for_each(|finding| cx.out.note(finding));
            cx.out.say(&report.counts());
        }
    }
    Ok(Exit::Done)
}
