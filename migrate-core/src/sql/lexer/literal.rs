//! Where literals, names, numbers and placeholders end.

use super::super::dialect::{Client, DollarQuotes, Variables};
use super::super::error::SplitErrorKind;
use super::{Escape, Found, TokenKind, Tokens, is_blank, is_word, is_word_start};

impl Tokens<'_> {
    pub(super) fn quoted(&self, start: usize, byte: u8) -> Option<Found> {
        if let Some(quote) = self.rules.quotes.iter().find(|quote| quote.open == byte) {
            let backslash = quote.backslash || (byte == b'\'' && self.escape == Escape::NextLine);
            let (kind, error) = match quote.is_name {
                true => (TokenKind::QuotedName, SplitErrorKind::UnterminatedQuotedName),
                false => (TokenKind::String, SplitErrorKind::UnterminatedString),
            };
            let end = self.closing(start + 1, quote.close, quote.doubled, backslash);
            // With or without backslashes: a literal that has none ends at the same place.
            if self.unknown_mode
                && byte != b'`'
                && self.bytes(start).get(..end.unwrap_or(usize::MAX) - start).is_none_or(|text| text.contains(&b'\\'))
            {
                let unknown = match self.rules.client {
                    Client::Psql => SplitErrorKind::UnknownStrings,
                    Client::Mysql | Client::Sqlite3 => SplitErrorKind::UnknownMode,
                };
                return Some(Err((start, unknown)));
            }
            return Some(end.map(|end| (kind, end)).ok_or((start, error)));
        }
        if byte == b'$' {
            return self.dollar_quoted(start);
        }
        let rest = self.bytes(start);
        let prefix = self.rules.prefixes.iter().find(|prefix| {
            rest.get(..prefix.opening.len())
                .is_some_and(|opening| opening.eq_ignore_ascii_case(prefix.opening.as_bytes()))
        })?;
        let (close, kind, error) = match prefix.opening.ends_with('"') {
            true => (b'"', TokenKind::QuotedName, SplitErrorKind::UnterminatedQuotedName),
            false => (b'\'', TokenKind::String, SplitErrorKind::UnterminatedString),
        };
        let end = self.closing(start + prefix.opening.len(), close, prefix.doubled, prefix.backslash);
        Some(end.map(|end| (kind, end)).ok_or((start, error)))
    }

    /// The end of the literal whose content starts at `at`.
    fn closing(&self, mut at: usize, close: u8, doubled: bool, backslash: bool) -> Option<usize> {
        loop {
            at = self.run(at, |b| b != close && !(backslash && b == b'\\'));
            match (self.byte(at)?, self.byte(at + 1)) {
                // What a backslash hides may be wider than a byte; its tail is skipped as content.
                (b'\\', _) if close != b'\\' => at += 2,
                (_, Some(next)) if doubled && next == close => at += 2,
                _ => return Some(at + 1),
            }
        }
    }

    /// `$tag$ … $tag$`. A dollar sign within a word never gets here: `DO$$` is one word.
    fn dollar_quoted(&self, start: usize) -> Option<Found> {
        let words = match self.rules.dollar_quotes {
            DollarQuotes::None => return None,
            DollarQuotes::Name => false,
            DollarQuotes::Word if matches!(start.checked_sub(1).and_then(|at| self.byte(at)), Some(b'.' | b'@')) => {
                return None;
            }
            DollarQuotes::Word => true,
        };
        let tag_end = match self.byte(start + 1)? {
            b'$' => start + 1,
            b if is_word_start(b) || (words && b.is_ascii_digit()) => self.run(start + 1, |b| is_word(b) && b != b'$'),
            _ => return None,
        };
        if self.byte(tag_end) != Some(b'$') {
            return None;
        }
        let tag = self.text.get(start..=tag_end)?;
        let content = self.text.get(tag_end + 1..)?;
        Some(match content.find(tag) {
            Some(length) => Ok((TokenKind::String, tag_end + 1 + length + tag.len())),
            None => Err((start, SplitErrorKind::UnterminatedDollarQuote { tag: tag.to_owned() })),
        })
    }

    pub(super) fn number(&self, start: usize) -> usize {
        let mut at = start;
        // PostgreSQL takes what is glued to a number for a name: `1a$$;` opens no string, as `1$$` does. And a number has
        // one dot, before its letters, so that `1..E'\''` and `1e2.E'\''` have a string with a backslash.
        let glued = self.rules.client == Client::Psql;
        // A name of MySQL may begin with digits: `1$$` opens no string, as `1.0$$` does.
        let names = self.rules.dollar_words;
        let (mut no_dot, mut in_name) = (false, names);
        while let Some(byte) = self.byte(at) {
            let sign = matches!(byte, b'+' | b'-')
                && matches!(self.byte(at.wrapping_sub(1)), Some(b'e' | b'E'))
                && self.byte(at + 1).is_some_and(|b| b.is_ascii_digit());
            let part = match byte {
                b'.' => !(glued && (no_dot || self.byte(at + 1) == Some(b'.'))),
                b'$' => (glued || names) && in_name,
                _ => is_word(byte),
            };
            if !(sign || part) || (at > start && self.delimiter(at).is_some()) {
                break;
            }
            no_dot |= byte == b'.' || (is_word_start(byte) && byte != b'_');
            in_name = !sign && byte != b'.' && (in_name || is_word_start(byte));
            at += 1;
        }
        at
    }

    pub(super) fn variable(&self, start: usize, byte: u8) -> Option<Found> {
        let variable = |end| Ok((TokenKind::Variable, end));
        let content = start + 1;
        match (self.rules.variables, byte) {
            (Variables::Numbered, b'$') => {
                let end = self.run(content, |b| b.is_ascii_digit());
                let glued = self.byte(end).is_some_and(is_word_start);
                (end > content).then(|| variable(if glued { self.run(end, is_word) } else { end }))
            }
            (Variables::Sqlite, b'?') => Some(variable(self.run(content, |b| b.is_ascii_digit()))),
            (Variables::Sqlite, b'$' | b'@' | b':' | b'#') => {
                let mut end = content;
                let mut named = false;
                loop {
                    let word = self.run(end, is_word);
                    named |= word > end;
                    end = word;
                    match (self.byte(end), self.byte(end + 1)) {
                        (Some(b':'), Some(b':')) => end += 2,
                        // Tcl's array index runs to `)`, and has no blank in it.
                        (Some(b'('), _) if named => {
                            end = self.run(end, |b| b != b')' && !is_blank(b));
                            return Some(match self.byte(end) {
                                Some(b')') => variable(end + 1),
                                _ => Err((start, SplitErrorKind::UnterminatedPlaceholder)),
                            });
                        }
                        _ if named => return Some(variable(end)),
                        // As one piece, as SQLite has it: colon by colon, a run of them would be read again and again.
                        _ => return (end > content).then_some(Ok((TokenKind::Punct, end))),
                    }
                }
            }
            _ => None,
        }
    }

    pub(super) fn word(&self, start: usize) -> usize {
        match self.delimiter {
            None => self.run(start, is_word),
            // `END$$` ends with the delimiter `$$`, although `$` may be part of a word.
            Some(_) => {
                let mut at = start;
                while self.byte(at).is_some_and(is_word) && (at == start || self.delimiter(at).is_none()) {
                    at += 1;
                }
                at
            }
        }
    }
}
