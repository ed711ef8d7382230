//! Statements with semicolons of their own.
//!
//! Each dialect has its own notion of where such a body begins and what its `END` looks like; a
//! machine for each follows the code of one statement and says whether a semicolon ends it.

use super::dialect::{Bodies, Rules};
use super::lexer::TokenKind;

mod atomic;
mod compound;
mod trigger;

/// The machine of a dialect, at some place in one statement.
#[derive(Debug)]
pub(super) enum Body {
    Atomic(atomic::Atomic),
    Compound(compound::Compound),
    Trigger(trigger::Trigger),
}

impl Body {
    /// At the start of a statement.
    pub(super) fn new(rules: &Rules) -> Self {
        match rules.bodies {
            Bodies::Atomic => Body::Atomic(atomic::Atomic::new(rules.parentheses_hold)),
            Bodies::Compound => Body::Compound(compound::Compound::default()),
            Bodies::Trigger => Body::Trigger(trigger::Trigger::default()),
        }
    }

    /// Follows a token of the statement that is neither blank nor delimiter.
    pub(super) fn code(&mut self, kind: TokenKind, text: &str) {
        match self {
            Body::Atomic(machine) => machine.code(kind, text),
            Body::Compound(machine) => machine.code(kind, text),
            Body::Trigger(machine) => machine.code(kind, text),
        }
    }

    /// Follows a semicolon, and says whether the statement ends with it.
    pub(super) fn semicolon(&mut self) -> bool {
        match self {
            Body::Atomic(machine) => machine.semicolon(),
            Body::Compound(machine) => machine.semicolon(),
            Body::Trigger(machine) => machine.semicolon(),
        }
    }

    /// Whether the statement's end can't be told from its text.
    pub(super) fn needs_delimiter(&self, oracle: bool) -> bool {
        matches!(self, Body::Compound(machine) if machine.needs_delimiter(oracle))
    }

    /// Whether a body has begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Body::Atomic(machine) => machine.is_open(),
            Body::Compound(machine) => machine.is_open(),
            Body::Trigger(machine) => machine.is_open(),
        }
    }
}

/// Whether the token is the key word, which is given in capitals.
fn is(kind: TokenKind, text: &str, word: &str) -> bool {
    kind == TokenKind::Word && text.eq_ignore_ascii_case(word)
}
