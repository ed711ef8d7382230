//! What programs read. Names and types are a contract: fields are added, never changed.

use migrate_core::{Action, Direction, Version};
use serde::{Serialize, Serializer};

use crate::commands::check::UnsoundJson;
use crate::problem::{Frame, Problem};

#[derive(Serialize)]
struct Document<'b, B> {
    schema_version: u8,
    #[serde(flatten)]
    body: &'b B,
}

/// One document, with its newline.
pub(super) fn document(body: &impl Serialize) -> String {
    let document = Document { schema_version: 1, body };
    let text = serde_json::to_string_pretty(&document);
    // Only maps with keys that are no text, and types that refuse to be serialised, can fail; there are none here.
    text.unwrap_or_else(|error| format!("{{\"schema_version\": 1, \"error\": {{\"message\": \"{error}\"}}}}")) + "\n"
}

/// A migration that was run, one way. The version is a text: as a number it would lose its zeros.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Applied {
    #[serde(serialize_with = "text")]
    pub(crate) version: Version,
    pub(crate) name: String,
    #[serde(serialize_with = "text")]
    pub(crate) direction: Direction,
    pub(crate) duration_ms: u64,
    /// Which of the lists it stands in.
    #[serde(skip)]
    pub(crate) action: Action,
}

/// Whatever can be printed, as a text.
pub(crate) fn text<S: Serializer>(value: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

/// Why a command failed: the first reason, and, when it was refused, all of them.
#[derive(Debug, Serialize)]
pub(crate) struct FailureJson {
    error: WholeJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refusals: Vec<ErrorJson>,
}

#[derive(Debug, Serialize)]
struct WholeJson {
    #[serde(flatten)]
    error: ErrorJson,
    #[serde(flatten)]
    unsound: Option<UnsoundJson>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct ErrorJson {
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    message: String,
    code: Option<String>,
    hint: Option<String>,
    rolled_back: Option<bool>,
}

impl FailureJson {
    pub(crate) fn of(problem: &Problem) -> Self {
        let all: Vec<ErrorJson> = problem.frames().iter().map(ErrorJson::of).collect();
        let error = all.first().cloned().unwrap_or_default();
        let unsound = match problem {
            Problem::Check(error) => Some(UnsoundJson::of(error)),
            _ => None,
        };
        FailureJson {
            error: WholeJson { error, unsound },
            refusals: if problem.is_refusal() { all } else { Vec::new() },
        }
    }
}

impl ErrorJson {
    fn of(frame: &Frame) -> Self {
        let position = frame.at.as_ref().and_then(|(_, position)| *position);
        let hint = frame.notes.iter().find_map(|note| note.strip_prefix("hint: "));
        let hint = hint.or(frame.notes.last().map(String::as_str));
        // What to do takes what to look at.
        let look = frame.notes.iter().find(|note| note.starts_with("look: "));
        let hint = hint.map(|hint| look.map_or(hint.to_owned(), |look| format!("{look}; {hint}")));
        ErrorJson {
            file: frame.at.as_ref().map(|(file, _)| file).or(frame.about.as_ref()).cloned(),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            message: frame.message.clone(),
            code: frame.code.clone(),
            hint,
            rolled_back: frame.rolled_back,
        }
    }
}
