use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::driver::{Cause, Holder};
use crate::sql::{Dialect, Statement, Syntax, Token, TokenKind, tokens};

/// Values that are put into SQL in the place of `${name}`.
///
/// Without any, `${name}` is text like any other. With one or more, every `${name}` outside of comments must be one of
/// them: an unknown one refuses the plan, with its line.
///
/// The history keeps the text as it stands in the file, and its checksum is taken over that. A
/// [secret](Self::with_secret) is in no error, event or rendered script.
///
/// Inside a literal a value can't end it: quotes are doubled, and backslashes where they mean something. Elsewhere it is
/// SQL like the text around it, but it can't hold a semicolon, a comment, or half a literal.
///
/// ```
/// use migrate_core::Variables;
///
/// let variables = Variables::new().with("schema", "app")?.with_secret("password", "it's")?;
/// assert_eq!(format!("{variables:?}"), r#"{"password": "***", "schema": "app"}"#);
/// # Ok::<(), migrate_core::VariableName>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, Value>);

#[derive(Clone, PartialEq, Eq)]
enum Value {
    Plain(String),
    Secret(String),
}

/// A name that no variable can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name for a variable: letters, digits and underscores, and no digit first")]
pub struct VariableName(pub String);

impl Variables {
    /// None yet.
    pub const fn new() -> Self {
        Variables(BTreeMap::new())
    }

    /// One more, which everybody may see.
    ///
    /// # Errors
    /// When the name is none.
    pub fn with(self, name: impl Into<String>, value: impl Into<String>) -> Result<Self, VariableName> {
        self.insert(name.into(), Value::Plain(value.into()))
    }

    /// One more, which nobody may see.
    ///
    /// # Errors
    /// When the name is none.
    pub fn with_secret(self, name: impl Into<String>, value: impl Into<String>) -> Result<Self, VariableName> {
        self.insert(name.into(), Value::Secret(value.into()))
    }

    fn insert(mut self, name: String, value: Value) -> Result<Self, VariableName> {
        if name.is_empty() || name_length(&name) != name.len() {
            return Err(VariableName(name));
        }
        self.0.insert(name, value);
        Ok(self)
    }

