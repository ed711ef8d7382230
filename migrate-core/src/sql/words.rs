//! A statement's code, read from left to right: for who must say it again in other words, with names as they were
//! written.

use super::head::{code_tokens, name_of};
use super::lexer::{Token, TokenKind};
use super::statement::ObjectName;
use super::syntax::Syntax;

/// The place in a statement up to which it was read.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    text: &'a str,
    syntax: Syntax,
    tokens: Vec<Token>,
    at: usize,
    /// Where it ends, in the text.
    end: usize,
}

/// A name, as it is written and as the dialect compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// What stands before it with a dot behind, as written.
    pub(crate) schema: Option<String>,
    /// The last part, as written.
    pub(crate) own: String,
    /// What it is.
    pub(crate) object: ObjectName,
}

impl Name {
    /// As SQL.
    pub(crate) fn sql(&self) -> String {
        self.beside(&self.own)
    }

    /// Another name in the same schema, as SQL.
    pub(crate) fn beside(&self, own: &str) -> String {
        self.schema.as_ref().map_or_else(|| own.to_owned(), |schema| format!("{schema}.{own}"))
    }

    /// What stands before the last dot: the table of a column.
    pub(crate) fn parent(&self) -> Option<Name> {
        let (written, own) = (self.schema.as_ref()?, self.object.schema.clone()?);
        let (schema, last) = match written.rsplit_once('.') {
            Some((schema, last)) => (Some(schema.to_owned()), last.to_owned()),
            None => (None, written.clone()),
        };
        let schema_name = schema.clone();
        Some(Name { schema, own: last, object: ObjectName { schema: schema_name, name: own } })
    }

    /// The same in the same schema under another name.
    pub(crate) fn renamed(&self, new: &Name) -> Name {
        Name {
            schema: self.schema.clone(),
            own: new.own.clone(),
            object: ObjectName { schema: self.object.schema.clone(), name: new.object.name.clone() },
        }
    }
}

impl<'a> Words<'a> {
    pub(crate) fn new(text: &'a str, syntax: Syntax) -> Self {
        Words { text, syntax, tokens: code_tokens(text, syntax).collect(), at: 0, end: text.len() }
    }

    /// Reads these key words, if they stand here; `|` parts alternatives.
    pub(crate) fn eat(&mut self, words: &str) -> bool {
        let fits = self.is(words);
        if fits {
            self.at += words.split(' ').count();
        }
        fits
    }

    /// Whether these key words stand here.
    pub(crate) fn is(&self, words: &str) -> bool {
        words.split(' ').enumerate().all(|(n, word)| self.is_at(self.at + n, word))
    }

    fn is_at(&self, at: usize, words: &str) -> bool {
        match self.tokens.get(at) {
            Some(token) if matches!(token.kind, TokenKind::Word | TokenKind::Punct) => {
                words.split('|').any(|word| self.text_of(token).eq_ignore_ascii_case(word))
            }
            _ => false,
        }
    }

    /// Which of these words is read here.
    pub(crate) fn one_of(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().copied().find(|word| self.eat(word))
    }

    /// Reads a name, with its schema if it has one; of `a.b.c` the schema is `a.b`.
    pub(crate) fn name(&mut self) -> Option<Name> {
        let start = self.at;
        let mut last = self.part(start)?;
        let mut schema = None;
        let mut end = start;
        while self.is_at(end + 1, ".")
            && let Some(part) = self.part(end + 2)
        {
            schema = Some((self.span(start, end), last));
            last = part;
            end += 2;
        }
        self.at = end + 1;
        let own = self.span(end, end);
        let (schema, schema_name) = schema.unzip();
        Some(Name { schema, own, object: ObjectName { schema: schema_name, name: last } })
    }

    fn part(&self, at: usize) -> Option<String> {
        let token = self.tokens.get(at)?;
        name_of(token.kind, self.text_of(token), self.syntax)
    }

