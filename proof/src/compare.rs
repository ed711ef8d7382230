//! Whether two have cut a text alike.
//!
//! What a client sends is a part of the text, so nothing needs to be normalised: a statement is found again if
//! nothing but blanks and comments stands around it. Reading these takes no lexer, and shares no code with ours.

/// What may stand around a statement, beside white space.
#[derive(Clone, Copy, Debug)]
pub struct Comments {
    nested: bool,
    /// `#` as well.
    mysql: bool,
    /// What behind `/*` makes it code.
    code: &'static [&'static str],
}

pub const POSTGRES: Comments = Comments { nested: true, mysql: false, code: &[] };
pub const MYSQL: Comments = Comments { nested: false, mysql: true, code: &["!"] };
pub const MARIADB: Comments = Comments { nested: false, mysql: true, code: &["!", "M!"] };

/// A comment may end with the text.
pub const SQLITE: Comments = Comments { nested: false, mysql: false, code: &[] };

impl Comments {
    /// What differs first, for people. `psql` leaves out the empty lines in a statement, outside of literals; they
    /// count nowhere here. Nor does any white space where the `mysql` client is the witness, which puts a space behind
    /// each comment; and a backslash at the end of a line, which it drops.
    pub fn difference<S: AsRef<str>>(self, expected: &[&str], found: &[S]) -> Option<String> {
        let found: Vec<String> = found.iter().map(|text| self.squeezed(text.as_ref())).collect();
        let mut found = found.iter().filter(|text| !self.is_nothing(text));
        for (n, statement) in expected.iter().filter(|text| !self.is_nothing(text)).enumerate() {
            match found.next() {
                Some(text) if self.holds(text, &self.squeezed(statement)) => {}
                Some(text) => {
                    return Some(format!("statement {}\n    expected {statement:?}\n    found    {text:?}", n + 1));
                }
                None => return Some(format!("statement {} is missing: {statement:?}", n + 1)),
            }
        }
        found.next().map(|text| format!("one more than the {} expected: {text:?}", expected.len()))
    }

    fn squeezed(self, text: &str) -> String {
        let mut squeezed = String::with_capacity(text.len());
        for c in text.replace("\r\n", "\n").chars() {
            if c == '\n' && self.mysql && squeezed.ends_with('\\') {
                squeezed.pop();
            }
            if c != '\n' || !squeezed.ends_with('\n') {
                squeezed.push(c);
            }
        }
        squeezed
    }

    /// The text is this statement with blanks and comments around it, and perhaps a semicolon.
    pub fn holds(self, text: &str, statement: &str) -> bool {
        let mut rest = text;
        loop {
            if self.behind(rest, statement).is_some_and(|behind| self.is_nothing(behind)) {
                return true;
            }
            match self.skip(rest) {
                Some(next) => rest = next,
                None => return false,
            }
        }
    }

    fn behind<'a>(self, text: &'a str, statement: &str) -> Option<&'a str> {
        if !self.mysql || text.starts_with(statement) {
            return text.strip_prefix(statement);
        }
        let mut rest = text.chars();
        for wanted in statement.chars().filter(|c| !c.is_ascii_whitespace()) {
            if rest.find(|c| !c.is_ascii_whitespace()) != Some(wanted) {
                return None;
            }
        }
        Some(rest.as_str())
    }

    /// Blanks, comments, and at most one semicolon.
    pub fn is_nothing(self, text: &str) -> bool {
        let behind = self.behind_blanks(text);
        self.behind_blanks(behind.strip_prefix(';').unwrap_or(behind)).is_empty()
    }

    /// Without the blanks and comments at its start.
    pub fn behind_blanks(self, mut text: &str) -> &str {
        while let Some(next) = self.skip(text) {
            text = next;
        }
        text
    }

    /// Without what is empty before a statement: SQLite hands it over with the statement.
    pub fn behind_empty(self, text: &str) -> &str {
        let mut text = text.strip_prefix('\u{feff}').unwrap_or(text);
        while let Some(rest) = self.behind_blanks(text).strip_prefix(';') {
            text = rest;
        }
        text
    }

    /// Without the blank or comment at its start.
    fn skip(self, text: &str) -> Option<&str> {
        if text.starts_with("--") || (self.mysql && text.starts_with('#')) {
            let ends: &[char] = if self.mysql { &['\n'] } else { &['\n', '\r'] };
            return Some(text.find(ends).map_or("", |end| &text[end..]));
        }
        let Some(comment) = text.strip_prefix("/*") else {
            return text.strip_prefix([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        };
        if let Some(code) = self.code.iter().find_map(|mark| comment.strip_prefix(mark)) {
            // With nothing in it, it is nothing.
            return self.behind_blanks(code.trim_start_matches(|c: char| c.is_ascii_digit())).strip_prefix("*/");
        }
        let mut depth = 1usize;
        let mut at = 2;
        loop {
            match text.as_bytes().get(at..at + 2)? {
                b"/*" if self.nested => {
                    depth += 1;
                    at += 2;
                }
                b"*/" => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return text.get(at..);
                    }
                }
                _ => at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_statement() {
        assert!(POSTGRES.holds(" -- a\n/* /* ; */ */ b;", "b"));
        assert!(POSTGRES.holds("/*+ a */ b -- c", "/*+ a */ b"));
        assert!(!POSTGRES.holds("a b;", "b"));
        assert!(!POSTGRES.holds("b; c", "b"));
        assert!(!POSTGRES.holds("b;;", "b"));
        assert!(POSTGRES.is_nothing("-- a;\r ; /* b */"));
        assert!(!POSTGRES.is_nothing("/* b"));
        assert!(MYSQL.holds("# a\nb -- c", "b"));
        assert!(!MYSQL.holds("a --\nb", "b"));
        assert!(!MYSQL.is_nothing("/*! a */"));
        assert!(MYSQL.is_nothing("/*M! /* a */"));
        assert!(!MARIADB.is_nothing("/*M! a */"));
    }

    #[test]
    fn the_first_difference() {
        assert_eq!(POSTGRES.difference(&["a", "b"], &["a;", "-- x\n;", "b"]), None);
        assert_eq!(POSTGRES.difference(&["a\n\n\nb"], &["a\nb"]), None);
        assert!(POSTGRES.difference(&["a"], &["a", "b"]).is_some());
        assert!(POSTGRES.difference(&["a", "b"], &["a"]).is_some());
        assert!(POSTGRES.difference(&["a"], &["b"]).is_some());
    }
}
