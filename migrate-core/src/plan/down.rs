use std::borrow::Cow;

use super::{Action, Mode, Note, Plan, Planner, Reason, Refusal, Refused, Step, Stored, Work, finish};
use crate::{Checksum, Direction, Down, Entry, Script, SqlMigration, State, Status, Version, source, undo};

/// How far down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownTarget {
    /// The newest so many, by version; more than there are = all.
    Count(usize),
    /// All that are newer than this version, which stays. [`Version::ZERO`] = all.
    To(Version),
    /// `revert-missing`: every recorded version that the program does not know.
    Absent,
}

impl DownTarget {
    /// The recorded versions that this reverts, newest first.
    pub fn select<'s, 'e>(self, status: &'s Status<'e>) -> Vec<&'s Entry<'e>> {
        let recorded = status.entries.iter().rev().filter(|entry| entry.state.is_recorded());
        match self {
            DownTarget::Count(count) => recorded.take(count).collect(),
            DownTarget::To(Version::ZERO) => recorded.collect(),
            DownTarget::To(version) => recorded.take_while(|entry| entry.version > version).collect(),
            DownTarget::Absent => recorded.filter(|entry| entry.meta.is_none()).collect(),
        }
    }
}

impl<'a, C> Planner<'a, '_, C> {
    /// What reverts migrations, newest first: by the file, or, when it is gone, by the stored text.
    ///
    /// # Errors
    /// Every reason why not; all irreversible ones are named before anything is touched.
    pub fn down(&self, status: &Status<'_>, target: DownTarget, stored: &Stored) -> Result<Plan<'a>, Refused> {
        let mut plan = Plan::default();
        let mut refused = Vec::new();
        if let DownTarget::To(version) = target
            && version != Version::ZERO
            && status.find(version).is_none()
        {
            return Err(Refused(vec![Refusal::UnknownVersion { version }]));
        }
        for entry in target.select(status) {
            if entry.state == State::Interrupted(Direction::Up) {
                let first = "it is half applied: run `migrate up` first, which finishes it".to_owned();
                refused.push(Refusal::Interrupted { label: entry.label(), first });
                continue;
            }
            match entry.meta {
                Some(_) => self.revert_known(entry, stored, &mut plan, &mut refused),
                None => self.revert_stored(entry, stored, &mut plan, &mut refused),
            }
        }
        finish(plan, refused)
    }

    fn revert_known(&self, entry: &Entry<'_>, stored: &Stored, plan: &mut Plan<'a>, refused: &mut Vec<Refusal>) {
        let reason = match entry.state {
            State::Interrupted(_) => Reason::Resume,
            _ => Reason::Asked,
        };
        if entry.meta.is_some_and(|meta| !meta.reversible) {
            match generated(entry, stored) {
                Some(down) => self.revert_generated(entry, down, reason, plan, refused),
                None => refused.push(Refusal::Irreversible { label: entry.label() }),
            }
            return;
        }
        let Some(sql) = self.sql(entry.version) else {
            plan.steps.extend(self.code_step(entry.version, Action::Revert, reason));
            return;
        };
        let Down::Script(script) = &sql.down else {
            plan.steps.push(nothing_to_undo(entry, reason));
            return;
        };
        let recorded = entry.row.and_then(|row| row.down_checksum.as_ref());
        let now = Checksum::of_text(&source::stored_down(sql, Some(self.facts.syntax.dialect())));
        if recorded.is_some_and(|sum| stored.texts.contains_key(sum) && *sum != now) {
            plan.notes.push(Note::DownDiffers { label: entry.label() });
        }
        self.script_step(&sql.meta, Cow::Borrowed(script), Action::Revert, reason, plan, refused);
    }

    /// By the undo that was generated when it was applied: a text that stands on its own.
    fn revert_generated(
        &self,
        entry: &Entry<'_>,
        down: &str,
        reason: Reason,
        plan: &mut Plan<'a>,
        refused: &mut Vec<Refusal>,
    ) {
        let reason = if reason == Reason::Asked { Reason::GeneratedUndo } else { reason };
        match source::from_stored(entry.version, entry.name, None, down, Some(self.facts.syntax.dialect())) {
            Ok(SqlMigration { meta, down: Down::Script(script), .. }) => {
                self.script_step(&meta, Cow::Owned(script), Action::Revert, reason, plan, refused);
            }
            Ok(_) => plan.steps.push(nothing_to_undo(entry, reason)),
            Err(mistakes) => {
                let problem = format!("has a generated undo that can't be read: {mistakes}");
                refused.push(Refusal::State { label: entry.label(), problem });
            }
        }
    }

    fn revert_stored(&self, entry: &Entry<'_>, stored: &Stored, plan: &mut Plan<'a>, refused: &mut Vec<Refusal>) {
        let label = entry.label();
        let Some(row) = entry.row else { return };
        let reason = match entry.unfinished() {
            Some(Direction::Up) => {
                let first = "it is half applied, and its file is gone: bring the file back and run `migrate up`, which \
                             finishes it";
                refused.push(Refusal::Interrupted { label, first: first.into() });
                return;
            }
            Some(Direction::Down) => Reason::Resume,
            None => Reason::StoredText,
        };
        let Some(key) = &row.down_checksum else {
            refused.push(Refusal::NoStoredText { label });
            return;
        };
        let Some(down) = stored.texts.get(key) else {
            refused.push(Refusal::NoStoredText { label });
            return;
        };
        let up = stored.texts.get(&row.checksum).map(String::as_str);
        if up.is_none() && down.starts_with("-- migrate:down") {
            // Options for the whole file stood in the up half: without it nobody knows how this half is to run.
            refused.push(Refusal::NoStoredText { label });
            return;
        }
        match source::from_stored(entry.version, entry.name, up, down, Some(self.facts.syntax.dialect())) {
            Ok(SqlMigration { meta, down: Down::Script(script), .. }) => {
                let script = Cow::<Script>::Owned(script);
                self.script_step(&meta, script, Action::Revert, reason, plan, refused);
            }
            Ok(SqlMigration { down: Down::NothingToUndo, .. }) => {
                plan.steps.push(nothing_to_undo(entry, reason));
            }
            Ok(SqlMigration { down: Down::Irreversible, .. }) => refused.push(Refusal::Irreversible { label }),
            Err(mistakes) => refused.push(Refusal::State { label, problem: format!("can't be read: {mistakes}") }),
        }
    }
}

/// The undo that was generated for a migration, if there is one.
fn generated<'s>(entry: &Entry<'_>, stored: &'s Stored) -> Option<&'s str> {
    let key = entry.row?.down_checksum.as_ref()?;
    stored.texts.get(key).map(String::as_str).filter(|text| undo::is_generated(text))
}

pub(super) fn nothing_to_undo(entry: &Entry<'_>, reason: Reason) -> Step<'static> {
    Step {
        version: entry.version,
        name: Cow::Owned(entry.name.to_owned()),
        action: Action::Revert,
        reason,
        work: Work::Nothing,
        mode: Mode::Transaction,
    }
}
