//! Places in a text: what people read (line and column), and what servers report.

use std::fmt;

/// A line and a column, both counted from 1; the column counts characters.
///
/// ```
/// use migrate_core::sql::{Position, position};
///
/// assert_eq!(position("é;\nx", 4), Position { line: 2, column: 1 });
/// assert_eq!(position("é;\nx", 2).to_string(), "1:2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1. A line ends with LF, CRLF or a lone CR.
    pub line: u32,
    /// The character in the line, from 1. A byte order mark at the start has no width.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The position of a byte. An offset beyond the end means the end; one within a character means
/// that character.
pub fn position(text: &str, byte_offset: usize) -> Position {
    Positions::new(text).at(byte_offset)
}

/// The byte offset of the `nth` character, counted from 1 as PostgreSQL reports it; 0 means the
/// first, and beyond the end means the end.
///
/// ```
/// assert_eq!(migrate_core::sql::offset_of_char("é;x", 3), 3);
/// ```
pub fn offset_of_char(text: &str, nth: usize) -> usize {
    text.char_indices().nth(nth.saturating_sub(1)).map_or(text.len(), |(offset, _)| offset)
}

/// The byte offset at which the `nth` line begins, counted from 1 and ended by LF, as MySQL counts
/// in `at line 3`; 0 means the first, and beyond the end means the end.
///
/// ```
/// assert_eq!(migrate_core::sql::offset_of_line("a\nb\nc", 2), 2);
/// ```
pub fn offset_of_line(text: &str, nth: usize) -> usize {
    match nth.saturating_sub(2) {
        _ if nth <= 1 => 0,
        earlier => text.match_indices('\n').nth(earlier).map_or(text.len(), |(offset, _)| offset + 1),
    }
}

/// The byte at which this name stands as a word of its own, if it does so exactly once: where a database names what is
/// missing, and not the place.
///
/// ```
/// use migrate_core::sql::only_word;
///
/// assert_eq!(only_word("REFERENCES usres (id)", "usres"), Some(11));
/// assert_eq!(only_word("usres_old, usres2", "usres"), None);
/// ```
pub fn only_word(text: &str, name: &str) -> Option<usize> {
    let of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut places = text.match_indices(name).map(|(at, _)| at).filter(|at| {
        let (before, from) = text.split_at(*at);
        let after = from.get(name.len()..).unwrap_or_default();
        !before.ends_with(of_a_word) && !after.starts_with(of_a_word)
    });
    places.next().filter(|_| !name.is_empty() && places.next().is_none())
}

/// Positions of rising offsets in one pass: a file of a hundred thousand statements must not be
/// read from its start for each of them.
#[derive(Debug)]
pub(crate) struct Positions<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    column: u32,
    after_cr: bool,
}

impl<'a> Positions<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Positions {
            text,
            offset: if text.starts_with(BOM) { BOM.len_utf8() } else { 0 },
            line: 1,
            column: 1,
            after_cr: false,
        }
    }

    /// The position of `offset`, which should not be less than the last one asked for; a smaller
    /// one is answered from the start.
    pub(crate) fn at(&mut self, offset: usize) -> Position {
        if offset < self.offset {
            *self = Positions::new(self.text);
        }
        for c in self.text.get(self.offset..).unwrap_or_default().chars() {
            let next = self.offset + c.len_utf8();
            if next > offset {
                break;
            }
            self.offset = next;
            match c {
                // The second half of a CRLF.
                '\n' if self.after_cr => {}
                '\n' | '\r' => {
                    self.line = self.line.saturating_add(1);
                    self.column = 1;
                }
                _ => self.column = self.column.saturating_add(1),
            }
            self.after_cr = c == '\r';
        }
        Position { line: self.line, column: self.column }
    }
}

/// The byte order mark, which editors on Windows put before the text.
pub(crate) const BOM: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_wide_characters() {
        let check = |text: &str, offset, line, column| {
            assert_eq!(position(text, offset), Position { line, column }, "{text:?} {offset}");
        };
        check("", 0, 1, 1);
        check("", 9, 1, 1);
        check("ab", 1, 1, 2);
        check("ab", 2, 1, 3);
        check("a\nb", 1, 1, 2);
        check("a\nb", 2, 2, 1);
        check("a\r\nb", 3, 2, 1);
        check("a\rb", 2, 2, 1);
        check("a\r\rb", 3, 3, 1);
        check("a\n\rb", 3, 3, 1);
        check("éé", 1, 1, 1);
        check("éé", 2, 1, 2);
        check("\u{feff}a", 3, 1, 1);
        check("\u{feff}a", 1, 1, 1);
        check("a\u{feff}b", 4, 1, 3);
    }

    #[test]
    fn rising_offsets_agree_with_single_ones() {
        let text = "\u{feff}a\r\nbé\rc\n\n'd'";
        let mut positions = Positions::new(text);
        for offset in 0..text.len() + 2 {
            assert_eq!(positions.at(offset), position(text, offset), "{offset}");
        }
        assert_eq!(positions.at(0), position(text, 0));
    }

    #[test]
    fn what_servers_report() {
        let text = "é\nb\nc";
        for (nth, offset) in [(0, 0), (1, 0), (2, 2), (3, 3), (6, 7), (99, 7)] {
            let found = offset_of_char(text, nth);
            assert_eq!(found, if nth == 6 { text.len() } else { offset.min(text.len()) }, "{nth}");
        }
        for (nth, offset) in [(0, 0), (1, 0), (2, 3), (3, 5), (4, 6), (99, 6)] {
            assert_eq!(offset_of_line(text, nth), offset, "{nth}");
        }
    }
}
