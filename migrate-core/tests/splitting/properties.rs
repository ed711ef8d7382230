//! What must hold of any text at all, in any syntax. The fuzzers check the same.

use migrate_core::sql::{
    Dialect, SplitErrorKind, Statement, Syntax, directives, normal_form, position, split, statements, tokens,
};

/// A syntax for each number.
pub fn syntax(number: u8) -> Syntax {
    const MODES: [&str; 4] = ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"];
    let mode = MODES[usize::from(number / 8) % 4];
    match number % 7 {
        0 => Syntax::postgres(true),
        1 => Syntax::postgres(false),
        2 => Syntax::of(Dialect::Sqlite),
        3 => Syntax::mysql(mode),
        4 => Syntax::mariadb(mode),
        5 => Syntax::mariadb("ORACLE"),
        _ => Syntax::mysql(""),
    }
}

/// # Panics
///
/// Where one of them does not hold.
pub fn check(text: &str, syntax: Syntax) {
    tokens_tile(text, syntax);
    let found = split(text, syntax);
    assert_eq!(found, split(text, syntax), "the same text was cut in two ways");
    let one_by_one: Vec<_> = statements(text, syntax).collect();
    let _ = directives(text, syntax);
    let mut form = String::new();
    let normal = normal_form(text, syntax, &mut |part| form.push_str(part));
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            assert_eq!(error.position, position(text, error.offset));
            assert!(text.is_char_boundary(error.offset) && error.offset <= text.len());
            assert!(!error.to_string().is_empty());
            assert_eq!(one_by_one.last(), Some(&Err(error.clone())));
            assert_eq!(normal, Err(error));
            return;
        }
    };
    assert_eq!(normal, Ok(()));
    assert!(one_by_one.iter().map(Result::as_ref).map(Result::unwrap).eq(&found));
    let mut at = 0;
    for statement in &found {
        assert!(statement.offset >= at, "statements overlap or are out of order");
        assert!(!statement.text.is_empty());
        assert_eq!(text.get(statement.offset..statement.offset + statement.text.len()), Some(statement.text));
        assert_eq!(statement.position, position(text, statement.offset));
        at = statement.offset + statement.text.len();
        on_its_own(statement);
    }
    // Comments and blanks alone make no difference to what is run: the normal form, which is there to be hashed and not to
    // be run, has the same statements. Except for `--/* */x` of MySQL, two signs and a comment, which leaves `-- ` behind;
    // a byte order mark, which is one at the start of a text only; and a vertical tab, which SQLite takes for white space
    // behind other white space only.
    let lines = ["delimiter", "-- migrate:"].iter().any(|what| text.to_ascii_lowercase().contains(what));
    if !lines && !form.contains("--") && !form.starts_with('\u{feff}') && !form.contains('\u{b}') {
        match split(&form, syntax) {
            Ok(again) => assert_eq!(again.len(), found.len(), "{form:?}"),
            // The semicolon that stood nowhere behind the last program now does.
            Err(error) if error.kind == SplitErrorKind::NeedsDelimiter => {}
            Err(error) => panic!("the normal form can't be cut: {error}\n{form}"),
        }
    }
}

/// The tokens put together are the text, up to where reading fails.
fn tokens_tile(text: &str, syntax: Syntax) {
    let mut at = 0;
    for token in tokens(text, syntax) {
        let Ok(token) = token else { return };
        assert_eq!(token.start, at);
        assert!(token.end > at);
        assert!(text.is_char_boundary(token.end), "a token ends in the middle of a character");
        at = token.end;
    }
    assert_eq!(at, text.len());
}

/// A statement can be recognised, and its parts stand in it.
fn on_its_own(statement: &Statement<'_>) {
    let known = statement.recognise();
    assert_eq!(known.verb.trim_matches(' '), known.verb);
    let mut at = 0;
    for part in statement.parts() {
        assert!(part.offset >= at && !part.text.is_empty());
        assert_eq!(statement.text.get(part.offset..part.offset + part.text.len()), Some(part.text));
        at = part.offset + part.text.len();
    }
}
