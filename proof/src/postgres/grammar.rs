//! The server's own scanner and grammar, of PostgreSQL 18, as libpg_query has them.

use migrate_core::sql::{Dialect, TokenKind, tokens};

use crate::compare::POSTGRES;

/// What the grammar makes of a text, or the server's words against it.
pub fn parse(text: &str) -> Result<Vec<&str>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    pg_query::split_with_parser(text).map_err(|error| error.to_string())
}

/// What differs first. To the grammar a hint at the start is not a part of the statement.
pub fn unlike(ours: &[&str], parsed: &[&str]) -> Option<String> {
    let ours: Vec<&str> = ours.iter().map(|statement| POSTGRES.behind_blanks(statement)).collect();
    POSTGRES.difference(&ours, parsed)
}

/// Where the scanner sees semicolons, and with parentheses around how many of them are closed again.
#[derive(Debug)]
pub struct Scanned {
    pub semicolons: Vec<usize>,
    /// The pieces between the semicolons outside of parentheses.
    pub cuts: Vec<std::ops::Range<usize>>,
    /// There may be a body with semicolons of its own.
    pub atomic: bool,
}

pub fn scan(text: &str) -> Result<Scanned, String> {
    let start = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let result = pg_query::scan(&text[start..]).map_err(|error| error.to_string())?;
    let mut scanned = Scanned { semicolons: Vec::new(), cuts: Vec::new(), atomic: false };
    let mut depth = 0usize;
    let mut from = start;
    for token in &result.tokens {
        let range = token.start as usize + start..token.end as usize + start;
        match &text[range.clone()] {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            ";" => {
                scanned.semicolons.push(range.start);
                if depth == 0 {
                    scanned.cuts.push(from..range.start);
                    from = range.end;
                }
            }
            word => scanned.atomic |= word.eq_ignore_ascii_case("atomic"),
        }
    }
    scanned.cuts.push(from..text.len());
    Ok(scanned)
}

/// Where we see semicolons, up to where we refuse the text.
pub fn our_semicolons(text: &str) -> (Vec<usize>, Option<String>) {
    let mut found = Vec::new();
    for token in tokens(text, Dialect::Postgres) {
        match token {
            Ok(token) if token.kind == TokenKind::Delimiter => found.push(token.start),
            Ok(_) => {}
            Err(error) => return (found, Some(error.to_string())),
        }
    }
    (found, None)
}
