//! Whether two have cut a text alike.
//!
//! What a client sends is a part of the text, so nothing needs to be normalised: a statement is found again if
//! nothing but blanks and comments stands around it. Reading these takes no lexer, and shares no code with ours.

/// What differs first, for people. `psql` leaves out the empty lines in a statement, outside of literals; they count
/// nowhere here.
pub fn difference<S: AsRef<str>>(expected: &[&str], found: &[S]) -> Option<String> {
    let found: Vec<String> = found.iter().map(|text| without_empty_lines(text.as_ref())).collect();
    let mut found = found.iter().filter(|text| !is_nothing(text));
    for (n, statement) in expected.iter().enumerate() {
        match found.next() {
            Some(text) if holds(text, &without_empty_lines(statement)) => {}
            Some(text) => {
                return Some(format!("statement {}\n    expected {statement:?}\n    found    {text:?}", n + 1));
            }
            None => return Some(format!("statement {} is missing: {statement:?}", n + 1)),
        }
    }
    found.next().map(|text| format!("one more than the {} expected: {text:?}", expected.len()))
}

fn without_empty_lines(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' || !squeezed.ends_with('\n') {
            squeezed.push(c);
        }
    }
    squeezed
}

/// The text is this statement with blanks and comments around it, and perhaps a semicolon.
pub fn holds(text: &str, statement: &str) -> bool {
    let mut rest = text;
    loop {
        if rest.strip_prefix(statement).is_some_and(is_nothing) {
            return true;
        }
        match skip(rest) {
            Some(next) => rest = next,
            None => return false,
        }
    }
}

/// Blanks, comments, and at most one semicolon.
pub fn is_nothing(text: &str) -> bool {
    let behind = behind_blanks(text);
    behind_blanks(behind.strip_prefix(';').unwrap_or(behind)).is_empty()
}

/// Without the blanks and comments at its start.
pub fn behind_blanks(mut text: &str) -> &str {
    while let Some(next) = skip(text) {
        text = next;
    }
    text
}

/// Without the blank or comment at its start.
fn skip(text: &str) -> Option<&str> {
    if text.starts_with("--") {
        return Some(text.find(['\n', '\r']).map_or("", |end| &text[end..]));
    }
    if !text.starts_with("/*") {
        return text.strip_prefix([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    }
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        match text.as_bytes().get(at..at + 2)? {
            b"/*" => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_statement() {
        assert!(holds(" -- a\n/* /* ; */ */ b;", "b"));
        assert!(holds("/*+ a */ b -- c", "/*+ a */ b"));
        assert!(!holds("a b;", "b"));
        assert!(!holds("b; c", "b"));
        assert!(!holds("b;;", "b"));
        assert!(is_nothing("-- a;\r ; /* b */"));
        assert!(!is_nothing("/* b"));
    }

    #[test]
    fn the_first_difference() {
        assert_eq!(difference(&["a", "b"], &["a;", "-- x\n;", "b"]), None);
        assert_eq!(difference(&["a\n\n\nb"], &["a\nb"]), None);
        assert!(difference(&["a"], &["a", "b"]).is_some());
        assert!(difference(&["a", "b"], &["a"]).is_some());
        assert!(difference(&["a"], &["b"]).is_some());
    }
}
