//! The splitter against the corpus of `corpus/README.md`.

use migrate_core::sql::{Dialect, Syntax, split, tokens};

// `pub`, because `proof/` reads the corpus with the same file.
#[path = "corpus/format.rs"]
#[expect(unreachable_pub)]
mod format;

use format::{Expected, Script};

fn syntax(script: &Script, dialect: Dialect) -> Syntax {
    match (dialect, &script.sql_mode) {
        (Dialect::Mysql, Some(mode)) => Syntax::mysql(mode),
        (Dialect::Mariadb, Some(mode)) => Syntax::mariadb(mode),
        (Dialect::Postgres, None) => Syntax::postgres(script.standard_conforming_strings),
        _ => Syntax::of(dialect),
    }
}

/// The text with its statements marked as the corpus marks them, or the error.
fn marked(text: &str, syntax: Syntax) -> String {
    let statements = match split(text, syntax) {
        Ok(statements) => statements,
        Err(error) => return format!("{} {error}", error.position),
    };
    mark(text, statements.iter().map(|statement| statement.offset..statement.offset + statement.text.len()))
}

fn mark(text: &str, ranges: impl Iterator<Item = std::ops::Range<usize>>) -> String {
    let mut marked = String::new();
    let mut at = 0;
    for range in ranges {
        marked.push_str(&format!("{}⟦{}⟧", &text[at..range.start], &text[range.clone()]));
        at = range.end;
    }
    marked + &text[at..]
}

fn check(dialect: Dialect) {
    let scripts = format::read(dialect.name());
    let mut wrong = Vec::new();
    for script in &scripts {
        let expected = match &script.expected {
            Expected::Statements(ranges) => mark(&script.text, ranges.iter().cloned()),
            Expected::Refused(what) => what.clone(),
        };
        let syntax = syntax(script, dialect);
        let found = marked(&script.text, syntax);
        if found != expected {
            wrong.push(format!("{}\n--- expected\n{expected}\n--- found\n{found}\n", script.title));
        }
        tiles(&script.text, syntax);
    }
    assert!(wrong.is_empty(), "{} of {} scripts:\n\n{}", wrong.len(), scripts.len(), wrong.join("\n"));
    // They were found.
    assert!(scripts.len() >= 150, "{} scripts for {dialect}", scripts.len());
}

/// The tokens put together are the text, up to where reading failed.
fn tiles(text: &str, syntax: Syntax) {
    let mut at = 0;
    for token in tokens(text, syntax) {
        let Ok(token) = token else { return };
        assert_eq!(token.start, at, "{text:?}");
        assert!(token.end > at, "{text:?}");
        at = token.end;
    }
    assert_eq!(at, text.len(), "{text:?}");
}

#[test]
fn postgres() {
    check(Dialect::Postgres);
}

#[test]
fn mysql() {
    check(Dialect::Mysql);
}

#[test]
fn mariadb() {
    check(Dialect::Mariadb);
}

#[test]
fn sqlite() {
    check(Dialect::Sqlite);
}
