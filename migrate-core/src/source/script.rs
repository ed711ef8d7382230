//! The SQL of a file: which lines are directives, whether it can be run at all, whether it holds statements. Pure.
//!
//! The macro is not told which database its files are for. Then a text is wrong only if it is so in every dialect, and
//! what the dialects see differently (is this line a directive, or part of a literal?) has to be told apart by the
//! author.

use super::mistake::Mistake;
use crate::sql::{Dialect, Directive, Position, Role, SplitError, SplitErrorKind, Statement, TokenKind};
use crate::sql::{directives, position, split, tokens};
use crate::{Options, TransactionMode};

const MARK: &str = "-- migrate:";

/// The dialects that a text may be in.
pub(super) fn candidates(dialect: &Option<Dialect>) -> &[Dialect] {
    match dialect {
        Some(dialect) => std::slice::from_ref(dialect),
        None => &Dialect::ALL,
    }
}

/// The directives of a text; `None` if what it says can't be known.
pub(super) fn find_directives<'t>(
    text: &'t str,
    file: &str,
    dialects: &[Dialect],
    mistakes: &mut Vec<Mistake>,
) -> Option<Vec<Directive<'t>>> {
    let lines: Vec<Line<'_>> = lines(text).filter_map(Line::read).collect();
    if lines.is_empty() {
        return Some(Vec::new());
    }
    let mut first: Option<(Dialect, Vec<Directive<'t>>)> = None;
    let mut error = None;
    for dialect in dialects {
        match (directives(text, *dialect), &mut first) {
            (Ok(found), None) => first = Some((*dialect, found)),
            (Ok(found), Some((one, seen))) => {
                if let Some(line) = disagreement(seen, &found) {
                    mistakes.push(ambiguous_directive(file, line, *one, *dialect));
                    return None;
                }
                // Code before a directive is a mistake at most, so all of them have to see it.
                for (seen, found) in seen.iter_mut().zip(found) {
                    seen.before_code |= found.before_code;
                }
            }
            (Err(found), _) => error = error.or(Some(found)),
        }
    }
    let Some((dialect, found)) = first else {
        mistakes.extend(error.map(|error| cannot_split(file, 1, &error)));
        return None;
    };
    if lines.iter().any(|line| !line.exact) {
        lookalikes(text, file, dialect, &lines, mistakes);
    }
    Some(found)
}

/// What [`check`] found out about a text that can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// At least one statement.
    Statements,
    /// Comments at most.
    Nothing,
}

/// Whether a text that begins at `line` of its file can be run; what is wrong goes to `mistakes`.
pub(super) fn check(
    text: &str,
    line: u32,
    file: &str,
    options: &Options,
    dialects: &[Dialect],
    mistakes: &mut Vec<Mistake>,
) -> Option<Content> {
    let plain = plain_content(text);
    if plain == Some(Content::Nothing) {
        return plain;
    }
    let (mut contents, mut control, mut error) = (Vec::new(), None, None);
    let mut clean = false;
    for dialect in dialects {
        match split(text, *dialect) {
            Ok(statements) => {
                let content = if statements.is_empty() { Content::Nothing } else { Content::Statements };
                contents.push((*dialect, content));
                let found = transaction_control(&statements, line, file, options);
                clean |= found.is_empty();
                control = control.or(Some(found));
            }
            Err(found) => error = error.or(Some(found)),
        }
        if clean && plain.is_some() {
            return plain;
        }
    }
    match (clean, control, error) {
        (true, ..) => {}
        (false, Some(control), _) => {
            mistakes.extend(control);
            return None;
        }
        (false, None, error) => {
            mistakes.extend(error.map(|error| cannot_split(file, line, &error)));
            return None;
        }
    }
    let (dialect, content) = contents.first().copied()?;
    match contents.iter().find(|(_, other)| *other != content) {
        None => Some(content),
        Some((other, _)) => {
            let (with, without) = if content == Content::Statements { (dialect, *other) } else { (*other, dialect) };
            let problem = format!("holds statements in {with}, but only comments in {without}");
            mistakes.push(Mistake::new(file, problem).with_help(say_which(with)));
            None
        }
    }
}

/// Most texts begin with a word or with nothing but `-- ` comments, and need no lexer to tell.
fn plain_content(text: &str) -> Option<Content> {
    for line in text.lines().map(str::trim_start) {
        let mut bytes = line.bytes();
        match (bytes.next(), bytes.next(), bytes.next()) {
            (None, ..) | (Some(b'-'), Some(b'-'), None | Some(b' ')) if !line.contains('\r') => {}
            (Some(first), ..) if first.is_ascii_alphabetic() && !matches!(first, b'd' | b'D') => {
                return Some(Content::Statements);
            }
            // DELIMITER is a command of a client in one dialect and the start of a statement in the others.
            (Some(b'd' | b'D'), Some(second), _) if !matches!(second, b'e' | b'E') => return Some(Content::Statements),
            _ => return None,
        }
    }
    Some(Content::Nothing)
}

