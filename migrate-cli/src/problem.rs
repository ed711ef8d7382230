//! Why a command did not do what it was asked, as it will be shown.

use std::path::Path;

use migrate_core::plan::{Location, Refusal, Refused};
use migrate_core::source::Mistake;
use migrate_core::sql::Position;
use migrate_core::{Cause, Error, Failure, HookFailure, Kept};

use crate::exit::Exit;

/// What ends a command.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It was called, or is set up, in a way that can't be.
    Usage(Box<Frame>),
    /// It could not do its work.
    Failed(Box<Frame>),
    /// The library said no.
    Library(Box<Error>),
    /// The migrations are not sound, or that could not be found out.
    Check(Box<migrate_check::Error>),
}

impl Problem {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Problem::Usage(Box::new(Frame::new(message)))
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Problem::Failed(Box::new(Frame::new(message)))
    }

    /// With advice; what the library says has its own.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        if let Problem::Usage(frame) | Problem::Failed(frame) = &mut self {
            frame.notes.push(note.into());
        }
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Problem::Usage(_) => Exit::Usage,
            Problem::Failed(_) => Exit::Failed,
            Problem::Library(error) if error.is_lock_timeout() => Exit::Timeout,
            Problem::Library(error) if error.is_refused() => Exit::Refused,
            Problem::Library(error) if matches!(**error, Error::NotApplied(_)) => Exit::Pending,
            Problem::Library(_) => Exit::Failed,
            Problem::Check(error) if error.is_difference() || matches!(**error, migrate_check::Error::Stale(_)) => {
                Exit::Refused
            }
            Problem::Check(_) => Exit::Failed,
        }
    }

    /// Whether nothing was touched, and each frame is a reason.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Problem::Library(_)) && self.exit() == Exit::Refused
    }

    /// Everything that there is to say: one frame, or one for each reason of a refusal.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        match self {
            Problem::Usage(frame) | Problem::Failed(frame) => vec![frame.as_ref().clone()],
            Problem::Library(error) => Frame::all_of(error),
            Problem::Check(error) => vec![Frame::of_check(error)],
        }
    }
}

impl From<migrate_check::Error> for Problem {
    fn from(error: migrate_check::Error) -> Self {
        match error {
            migrate_check::Error::NotBegun(error) => Problem::Library(error),
            migrate_check::Error::Scratch { doing, cause } => Error::Database { doing, cause }.into(),
            other => Problem::Check(Box::new(other)),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Problem::Library(Box::new(error))
    }
}

/// One problem as it is shown: what, where, the line itself, and what follows from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    /// The file, and the place in it where there is one.
    pub(crate) at: Option<(String, Option<Position>)>,
    /// The file, where the message itself names it.
    pub(crate) about: Option<String>,
    /// The line of the file at that place.
    pub(crate) line: Option<String>,
    /// What stands for itself, a diff for instance.
    pub(crate) block: Vec<String>,
    /// `= …`
    pub(crate) notes: Vec<String>,
    /// Whether it was a migration that is rolled back as a whole; `None` where no migration ran.
    pub(crate) rolled_back: Option<bool>,
}

