//! The rows that a step writes.

use super::Migrator;
use super::undo::{Undone, Undos};
use crate::driver::{Driver, Expect, Unit, UnitMode};
use crate::history::{AppliedBy, NewRow, RowWrite};
use crate::plan::{Action, Mode, Piece, Reason, Step, Work};
use crate::sql::{Dialect, Role};
use crate::{Checksum, Direction, Down, ForeignKeys, Migration, Migrations, Script, Store, Version, source};

/// What a run signs its rows with.
pub(super) struct Signature {
    pub(super) run_id: String,
    pub(super) applied_by: AppliedBy,
    pub(super) dialect: Dialect,
}

impl<D: Driver> Migrator<'_, D> {
    pub(super) fn signature(&self, dialect: Dialect) -> Signature {
        let applied_by = self.applied_by.clone().unwrap_or_else(user_and_host);
        Signature { run_id: run_id(), applied_by: AppliedBy::Name(applied_by), dialect }
    }
}

/// A transactional step as one unit: its statements and its rows.
pub(super) fn unit<'s, C>(
    step: &'s Step<'_>,
    known: &'s Migrations<'_, C>,
    signed: &'s Signature,
    undos: &'s Undos,
) -> Unit<'s> {
    let (script, statements): (Option<&Script>, &[Piece]) = match &step.work {
        Work::Script(script, pieces) => (Some(script), pieces),
        Work::Code | Work::Nothing => (None, &[]),
    };
    let after = match step.action {
        Action::Apply | Action::Record => recorded(step, known, signed, undos, RowWrite::Applied),
        Action::Accept => recorded(step, known, signed, undos, RowWrite::Accepted),
        Action::Revert if step.reason == Reason::Resume => {
            vec![RowWrite::JournalCleared(step.version), RowWrite::Reverted(step.version)]
        }
        Action::Revert => vec![RowWrite::Reverted(step.version)],
    };
    let foreign_keys = script.map_or(ForeignKeys::AsTheyAre, |script| script.options.foreign_keys);
    let restore_settings = statements.iter().any(|piece| matches!(piece.role, Role::Session | Role::TemporaryObject));
    let rows = part(step, expected(step), after);
    Unit { script, statements, foreign_keys, restore_settings, ..rows }
}

/// A unit that only writes rows of a step.
pub(super) fn part<'s>(step: &Step<'_>, expect: Expect, after: Vec<RowWrite<'s>>) -> Unit<'s> {
    bare(step.version, step.direction(), expect, after)
}

/// A unit that only writes rows.
pub(super) fn bare<'s>(version: Version, direction: Direction, expect: Expect, after: Vec<RowWrite<'s>>) -> Unit<'s> {
    Unit {
        version,
        direction,
        script: None,
        statements: &[],
        mode: UnitMode::Transaction,
        expect,
        before: Vec::new(),
        after,
        foreign_keys: ForeignKeys::AsTheyAre,
        restore_settings: false,
        lock_timeout: None,
    }
}

/// What the history says before a step begins.
pub(super) fn expected(step: &Step<'_>) -> Expect {
    match (step.action, step.reason) {
        (Action::Apply | Action::Revert, Reason::Resume) => Expect::Begun,
        (Action::Apply | Action::Record, _) => Expect::Absent,
        (Action::Revert | Action::Accept, _) => Expect::Applied,
    }
}

/// The texts and the history row of a migration, as it is known now.
pub(super) fn recorded<'s, C>(
    step: &Step<'_>,
    known: &'s Migrations<'_, C>,
    signed: &Signature,
    undos: &'s Undos,
    row: impl FnOnce(NewRow) -> RowWrite<'s>,
) -> Vec<RowWrite<'s>> {
    let mut new = NewRow {
        version: step.version,
        name: step.name.to_string(),
        checksum: Checksum::Code,
        statements_checksum: None,
        down_checksum: None,
        run_id: signed.run_id.clone(),
        applied_by: signed.applied_by.clone(),
    };
    let Some(sql) = known.find(step.version).and_then(Migration::sql) else { return vec![row(new)] };
    new.checksum = sql.meta.checksum.clone();
    new.statements_checksum = Checksum::of_statements(&sql.up.text, signed.dialect).ok();
    let written = (sql.down != Down::Irreversible).then(|| source::stored_down(sql, Some(signed.dialect)));
    let down = written.or_else(|| undos.get(&step.version)?.text());
    let kept = || undos.get(&step.version).and_then(Undone::kept);
    new.down_checksum = down.as_deref().map(Checksum::of_text).or_else(kept);
    let mut writes = Vec::with_capacity(3);
    if sql.store == Store::Text {
        writes.push(RowWrite::Text(new.checksum.clone(), sql.up.text.as_ref().into()));
        writes.extend(down.zip(new.down_checksum.clone()).map(|(text, key)| RowWrite::Text(key, text)));
    }
    writes.push(row(new));
    writes
}

/// Whether a step may share a transaction with its neighbours on a fresh database.
pub(super) fn is_plain(step: &Step<'_>) -> bool {
    step.mode == Mode::Segment && step.direction() == Direction::Up
}

/// Sixteen hex digits: the same for all rows of one run, and for no other run.
fn run_id() -> String {
    use std::hash::{BuildHasher, Hasher};
    // The standard library seeds each `RandomState` from the operating system.
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

fn user_and_host() -> String {
    let first = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let user = first(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(|| "unknown".into());
    let host = first(&["HOSTNAME", "COMPUTERNAME"]);
    host.map_or(user.clone(), |host| format!("{user}@{host}"))
}
