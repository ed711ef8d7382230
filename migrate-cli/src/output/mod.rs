//! The only place that prints: data to stdout, everything else to stderr.

mod bar;
mod frame;
mod json;
mod paint;
mod progress;
mod table;

use std::cell::Cell;
use std::io::{self, ErrorKind, Write};

use clap::ValueEnum;
use serde::Serialize;

pub(crate) use bar::Bar;
pub(crate) use json::{Applied, FailureJson, text as json_text};
pub(crate) use paint::Paint;
pub(crate) use progress::{Progress, ShowBar};
pub(crate) use table::{Align, Cell as TableCell, Column, Table};

use crate::exit::Exit;
use crate::problem::Problem;

/// What stdout holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

/// How much is said on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// Both streams, and how they are written to.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    verbosity: Verbosity,
    /// The colours of stdout.
    pub(crate) paint: Paint,
    stderr: Paint,
    json_is_written: Cell<bool>,
}

impl Output {
    pub(crate) fn new(format: Format, verbosity: Verbosity) -> Self {
        let (paint, stderr) = (Paint::for_stream(&io::stdout()), Paint::for_stream(&io::stderr()));
        Output { format, verbosity, paint, stderr, json_is_written: Cell::new(false) }
    }

    /// Text for stdout, its newline included. Where nobody reads any more (`| head`), nothing is wrong.
    pub(crate) fn data(&self, text: &str) -> Result<(), Problem> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Problem::failed(format!("stdout can't be written to: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// One JSON document for stdout.
    pub(crate) fn json(&self, body: &impl Serialize) -> Result<(), Problem> {
        self.json_is_written.set(true);
        self.data(&json::document(body))
    }

    /// How many cells a line of stdout has; `None` when it is no terminal.
    pub(crate) fn width(&self) -> Option<usize> {
        let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(width.0))
    }

    /// A line on stderr, for people.
    pub(crate) fn say(&self, line: &str) {
        if self.verbosity >= Verbosity::Normal && self.format == Format::Text {
            stderr(line);
        }
    }

    /// A line on stderr, for people who asked for more.
    pub(crate) fn detail(&self, line: &str) {
        if self.verbosity >= Verbosity::Verbose {
            stderr(&self.stderr.dim(line));
        }
    }

    /// How far a run of so many steps is.
    pub(crate) fn bar(&self, steps: usize) -> Bar {
        let shown = self.verbosity >= Verbosity::Normal && self.format == Format::Text && self.stderr == Paint::Colour;
        if shown { Bar::of_steps(steps) } else { Bar::hidden() }
    }

    /// Something that deserves a word and stops nothing.
    pub(crate) fn note(&self, text: &str) {
        self.say(&format!("{}: {text}", self.stderr.yellow("note")));
    }

    /// The frames of a problem on stderr, in JSON on stdout too; and what to exit with.
    pub(crate) fn problem(&self, problem: &Problem) -> Exit {
        let frames = problem.frames();
        let mut shown: Vec<_> = frames.iter().map(|frame| frame::render(frame, self.stderr)).collect();
        if problem.is_refusal() {
            let reasons = if frames.len() == 1 { String::new() } else { format!(", for {} reasons", frames.len()) };
            shown.push(format!("refused{reasons}: nothing was changed"));
        }
        stderr(&shown.join("\n\n"));
        if self.format == Format::Json && !self.json_is_written.get() {
            // The exit code tells it too, if stdout can't.
            let _ = self.json(&FailureJson::of(problem));
        }
        problem.exit()
    }
}

/// Where stderr is closed, there is nobody to tell.
fn stderr(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