    /// Names and values, secrets too.
    #[doc(hidden)]
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.sent()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of those that nobody may see.
    pub(crate) fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, value)| value.secret().is_some()).map(|(name, _)| name.as_str())
    }

    /// The same with `${name}` for each secret: what may be shown.
    pub(crate) fn shown(&self) -> Self {
        let shown = |(name, value): (&String, &Value)| (name.clone(), Value::Plain(value.shown(name)));
        Variables(self.0.iter().map(shown).collect())
    }

    /// Whether a text has a `${name}` that counts, if only in a comment.
    pub(crate) fn appear_in(&self, text: &str) -> bool {
        !self.is_empty() && references(text).next().is_some()
    }

    /// A statement with the values in it; `None` where there is nothing to put in.
    pub(crate) fn put_into(&self, statement: &Statement<'_>) -> Result<Option<Substituted>, Misplaced> {
        if self.is_empty() || !statement.text.contains(OPENING) {
            return Ok(None);
        }
        let source: Vec<Token> = tokens(statement.text, statement.syntax).map_while(Result::ok).collect();
        let places = self.places(statement, &source)?;
        if places.is_empty() {
            return Ok(None);
        }
        let sent = Filled::new(statement.text, &places, |place| place.value.clone());
        if !sent.is_read_alike(&source, &places, statement.syntax) {
            return Err(misread(&places));
        }
        let has_secret = places.iter().any(|place| place.value != place.shown);
        let shown = has_secret.then(|| Filled::new(statement.text, &places, |place| place.shown.clone()).text);
        let map = places.into_iter().map(|place| place.source).zip(sent.ranges).collect();
        Ok(Some(Substituted { text: sent.text, shown, map }))
    }

    /// Every `${name}` of a statement, in order.
    fn places(&self, statement: &Statement<'_>, source: &[Token]) -> Result<Vec<Place>, Misplaced> {
        let mut places = Vec::new();
        for (range, context) in regions(source, statement) {
            let text = statement.text.get(range.clone()).unwrap_or_default();
            for (at, name) in references(text) {
                let source = range.start + at..range.start + at + OPENING.len() + name.len() + 1;
                let Some(value) = self.0.get(name) else { return Err(self.undeclared(name, source.start)) };
                let put = |value: &str| context.escaped(value).map_err(|problem| unfit(name, problem, source.start));
                let (sent, shown) = (put(value.sent())?, put(&value.shown(name))?);
                places.push(Place { source, name: name.to_owned(), value: sent, shown, in_code: context.is_code() });
            }
        }
        Ok(places)
    }

    fn undeclared(&self, name: &str, offset: usize) -> Misplaced {
        let declared: Vec<_> = self.0.keys().map(|name| format!("${{{name}}}")).collect();
        Misplaced {
            offset,
            problem: format!("${{{name}}} is not declared"),
            help: format!("declare it, or write one of {}; nothing was put in anywhere", declared.join(", ")),
        }
    }

    /// A text without the secrets, whole or in part: a server quotes the beginning of what it did not understand.
    pub(crate) fn redact(&self, text: &str) -> Option<String> {
        let secrets: Vec<&str> = self.0.values().filter_map(Value::secret).collect();
        if secrets.is_empty() {
            return None;
        }
        let escaped = |secret: &&str| secret.replace('\\', "\\\\").replace('\'', "''");
        let whole: Vec<String> = secrets.iter().flat_map(|secret| [(*secret).to_owned(), escaped(secret)]).collect();
        let clean = without(text, &whole);
        let words = without_words(clean.as_deref().unwrap_or(text), &secrets);
        words.or(clean)
    }

    /// The same for whoever holds the lock: what its session runs may be a statement with the same secrets in it.
    pub(crate) fn redact_holder(&self, holder: Holder) -> Holder {
        match self.redact(&holder.who) {
            Some(who) => Holder { who, ..holder },
            None => holder,
        }
    }

    /// The same for all that a database said.
    pub(crate) fn redact_cause(&self, mut cause: Cause) -> Cause {
        if self.0.values().all(|value| value.secret().is_none()) {
            return cause;
        }
        let clean = |text: &mut String| *text = self.redact(text).unwrap_or_else(|| std::mem::take(text));
        clean(&mut cause.message);
        [&mut cause.detail, &mut cause.hint, &mut cause.context].into_iter().flatten().for_each(clean);
        // The client's own error can't be cleaned.
        let mut behind = cause.source.as_deref().map(|source| source as &dyn std::error::Error);
        while let Some(error) = behind {
            if self.redact(&error.to_string()).is_some() || self.redact(&format!("{error:?}")).is_some() {
                cause.source = None;
                break;
            }
            behind = error.source();
        }
        cause
    }
}

impl Value {
    fn sent(&self) -> &str {
        match self {
            Value::Plain(text) | Value::Secret(text) => text,
        }
    }

    fn secret(&self) -> Option<&str> {
        match self {
            Value::Secret(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn shown(&self, name: &str) -> String {
        match self {
            Value::Plain(text) => text.clone(),
            Value::Secret(_) => format!("${{{name}}}"),
        }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, value)| match value {
            Value::Plain(text) => (name, text.as_str()),
            Value::Secret(_) => (name, "***"),
        });
        f.debug_map().entries(shown).finish()
    }
}

/// A statement with values in it.
#[derive(Clone, PartialEq)]
pub(crate) struct Substituted {
    /// What is sent.
    pub(crate) text: String,
    /// What may be shown, where that is another.
    pub(crate) shown: Option<String>,
    /// Where each `${name}` was, and where its value is.
    map: Vec<(Range<usize>, Range<usize>)>,
}

impl Substituted {
    /// Where a byte of what is sent comes from; a value comes from its `${name}`.
    pub(crate) fn source_offset(&self, offset: usize) -> usize {
        let Some((source, value)) = self.map.iter().rev().find(|(_, value)| value.start <= offset) else {
            return offset;
        };
        if offset < value.end { source.start } else { source.end + (offset - value.end) }
    }
}

impl fmt::Debug for Substituted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.as_ref().unwrap_or(&self.text).fmt(f)
    }
}