    /// Reads something in parentheses: what stands between them, split at its commas.
    pub(crate) fn parentheses(&mut self) -> Option<Vec<Words<'a>>> {
        if !self.is("(") {
            return None;
        }
        let open = self.at;
        let mut depth = 0usize;
        let mut items = Vec::new();
        let mut from = open + 1;
        for at in open..self.tokens.len() {
            match self.tokens.get(at).map(|token| self.text_of(token)) {
                Some("(" | "[") => depth += 1,
                Some(")" | "]") => depth -= 1,
                Some(",") if depth == 1 => {
                    items.push(self.between(from, at));
                    from = at + 1;
                }
                _ => {}
            }
            if depth == 0 {
                if at > from || !items.is_empty() {
                    items.push(self.between(from, at));
                }
                self.at = at + 1;
                return Some(items);
            }
        }
        None
    }

    /// Reads up to the next parenthesis that opens; false, and nothing is read, if none comes.
    pub(crate) fn skip_to_parenthesis(&mut self) -> bool {
        let found = (self.at..self.tokens.len()).find(|at| self.is_at(*at, "("));
        self.at = found.unwrap_or(self.at);
        found.is_some()
    }

    fn between(&self, from: usize, to: usize) -> Words<'a> {
        let end = self.tokens.get(to).map_or(self.end, |token| token.start);
        Words { tokens: self.tokens.get(from..to).unwrap_or_default().to_vec(), at: 0, end, ..*self }
    }

    /// Reads up to this key word outside of parentheses, and it; false, and nothing is read, if it does not come.
    pub(crate) fn skip_to(&mut self, word: &str) -> bool {
        let mut depth = 0usize;
        for at in self.at..self.tokens.len() {
            match self.tokens.get(at).map(|token| self.text_of(token)) {
                Some("(") => depth += 1,
                Some(")") => depth = depth.saturating_sub(1),
                _ if depth == 0 && self.is_at(at, word) => {
                    self.at = at + 1;
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// Whether these key words follow each other somewhere behind this place.
    pub(crate) fn has(&self, words: &str) -> bool {
        let mut rest = self.clone();
        (self.at..self.tokens.len()).any(|at| {
            rest.at = at;
            rest.is(words)
        })
    }

    /// What was not read yet, as written. A comment at its end is left out, but for MySQL's that closes what is read
    /// by some versions.
    pub(crate) fn rest(&self) -> String {
        if self.is_over() {
            return String::new();
        }
        let last = self.tokens.last().map_or(self.end, |token| token.end);
        let behind = self.text.get(last..self.end).unwrap_or_default().trim();
        let closes = if behind == "*/" { " */" } else { "" };
        format!("{}{closes}", self.span(self.at, self.tokens.len() - 1))
    }

    /// What was not read yet, up to so many bytes behind the beginning, as written.
    pub(crate) fn up_to(&self, end: usize) -> String {
        let begin = self.tokens.first().map_or(self.end, |token| token.start);
        let from = self.tokens.get(self.at).map_or(self.end, |token| token.start);
        self.text.get(from..(begin + end).min(self.end)).unwrap_or_default().to_owned()
    }

    /// What was read so far, as written.
    pub(crate) fn read(&self) -> String {
        if self.at == 0 { String::new() } else { self.span(0, self.at - 1) }
    }

    /// Reads one word, name or sign, as written.
    pub(crate) fn next_word(&mut self) -> &'a str {
        let text = self.tokens.get(self.at).map_or("", |token| self.text_of(token));
        self.at += 1;
        text
    }

    /// Whether all was read.
    pub(crate) fn is_over(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn span(&self, first: usize, last: usize) -> String {
        let start = self.tokens.get(first).map_or(self.text.len(), |token| token.start);
        let end = self.tokens.get(last).map_or(self.text.len(), |token| token.end);
        self.text.get(start..end).unwrap_or_default().to_owned()
    }

    fn text_of(&self, token: &Token) -> &'a str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Dialect;

    #[test]
    fn names_as_written() {
        let mut words = Words::new("DROP TABLE IF EXISTS \"My\".Users, b", Dialect::Postgres.into());
        assert!(words.eat("DROP TABLE|VIEW") && !words.eat("IF NOT EXISTS") && words.eat("IF EXISTS"));
        let name = words.name().unwrap();
        assert_eq!(name.sql(), "\"My\".Users");
        assert_eq!(name.object, ObjectName { schema: Some("My".into()), name: "users".into() });
        assert_eq!(name.beside("x"), "\"My\".x");
        assert!(words.eat(",") && words.name().is_some() && words.is_over());
    }

    #[test]
    fn lists() {
        let mut words = Words::new("f (a int, b numeric(1, 2)) ON x", Dialect::Postgres.into());
        words.name();
        let items: Vec<String> = words.parentheses().unwrap().iter().map(Words::rest).collect();
        assert_eq!(items, ["a int", "b numeric(1, 2)"]);
        assert_eq!(words.rest(), "ON x");
        let mut words = Words::new("() x", Dialect::Postgres.into());
        assert!(words.parentheses().unwrap().is_empty() && words.is("x"));
    }
}
