//! Undos that are made as migrations are applied, and kept in the history.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::run::Run;
use super::{GenerateUndo, Migrator};
use crate::driver::Driver;
use crate::event::Event;
use crate::plan::{Action, Note, Reason, Step};
use crate::undo::{self, Answer, Generated, NoInverse, Undo};
use crate::{Checksum, Down, HistoryRow, Migration, Migrations, SqlMigration, Status, Store, StoredUndo, Version};

/// What becomes of the undos of some steps.
pub(super) type Undos = BTreeMap<Version, Undone>;

/// What becomes of one.
pub(super) enum Undone {
    /// It was made.
    Made(Generated),
    /// The one that the history holds stays.
    Kept(Checksum),
    /// There is none.
    None(Vec<String>),
}

impl Undone {
    /// The text to be stored.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Undone::Made(generated) => Some(generated.stored().into()),
            Undone::Kept(_) | Undone::None(_) => None,
        }
    }

    /// The key of a text that is stored already.
    pub(super) fn kept(&self) -> Option<Checksum> {
        match self {
            Undone::Kept(key) => Some(key.clone()),
            Undone::Made(_) | Undone::None(_) => None,
        }
    }
}

/// Whether the catalog is as the first of some steps will find it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Catalog {
    AsItWillBe,
    NotYet,
}

impl<D: Driver> Migrator<'_, D> {
    /// The undos of steps that share a transaction, made just before they run: the catalog is asked for the first of them
    /// alone, for what the others will find is not there yet.
    pub(super) fn undos(&mut self, run: &Run<'_, '_, D::Connection>, steps: &[Step<'_>]) -> Undos {
        self.undos_of(run.known, run.rows, steps, Catalog::AsItWillBe)
    }

    pub(super) fn undos_of(
        &mut self,
        known: &Migrations<'_, D::Connection>,
        rows: &[HistoryRow],
        steps: &[Step<'_>],
        catalog: Catalog,
    ) -> Undos {
        let mut undos = Undos::new();
        for (n, step) in steps.iter().enumerate() {
            let Some(sql) = without_down(known, step.version) else { continue };
            let undone = match (step.action, step.reason) {
                (Action::Accept, _) | (Action::Apply, Reason::Resume) => self.kept(step, sql, rows),
                (Action::Apply, _) if self.generate_undo == GenerateUndo::WithoutDown => {
                    let catalog = if n == 0 { catalog } else { Catalog::NotYet };
                    Some(self.make_undo(sql, catalog))
                }
                _ => None,
            };
            undos.extend(undone.map(|undone| (step.version, undone)));
        }
        undos
    }

    /// Whether the catalog must be asked for the undo of this step.
    pub(super) fn asks_for_undo(&mut self, run: &Run<'_, '_, D::Connection>, step: &Step<'_>) -> bool {
        if self.generate_undo == GenerateUndo::Never {
            return false;
        }
        let undo = without_down(run.known, step.version).and_then(|sql| self.by_text(sql).ok());
        undo.is_some_and(|undo| !undo.questions().is_empty())
    }

    fn by_text(&mut self, sql: &SqlMigration) -> Result<Undo, Vec<String>> {
        // With its values it would keep secrets, and without them it would run with those of another day.
        if self.variables.appear_in(&sql.up.text) {
            return Err(vec!["it has variables".into()]);
        }
        let facts = self.driver.facts().map_err(|cause| vec![cause.to_string()])?;
        Undo::of(&sql.up, facts.syntax, facts.version).map_err(|why| vec![why.to_string()])
    }

    fn make_undo(&mut self, sql: &SqlMigration, catalog: Catalog) -> Undone {
        if sql.store == Store::ChecksumOnly {
            return Undone::None(vec!["its texts are not kept (`store:false`)".into()]);
        }
        let mut undo = match self.by_text(sql) {
            Ok(undo) => undo,
            Err(why) => return Undone::None(why),
        };
        if catalog == Catalog::AsItWillBe {
            // What can't be asked has no undo: that is no reason not to go up.
            let describe = |object| match self.driver.describe(object) {
                Ok(answer) => answer,
                Err(cause) => Answer::CantTell(format!("the catalog can't be read: {cause}")),
            };
            let answers = undo.questions().iter().map(describe).collect();
            undo.answer(answers);
        }
        let list = |why: Vec<NoInverse>| why.iter().map(NoInverse::to_string).collect();
        undo.finish().map_or_else(|why| Undone::None(list(why)), Undone::Made)
    }

    /// The undo of what was applied stays when the file is accepted as it is now; that of what is resumed, when the
    /// file is still the one that was begun.
    fn kept(&mut self, step: &Step<'_>, sql: &SqlMigration, rows: &[HistoryRow]) -> Option<Undone> {
        let row = rows.iter().find(|row| row.version == step.version)?;
        let key = row.down_checksum.as_ref()?;
        if !self.stored_text(key).is_some_and(|text| undo::is_generated(&text)) {
            return None;
        }
        if step.action == Action::Apply && row.checksum != sql.meta.checksum {
            return Some(Undone::None(vec!["its file was changed while it was interrupted".into()]));
        }
        Some(Undone::Kept(key.clone()))
    }

    /// Says what became of them, behind what is committed.
    pub(super) fn tell_undos(&mut self, run: &mut Run<'_, '_, D::Connection>, steps: &[Step<'_>], undos: &Undos) {
        for step in steps {
            let label = step.label();
            let note = match undos.get(&step.version) {
                Some(Undone::None(why)) => Note::NoUndo { label, why: why.clone() },
                Some(Undone::Made(generated)) if !generated.losses.is_empty() => {
                    Note::UndoLosesData { label, losses: generated.losses.clone() }
                }
                _ => continue,
            };
            self.tell(&Event::Note(&note));
            run.report.notes.push(note);
        }
    }

    /// Looks up the undos of what is applied and has no down. Where the texts can't be read, nothing is said of them.
    pub(super) fn look_up_undos(&mut self, status: &mut Status<'_>) {
        let has_one = |entry: &&mut crate::Entry<'_>| {
            let unwritten = entry.meta.is_none_or(|meta| !meta.reversible);
            unwritten && entry.row.is_some_and(|row| row.down_checksum.is_some())
        };
        let mut entries: Vec<_> = status.entries.iter_mut().filter(has_one).collect();
        if entries.is_empty() {
            return;
        }
        let keys: Vec<_> = entries.iter().filter_map(|entry| entry.row?.down_checksum.clone()).collect();
        let (Ok(facts), Ok(texts)) = (self.driver.facts(), self.driver.read_texts(&keys)) else { return };
        for (entry, text) in entries.iter_mut().zip(texts) {
            let text = text.filter(|text| undo::is_generated(text));
            entry.undo = text.map(|text| StoredUndo { losses: undo::losses(&text, facts.syntax) });
        }
    }
}

/// A migration in SQL without a way back.
fn without_down<'k, C>(known: &'k Migrations<'_, C>, version: Version) -> Option<&'k SqlMigration> {
    known.find(version).and_then(Migration::sql).filter(|sql| sql.down == Down::Irreversible)
}
