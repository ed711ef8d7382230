//! A run as a script: for a database that only its DBA may change, with the database's own client.

use std::fmt::Write;
use std::time::Duration;

use super::rows::{self, Signature};
use super::undo::Undos;
use super::{Intent, Migrator, journaled};
use crate::driver::{Driver, Expect, Unit, UnitMode};
use crate::history::{AppliedBy, HistoryRow};
use crate::plan::{
    Action, DownTarget, Mode, Plan, Planner, Policy, Reason, Refusal, Refused, Step, Stored, UpTarget, Work,
};
use crate::render::{Checks, Render};
use crate::{Direction, Error, Meta, Migration, Migrations, Status, Variables, Version};

/// A script generates none: it asks no catalog.
const NO_UNDOS: &Undos = &Undos::new();

/// The SQL that takes a database from one version to another, the history's rows included; empty when there is nothing
/// between the two. No database is asked.
///
/// `from` is applied, and not in the script; [`Version::ZERO`] is a database without a history, and as `to` a database
/// with nothing applied. When `from` is the newer one, the script reverts.
///
/// The values of variables are in it; a secret is not, and stands as its `${name}`, which the head says.
///
/// A migration is one transaction with its row wherever the database can do that. The script ends in an error when the
/// history is not what it was made for, and at the first statement that fails.
///
/// # Errors
/// Every reason why a run would refuse it, and why it can't be a script: a migration in Rust, for instance.
pub fn script<C>(
    render: &dyn Render,
    known: &Migrations<'_, C>,
    variables: &Variables,
    from: Version,
    to: Version,
) -> Result<String, Error> {
    for version in [from, to] {
        if version != Version::ZERO && known.find(version).is_none() {
            return Err(Refused(vec![Refusal::UnknownVersion { version }]).into());
        }
    }
    let facts = render.facts();
    let policy = Policy::default();
    let shown = variables.shown();
    let planner = Planner::new(known, &facts, &policy).variables(&shown);
    let rows: Vec<_> = known.iter().map(Migration::meta).filter(|meta| meta.version <= from).map(applied).collect();
    let status = Status::of(known, &rows);
    let plan = match from <= to {
        true if from == to => return Ok(String::new()),
        true => planner.up(&status, UpTarget::To(to))?,
        false => planner.down(&status, DownTarget::To(to), &Stored::default())?,
    };
    let tables = if from == Version::ZERO { render.tables() } else { String::new() };
    let behind = (from < to && from != Version::ZERO).then_some((from, Expect::Applied));
    write_script(render, tables, &plan, known, variables, behind)
}

impl<D: Driver> Migrator<'_, D> {
    /// What is pending as a [`script`]; empty when nothing is. Nothing is locked, created or written.
    ///
    /// # Errors
    /// As [`script`], and when a migration is interrupted: what it has done already a script can't find out.
    pub fn script_pending(&mut self, known: &Migrations<'_, D::Connection>) -> Result<String, Error> {
        let rows = self.read()?;
        let plan = self.shown_plan(known, Intent::Up(UpTarget::All), &rows)?;
        let tables = self.driver.render_prepare().map_err(Error::database("looking for the history tables"))?;
        write_script(&*self.driver.renderer(), tables, &plan, known, &self.variables, None)
    }

    /// What takes back what [`script_pending`](Self::script_pending) applies, as a [`script`].
    ///
    /// # Errors
    /// As [`script_pending`](Self::script_pending), and when one of them is irreversible.
    pub fn script_pending_undo(&mut self, known: &Migrations<'_, D::Connection>) -> Result<String, Error> {
        let rows = self.read()?;
        let now = Status::of(known, &rows);
        let pending: Vec<_> = now.entries.iter().filter(|entry| entry.state.is_pending()).collect();
        let then: Vec<_> = pending.iter().filter_map(|entry| entry.meta).map(applied).collect();
        let mut status = Status::of(known, &then);
        status.entries.retain(|entry| entry.row.is_some());
        let facts = self.facts()?;
        let shown = self.variables.shown();
        let planner = Planner::new(known, &facts, &self.policy).variables(&shown);
        let plan = planner.down(&status, DownTarget::To(Version::ZERO), &Stored::default())?;
        self.driver.render_prepare().map_err(Error::database("looking for the history tables"))?;
        write_script(&*self.driver.renderer(), String::new(), &plan, known, &self.variables, None)
    }
}

/// The row of a migration that counts as applied.
fn applied(meta: &Meta) -> HistoryRow {
    HistoryRow {
        version: meta.version,
        name: meta.name.to_string(),
        checksum: meta.checksum.clone(),
        statements_checksum: None,
        down_checksum: None,
        direction: Direction::Up,
        started_at: String::new(),
        finished_at: Some(String::new()),
        duration_ms: None,
    }
}

