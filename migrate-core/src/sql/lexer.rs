//! One lexer for all dialects: [`Rules`] says how they differ.

use super::client::meta_command;
use super::dialect::{Client, Dashes, Rules};
use super::error::{SplitError, SplitErrorKind};
use super::location::BOM;
use super::syntax::Syntax;

mod literal;

/// A piece of the text. Adjacent tokens tile it: each starts where the one before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// White space, or the byte order mark at the start of the text.
    Space,
    /// `-- …` or `# …`, up to but without the end of the line.
    LineComment,
    /// `/* … */`
    BlockComment,
    /// `/*+ … */`: a comment that the optimizer obeys.
    Hint,
    /// `/*!50003`: what follows, up to [`VersionedClose`](Self::VersionedClose), is code.
    VersionedOpen,
    /// The `*/` that ends a versioned comment.
    VersionedClose,
    /// A key word or a name without quotes.
    Word,
    /// A name in quotes.
    QuotedName,
    /// A string of any form, dollar-quoted ones included.
    String,
    /// A number.
    Number,
    /// A placeholder for a value: `$1`, `:name`, `?`.
    Variable,
    /// The delimiter of statements: `;`, or what a `DELIMITER` line said. Not each one ends a
    /// statement; that is for [`split`](super::split()) to say.
    Delimiter,
    /// A whole `DELIMITER` line of the `mysql` client.
    DelimiterLine,
    /// Any other character; in SQLite also a run of colons that names no variable.
    Punct,
}

impl TokenKind {
    /// White space or a comment without meaning.
    pub fn is_blank(self) -> bool {
        matches!(self, TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment)
    }
}

/// The tokens of a text, in order. After an error the iterator ends.
///
/// ```
/// use migrate_core::sql::{Dialect, TokenKind, tokens};
///
/// let kinds: Vec<_> = tokens("a -- b", Dialect::Sqlite)
///     .map(|token| token.map(|token| token.kind))
///     .collect::<Result<_, _>>()?;
/// assert_eq!(kinds, [TokenKind::Word, TokenKind::Space, TokenKind::LineComment]);
/// # Ok::<_, migrate_core::sql::SplitError>(())
/// ```
///
/// The syntax is the same from the first to the last one; [`statements`](super::statements()) follows
/// a text that changes it.
pub fn tokens(text: &str, syntax: impl Into<Syntax>) -> Tokens<'_> {
    let syntax = syntax.into();
    Tokens {
        text,
        rules: syntax.rules(),
        unknown_mode: syntax.mode.unknown,
        at: 0,
        nul: text.find('\0').unwrap_or(usize::MAX),
        at_line_start: true,
        fresh: true,
        delimiter: None,
        versioned: None,
        escape: Escape::Off,
        failed: false,
    }
}

/// The iterator that [`tokens`] returns.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    rules: &'static Rules,
    /// How backslashes are meant is not known.
    unknown_mode: bool,
    at: usize,
    nul: usize,
    /// Nothing but white space since the line began.
    at_line_start: bool,
    /// Nothing but blanks since a delimiter, or the start of the text.
    fresh: bool,
    /// What a `DELIMITER` line put in the place of the semicolon.
    delimiter: Option<&'a str>,
    /// Where the versioned comment around this place starts.
    versioned: Option<usize>,
    escape: Escape,
    failed: bool,
}

/// Whether a plain `'` continues an `E'…'` string, with its backslashes: PostgreSQL joins strings
/// with a newline between them, and the second half keeps the first one's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    Off,
    SameLine,
    NextLine,
}

type Found = Result<(TokenKind, usize), (usize, SplitErrorKind)>;

impl Iterator for Tokens<'_> {
    type Item = Result<Token, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let start = self.at;
        let found = match self.byte(start) {
            Some(byte) => self.scan(start, byte),
            None => match self.versioned.take() {
                Some(open) => Err((open, SplitErrorKind::UnterminatedComment)),
                None => return None,
            },
        };
        let found = match found {
            Ok((_, end)) if self.nul < end => Err((self.nul, SplitErrorKind::NulByte)),
            found => found,
        };
        Some(match found {
            Ok((kind, end)) => {
                self.at = end;
                self.note(kind, start);
                Ok(Token { kind, start, end })
            }
            Err((offset, kind)) => {
                self.failed = true;
                Err(SplitError::new(self.text, offset, kind))
            }
        })
    }
}

