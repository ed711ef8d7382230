//! `check`: whether the migrations are sound, on scratch databases.

use migrate_check::{Difference, Error, Event, Orders, Phase, Report, Scratch};
use migrate_core::{Driver, Migrations};
use serde::Serialize;

use super::Context;
use crate::args::Check;
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::Problem;

pub(crate) fn run<S: Scratch>(
    cx: &Context<'_>,
    args: &Check,
    scratch: &S,
    known: &Migrations<'_, <S::Driver as Driver>::Connection>,
) -> Result<Exit, Problem> {
    let check = migrate_check::Check::new().tables(cx.settings.tables()).variables(cx.settings.variables.clone());
    let check = check.order(args.order.unwrap_or_default());
    #[cfg(unix)]
    let check = check.cancelled_by(crate::signals::cancel());
    let report = check.run_observed(scratch, known, |event: &Event<'_>| cx.out.detail(&event.to_string()))?;
    let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    match cx.out.format {
        Format::Json => cx.out.json(&Checked::of(&report, findings))?,
        Format::Text => {
            findings.iter().for_each(|finding| cx.out.note(finding));
            cx.out.say(&report.counts());
        }
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Checked<'r> {
    checked: &'r [String],
    irreversible: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<OrdersJson>,
    findings: Vec<String>,
}

#[derive(Serialize)]
struct OrdersJson {
    newest: usize,
    same: usize,
    failing: usize,
}

impl<'r> Checked<'r> {
    fn of(report: &'r Report, findings: Vec<String>) -> Self {
        let orders = report.orders.map(|Orders { newest, same, failing, .. }| OrdersJson { newest, same, failing });
        Checked { checked: &report.checked, irreversible: &report.irreversible, orders, findings }
    }
}

/// What is not sound, beside what every error says.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct UnsoundJson {
    /// The one that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    migration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    /// Those whose order matters; of several pairs it is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pairs: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<DifferenceJson>,
}

#[derive(Clone, Debug, Serialize)]
struct DifferenceJson {
    kind: String,
    name: String,
    before: Option<String>,
    after: Option<String>,
}

impl UnsoundJson {
    pub(crate) fn of(error: &Error) -> Self {
        let difference = |Difference { kind, name, before, after, .. }: &Difference| DifferenceJson {
            kind: kind.clone(),
            name: name.clone(),
            before: before.clone(),
            after: after.clone(),
        };
        let differences = error.differences().iter().map(difference).collect();
        match error {
            Error::Unsound { label, phase, .. } => UnsoundJson {
                migration: Some(label.clone()),
                phase: Some(Phase::as_str(*phase)),
                differences,
                ..UnsoundJson::default()
            },
            Error::OrderMatters { pairs, order, .. } => {
                UnsoundJson { pairs: pairs.clone(), order: order.clone(), differences, ..UnsoundJson::default() }
            }
            _ => UnsoundJson::default(),
        }
    }
}