impl Frame {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Frame { message: message.into(), ..Frame::default() }
    }

    pub(crate) fn at(mut self, file: impl Into<String>, position: Position) -> Self {
        self.at = Some((file.into(), Some(position)));
        self
    }

    pub(crate) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.at = Some((file.into(), None));
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Takes the line from the file's text.
    pub(crate) fn line_of(mut self, text: &str) -> Self {
        if let Some((_, Some(position))) = &self.at {
            self.line = nth_line(text, position.line);
        }
        self
    }

    /// Takes the line from the file itself; an application's file need not be there.
    fn line_of_file(self) -> Self {
        let text = self.at.as_ref().and_then(|(file, _)| std::fs::read_to_string(Path::new(file)).ok());
        match text {
            Some(text) => self.line_of(&text),
            None => self,
        }
    }

    fn all_of(error: &Error) -> Vec<Frame> {
        match error {
            Error::Refused(Refused(refusals)) => refusals.iter().map(Frame::of_refusal).collect(),
            Error::Mistakes(mistakes) => mistakes.iter().map(Frame::of_mistake).collect(),
            Error::Failed(failure) => vec![Frame::of_failure(failure)],
            Error::Hook(failure) => vec![Frame::of_hook(failure)],
            Error::Database { doing, cause } => {
                let mut frame = Frame::of_text(&format!("{doing}: {cause}"));
                frame.message = format!("{doing}: {}", cause.message);
                frame.code.clone_from(&cause.code);
                vec![frame]
            }
            Error::Undecided { at, .. } => {
                let frame = Frame::of_text(&error.to_string());
                let named = format!("{at}: ");
                let message = frame.message.strip_prefix(&named).unwrap_or(&frame.message).to_owned();
                vec![Frame { message, ..frame }.at(&at.file, at.position).line_of_file()]
            }
            other => vec![Frame::of_text(&other.to_string())],
        }
    }

    fn of_check(error: &migrate_check::Error) -> Frame {
        use migrate_check::{Error, Trouble};
        let Error::Unsound { label, phase, trouble: Trouble::Failed(error) } = error else {
            let mut frame = Frame::of_text(&error.to_string());
            frame.block.iter_mut().for_each(|line| *line = line.strip_prefix("  ").unwrap_or(line).to_owned());
            return frame;
        };
        let mut frame = Frame::all_of(error).into_iter().next().unwrap_or_default();
        // What is now true of a scratch database is of no interest.
        frame.rolled_back = None;
        frame.notes.retain(|note| ["detail: ", "hint: ", "in: "].iter().any(|word| note.starts_with(word)));
        frame.note(format!("while checking {label}: {}", phase.as_str()))
    }

    fn of_failure(failure: &Failure) -> Frame {
        let mut frame = Frame::of_cause(&failure.cause);
        frame.line.clone_from(&failure.line);
        frame.at = Some(match &failure.at {
            Some(Location { file, position }) => (file.clone(), Some(*position)),
            None => (format!("{} ({})", failure.label, failure.direction), None),
        });
        frame.notes.extend([failure.now_true(), failure.what_to_do()]);
        frame.rolled_back = Some(matches!(failure.kept, Kept::Nothing | Kept::NothingOfAll(_)));
        frame
    }

    fn of_hook(failure: &HookFailure) -> Frame {
        let mut frame = Frame::of_cause(&failure.cause);
        frame.message = format!("{}: {}", failure.title(), frame.message);
        frame.line.clone_from(&failure.line);
        frame.at = failure.at.as_ref().map(|at| (at.file.clone(), Some(at.position)));
        frame.notes.extend([failure.now_true(), failure.what_to_do().to_owned()]);
        frame
    }

    /// What a database said.
    fn of_cause(cause: &Cause) -> Frame {
        let mut frame = Frame::of_text(&cause.message);
        frame.code.clone_from(&cause.code);
        frame.notes.extend(cause.detail.iter().map(|detail| format!("detail: {detail}")));
        frame.notes.extend(cause.hint.iter().map(|hint| format!("hint: {hint}")));
        frame.notes.extend(cause.context.iter().map(|context| format!("in: {}", context.replace('\n', "; "))));
        frame
    }

    pub(crate) fn of_refusal(refusal: &Refusal) -> Frame {
        match refusal {
            Refusal::Script { at, problem, help } => {
                Frame::new(problem).at(&at.file, at.position).note(help).line_of_file()
            }
            Refusal::DoneChanged { at, problem, help, diff } => {
                let frame = Frame::new(problem).at(&at.file, at.position).note(help);
                match diff {
                    Some(diff) => Frame { block: diff.lines().map(str::to_owned).collect(), ..frame },
                    None => frame.line_of_file(),
                }
            }
            Refusal::Changed { file: Some(file), .. } => {
                let frame = Frame::of_text(&refusal.to_string());
                let named = format!(" ({file})");
                Frame { message: frame.message.replace(&named, ""), ..frame }.in_file(file)
            }
            other => Frame::of_text(&other.to_string()),
        }
    }

    pub(crate) fn of_mistake(mistake: &Mistake) -> Frame {
        let frame = Frame::new(&mistake.problem);
        let frame = match mistake.position {
            Some(position) => frame.at(&mistake.file, position).line_of_file(),
            // "is empty" needs its subject.
            None => {
                let about = Some(mistake.file.clone());
                Frame { about, ..Frame::new(format!("{}: {}", mistake.file, mistake.problem)) }
            }
        };
        match &mistake.help {
            Some(help) => frame.note(help),
            None => frame,
        }
    }

    /// From a text of the library: its first line, its lines `  = …`, and what else there is.
    fn of_text(text: &str) -> Frame {
        let mut lines = text.lines();
        let mut frame = Frame::new(lines.next().unwrap_or_default());
        for line in lines {
            match line.strip_prefix("  = ") {
                Some(note) => frame.notes.push(note.to_owned()),
                None => frame.block.push(line.to_owned()),
            }
        }
        frame
    }
}

/// A line of a text, as positions count them: LF, CRLF and a lone CR end one, and a byte order mark has no width.
fn nth_line(text: &str, line: u32) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let index = usize::try_from(line.checked_sub(1)?).ok()?;
    text.split(['\n', '\r']).nth(index).map(str::to_owned)
}