impl<'a> Tokens<'a> {
    /// From here on the text has another syntax.
    pub(crate) fn set_syntax(&mut self, syntax: Syntax) {
        self.rules = syntax.rules();
        self.unknown_mode = syntax.mode.unknown;
    }

    /// Whether the place behind the last token is inside a versioned comment.
    pub(crate) fn in_versioned(&self) -> bool {
        self.versioned.is_some()
    }

    /// Whether a `DELIMITER` line has replaced the semicolon.
    pub(crate) fn has_delimiter_line(&self) -> bool {
        self.delimiter.is_some()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn bytes(&self, at: usize) -> &'a [u8] {
        self.text.as_bytes().get(at..).unwrap_or_default()
    }

    /// The first place from `at` on, at most the end, whose byte is not `accepted`.
    fn run(&self, at: usize, accepted: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes(at);
        at + rest.iter().position(|&b| !accepted(b)).unwrap_or(rest.len())
    }

    fn scan(&mut self, start: usize, byte: u8) -> Found {
        if start == 0 && self.text.starts_with(BOM) {
            return Ok((TokenKind::Space, BOM.len_utf8()));
        }
        // SQLite refuses a vertical tab, unless other white space stands before it.
        if is_blank(byte) && !(byte == b'\x0b' && self.rules.client == Client::Sqlite3) {
            return Ok((TokenKind::Space, self.run(start, is_blank)));
        }
        if let Some(found) = self.delimiter_line(start) {
            return found;
        }
        if let Some(end) = self.delimiter(start) {
            return Ok((TokenKind::Delimiter, end));
        }
        if let Some(found) = self.comment(start, byte) {
            return found;
        }
        if let Some(found) = self.quoted(start, byte) {
            return found;
        }
        if byte.is_ascii_digit() {
            return Ok((TokenKind::Number, self.number(start)));
        }
        if let Some(found) = self.variable(start, byte) {
            return found;
        }
        if is_word_start(byte) || (byte == b'$' && self.rules.dollar_words) {
            return Ok((TokenKind::Word, self.word(start)));
        }
        if byte == b'\\' {
            self.backslash(start)?;
        }
        Ok((TokenKind::Punct, start + 1))
    }

    /// What the token just read means for the next one.
    fn note(&mut self, kind: TokenKind, start: usize) {
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.fresh = match kind {
            TokenKind::Delimiter | TokenKind::DelimiterLine => true,
            _ => self.fresh && kind.is_blank(),
        };
        match kind {
            TokenKind::Space => {
                if text.contains(['\n', '\r']) {
                    self.at_line_start = true;
                    if self.escape == Escape::SameLine {
                        self.escape = Escape::NextLine;
                    }
                }
            }
            TokenKind::LineComment => self.at_line_start = false,
            TokenKind::String => {
                self.at_line_start = false;
                let escaped = text.starts_with(['e', 'E']) || self.escape == Escape::NextLine;
                self.escape = match escaped && self.rules.prefixes.iter().any(|p| p.backslash) {
                    true => Escape::SameLine,
                    false => Escape::Off,
                };
            }
            _ => {
                self.at_line_start = false;
                self.escape = Escape::Off;
            }
        }
    }

    /// A `DELIMITER` line, which belongs to the `mysql` client: the server never sees it.
    fn delimiter_line(&mut self, start: usize) -> Option<Found> {
        const WORD: &[u8] = b"delimiter";
        if self.rules.client != Client::Mysql || !self.at_line_start {
            return None;
        }
        let line = self.bytes(start);
        let after = line.get(WORD.len()).copied();
        let is_line = line.get(..WORD.len()).is_some_and(|word| word.eq_ignore_ascii_case(WORD))
            && matches!(after, None | Some(b' ' | b'\t' | b'\n' | b'\r'));
        if !is_line {
            return None;
        }
        let end = match self.line_comment(start) {
            Ok((_, end)) => end,
            error => return Some(error),
        };
        let argument = self.text.get(start + WORD.len()..end)?.trim_start();
        let argument = match argument.chars().next() {
            Some(quote @ ('\'' | '"' | '`')) => argument.get(1..)?.split(quote).next(),
            _ => argument.split_ascii_whitespace().next(),
        };
        // The client keeps 15 bytes, and takes a backslash for its own.
        Some(match argument {
            Some(";") => {
                self.delimiter = None;
                Ok((TokenKind::DelimiterLine, end))
            }
            Some(delimiter) if (1..=15).contains(&delimiter.len()) && !delimiter.contains('\\') => {
                self.delimiter = Some(delimiter);
                Ok((TokenKind::DelimiterLine, end))
            }
            _ => Err((start, SplitErrorKind::BadDelimiter)),
        })
    }