/// Why a `${name}` can't be replaced, and where it is in the statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misplaced {
    pub(crate) offset: usize,
    pub(crate) problem: String,
    pub(crate) help: String,
}

fn unfit(name: &str, problem: &str, offset: usize) -> Misplaced {
    Misplaced { offset, problem: format!("the value of ${{{name}}} {problem}"), help: "give it another value".into() }
}

fn misread(places: &[Place]) -> Misplaced {
    let names: Vec<_> = places.iter().map(|place| format!("${{{}}}", place.name)).collect();
    let offset = places.first().map_or(0, |place| place.source.start);
    let problem = format!("with its values ({}) this statement would be cut in another way", names.join(", "));
    let help = "a value in code holds no semicolon, no comment, and no quote without its partner; \
                one in a dollar-quoted text does not hold its tag";
    Misplaced { offset, problem, help: help.into() }
}

const OPENING: &str = "${";

fn name_length(text: &str) -> usize {
    let in_name = |(at, byte): &(usize, u8)| match byte {
        b'0'..=b'9' => *at > 0,
        _ => *byte == b'_' || byte.is_ascii_alphabetic(),
    };
    text.bytes().enumerate().take_while(in_name).count()
}

/// Each `${name}`, with the offset of its dollar sign.
fn references(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices(OPENING).filter_map(|(at, _)| {
        let rest = text.get(at + OPENING.len()..)?;
        let name = rest.get(..name_length(rest))?;
        (!name.is_empty() && rest.get(name.len()..)?.starts_with('}')).then_some((at, name))
    })
}

/// A `${name}` of a statement.
struct Place {
    source: Range<usize>,
    name: String,
    value: String,
    shown: String,
    in_code: bool,
}

/// What surrounds a `${name}`.
enum Context {
    Code,
    /// A literal that ends with this character, and what a backslash is in it.
    Literal {
        close: char,
        backslash: Backslash,
    },
    /// `$tag$ … $tag$`, in which nothing can be escaped.
    DollarQuoted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Backslash {
    Plain,
    Escapes,
    /// PostgreSQL reads the second half of `E'…' '…'` as the first.
    NobodyKnows,
}

impl Context {
    fn is_code(&self) -> bool {
        matches!(self, Context::Code)
    }

    fn escaped(&self, value: &str) -> Result<String, &'static str> {
        if value.contains('\0') {
            return Err("holds a NUL");
        }
        match self {
            Context::Code | Context::DollarQuoted => Ok(value.to_owned()),
            Context::Literal { close: ']', .. } if value.contains(']') => Err("holds a `]`, which would end the name"),
            Context::Literal { close, backslash } => {
                let text = match backslash {
                    Backslash::NobodyKnows if value.contains('\\') => {
                        return Err("holds a backslash, whose meaning in this string depends on the one before it");
                    }
                    Backslash::Escapes => value.replace('\\', "\\\\"),
                    Backslash::Plain | Backslash::NobodyKnows => value.to_owned(),
                };
                Ok(text.replace(*close, &format!("{close}{close}")))
            }
        }
    }
}

/// The parts of a statement in which `${name}` counts: not its comments.
fn regions(source: &[Token], statement: &Statement<'_>) -> Vec<(Range<usize>, Context)> {
    let mut regions: Vec<(Range<usize>, Context)> = Vec::new();
    let mut before = None;
    for token in source {
        let range = token.start..token.end;
        match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment => {}
            TokenKind::String | TokenKind::QuotedName => {
                let text = statement.text.get(range.clone()).unwrap_or_default();
                regions.push((range, literal(text, before, statement.syntax)));
            }
            _ => match regions.last_mut() {
                Some((code, Context::Code)) if code.end == token.start => code.end = token.end,
                _ => regions.push((range, Context::Code)),
            },
        }
        if !token.kind.is_blank() {
            before = Some(token.kind);
        }
    }
    regions
}

