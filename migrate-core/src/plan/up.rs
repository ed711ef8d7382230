use std::borrow::Cow;

use super::down::nothing_to_undo;
use super::{Action, DataLoss, Mode, Plan, Planner, Reason, Refusal, Refused, Step, Work, finish, script};
use crate::{Direction, Down, Entry, Meta, SqlMigration, State, Status, TransactionMode, Version, undo};

/// How far up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpTarget {
    /// Everything that is pending.
    #[default]
    All,
    /// The oldest so many of what is pending.
    Count(usize),
    /// Everything pending up to this version, which is among them.
    To(Version),
}

impl<'a, C> Planner<'a, '_, C> {
    /// What applies the pending migrations: interrupted ones are resumed first. One that is half reverted is pending
    /// when its way down is finished, and is applied in its place, before those that may build on it.
    ///
    /// # Errors
    /// Every reason why not.
    pub fn up(&self, status: &Status<'_>, target: UpTarget) -> Result<Plan<'a>, Refused> {
        let mut plan = Plan::default();
        let mut refused = Vec::new();
        self.survey(status, &mut plan, &mut refused);
        if let UpTarget::To(version) = target
            && self.known.find(version).is_none()
        {
            refused.push(Refusal::UnknownVersion { version });
        }
        for entry in status.entries.iter() {
            if let State::Interrupted(direction) = entry.state {
                self.resume(entry, direction, &mut plan, &mut refused);
            }
        }
        let half_reverted = |entry: &Entry<'_>| entry.state == State::Interrupted(Direction::Down);
        let wanted = status.entries.iter().filter(|entry| entry.state.is_pending() || half_reverted(entry));
        let wanted: Vec<_> = match target {
            UpTarget::All => wanted.collect(),
            UpTarget::Count(count) => wanted.take(count).collect(),
            UpTarget::To(version) => wanted.take_while(|entry| entry.version <= version).collect(),
        };
        for entry in wanted {
            let reason = if entry.state == State::OutOfOrder { Reason::OutOfOrder } else { Reason::Pending };
            self.apply(entry.version, reason, &mut plan, &mut refused);
        }
        finish(plan, refused)
    }

    /// `baseline`: what records this version and all older ones without running them.
    ///
    /// # Errors
    /// When no file has this version.
    pub fn baseline(&self, status: &Status<'_>, version: Version) -> Result<Plan<'a>, Refused> {
        if self.known.find(version).is_none() {
            return Err(Refused(vec![Refusal::UnknownVersion { version }]));
        }
        let older = || status.entries.iter().filter(|entry| entry.version <= version);
        let interrupted = older().filter(|entry| entry.unfinished().is_some()).map(|entry| Refusal::Interrupted {
            label: entry.label(),
            first: "it is not applied as a whole: run `migrate up` first, which finishes it".into(),
        });
        let interrupted: Vec<_> = interrupted.collect();
        if !interrupted.is_empty() {
            return Err(Refused(interrupted));
        }
        let pending = older().filter(|entry| entry.state.is_pending());
        let steps = pending.filter_map(|e| self.rows_only(e.version, Action::Record)).collect();
        Ok(Plan { steps, notes: Vec::new() })
    }

    /// `repair`: what accepts an applied migration's file as it is now.
    ///
    /// # Errors
    /// When the version is unknown, or nothing about it has changed that could be accepted.
    pub fn repair(&self, status: &Status<'_>, version: Version) -> Result<Plan<'a>, Refused> {
        let refuse = |refusal| Err(Refused(vec![refusal]));
        let Some(entry) = status.find(version) else { return refuse(Refusal::UnknownVersion { version }) };
        let problem = match entry.state {
            State::Changed | State::CommentsChanged => {
                let steps = self.rows_only(version, Action::Accept).into_iter().collect();
                return Ok(Plan { steps, notes: Vec::new() });
            }
            State::Applied => return Ok(Plan::default()),
            State::Pending | State::OutOfOrder => "is not applied yet, so there is nothing to repair",
            State::Missing | State::Ahead => "has no file here that could be accepted",
            State::Interrupted(_) => "is interrupted: fix its file and run `migrate up`",
        };
        refuse(Refusal::State { label: entry.label(), problem: problem.into() })
    }

    fn resume(&self, entry: &Entry<'_>, direction: Direction, plan: &mut Plan<'a>, refused: &mut Vec<Refusal>) {
        match direction {
            Direction::Up => self.apply(entry.version, Reason::Resume, plan, refused),
            Direction::Down => match self.sql(entry.version) {
                Some(SqlMigration { meta, down: Down::Script(script), .. }) => {
                    self.script_step(meta, Cow::Borrowed(script), Action::Revert, Reason::Resume, plan, refused);
                }
                Some(SqlMigration { down: Down::NothingToUndo, .. }) => {
                    plan.steps.push(nothing_to_undo(entry, Reason::Resume));
                }
                Some(_) if entry.row.is_some_and(|row| row.down_checksum.is_some()) => {
                    let first = "it is half reverted, and has no down file: run `migrate down`, which finishes it by the \
                                 stored undo";
                    refused.push(Refusal::Interrupted { label: entry.label(), first: first.into() });
                }
                Some(_) => refused.push(Refusal::Irreversible { label: entry.label() }),
                None => plan.steps.extend(self.code_step(entry.version, Action::Revert, Reason::Resume)),
            },
        }
    }

    fn apply(&self, version: Version, reason: Reason, plan: &mut Plan<'a>, refused: &mut Vec<Refusal>) {
        match self.sql(version) {
            Some(sql) => {
                self.script_step(&sql.meta, Cow::Borrowed(&sql.up), Action::Apply, reason, plan, refused);
            }
            None => plan.steps.extend(self.code_step(version, Action::Apply, reason)),
        }
    }

    pub(super) fn script_step(
        &self,
        meta: &Meta,
        sql: Cow<'a, crate::Script>,
        action: Action,
        reason: Reason,
        plan: &mut Plan<'a>,
        refused: &mut Vec<Refusal>,
    ) {
        // What was begun with leave is finished.
        if action == Action::Revert && reason != Reason::Resume && self.policy.data_loss == DataLoss::Refuse {
            let losses = undo::losses(&sql.text, self.facts.syntax);
            if !losses.is_empty() {
                refused.push(Refusal::LosesData { label: meta.to_string(), losses });
            }
        }
        match script::read(&sql, &meta.to_string(), self.facts, reason, self.variables) {
            Err(refusals) => refused.extend(refusals),
            Ok(reading) => {
                plan.notes.extend(reading.note);
                let work = Work::Script(sql, reading.pieces);
                let name = Cow::Owned(meta.name.to_string());
                plan.steps.push(Step { version: meta.version, name, action, reason, work, mode: reading.mode });
            }
        }
    }

    pub(super) fn code_step(&self, version: Version, action: Action, reason: Reason) -> Option<Step<'a>> {
        let meta = self.known.find(version)?.meta();
        // What was begun outside a transaction ends there, whatever it says of itself by now.
        let mode = match (meta.transaction, reason) {
            (TransactionMode::Outside, _) | (_, Reason::Resume) => Mode::Journal,
            (TransactionMode::Inside, _) => Mode::Transaction,
        };
        Some(Step { version, name: Cow::Borrowed(&meta.name), action, reason, work: Work::Code, mode })
    }

    fn rows_only(&self, version: Version, action: Action) -> Option<Step<'a>> {
        let name = Cow::Borrowed(self.known.find(version)?.meta().name.as_ref());
        Some(Step { version, name, action, reason: Reason::Asked, work: Work::Nothing, mode: Mode::Transaction })
    }
}
