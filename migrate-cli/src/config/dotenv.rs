use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use crate::problem::Problem;

/// The variables of a `.env` file; none when there is no file. Nothing is put into the environment.
pub(crate) fn read(path: &Path) -> Result<HashMap<String, String>, Problem> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(parse(&text)),
        // A directory named .env is a Python habit.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => Ok(HashMap::new()),
        Err(error) => Err(Problem::usage(format!("{} can't be read: {error}", path.display()))),
    }
}

/// Lines of `KEY=VALUE`. The file belongs to other tools too, so a line that is none is passed over.
fn parse(text: &str) -> HashMap<String, String> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=')?;
    let key = key.trim();
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| (key.to_owned(), unquoted(value.trim())))
}

/// `'…'` stands as it is, `"…"` knows the usual escapes, anything else ends at a blank and a `#`.
fn unquoted(value: &str) -> String {
    if let Some((inside, _)) = value.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) {
        return inside.to_owned();
    }
    if let Some(rest) = value.strip_prefix('"') {
        return double_quoted(rest);
    }
    let comment = value.match_indices('#').find(|(at, _)| value.get(..*at).is_some_and(|s| s.ends_with([' ', '\t'])));
    let end = comment.map_or(value.len(), |(at, _)| at);
    value.get(..end).unwrap_or(value).trim_end().to_owned()
}

fn double_quoted(rest: &str) -> String {
    let mut value = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(escaped @ ('"' | '\\' | '$')) => value.push(escaped),
                Some(other) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            _ => value.push(c),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check = |text: &str, value: Option<&str>| {
            assert_eq!(parse(text).get("A").map(String::as_str), value, "{text:?}");
        };
        check("A=sqlite:app.db", Some("sqlite:app.db"));
        check("  export A = x y # why\r\n", Some("x y"));
        check("A='x # y' # z", Some("x # y"));
        check(r#"A="a\"b\n$c\d" # z"#, Some("a\"b\n$c\\d"));
        check("A=postgres://u:p#w@h/d", Some("postgres://u:p#w@h/d"));
        check("A=1\nA=2", Some("2"));
        check("A=", Some(""));
        check("# A=1", None);
        check("A", None);
        check("A B=1", None);
    }
}
