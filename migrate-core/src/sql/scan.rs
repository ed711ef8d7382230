//! Tokens with the place that they have among statements: what splitting, directives and the
//! normal form all walk over, so that they cannot disagree.

use super::body::Body;
use super::client::Command;
use super::error::{SplitError, SplitErrorKind};
use super::follow::Follow;
use super::lexer::{Token, TokenKind, Tokens, tokens};
use super::syntax::Syntax;

/// Where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A blank or a comment outside of any statement, or a client's `DELIMITER` line.
    Between,
    /// A blank or a comment in a statement, or behind its last code.
    Within,
    /// Part of a statement.
    Code,
    /// The delimiter that ends one.
    End,
}

#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    follow: Follow,
    tokens: Tokens<'a>,
    body: Body,
    command: Command,
    /// Where the statement starts that this place is in.
    started: Option<usize>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str, syntax: Syntax) -> Self {
        Scan {
            text,
            follow: Follow::new(syntax),
            tokens: tokens(text, syntax),
            body: Body::new(syntax.rules()),
            command: Command::None,
            started: None,
        }
    }

    /// The syntax at this place.
    pub(crate) fn syntax(&self) -> Syntax {
        self.follow.now
    }

    pub(crate) fn next(&mut self) -> Result<Option<(Token, Place)>, SplitError> {
        let Some(token) = self.tokens.next().transpose()? else {
            return Ok(None);
        };
        let place = match token.kind {
            kind if kind.is_blank() => match self.started {
                Some(_) => Place::Within,
                None => Place::Between,
            },
            TokenKind::DelimiterLine if self.started.is_some() => {
                return Err(self.error(token.start, SplitErrorKind::BadDelimiter));
            }
            TokenKind::DelimiterLine => Place::Between,
            TokenKind::Delimiter if self.needs_delimiter() => {
                return Err(self.error(self.started.unwrap_or(token.start), SplitErrorKind::NeedsDelimiter));
            }
            TokenKind::Delimiter if self.ends() => {
                self.end_statement(token.start);
                Place::End
            }
            TokenKind::Delimiter => Place::Code,
            _ => {
                self.code(token)?;
                Place::Code
            }
        };
        Ok(Some((token, place)))
    }

    /// What is wrong with the end of the text, once [`next`](Self::next) has reached it.
    pub(crate) fn finish(&self) -> Result<(), SplitError> {
        match self.started {
            Some(start) if self.body.is_open() && !self.tokens.has_delimiter_line() => {
                Err(self.error(start, SplitErrorKind::UnterminatedBody))
            }
            _ => Ok(()),
        }
    }

    fn end_statement(&mut self, end: usize) {
        let text = self.started.take().and_then(|start| self.text.get(start..end)).unwrap_or_default();
        if self.follow.statement(text) {
            self.tokens.set_syntax(self.follow.now);
        }
        self.body = Body::new(self.follow.now.rules());
        self.command = Command::None;
    }

    fn needs_delimiter(&self) -> bool {
        let oracle = self.follow.now.mode.oracle;
        !self.tokens.has_delimiter_line() && self.body.needs_delimiter(oracle)
    }

    fn ends(&mut self) -> bool {
        let ends = self.body.semicolon() || self.tokens.has_delimiter_line();
        ends && !self.tokens.in_versioned()
    }

    fn code(&mut self, token: Token) -> Result<(), SplitError> {
        let text = self.text.get(token.start..token.end).unwrap_or_default();
        let first = self.started.is_none();
        self.started.get_or_insert(token.start);
        if token.kind == TokenKind::Hint {
            return Ok(());
        }
        let client = self.follow.now.rules().client;
        if let Err(kind) = self.command.code(client, token, self.text, first) {
            // The whole of `COPY` and `USE`; all others are one word.
            return Err(self.error(self.started.unwrap_or(token.start), kind));
        }
        self.body.code(token.kind, text);
        Ok(())
    }

    fn error(&self, offset: usize, kind: SplitErrorKind) -> SplitError {
        SplitError::new(self.text, offset, kind)
    }
}
