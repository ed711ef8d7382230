//! What a text itself does to its syntax: `SET sql_mode = …`, `SET standard_conforming_strings = …`.

use super::dialect::{Client, Dialect};
use super::head::code;
use super::lexer::TokenKind;
use super::syntax::{Mode, Syntax};

/// The syntax at some place between two statements.
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    initial: Syntax,
    pub(crate) now: Syntax,
    /// User variables that hold a mode: each dump by `mysqldump` saves the old one in
    /// `@OLD_SQL_MODE` and `@saved_sql_mode`, and puts it back.
    saved: Vec<(String, String)>,
}

type Code<'a> = (TokenKind, &'a str);

impl Follow {
    pub(crate) fn new(initial: Syntax) -> Self {
        Follow { initial, now: initial, saved: Vec::new() }
    }

    /// Takes note of a statement, and says whether it changed the syntax.
    pub(crate) fn statement(&mut self, text: &str) -> bool {
        let before = self.now;
        match self.now.rules().client {
            Client::Mysql => self.sql_mode(text),
            Client::Psql => self.standard_conforming_strings(text),
            Client::Sqlite3 => {}
        }
        self.now != before
    }

    fn sql_mode(&mut self, text: &str) {
        let mut head = code(text, self.now);
        let is_set = head.next().is_some_and(|token| is(token, "SET"));
        if !is_set {
            return;
        }
        // `SET STATEMENT … FOR …` puts everything back behind its statement, but for what a SET behind it sets.
        if head.next().is_some_and(|token| is(token, "STATEMENT")) {
            let inner = head.skip_while(|token| !is(*token, "FOR")).skip(1);
            let mut inner = inner.take(MOST_TOKENS);
            if inner.next().is_some_and(|token| is(token, "SET")) && inner.any(|token| is_name(token, "sql_mode")) {
                self.now = self.now.with(Mode { unknown: true, ..self.now.mode });
            }
            return;
        }
        let tokens: Vec<Code<'_>> = code(text, self.now).skip(1).take(MOST_TOKENS).collect();
        if tokens.len() == MOST_TOKENS {
            self.saved.clear();
            self.now = self.now.with(Mode { unknown: true, ..self.now.mode });
            return;
        }
        let runs = version_comment_runs(text, self.now.dialect());
        let mut global = false;
        for assignment in split_at_commas(&tokens) {
            let sign = assignment.iter().position(|(_, text)| *text == "=");
            let Some((target, value)) = sign.map(|at| (&assignment[..at], &assignment[at + 1..])) else { continue };
            let target = match target {
                [target @ .., (_, ":")] => target,
                _ => target,
            };
            let (scope, target) = match target {
                [first, rest @ ..] if !rest.is_empty() && first.0 == TokenKind::Word => (Some(first.1), rest),
                _ => (None, target),
            };
            if let Some(scope) = scope {
                global = !["SESSION", "LOCAL"].iter().any(|name| scope.eq_ignore_ascii_case(name));
            }
            match target {
                [(_, "@"), name] => self.save(name.1, value),
                [(_, "@"), (_, "@"), scope, (_, "."), name]
                    if is_name(*name, "sql_mode") && (is(*scope, "SESSION") || is(*scope, "LOCAL")) =>
                {
                    self.set(value, runs);
                }
                [(_, "@"), (_, "@"), name] if is_name(*name, "sql_mode") => self.set(value, runs),
                [name] if is_name(*name, "sql_mode") && !global => self.set(value, runs),
                _ => {}
            }
        }
    }

