//! The first words of a statement, and the patterns that they are compared with.

use super::dialect::{Dialect, Fold};
use super::lexer::{Token, TokenKind, tokens};
use super::statement::ObjectName;
use super::syntax::Syntax;

/// The head of a statement: enough of its code for any pattern, so that a long `INSERT` is not read
/// to its end.
#[derive(Debug)]
pub(super) struct Head<'a> {
    text: &'a str,
    syntax: Syntax,
    code: Vec<(TokenKind, &'a str)>,
}

/// A pattern that fits.
#[derive(Debug, Default)]
pub(super) struct Match {
    /// The key words outside of brackets, in capitals.
    pub(super) verb: String,
    /// What each `@` stands for.
    pub(super) objects: Vec<ObjectName>,
    /// What `^` stands for.
    pub(super) on: Option<ObjectName>,
    /// Behind the last token of the pattern.
    pub(super) next: usize,
}

impl<'a> Head<'a> {
    const LENGTH: usize = 64;

    pub(super) fn new(text: &'a str, syntax: Syntax) -> Self {
        Self::of_length(Self::LENGTH, text, syntax)
    }

    /// The first word only, for [`begins`](Self::begins).
    pub(super) fn first(text: &'a str, syntax: Syntax) -> Self {
        Self::of_length(1, text, syntax)
    }

    fn of_length(length: usize, text: &'a str, syntax: Syntax) -> Self {
        Head {
            text,
            syntax,
            // (SELECT …) UNION …
            code: code(text, syntax).skip_while(|(_, text)| *text == "(").take(length).collect(),
        }
    }

    /// Compares the head with a pattern of words:
    ///
    /// - `A|B`: one of these key words; `-A`: the same, but not part of the verb
    /// - `[A B]`: these key words, or none of them
    /// - `()`: something in parentheses, or nothing
    /// - `%`: options with an equals sign, or none: ``DEFINER = `root`@`localhost` ``
    /// - `@`: the name of an object; `@,`: one or more, with commas between them;
    ///   `@>`: pairs `a TO b`
    /// - `^`: the name of the table that the object belongs to
    /// - `~A`: everything up to the key word and with it, or nothing if it does not come
    /// - `$`: the end of the statement
    /// - anything that is no word: that sign
    pub(super) fn matches(&self, pattern: &str) -> Option<Match> {
        let mut found = Match::default();
        let mut words = pattern.split_ascii_whitespace();
        while let Some(word) = words.next() {
            match word {
                "()" => found.next = self.behind_parentheses(found.next),
                "%" => found.next = self.behind_options(found.next),
                "@" | "@," => {
                    let (object, next) = self.object(found.next)?;
                    found.objects.push(object);
                    found.next = next;
                    while word == "@,"
                        && self.is(found.next, ",")
                        && let Some((object, next)) = self.object(found.next + 1)
                    {
                        found.objects.push(object);
                        found.next = next;
                    }
                }
                "@>" => {
                    let mut next = found.next;
                    loop {
                        let (old, to) = self.object(next)?;
                        let to = (to..to + 2).find(|&at| self.is(at, "TO"))?;
                        let (new, behind) = self.object(to + 1)?;
                        found.objects.extend([old, new]);
                        found.next = behind;
                        if !self.is(behind, ",") {
                            break;
                        }
                        next = behind + 1;
                    }
                }
                "^" => {
                    let (table, next) = self.object(found.next)?;
                    found.on = Some(table);
                    found.next = next;
                }
                "$" if self.code.get(found.next).is_some() => return None,
                "$" => {}
                _ if word.starts_with('~') => match self.find(found.next, word.trim_start_matches('~')) {
                    Some(at) => found.next = at + 1,
                    // Nor can anything be told of what the pattern wants behind it.
                    None => return Some(found),
                },
                _ => match word.strip_prefix('[') {
                    Some(first) => {
                        let mut next = found.next;
                        let mut fits = true;
                        let mut word = first;
                        loop {
                            let last = word.strip_suffix(']');
                            fits = fits && self.is(next, last.unwrap_or(word));
                            next += 1;
                            match last {
                                Some(_) => break,
                                None => word = words.next()?,
                            }
                        }
                        if fits {
                            found.next = next;
                        }
                    }
                    None => {
                        let silent = word.strip_prefix('-');
                        let (_, text) = self.code.get(found.next)?;
                        if !self.is(found.next, silent.unwrap_or(word)) {
                            return None;
                        }
                        if silent.is_none() && word.starts_with(|c: char| c.is_ascii_alphabetic()) {
                            if !found.verb.is_empty() {
                                found.verb.push(' ');
                            }
                            found.verb.push_str(&text.to_ascii_uppercase());
                        }
                        found.next += 1;
                    }
                },
            }
        }
        Some(found)
    }

    /// Whether the statement begins with the first word of a pattern whose first word is plain.
    pub(super) fn begins(&self, pattern: &str) -> bool {
        self.is(0, pattern.split(' ').next().unwrap_or_default())
    }

