use super::*;
use crate::sql::Dialect;

/// `position word=rest`, with `~` for spaced, `^` for before any code, `!` for inside a statement.
fn check(dialect: Dialect, text: &str, expected: &str) {
    let found: Vec<String> = directives(text, dialect)
        .unwrap()
        .into_iter()
        .map(|found| {
            assert!(text[found.offset..found.line_end].starts_with(MARK));
            assert!(matches!(text[found.line_end..].chars().next(), None | Some('\n' | '\r')));
            let mark = |on, sign| if on { sign } else { "" };
            format!(
                "{} {}{}{}{}={}",
                found.position,
                mark(found.spaced, "~"),
                mark(found.before_code, "^"),
                mark(found.in_statement, "!"),
                found.word,
                found.rest
            )
        })
        .collect();
    assert_eq!(found.join(" | "), expected, "{dialect}: {text:?}");
}

#[test]
fn where_they_stand() {
    for dialect in Dialect::ALL {
        let check = |text, expected| check(dialect, text, expected);
        check("", "");
        check("-- migrate:up", "1:1 ^up=");
        check("\u{feff}-- migrate:up  a:b  c \r\n-- migrate:down\r\n", "1:1 ^up=a:b  c | 2:1 ^down=");
        check("a;\n-- migrate:down", "2:1 down=");
        check("a\n-- migrate:down\nb", "2:1 !down=");
        check(" -- migrate:up", "");
        check("a; -- migrate:up", "");
        check("--migrate:up\n--  migrate:up\n-- Migrate:up\n-- migrate up", "");
        check("-- migrate: up x\na;\n-- migrate:\tprose", "1:1 ~^up=x | 3:1 ~prose=");
        check("-- migrate:\n-- migrate: ", "1:1 ^= | 2:1 ^=");
        check("a '\n-- migrate:up\n'; /*\n-- migrate:up\n*/", "");
        check("/* x */\n-- migrate:é ü", "2:1 ^é=ü");
    }
    check(Dialect::Postgres, "a;\r-- migrate:up\rb", "2:1 up=");
    check(Dialect::Postgres, "DO $$\n-- migrate:up\n$$", "");
}

#[test]
fn mistakes() {
    let error = directives("-- migrate:up\n'a", Dialect::Sqlite).unwrap_err();
    assert_eq!(error.position.to_string(), "2:1");
    assert_eq!(directives("'a", Dialect::Sqlite), Ok(Vec::new()));
    // A body may well end in the next section; only `split` of the section can tell.
    let open = "-- migrate:up\nCREATE TRIGGER t BEGIN a;";
    assert_eq!(directives(open, Dialect::Sqlite).unwrap().len(), 1);
}