fn transaction_control(statements: &[Statement<'_>], line: u32, file: &str, options: &Options) -> Vec<Mistake> {
    let mut found: Vec<Mistake> = Vec::new();
    for statement in statements.iter().filter(|statement| statement.may_control_transaction()) {
        let recognised = statement.recognise();
        if recognised.role != Role::TransactionControl {
            continue;
        }
        let verb = recognised.verb;
        let word = verb.split(' ').next().unwrap_or_default();
        let does = match word {
            "BEGIN" | "START" => "would begin a transaction inside the migration's own",
            "COMMIT" | "END" | "ROLLBACK" | "ABORT" => "would end the migration's own transaction",
            _ => "would interfere with the migration's own transaction",
        };
        // Who ends the transaction first of all has a statement that can't be in one.
        let ends = matches!(word, "COMMIT" | "END" | "ROLLBACK");
        let mut mistake = Mistake::new(file, format!("{verb} {does}: remove it; the runner opens and commits one"))
            .at(in_file(statement.position, line));
        if options.transaction == TransactionMode::Outside {
            mistake = mistake.with_help(
                "with `transaction:false` each statement commits by itself; what must be atomic goes to a file of its own",
            );
        } else if found.is_empty() && ends {
            mistake = mistake.with_help(
                "for statements that can't run in a transaction, write `-- migrate:options transaction:false`",
            );
        }
        found.push(mistake);
    }
    found
}

fn cannot_split(file: &str, line: u32, error: &SplitError) -> Mistake {
    let mistake = Mistake::new(file, error.to_string()).at(in_file(error.position, line));
    match error.kind {
        SplitErrorKind::MetaCommand { .. } => mistake.with_help("remove it: only SQL is sent to the server"),
        _ => mistake,
    }
}

/// A position in a text that begins at `line` of its file.
fn in_file(position: Position, line: u32) -> Position {
    Position { line: position.line.saturating_add(line.saturating_sub(1)), ..position }
}

/// The first line that is a directive in the one and not in the other, and whether it is so in the first.
fn disagreement(one: &[Directive<'_>], other: &[Directive<'_>]) -> Option<(Position, bool)> {
    let missing = |from: &[Directive<'_>], position: Position| from.iter().all(|found| found.position != position);
    let in_one = one.iter().map(|found| found.position).find(|at| missing(other, *at)).map(|at| (at, true));
    let in_other = other.iter().map(|found| found.position).find(|at| missing(one, *at)).map(|at| (at, false));
    in_one.into_iter().chain(in_other).min()
}

fn ambiguous_directive(file: &str, (at, in_one): (Position, bool), one: Dialect, other: Dialect) -> Mistake {
    let (with, without) = if in_one { (one, other) } else { (other, one) };
    let problem = format!("line {} is a directive in {with}, but inside a literal or a comment in {without}", at.line);
    Mistake::new(file, problem).at(at).with_help(say_which(with))
}

fn say_which(dialect: Dialect) -> String {
    format!("say which database it is, for instance embed_migrations!(\"migrations\", {dialect})")
}

/// A line that is a directive, or that its author may have meant as one.
struct Line<'t> {
    /// Where its dashes are.
    offset: usize,
    exact: bool,
    /// What stands behind the colon.
    content: &'t str,
}

impl<'t> Line<'t> {
    /// dbmate takes `--migrate:down` and `--  migrate:down` too. As a mere comment it would turn the down section into
    /// the tail of the up section.
    fn read((offset, line): (usize, &'t str)) -> Option<Self> {
        if let Some(content) = line.strip_prefix(MARK) {
            return Some(Line { offset, exact: true, content });
        }
        // Behind code on the same line it would be a comment as well.
        let comment = match line.trim_start() {
            comment if comment.starts_with("--") => comment,
            code => code.get(code.rfind("--")?..)?,
        };
        let rest = comment.strip_prefix("--")?.trim_start();
        let word = rest.get(..7).filter(|word| word.eq_ignore_ascii_case("migrate"))?;
        let content = rest.get(word.len()..)?.trim_start().strip_prefix(':')?;
        Some(Line { offset: offset + (line.len() - comment.len()), exact: false, content })
    }

    /// The directive that it would be.
    fn meant(&self) -> Option<String> {
        let mut words = self.content.split_whitespace();
        let word = words.next()?.to_ascii_lowercase();
        let known = ["up", "down", "options", "allow", "batch", "repeat", "verify"].contains(&word.as_str());
        known.then(|| words.fold(format!("{MARK}{word}"), |line, next| line + " " + next))
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(['\n', '\r']).map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line)
    })
}

/// Lines that are almost directives, outside of literals.
fn lookalikes(text: &str, file: &str, dialect: Dialect, lines: &[Line<'_>], mistakes: &mut Vec<Mistake>) {
    let mut before_code = true;
    for token in tokens(text, dialect).map_while(Result::ok) {
        before_code &= token.kind.is_blank();
        let line = match lines.binary_search_by_key(&token.start, |line| line.offset) {
            Ok(index) if token.kind == TokenKind::LineComment => lines.get(index),
            _ => None,
        };
        // Behind statements, "-- Migrate: up to here" is prose.
        let close = |line: &&Line<'_>| !line.exact && (before_code || !line.content.starts_with(char::is_whitespace));
        if let Some(meant) = line.filter(close).and_then(Line::meant) {
            let problem = "almost a directive: these are in lower case, after `-- ` at the start of the line, without other blanks";
            let at = position(text, token.start);
            mistakes.push(Mistake::new(file, problem).at(at).with_help(format!("write `{meant}`")));
        }
    }
}