    /// Whether these words follow each other somewhere in the statement, `..` standing for any
    /// code. Reads all of it, unless there is nothing to look for.
    pub(super) fn contains(&self, wanted: &str) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let mut runs = wanted.split("..").map(|run| run.split_ascii_whitespace());
        let Some(mut run) = runs.next() else {
            return true;
        };
        let mut left = run.clone();
        for (_, text) in code(self.text, self.syntax) {
            let mut here = left.clone();
            left = match here.next() {
                Some(word) if text.eq_ignore_ascii_case(word) => here,
                _ => {
                    let mut start = run.clone();
                    match start.next() {
                        Some(word) if text.eq_ignore_ascii_case(word) => start,
                        _ => run.clone(),
                    }
                }
            };
            if left.clone().next().is_none() {
                match runs.next() {
                    Some(next) => {
                        run = next.clone();
                        left = next;
                    }
                    None => return true,
                }
            }
        }
        false
    }

    /// Whether an assignment or an argument stands there.
    pub(super) fn has_value(&self, at: usize) -> bool {
        matches!(self.code.get(at), Some((_, "=" | "(")))
    }

    pub(super) fn first_word(&self) -> String {
        match self.code.first() {
            Some((TokenKind::Word, text)) => text.to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    fn is(&self, at: usize, words: &str) -> bool {
        match self.code.get(at) {
            Some((TokenKind::Word, text)) => words.split('|').any(|word| text.eq_ignore_ascii_case(word)),
            Some((TokenKind::Punct, text)) => *text == words,
            _ => false,
        }
    }

    /// The next place from `at` on, outside of parentheses, where the key word stands.
    fn find(&self, at: usize, word: &str) -> Option<usize> {
        let mut depth = 0usize;
        for (n, (_, text)) in self.code.iter().enumerate().skip(at) {
            match *text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 && self.is(n, word) => return Some(n),
                _ => {}
            }
        }
        None
    }

    fn behind_options(&self, mut at: usize) -> usize {
        let is = |at: usize, sign| matches!(self.code.get(at), Some((_, text)) if *text == sign);
        while is(at + 1, "=") {
            at += 3;
            if is(at, "@") {
                at += 2;
            }
            at = self.behind_parentheses(at);
        }
        at
    }

    fn behind_parentheses(&self, at: usize) -> usize {
        if !matches!(self.code.get(at), Some((_, "("))) {
            return at;
        }
        let rest = self.code.get(at..).unwrap_or_default();
        let mut depth = 0usize;
        for (n, (_, text)) in rest.iter().enumerate() {
            match *text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return at + n + 1;
            }
        }
        at
    }

    /// A name, with its schema if it has one; of `a.b.c`, the last two count.
    fn object(&self, at: usize) -> Option<(ObjectName, usize)> {
        let mut schema = None;
        let mut name = self.name(at)?;
        let mut next = at + 1;
        while matches!(self.code.get(next), Some((_, ".")))
            && let Some(part) = self.name(next + 1)
        {
            schema = Some(std::mem::replace(&mut name, part));
            next += 2;
        }
        Some((ObjectName { schema, name }, next))
    }

    fn name(&self, at: usize) -> Option<String> {
        let (kind, text) = self.code.get(at)?;
        name_of(*kind, text, self.syntax)
    }
}

/// What a name is called, as the dialect compares names; `None` where this can't be one.
pub(super) fn name_of(kind: TokenKind, text: &str, syntax: Syntax) -> Option<String> {
    let (name, quoted) = match kind {
        TokenKind::Word => (text.to_owned(), false),
        TokenKind::QuotedName => (unquoted(text)?, true),
        // SQLite takes a string where it wants a name.
        TokenKind::String if syntax.dialect() == Dialect::Sqlite => (unquoted(text)?, true),
        _ => return None,
    };
    Some(match syntax.rules().fold {
        Fold::Always => name.to_ascii_lowercase(),
        Fold::Unquoted if !quoted => name.to_ascii_lowercase(),
        Fold::Unquoted | Fold::Never => name,
    })
}

/// The statement's code, without what only surrounds or steers it. It ends at a mistake.
pub(super) fn code_tokens(text: &str, syntax: Syntax) -> impl Iterator<Item = Token> {
    let is_code = |token: &Token| {
        !token.kind.is_blank()
            && !matches!(token.kind, TokenKind::Hint | TokenKind::VersionedOpen | TokenKind::VersionedClose)
    };
    tokens(text, syntax).map_while(Result::ok).filter(is_code)
}

/// The same with its text.
pub(super) fn code(text: &str, syntax: Syntax) -> impl Iterator<Item = (TokenKind, &str)> {
    code_tokens(text, syntax).filter_map(|token| Some((token.kind, text.get(token.start..token.end)?)))
}

/// What stands between the quotes.
fn unquoted(text: &str) -> Option<String> {
    let close = text.chars().next_back()?;
    let open = if close == ']' { '[' } else { close };
    let (_, content) = text.strip_suffix(close)?.split_once(open)?;
    Some(match close {
        ']' => content.to_owned(),
        _ => content.replace(&format!("{close}{close}"), &close.to_string()),
    })
}
