//! The form of a text that comments and blanks do not change.

use super::directive::directive_at;
use super::error::SplitError;
use super::lexer::TokenKind;
use super::scan::{Place, Scan};
use super::syntax::Syntax;

/// Feeds to `sink` what a text means: its statements, with comments dropped, each run of blanks
/// and comments between two tokens as one space, each statement ended by `;` and a newline, and
/// CRLF as LF. Two texts with the same form differ in comments and blanks only. Between two strings
/// a newline stays one: PostgreSQL makes one string of `'a'` and `'b'` on two lines, and refuses
/// them on one.
///
/// What looks like a comment but is not stays: lines `-- migrate:WORD`, optimizer hints
/// (`/*+ */`), and the versioned comments of MySQL (`/*! */`).
///
/// ```
/// use migrate_core::sql::{Dialect, normal_form};
///
/// let mut form = String::new();
/// normal_form("-- one\nSELECT  1 -- two\n ;", Dialect::Sqlite, &mut |part| form.push_str(part))?;
/// assert_eq!(form, "SELECT 1;\n");
/// # Ok::<_, migrate_core::sql::SplitError>(())
/// ```
///
/// # Errors
///
/// As [`split`](super::split()). What was fed before an error is of no use.
pub fn normal_form(text: &str, syntax: impl Into<Syntax>, sink: &mut dyn FnMut(&str)) -> Result<(), SplitError> {
    let mut scan = Scan::new(text, syntax.into());
    let mut state = State::Between;
    let mut last = None;
    let mut newline = false;
    while let Some((token, place)) = scan.next()? {
        let part = text.get(token.start..token.end).unwrap_or_default();
        match place {
            Place::Between | Place::Within => {
                newline |= token.kind == TokenKind::Space && part.contains(['\n', '\r']);
                if token.kind == TokenKind::BlockComment {
                    last = None;
                }
                let directive = directive_at(text, token).filter(|found| !found.spaced);
                match (directive, state) {
                    (Some(_), State::Between | State::Line) => feed_line(part, sink),
                    (Some(_), State::Code | State::Blank) => {
                        sink("\n");
                        feed_line(part, sink);
                        state = State::Line;
                    }
                    (None, State::Code) => state = State::Blank,
                    (None, _) => {}
                }
            }
            Place::Code => {
                let joined = newline && last == Some(TokenKind::String) && token.kind == TokenKind::String;
                if state == State::Blank {
                    sink(if joined { "\n" } else { " " });
                }
                feed(part, sink);
                state = State::Code;
                last = Some(token.kind);
                newline = false;
            }
            Place::End => {
                if state != State::Between {
                    sink(";\n");
                }
                state = State::Between;
            }
        }
    }
    scan.finish()?;
    if state != State::Between {
        sink(";\n");
    }
    Ok(())
}

/// What was fed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A whole statement, or nothing.
    Between,
    /// Code of a statement.
    Code,
    /// Code of a statement, and blanks that count if more of its code follows.
    Blank,
    /// A directive inside a statement.
    Line,
}

fn feed_line(line: &str, sink: &mut dyn FnMut(&str)) {
    sink(line.trim_end());
    sink("\n");
}

/// Feeds code with its CRLF as LF.
fn feed(mut part: &str, sink: &mut dyn FnMut(&str)) {
    while let Some((before, after)) = part.split_once("\r\n") {
        sink(before);
        sink("\n");
        part = after;
    }
    sink(part);
}

#[cfg(test)]
mod tests;