fn write_script<C>(
    render: &dyn Render,
    tables: String,
    plan: &Plan<'_>,
    known: &Migrations<'_, C>,
    variables: &Variables,
    mut behind: Option<(Version, Expect)>,
) -> Result<String, Error> {
    if plan.steps.is_empty() {
        return Ok(String::new());
    }
    let signed = Signature {
        run_id: run_id(plan, known),
        applied_by: AppliedBy::Session,
        dialect: render.facts().syntax.dialect(),
    };
    let refused: Vec<_> = plan.steps.iter().filter_map(|step| refusal(render, step, known, &signed)).collect();
    if !refused.is_empty() {
        return Err(Refused(refused).into());
    }
    let mut sql = render.opening(&head(plan, variables));
    sql.push_str(&tables);
    for step in &plan.steps {
        // Writing to a String can't fail.
        let _ = writeln!(sql, "\n-- {} ({})", step.label(), step.direction());
        let checks = Checks::Written { behind };
        match (step.mode, &step.work) {
            (Mode::Journal, Work::Script(..)) => {
                let [begin, statements, finish] = outside_a_transaction(step, known, &signed);
                let _ = writeln!(
                    sql,
                    "-- This one is in no transaction, and a script keeps no journal: if one of its statements fails,\n\
                     -- those before it stay. Mend the cause, and run the rest of this script from that statement on."
                );
                sql.push_str(&render.units(&[begin], checks));
                sql.push_str(&render.units(&[statements], Checks::LeftOut));
                sql.push_str(&render.units(&[finish], Checks::Written { behind: None }));
            }
            _ => {
                let unit = Unit { lock_timeout: patience(step), ..rows::unit(step, known, &signed, NO_UNDOS) };
                sql.push_str(&render.units(&[unit], checks));
            }
        }
        let left = if step.direction() == Direction::Up { Expect::Applied } else { Expect::Absent };
        behind = Some((step.version, left));
    }
    sql.push_str(&render.closing());
    Ok(sql)
}

/// A step that no transaction holds: its row begins, its statements run, its row is finished. Begun and not finished is
/// what the history says when the script has stopped between the two.
fn outside_a_transaction<'s, C>(
    step: &'s Step<'_>,
    known: &'s Migrations<'_, C>,
    signed: &'s Signature,
) -> [Unit<'s>; 3] {
    let whole = rows::unit(step, known, signed, NO_UNDOS);
    let begin = rows::part(step, rows::expected(step), journaled::begin_rows(step, known, signed, NO_UNDOS));
    let finish = rows::part(step, Expect::Begun, journaled::finish_rows(step, false));
    let alone = UnitMode::Alone;
    let lock_timeout = patience(step);
    [begin, Unit { mode: alone, after: Vec::new(), lock_timeout, ..whole }, finish]
}

/// How long its statements wait for a lock, where the file says so; else it is for whoever runs the script.
fn patience(step: &Step<'_>) -> Option<Duration> {
    match &step.work {
        Work::Script(script, _) => script.options.lock_timeout,
        Work::Code | Work::Nothing => None,
    }
}

fn refusal<C>(render: &dyn Render, step: &Step<'_>, known: &Migrations<'_, C>, signed: &Signature) -> Option<Refusal> {
    let refuse = |why: &str| Some(Refusal::NotInAScript { label: step.label(), why: why.to_owned() });
    if step.work == Work::Code {
        return refuse("it is written in Rust");
    }
    if step.reason == Reason::Resume {
        let first = "it is half applied: run `migrate up` first, which finds out how far it came".to_owned();
        return Some(Refusal::Interrupted { label: step.label(), first });
    }
    refuse(&render.objection(&rows::unit(step, known, signed, NO_UNDOS))?)
}

/// What stands on top, without the comment's dashes: nothing of the moment, so that a script can be compared with another.
fn head(plan: &Plan<'_>, variables: &Variables) -> String {
    let verb = if plan.steps.iter().all(|step| step.action == Action::Revert) { "Reverts" } else { "Applies" };
    let what = match plan.steps.as_slice() {
        [first, .., last] => format!("{} migrations, {} to {}", plan.steps.len(), first.label(), last.label()),
        steps => steps.iter().map(Step::label).collect(),
    };
    let head = format!("{verb} {what}. Written by migrate {}.", env!("CARGO_PKG_VERSION"));
    match secrets(plan, variables).as_slice() {
        [] => head,
        secrets => format!(
            "{head} Before it runs, put these values into its statements, and not into the texts that it stores: {}.",
            secrets.join(", ")
        ),
    }
}

/// The secrets that its statements have, as `${name}`.
fn secrets(plan: &Plan<'_>, variables: &Variables) -> Vec<String> {
    let used = |name: &str| {
        let is_in = |step: &Step<'_>| match &step.work {
            Work::Script(script, pieces) => pieces.iter().any(|piece| piece.text(script).contains(name)),
            Work::Code | Work::Nothing => false,
        };
        plan.steps.iter().any(is_in)
    };
    variables.secret_names().map(|name| format!("${{{name}}}")).filter(|name| used(name)).collect()
}

/// One script is one deployment: the same words for the same steps.
fn run_id<C>(plan: &Plan<'_>, known: &Migrations<'_, C>) -> String {
    let checksum =
        |step: &Step<'_>| known.find(step.version).map(|m| m.meta().checksum.to_string()).unwrap_or_default();
    let steps: String =
        plan.steps.iter().map(|step| format!("{} {} {}\n", step.version, step.direction(), checksum(step))).collect();
    let hash = crate::Checksum::of_text(&steps).to_string();
    let digits = hash.rsplit(':').next().and_then(|digits| digits.get(..16)).unwrap_or_default();
    format!("script-{digits}")
}