fn literal(text: &str, before: Option<TokenKind>, syntax: Syntax) -> Context {
    let close = text.chars().next_back().unwrap_or('\'');
    if close == '$' {
        return Context::DollarQuoted;
    }
    let prefixed = text.starts_with(['E', 'e']) || text.get(..2).is_some_and(|two| two.eq_ignore_ascii_case("u&"));
    let backslash = match syntax.dialect() {
        Dialect::Postgres if prefixed => Backslash::Escapes,
        Dialect::Postgres if close == '\'' && before == Some(TokenKind::String) => Backslash::NobodyKnows,
        Dialect::Sqlite => Backslash::Plain,
        Dialect::Postgres | Dialect::Mysql | Dialect::Mariadb if close == '\'' => by_mode(syntax),
        Dialect::Mysql | Dialect::Mariadb if close == '"' && !syntax.mode.ansi_quotes => by_mode(syntax),
        _ => Backslash::Plain,
    };
    Context::Literal { close, backslash }
}

fn by_mode(syntax: Syntax) -> Backslash {
    match syntax.mode {
        mode if mode.unknown => Backslash::NobodyKnows,
        mode if mode.backslash => Backslash::Escapes,
        _ => Backslash::Plain,
    }
}

/// A text with its places filled.
struct Filled {
    text: String,
    /// Where each value is.
    ranges: Vec<Range<usize>>,
}

impl Filled {
    fn new(source: &str, places: &[Place], value: impl Fn(&Place) -> String) -> Self {
        let mut filled = Filled { text: String::with_capacity(source.len()), ranges: Vec::with_capacity(places.len()) };
        let mut at = 0;
        for place in places {
            filled.text.push_str(source.get(at..place.source.start).unwrap_or_default());
            let start = filled.text.len();
            filled.text.push_str(&value(place));
            filled.ranges.push(start..filled.text.len());
            at = place.source.end;
        }
        filled.text.push_str(source.get(at..).unwrap_or_default());
        filled
    }

    /// Whether literals, comments and delimiters are where they were: a value may bring whole literals, and nothing else
    /// that moves the end of something.
    fn is_read_alike(&self, source: &[Token], places: &[Place], syntax: Syntax) -> bool {
        let Ok(found) = tokens(&self.text, syntax).collect::<Result<Vec<_>, _>>() else { return false };
        let inside = |token: &Token| {
            let values = places.iter().zip(&self.ranges);
            values
                .filter(|(place, _)| place.in_code)
                .any(|(_, range)| range.start <= token.start && token.end <= range.end)
        };
        let brought = |token: &Token| matches!(token.kind, TokenKind::String | TokenKind::QuotedName) && inside(token);
        let found = found.iter().filter(|token| is_frame(token.kind) && !brought(token));
        let moved = |offset: usize| {
            let earlier = places.iter().zip(&self.ranges).rev().find(|(place, _)| place.source.end <= offset);
            earlier.map_or(offset, |(place, range)| range.end + (offset - place.source.end))
        };
        let expected = source.iter().filter(|token| is_frame(token.kind));
        let expected = expected.map(|token| (token.kind, moved(token.start), moved(token.end)));
        found.map(|token| (token.kind, token.start, token.end)).eq(expected)
    }
}

/// What holds a statement together.
fn is_frame(kind: TokenKind) -> bool {
    !matches!(kind, TokenKind::Space | TokenKind::Word | TokenKind::Number | TokenKind::Variable | TokenKind::Punct)
}

