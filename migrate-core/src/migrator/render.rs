//! A run as text: the units that it would hand to the driver, to be read instead of run.

use std::fmt::Write;

use super::rows::{self, Signature};
use super::undo::{Catalog, Undone, Undos};
use super::{Intent, Migrator, Transactions, journaled};
use crate::driver::{Driver, Expect, Unit};
use crate::plan::{DownTarget, Mode, Plan, Step, UpTarget, Work};
use crate::render::Checks;
use crate::sql::Role;
use crate::{Error, HistoryRow, Migrations};

impl<D: Driver> Migrator<'_, D> {
    /// The SQL that [`up`](Self::up) would run now, the history's own tables and rows included; empty when there is
    /// nothing to do. Nothing is locked, created or written.
    ///
    /// On a fresh database a run puts up to a hundred files into one transaction; here each has its own, which comes
    /// to the same.
    ///
    /// # Errors
    /// Every reason why it would not run.
    pub fn render_up(&mut self, known: &Migrations<'_, D::Connection>, target: UpTarget) -> Result<String, Error> {
        self.render(known, Intent::Up(target))
    }

    /// The SQL that [`down`](Self::down) would run now.
    ///
    /// # Errors
    /// As [`render_up`](Self::render_up).
    pub fn render_down(&mut self, known: &Migrations<'_, D::Connection>, target: DownTarget) -> Result<String, Error> {
        self.render(known, Intent::Down(target))
    }

    fn render(&mut self, known: &Migrations<'_, D::Connection>, intent: Intent) -> Result<String, Error> {
        let rows = self.read()?;
        let plan = self.shown_plan(known, intent, &rows)?;
        if plan.steps.is_empty() {
            return Ok(String::new());
        }
        let facts = self.facts()?;
        let signed = self.signature(facts.syntax.dialect());
        let mut sql = self.driver.render_prepare().map_err(Error::database("looking for the history tables"))?;
        let together = if self.transactions == Transactions::One { plan.steps.len() } else { 1 };
        // The first of them finds the catalog as it is now.
        let mut catalog = Catalog::AsItWillBe;
        for steps in plan.steps.chunks(together) {
            let undos = self.undos_of(known, &rows, steps, catalog);
            let no_undo = if catalog == Catalog::AsItWillBe { "no undo" } else { "no undo by its text alone" };
            catalog = Catalog::NotYet;
            if !sql.is_empty() {
                sql.push('\n');
            }
            for step in steps {
                // Writing to a String can't fail.
                let _ = writeln!(sql, "-- {} ({})", step.label(), step.direction());
                if let Some(Undone::None(why)) = undos.get(&step.version) {
                    why.iter().for_each(|why| sql.push_str(&format!("-- {no_undo}: {why}\n")));
                }
                if step.work == Work::Code {
                    sql.push_str("-- is written in Rust, which is not shown here\n");
                }
            }
            match steps {
                [step] if step.mode == Mode::Journal => {
                    self.render_journaled(step, known, &signed, &undos, &mut sql)?
                }
                steps => {
                    let units: Vec<_> = steps.iter().map(|step| rows::unit(step, known, &signed, &undos)).collect();
                    sql.push_str(&self.driver.renderer().units(&units, Checks::LeftOut));
                }
            }
        }
        Ok(sql)
    }

    /// For people: a secret stays a `${name}`.
    pub(super) fn shown_plan<'a>(
        &mut self,
        known: &'a Migrations<'a, D::Connection>,
        intent: Intent,
        rows: &[HistoryRow],
    ) -> Result<Plan<'a>, Error> {
        let shown = self.variables.shown();
        let variables = std::mem::replace(&mut self.variables, shown);
        let plan = self.plan(known, intent, rows);
        self.variables = variables;
        plan
    }

    /// A step outside a transaction, from where it would go on.
    fn render_journaled(
        &mut self,
        step: &Step<'_>,
        known: &Migrations<'_, D::Connection>,
        signed: &Signature,
        undos: &Undos,
        sql: &mut String,
    ) -> Result<(), Error> {
        let write = |driver: &D, unit: Unit<'_>| driver.renderer().units(&[unit], Checks::LeftOut);
        let begin = rows::part(step, rows::expected(step), journaled::begin_rows(step, known, signed, undos));
        sql.push_str(&write(self.driver, begin));
        let Work::Script(script, pieces) = &step.work else {
            let finish = rows::part(step, Expect::Begun, journaled::finish_rows(step, false));
            sql.push_str(&write(self.driver, finish));
            return Ok(());
        };
        let resumed = self.where_it_goes_on(step, script, pieces)?;
        let transactional = self.facts()?.transactional_ddl;
        if let Some(row) = resumed.begun.as_ref().filter(|row| row.is_in_doubt()) {
            let _ = writeln!(sql, "-- whether statement {} ran already is found out first", row.n);
        }
        for (n, piece) in pieces.iter().enumerate() {
            if piece.role == Role::Session && (n >= resumed.from || resumed.again.contains(&n)) {
                let _ = writeln!(sql, "{};", piece.text(script));
                if n >= resumed.from {
                    let done = journaled::done_line(step, script, n, piece);
                    sql.push_str(&write(self.driver, rows::part(step, Expect::Begun, vec![done])));
                }
            } else if n >= resumed.from {
                let unit = journaled::statement_unit(step, script, n, piece, transactional);
                sql.push_str(&write(self.driver, unit));
            }
        }
        let finish = rows::part(step, Expect::Begun, journaled::finish_rows(step, true));
        sql.push_str(&write(self.driver, finish));
        Ok(())
    }
}
