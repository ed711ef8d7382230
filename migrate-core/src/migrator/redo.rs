use super::{GenerateUndo, Intent, Migrator};
use crate::driver::Driver;
use crate::plan::{DownTarget, Refusal, Refused, UpTarget};
use crate::{Error, Migrations, Report};

impl<D: Driver> Migrator<'_, D> {
    /// Reverts the newest `count` migrations by version, and applies these same ones again: for a migration that is
    /// still being written. Others that are pending stay so.
    ///
    /// Both ways are planned before anything is touched. These are two runs: when the way up fails, what was reverted
    /// is pending.
    ///
    /// # Errors
    /// As [`down`](Self::down) and [`up`](Self::up); also when a file is gone, for then there is a way down, and none
    /// up again.
    pub fn redo(&mut self, known: &Migrations<'_, D::Connection>, count: usize) -> Result<Report, Error> {
        let rows = self.read()?;
        let mut status = self.compare(known, &rows)?;
        self.look_up_undos(&mut status);
        let target = DownTarget::Count(count);
        let chosen = target.select(&status);
        let gone = chosen.iter().filter(|entry| entry.meta.is_none()).map(|entry| Refusal::State {
            label: entry.label(),
            problem: "can't be applied again: its file is gone".into(),
        });
        let gone: Vec<_> = gone.collect();
        if !gone.is_empty() {
            return Err(Refused(gone).into());
        }
        // What is reverted by a generated undo gets one again.
        let is_generated = chosen.iter().any(|entry| entry.undo.is_some());
        let chosen: Vec<_> = chosen.iter().map(|entry| entry.version).collect();
        self.plan(known, Intent::Down(target), &rows)?;
        let (reverted, left): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| chosen.contains(&row.version));
        let recorded = |version| reverted.iter().chain(&left).any(|row| row.version == version);
        self.plan(&known.only(recorded), Intent::Up(UpTarget::All), &left)?;

        let mut report = self.run(known, Intent::Down(target))?;
        // Another run may have come in between: what counts is what was reverted.
        let again = known.only(|version| recorded(version) || report.done.iter().any(|done| done.version == version));
        let asked = self.generate_undo;
        if is_generated {
            self.generate_undo = GenerateUndo::WithoutDown;
        }
        let up = self.run(&again, Intent::Up(UpTarget::All));
        self.generate_undo = asked;
        let up = up?;
        report.done.extend(up.done);
        report.notes.extend(up.notes);
        Ok(report)
    }
}