/// `text` with `***` wherever one of these begins, with its first four characters at least.
fn without(text: &str, secrets: &[String]) -> Option<String> {
    let beginning = |secret: &str| secret.char_indices().nth(4).map_or(secret.len(), |(at, _)| at);
    let length = |text: &str, secret: &str| -> usize {
        text.chars().zip(secret.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let mut clean = String::new();
    let mut kept = 0;
    while let Some(rest) = text.get(kept..).filter(|rest| !rest.is_empty()) {
        let found = secrets.iter().filter_map(|secret| rest.find(secret.get(..beginning(secret))?));
        let Some(at) = found.min() else { break };
        let (before, from) = rest.split_at(at);
        let longest = secrets.iter().map(|secret| (length(from, secret), beginning(secret)));
        let longest = longest.filter(|(length, least)| length >= least).map(|(length, _)| length).max();
        clean.push_str(before);
        clean.push_str("***");
        kept += at + longest.unwrap_or(1);
    }
    (kept > 0).then(|| clean + text.get(kept..).unwrap_or_default())
}

/// `text` with `***` for each word of a secret: outside of a literal a server quotes the one that it did not understand.
fn without_words(text: &str, secrets: &[&str]) -> Option<String> {
    let between = |c: char| !c.is_alphanumeric();
    let words: Vec<&str> =
        secrets.iter().flat_map(|secret| secret.split(between)).filter(|word| word.len() > 1).collect();
    let mut clean = String::with_capacity(text.len());
    let mut found = false;
    for part in text.split_inclusive(between) {
        let word = part.trim_end_matches(between);
        let is_secret = words.contains(&word);
        found |= is_secret;
        clean.push_str(if is_secret { "***" } else { word });
        clean.push_str(part.get(word.len()..).unwrap_or_default());
    }
    found.then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::split;

    fn variables() -> Variables {
        let set = |so_far: Variables, (name, value): (&str, &str)| so_far.with(name, value).unwrap();
        let plain = [
            ("schema", "app"),
            ("quote", "it's"),
            ("path", r"C:\x"),
            ("semicolon", "a; b"),
            ("comment", "a -- b"),
            ("half", "'a"),
            ("string", "'a'"),
            ("tag", "$x$"),
            ("bracket", "a]b"),
            ("nul", "\0"),
            ("empty", ""),
        ];
        plain.into_iter().fold(Variables::new(), set).with_secret("password", "s3cr'et").unwrap()
    }

    fn put(text: &str, syntax: impl Into<Syntax>) -> Result<String, Misplaced> {
        let statements = split(text, syntax.into()).unwrap();
        let put = variables().put_into(&statements[0])?;
        Ok(put.map_or_else(|| statements[0].text.to_owned(), |put| put.text))
    }

    #[test]
    fn what_is_sent() {
        use Dialect::{Mariadb, Mysql, Postgres, Sqlite};
        let check = |dialect: Dialect, text: &str, expected: &str| {
            assert_eq!(put(text, dialect).as_deref(), Ok(expected), "{dialect}: {text}");
        };
        for dialect in Dialect::ALL {
            check(dialect, "CREATE TABLE ${schema}.t (a int)", "CREATE TABLE app.t (a int)");
            check(dialect, "SELECT 1 AS t_${schema}_x${empty}", "SELECT 1 AS t_app_x");
            check(dialect, "SELECT '${quote}' , 'x${schema}${schema}'", "SELECT 'it''s' , 'xappapp'");
            check(dialect, "SELECT ${string}", "SELECT 'a'");
            check(
                dialect,
                "SELECT /* ${nobody} ${ */ 1 -- ${nobody}\n+ 1",
                "SELECT /* ${nobody} ${ */ 1 -- ${nobody}\n+ 1",
            );
            check(dialect, "SELECT '${}', '${a b}', '$schema'", "SELECT '${}', '${a b}', '$schema'");
            check(dialect, "SELECT '${password}'", "SELECT 's3cr''et'");
            check(dialect, "SELECT '${semicolon}', '${comment}'", "SELECT 'a; b', 'a -- b'");
        }
        for dialect in [Mysql, Mariadb] {
            check(dialect, "SELECT '${path}', \"${path}\"", r#"SELECT 'C:\\x', "C:\\x""#);
            check(dialect, "SELECT `${quote}`", "SELECT `it's`");
            assert_eq!(put("SELECT '${path}'", Syntax::mysql("NO_BACKSLASH_ESCAPES")).unwrap(), r"SELECT 'C:\x'");
        }
        check(Sqlite, "SELECT '${path}', \"${quote}\", [${quote}]", r#"SELECT 'C:\x', "it's", [it's]"#);
        check(Postgres, "SELECT '${path}', E'${path}'", r"SELECT 'C:\x', E'C:\\x'");
        check(Postgres, "DO $x$ SELECT '${quote}' $x$", "DO $x$ SELECT 'it's' $x$");
        assert_eq!(put("SELECT '${path}'", Syntax::postgres(false)).unwrap(), r"SELECT 'C:\\x'");
    }

    #[test]
    fn what_is_refused() {
        let check = |dialect: Dialect, text: &str, offset: usize, says: &str| {
            let refused = put(text, dialect).expect_err(text);
            assert_eq!(refused.offset, offset, "{refused:?}");
            assert!(refused.problem.contains(says), "{refused:?}");
        };
        for dialect in Dialect::ALL {
            check(dialect, "SELECT ${nobody}", 7, "${nobody} is not declared");
            check(dialect, "SELECT '${nobody}'", 8, "${nobody} is not declared");
            check(dialect, "SELECT ${semicolon}", 7, "(${semicolon})");
            check(dialect, "SELECT ${comment}", 7, "cut in another way");
            check(dialect, "SELECT 1, ${half} 'b'", 10, "cut in another way");
            check(dialect, "SELECT ${half}", 7, "cut in another way");
            check(dialect, "SELECT '${nul}'", 8, "the value of ${nul} holds a NUL");
        }
        check(Dialect::Postgres, "DO $x$ SELECT ${tag} $x$", 14, "cut in another way");
        check(Dialect::Postgres, "SELECT E'a'\n'${path}'", 13, "holds a backslash");
        check(Dialect::Sqlite, "SELECT [${bracket}]", 8, "holds a `]`");
    }

    #[test]
    fn without_any_nothing_happens() {
        let text = "SELECT ${x}";
        assert_eq!(Variables::new().put_into(&split(text, Dialect::Sqlite).unwrap()[0]), Ok(None));
    }

    #[test]
    fn places_are_found_again() {
        let text = "SELECT ${string}, ${schema}.x, y";
        let put = variables().put_into(&split(text, Dialect::Postgres).unwrap()[0]).unwrap().unwrap();
        assert_eq!(put.text, "SELECT 'a', app.x, y");
        let of = |needle: &str| put.source_offset(put.text.find(needle).unwrap());
        assert_eq!(of("SELECT"), 0);
        assert_eq!([of("'a'"), of("a'"), of("pp")], [7, 7, 18]);
        assert_eq!([of(".x"), of("y")], [text.find(".x").unwrap(), text.find('y').unwrap()]);
    }

    #[test]
    fn secrets_are_shown_nowhere() {
        let put = variables().put_into(&split("SELECT '${password}', '${quote}'", Dialect::Mysql).unwrap()[0]);
        let put = put.unwrap().unwrap();
        assert_eq!(put.shown.as_deref(), Some("SELECT '${password}', 'it''s'"));
        assert_eq!(format!("{put:?}"), format!("{:?}", put.shown.unwrap()));
        let shown = variables().shown().put_into(&split("SELECT '${password}'", Dialect::Mysql).unwrap()[0]);
        assert_eq!(shown.unwrap().unwrap().text, "SELECT '${password}'");
        let check = |text, expected| assert_eq!(variables().redact(text).as_deref(), expected, "{text}");
        check("near \"s3cr'et\"", Some("near \"***\""));
        check("near 's3cr''et' and s3cr'e", Some("near '***' and ***"));
        check("near 's3c", None);
        check("near \"s3cr\", at et", Some("near \"***\", at ***"));
        let cause = Cause { source: Some("x s3cr'et".into()), detail: Some("s3cr'et!".into()), ..Cause::default() };
        let cause = variables().redact_cause(cause);
        assert_eq!((cause.source.is_none(), cause.detail.as_deref()), (true, Some("***!")));
    }

    #[test]
    fn names() {
        for wrong in ["", "1a", "a-b", "a b", "é"] {
            assert_eq!(Variables::new().with(wrong, ""), Err(VariableName(wrong.into())));
        }
    }
}
