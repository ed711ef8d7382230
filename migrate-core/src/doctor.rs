//! What is not as it should be, and what mends it.

use std::fmt;

use crate::Cause;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, in a word that stays the same: `lock`, `interrupted`, `invalid-index`.
    pub rule: &'static str,
    /// What is so.
    pub message: String,
    /// What mends it: a command, where one does.
    pub help: String,
}

impl Finding {
    /// What is so, and what mends it.
    pub fn new(rule: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Finding { rule, message: message.into(), help: help.into() }
    }

    /// An error that is one of the findings.
    pub fn of(rule: &'static str, cause: Cause) -> Self {
        Finding { rule, message: cause.message, help: cause.hint.unwrap_or_default() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "\n  = {}", self.help) }
    }
}
