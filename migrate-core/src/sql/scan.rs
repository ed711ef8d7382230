//! Tokens with the place that they have among statements: what splitting, directives and the
//! normal form all walk over, so that they cannot disagree.

use super::body::Body;
use super::dialect::Client;
use super::error::{SplitError, SplitErrorKind};
use super::follow::Follow;
use super::lexer::{Token, TokenKind, Tokens, meta_command, tokens};
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
    copy: CopySeen,
    /// Where the statement starts that this place is in.
    started: Option<usize>,
}

/// How much of `COPY … FROM STDIN` has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CopySeen {
    Not,
    /// Right behind `COPY`.
    Copy,
    Into,
    From,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str, syntax: Syntax) -> Self {
        Scan {
            text,
            follow: Follow::new(syntax),
            tokens: tokens(text, syntax),
            body: Body::new(syntax.rules()),
            copy: CopySeen::Not,
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
        self.copy = CopySeen::Not;
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
        // `DELIMITER` behind the end of another statement in the same line, or without a blank: the client does nothing
        // that anybody wants, and no server knows it.
        let is_word = |word| token.kind == TokenKind::Word && text.eq_ignore_ascii_case(word);
        if first && self.follow.now.rules().client == Client::Mysql && is_word("delimiter") {
            return Err(self.error(token.start, SplitErrorKind::BadDelimiter));
        }
        if first && self.is_client_command(token.kind, text) {
            let rest = self.text.get(token.start..).unwrap_or_default();
            return Err(self.error(token.start, meta_command(rest)));
        }
        self.body.code(token.kind, text);
        if self.follow.now.rules().client == Client::Psql {
            self.follow_copy(token, text, first)?;
        }
        Ok(())
    }

    /// A command of a client at the start of a statement, where its own parser looks for one.
    fn is_client_command(&self, kind: TokenKind, text: &str) -> bool {
        // Those of the `mysql` client that cannot start a statement of the server.
        const MYSQL: &[&str] = &["source", "tee", "notee", "pager", "nopager", "system", "rehash"];
        match self.follow.now.rules().client {
            Client::Psql => false,
            Client::Mysql => kind == TokenKind::Word && MYSQL.iter().any(|word| text.eq_ignore_ascii_case(word)),
            // `.read`, `.mode`: nothing in SQL starts with a dot.
            Client::Sqlite3 => kind == TokenKind::Punct && text == ".",
        }
    }

    fn follow_copy(&mut self, token: Token, text: &str, first: bool) -> Result<(), SplitError> {
        let is = |word| token.kind == TokenKind::Word && text.eq_ignore_ascii_case(word);
        self.copy = match self.copy {
            CopySeen::Not if first && is("copy") => CopySeen::Copy,
            CopySeen::Not => CopySeen::Not,
            // COPY (SELECT … FROM stdin) TO …: a table may be named so.
            CopySeen::Copy if text == "(" => CopySeen::Not,
            _ if is("from") => CopySeen::From,
            CopySeen::From if is("stdin") => {
                let start = self.started.unwrap_or(token.start);
                return Err(self.error(start, SplitErrorKind::CopyData));
            }
            _ => CopySeen::Into,
        };
        Ok(())
    }

    fn error(&self, offset: usize, kind: SplitErrorKind) -> SplitError {
        SplitError::new(self.text, offset, kind)
    }
}