    fn delimiter(&self, at: usize) -> Option<usize> {
        let delimiter = self.delimiter.unwrap_or(";");
        self.bytes(at).starts_with(delimiter.as_bytes()).then_some(at + delimiter.len())
    }

    fn comment(&mut self, start: usize, byte: u8) -> Option<Found> {
        match (byte, self.byte(start + 1)) {
            (b'-', Some(b'-')) => {
                let next = self.byte(start + 2);
                let opens = match self.rules.dashes {
                    Dashes::Always => true,
                    // No statement begins with a sign: `--------` above one is a comment to the client as well.
                    Dashes::BeforeBlank => self.fresh || next.is_none_or(|b| b == b' ' || b.is_ascii_control()),
                };
                opens.then(|| self.line_comment(start))
            }
            (b'#', _) if self.rules.hash_comments => Some(self.line_comment(start)),
            (b'/', Some(b'*')) => Some(self.block_comment(start)),
            (b'*', Some(b'/')) if self.versioned.is_some() => {
                self.versioned = None;
                Some(Ok((TokenKind::VersionedClose, start + 2)))
            }
            _ => None,
        }
    }

    fn line_comment(&self, start: usize) -> Found {
        let cr_ends = self.rules.cr_ends_comment;
        let mut end = self.run(start, |b| b != b'\n' && !(cr_ends && b == b'\r'));
        // The end of the line is not the comment's, whether LF, CRLF or CR CR LF.
        while end > start && self.byte(end - 1) == Some(b'\r') {
            end -= 1;
        }
        // Looked for in the comment only: to the end of the text would be quadratic.
        let content = self.text.get(start..end).unwrap_or_default();
        match content.find('\r') {
            Some(lone) => Err((start + lone, SplitErrorKind::LoneCarriageReturn)),
            None => Ok((TokenKind::LineComment, end)),
        }
    }

    fn block_comment(&mut self, start: usize) -> Found {
        let content = self.bytes(start + 2);
        let marks = self.rules.versioned;
        // A dump by MariaDB starts with `/*M!999999\- enable the sandbox mode */`, which is for its client: no server is
        // of this version.
        let code = |mark: &&&str| {
            let behind = content.strip_prefix(mark.as_bytes());
            behind.is_some_and(|behind| !behind.starts_with(br"999999\-"))
        };
        if let Some(mark) = marks.iter().find(code) {
            self.versioned.get_or_insert(start);
            let digits = start + 2 + mark.len();
            return Ok((TokenKind::VersionedOpen, self.run(digits, |b| b.is_ascii_digit())));
        }
        let kind = match content.first() {
            Some(b'+') if self.rules.hints => TokenKind::Hint,
            _ => TokenKind::BlockComment,
        };
        let mut depth = 1usize;
        let mut at = start + 2;
        while let Some(byte) = self.byte(at) {
            match (byte, self.byte(at + 1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return Ok((kind, at));
                    }
                }
                (b'/', Some(b'*')) if self.rules.nested_comments => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        Err((start, SplitErrorKind::UnterminatedComment))
    }

    /// A backslash outside of literals speaks to the client: `\restrict` stands in each dump by
    /// pg_dump since CVE-2025-8714.
    fn backslash(&self, start: usize) -> Result<(), (usize, SplitErrorKind)> {
        let refused = match self.rules.client {
            Client::Psql => true,
            // `\N` is NULL.
            Client::Mysql => self.byte(start + 1) != Some(b'N'),
            Client::Sqlite3 => false,
        };
        if !refused {
            return Ok(());
        }
        let what = self.text.get(start..).unwrap_or_default();
        Err((start, meta_command(what)))
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii()
}

fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

#[cfg(test)]
mod tests;
