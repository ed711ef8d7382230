use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use migrate_core::plan::{Action, Step};
use migrate_core::{Event, Note};

use super::{Applied, Bar, Output};
use crate::config::duration::words;

/// How often a migration in Rust is listened to.
const PROGRESS: Duration = Duration::from_secs(1);

/// Watches a run: says each step when it is done, and keeps what JSON will want to know.
pub(crate) struct Progress<'o> {
    out: &'o Output,
    began: Instant,
    done: RefCell<Vec<Applied>>,
    notes: RefCell<Vec<String>>,
    told: Cell<Option<Instant>>,
    show_bar: ShowBar,
    bar: RefCell<Bar>,
}

/// Whether a run shows how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShowBar {
    OnTerminals,
    Never,
}

impl<'o> Progress<'o> {
    pub(crate) fn new(out: &'o Output, show_bar: ShowBar) -> Self {
        Progress {
            out,
            show_bar,
            began: Instant::now(),
            done: RefCell::default(),
            notes: RefCell::default(),
            told: Cell::new(None),
            bar: RefCell::new(Bar::hidden()),
        }
    }

    pub(crate) fn event(&self, event: &Event<'_>) {
        match event {
            Event::Waiting { holder, waited } => {
                let so_far = so_far(*waited);
                self.say(&format!("waiting for the migration lock, held by {holder}{so_far}"));
            }
            Event::Awaiting { pending, holder, waited } => {
                let who = holder.map_or_else(|| "nobody is at work".into(), |holder| format!("at work: {holder}"));
                let so_far = so_far(*waited);
                self.say(&format!("waiting until all is applied, {pending} pending; {who}{so_far}"));
            }
            Event::Planned(plan) => {
                self.detail(&format!("steps: {}", plan.steps.len()));
                if self.show_bar == ShowBar::OnTerminals {
                    *self.bar.borrow_mut() = self.out.bar(plan.steps.len());
                }
            }
            Event::Started(step) => {
                self.detail(&format!("begins   {}", step.label()));
                self.bar.borrow().at(step.label());
            }
            Event::StatementDone { step, n } => {
                self.detail(&format!("         {}: statement {n} done", step.label()));
                self.bar.borrow().at(format!("{}: statement {n} done", step.label()));
            }
            Event::Progress { version, done, total } => self.progress(&version.to_string(), *done, *total),
            Event::Retry { step, message, pause } => {
                self.say(&format!("retries  {} in {}: {message}", step.label(), words(*pause)));
            }
            Event::Finished { step, duration } => {
                self.finished(step, *duration);
                self.bar.borrow().step_done();
            }
            Event::Failed { .. } | Event::Cancelled(_) => *self.bar.borrow_mut() = Bar::hidden(),
            Event::Note(note) => self.note(note),
            // What is up to date is said in the summary, and a failure in its frame.
            _ => {}
        }
    }

    /// The steps that did one of these, in order.
    pub(crate) fn done(&self, actions: &[Action]) -> Vec<Applied> {
        self.done.borrow().iter().filter(|step| actions.contains(&step.action)).cloned().collect()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    pub(crate) fn elapsed(&self) -> String {
        words(self.began.elapsed())
    }

    /// The run is over.
    pub(crate) fn end(&self) {
        *self.bar.borrow_mut() = Bar::hidden();
    }

    fn say(&self, line: &str) {
        self.bar.borrow().above(|| self.out.say(line));
    }

    fn detail(&self, line: &str) {
        self.bar.borrow().above(|| self.out.detail(line));
    }

    fn finished(&self, step: &Step<'_>, duration: Duration) {
        let word = done_word(step.action);
        let took = match step.action {
            Action::Apply | Action::Revert => format!("  {}", words(duration)),
            Action::Record | Action::Accept => String::new(),
        };
        self.say(&format!("{word}  {}{}", step.label(), self.out.stderr.dim(&took)));
        self.done.borrow_mut().push(Applied {
            version: step.version,
            name: step.name.to_string(),
            direction: step.direction(),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            action: step.action,
        });
    }

    fn note(&self, note: &Note) {
        let text = note.to_string();
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&text) {
            self.bar.borrow().above(|| self.out.note(&text));
            notes.push(text);
        }
    }

    fn progress(&self, version: &str, done: u64, total: Option<u64>) {
        if self.told.get().is_some_and(|told| told.elapsed() < PROGRESS) {
            return;
        }
        self.told.set(Some(Instant::now()));
        let of = total.map_or(String::new(), |total| format!(" of {total}"));
        self.say(&format!("works    {version}: {done}{of}"));
    }
}

fn so_far(waited: Duration) -> String {
    if waited.as_secs() == 0 { String::new() } else { format!(", {} so far", words(waited)) }
}

/// What a step did, in words of one length.
fn done_word(action: Action) -> &'static str {
    match action {
        Action::Apply => "applied ",
        Action::Revert => "reverted",
        Action::Record => "recorded",
        Action::Accept => "accepted",
    }
}