    fn save(&mut self, name: &str, value: &[Code<'_>]) {
        let name = bare(name).to_ascii_lowercase();
        self.saved.retain(|(known, _)| *known != name);
        if let Some(value) = self.value(value, 0) {
            if self.saved.len() == MOST_SAVED {
                self.saved.remove(0);
            }
            self.saved.push((name, value));
        }
    }

    fn set(&mut self, value: &[Code<'_>], runs: Option<bool>) {
        let dialect = self.now.dialect();
        let mode = match (runs, value) {
            (Some(false), _) => return,
            (None, _) => None,
            (_, [(TokenKind::Number, bits)]) => bits.parse().ok().map(|bits| Mode::of_bits(bits, dialect)),
            (_, [(TokenKind::Word, name)]) => Mode::read(name, dialect),
            _ => self.value(value, 0).and_then(|names| self.read(&names)),
        };
        self.now = self.now.with(mode.unwrap_or(Mode { unknown: true, ..self.now.mode }));
    }

    /// The value of an expression over modes, as text, in which [`OTHERS`] stands for the names that are not known.
    fn value(&self, value: &[Code<'_>], depth: usize) -> Option<String> {
        // Nobody nests deeper, and a hostile text should not.
        if depth > 8 {
            return None;
        }
        let argument = |tokens| self.value(tokens, depth + 1);
        match value {
            [(TokenKind::String | TokenKind::QuotedName, text)] if text.len() <= MOST_BYTES => {
                Some(bare(text).to_owned())
            }
            [(_, "@"), (_, "@"), name] if is_name(*name, "sql_mode") => self.names(),
            [(_, "@"), (_, "@"), scope, (_, "."), name] if is_name(*name, "sql_mode") && !is(*scope, "GLOBAL") => {
                self.names()
            }
            [(_, "@"), name] => {
                let name = bare(name.1).to_ascii_lowercase();
                self.saved.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
            }
            [(_, "("), (TokenKind::Word, select), inner @ .., (_, ")")] if select.eq_ignore_ascii_case("SELECT") => {
                argument(inner)
            }
            [(_, "("), inner @ .., (_, ")")] => argument(inner),
            [function, (_, "("), inner @ .., (_, ")")] => {
                let arguments: Option<Vec<String>> =
                    split_at_commas(inner).take(MOST_ARGUMENTS).map(argument).collect();
                let arguments = arguments.filter(|arguments| arguments.len() < MOST_ARGUMENTS)?;
                let value = match arguments.as_slice() {
                    parts if is(*function, "CONCAT") => Some(parts.concat()),
                    [separator, parts @ ..] if is(*function, "CONCAT_WS") => Some(parts.join(separator)),
                    [text, from, to] if is(*function, "REPLACE") && !from.is_empty() => Some(text.replace(from, to)),
                    _ => None,
                };
                value.filter(|value| value.len() <= MOST_BYTES)
            }
            _ => None,
        }
    }

    fn names(&self) -> Option<String> {
        let Mode { backslash, ansi_quotes, oracle, unknown } = self.now.mode;
        let mut names = vec![OTHERS];
        names.extend(ansi_quotes.then_some("ANSI_QUOTES"));
        names.extend((!backslash).then_some("NO_BACKSLASH_ESCAPES"));
        names.extend(oracle.then_some("ORACLE"));
        (!unknown).then(|| names.join(","))
    }

    fn read(&self, names: &str) -> Option<Mode> {
        let named: Vec<&str> = names.split(',').filter(|name| *name != OTHERS).collect();
        Mode::read(&named.join(","), self.now.dialect())
    }

    fn standard_conforming_strings(&mut self, text: &str) {
        const NAME: &str = "standard_conforming_strings";
        let tokens: Vec<Code<'_>> = code(text, self.now).take(12).collect();
        let (value, local) = match tokens.as_slice() {
            [set, rest @ ..] if is(*set, "SET") => match rest {
                [scope, name, _, value] if is_name(*name, NAME) && is(*scope, "SESSION") => (*value, false),
                [scope, name, _, value] if is_name(*name, NAME) && is(*scope, "LOCAL") => (*value, true),
                [name, _, value] if is_name(*name, NAME) => (*value, false),
                _ => return,
            },
            [reset, name] if is(*reset, "RESET") && (is_name(*name, NAME) || is(*name, "ALL")) => {
                ((TokenKind::Word, "default"), false)
            }
            [select, rest @ ..] if is(*select, "SELECT") => match rest {
                [function, (_, "("), name, (_, ","), value, (_, ","), local, ..]
                | [_, (_, "."), function, (_, "("), name, (_, ","), value, (_, ","), local, ..]
                    if is_name(*function, "set_config") && bare(name.1).eq_ignore_ascii_case(NAME) =>
                {
                    (*value, !is(*local, "FALSE"))
                }
                _ => return,
            },
            // It also takes back what was set.
            [rollback, ..] if is(*rollback, "ROLLBACK") || is(*rollback, "ABORT") => {
                let unknown = self.now != self.initial;
                self.now = self.now.with(Mode { unknown, ..self.now.mode });
                return;
            }
            _ => return,
        };
        let value = bare(value.1).to_ascii_lowercase();
        let begins = |word: &str| !value.is_empty() && word.starts_with(&value);
        let on = match value.as_str() {
            "default" => !self.initial.mode.backslash,
            "1" | "on" => true,
            "0" | "of" | "off" => false,
            _ if begins("true") || begins("yes") => true,
            _ if begins("false") || begins("no") => false,
            // An error of the server; nothing changes.
            _ => return,
        };
        // Without a transaction around it that does nothing, and a COMMIT ends it: neither is known here.
        self.now = match local {
            true if on == self.now.mode.backslash => self.now.with(Mode { unknown: true, ..self.now.mode }),
            true => self.now,
            false => Syntax::postgres(on),
        };
    }
}

// Far beyond any real file, so that a hostile one can't make this slow or large. Beyond them a mode is unknown.
const MOST_TOKENS: usize = 4096;
const MOST_SAVED: usize = 32;
const MOST_ARGUMENTS: usize = 16;
const MOST_BYTES: usize = 2000;

/// Stands for modes that move no literal's end, whatever they are. No mode has such a name, and a
/// mode's name glued to it is none either.
const OTHERS: &str = "*";

/// Whether what a versioned comment around the whole statement holds is run, if that is known of
/// every server of the dialect that is still in use.
fn version_comment_runs(text: &str, dialect: Dialect) -> Option<bool> {
    let Some(comment) = text.strip_prefix("/*") else { return Some(true) };
    let digits = comment.trim_start_matches(['M', '!']);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let version = digits.get(..end).unwrap_or_default();
    match (dialect, version.parse::<u32>()) {
        _ if version.is_empty() => Some(true),
        (_, Ok(0..50_700)) => Some(true),
        // MariaDB passes over what is for newer ones of MySQL.
        (Dialect::Mariadb, Ok(50_700..=99_999)) if comment.starts_with('!') => Some(false),
        (Dialect::Mysql, Ok(50_700..=80_000)) | (Dialect::Mariadb, Ok(100_000..=100_600)) => Some(true),
        _ => None,
    }
}

fn split_at_commas<'t, 'a>(tokens: &'t [Code<'a>]) -> impl Iterator<Item = &'t [Code<'a>]> {
    let mut depth = 0usize;
    tokens.split(move |(_, text)| {
        match *text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *text == ","
    })
}

fn is((kind, text): Code<'_>, word: &str) -> bool {
    kind == TokenKind::Word && text.eq_ignore_ascii_case(word)
}

fn is_name((kind, text): Code<'_>, name: &str) -> bool {
    matches!(kind, TokenKind::Word | TokenKind::QuotedName) && bare(text).eq_ignore_ascii_case(name)
}

/// What stands between the quotes, if there are any. No name of a mode has a quote in it.
fn bare(text: &str) -> &str {
    let quotes = ['\'', '"', '`'];
    let start = text.find(quotes).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default().trim_end_matches(quotes)
}

#[cfg(test)]
mod tests;
