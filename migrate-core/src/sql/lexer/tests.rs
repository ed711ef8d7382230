use super::super::{directives, normal_form, split};
use super::*;
use crate::sql::Dialect;

/// Kinds and texts, without white space: `Word a | Punct +`.
fn check(dialect: Dialect, text: &str, expected: &str) {
    let found: Vec<String> = tokens(text, dialect)
        .map(|token| match token {
            Ok(token) => (token.kind, format!("{:?} {}", token.kind, &text[token.start..token.end])),
            Err(error) => (TokenKind::Punct, format!("{error}")),
        })
        .filter(|(kind, _)| *kind != TokenKind::Space)
        .map(|(_, shown)| shown)
        .collect();
    assert_eq!(found.join(" | "), expected, "{dialect}: {text:?}");
}

#[test]
fn sqlite() {
    let check = |text, expected| check(Dialect::Sqlite, text, expected);
    check("a$b+$c", "Word a$b | Punct + | Variable $c");
    check(r"'a\' 'it''s'", r"String 'a\' | String 'it''s'");
    check(r#"[a"]]"b""c"`d``e`"#, r#"QuotedName [a"] | Punct ] | QuotedName "b""c" | QuotedName `d``e`"#);
    check("x'00' X''", "String x'00' | String X''");
    check("5--1\n#a", "Number 5 | LineComment --1 | Variable #a");
    check("/* /* */ */", "BlockComment /* /* */ | Punct * | Punct /");
    check("/*/ */a/**/b", "BlockComment /*/ */ | Word a | BlockComment /**/ | Word b");
    check("/*+ a */", "BlockComment /*+ a */");
    check("1e-5-0x1F 1.5e+3.", "Number 1e-5 | Punct - | Number 0x1F | Number 1.5e+3.");
    check("?1:a@b $c::d(;')x", "Variable ?1 | Variable :a | Variable @b | Variable $c::d(;') | Word x");
    check("é\u{a0}ü;", "Word é\u{a0}ü | Delimiter ;");
    check("-- a\r\n-- b\r\r\n-- c\r", "LineComment -- a | LineComment -- b | LineComment -- c");
    check(
        "-- a\rDROP TABLE t;",
        "carriage return without a newline: it does not end this comment, so what follows would be skipped",
    );
    check("/*", "unterminated comment that starts here");
    check("[a", "unterminated quoted name that starts here");
    check("a\0b", "Word a | NUL byte: databases stop reading a text there");
    check("'a\0b'", "NUL byte: databases stop reading a text there");
    check("'a\0b", "unterminated string that starts here");
}

#[test]
fn postgres() {
    let check = |text, expected| check(Dialect::Postgres, text, expected);
    check(r"'a\' E'b\'' e'c\\'", r"String 'a\' | String E'b\'' | String e'c\\'");
    check(
        r"E'a' -- x
        'b\'' 'c\'",
        r"String E'a' | LineComment -- x | String 'b\'' | String 'c\'",
    );
    check(r"E'a' 'b\'", r"String E'a' | String 'b\'");
    check(
        r"E'a'
 || '\'",
        r"String E'a' | Punct | | Punct | | String '\'",
    );
    check(r#"U&'\' u&"d""e" typE'f'"#, r#"String U&'\' | QuotedName u&"d""e" | Word typE | String 'f'"#);
    check("$$ ' $$ $a$ $b$ $$ $a$", "String $$ ' $$ | String $a$ $b$ $$ $a$");
    check("$É$;$É$ foo$bar$ $1", "String $É$;$É$ | Word foo$bar$ | Variable $1");
    check("DO$$", "Word DO$$");
    check("$A$ $a$", "unterminated $A$ string that starts here");
    check("/* /* */ ; */ a", "BlockComment /* /* */ ; */ | Word a");
    check("/*+ a */", "Hint /*+ a */");
    check("-- a\rb", "LineComment -- a | Word b");
    check(r"a \restrict xyz", r"Word a | \restrict is a command of the database's command-line client, not SQL");
}

#[test]
fn mysql() {
    let check = |text, expected| check(Dialect::Mysql, text, expected);
    check(r#"'a\'' "b\"" `c\`"#, r#"String 'a\'' | String "b\"" | QuotedName `c\`"#);
    check(
        "5--1 # x\n-- y\n--\n--",
        "Number 5 | Punct - | Punct - | Number 1 | LineComment # x | LineComment -- y | LineComment -- | LineComment --",
    );
    check("/*!50003 a */ b", "VersionedOpen /*!50003 | Word a | VersionedClose */ | Word b");
    check("/*! a /* b */ c */", "VersionedOpen /*! | Word a | BlockComment /* b */ | Word c | VersionedClose */");
    check("/*! a", "VersionedOpen /*! | Word a | unterminated comment that starts here");
    check("/*M! a */", "BlockComment /*M! a */");
    check("$a \\N", "Word $a | Punct \\ | Word N");
    check("1$$ 1.0$$;$$", "Number 1$$ | Number 1.0 | String $$;$$");
    check("a\\G", "Word a | \\G is a command of the database's command-line client, not SQL");
    check(
        "DELIMITER $$\na; END$$\ndelimiter ;\r\nb;",
        "DelimiterLine DELIMITER $$ | Word a | Punct ; | Word END | Delimiter $$ | DelimiterLine delimiter ; | Word b | Delimiter ;",
    );
    check("DELIMITER\n", "DELIMITER needs a line of its own between statements, and a delimiter of 1 to 15 bytes");
}

#[test]
fn mariadb() {
    check(Dialect::Mariadb, r"/*M!999999\- sandbox */", r"BlockComment /*M!999999\- sandbox */");
    check(Dialect::Mariadb, "/*!99999 a */", "VersionedOpen /*!99999 | Word a | VersionedClose */");
}

/// Scripts with a bit of everything that may go wrong.
const NASTY: &[&str] = &[
    "\u{feff}-- migrate:up a:b\r\nCREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 'é' END; END; -- é",
    "SELECT 'a''b', \"c\"\"d\", `e``f`, [g;h], x'00', $t$ ; $t$, E'\\'', U&\"é\" /* /* */ ; */ */;\n.read x",
    "E'a'\n 'b\\'' $$é$$ $é$ $$ $é$ $1 :a @b ?2 $c::d(e) #f\r-- g\n1e-5.0.0 0x1F",
    "DELIMITER //\nCREATE PROCEDURE p() BEGIN IF (1) THEN CASE x WHEN 1 THEN SELECT 1; END CASE; END IF; END//\nDELIMITER ;\nSELECT 1;",
    "CREATE FUNCTION f() RETURNS INT BEGIN DECLARE EXIT HANDLER FOR NOT FOUND BEGIN END; REPEAT SET @a := 1; UNTIL a END REPEAT; RETURN 1; END;",
    "/*!50003 CREATE*/ /*!50017 DEFINER=`é`@`%`*/ /*M! TRIGGER */ /*+ hint */ \\N -- \n--\t# x\n",
    "CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN (2) END; END; COPY t FROM STDIN;\n\\.\n",
    "-- migrate: x\n  -- migrate:no\n/*\n-- migrate:no\n*/ PRAGMA main . [foreign_keys] (on);;;;",
    "((((;;;;)))) END END CASE CASE BEGIN BEGIN ; IF LOOP WHILE DO REPEAT FOR UNTIL ELSE THEN : := =",
    "\u{0}\u{b}\u{c}\r\r\n\u{85}\u{2028}\u{1F600}\\",
];

/// Nothing panics, tokens tile what they cover, and statements are where they say.
fn survive(text: &str) {
    for dialect in Dialect::ALL {
        let mut end = 0;
        let mut complete = true;
        for token in tokens(text, dialect) {
            match token {
                Ok(token) => {
                    assert_eq!(token.start, end, "{dialect}: {text:?}");
                    assert!(token.end > end && text.get(end..token.end).is_some(), "{text:?}");
                    end = token.end;
                }
                Err(error) => {
                    assert!(error.offset <= text.len(), "{dialect}: {text:?}");
                    complete = false;
                }
            }
        }
        assert!(!complete || end == text.len(), "{dialect}: {text:?}");
        for statement in split(text, dialect).unwrap_or_default() {
            assert!(text[statement.offset..].starts_with(statement.text), "{text:?}");
            assert!(!statement.text.is_empty(), "{text:?}");
            let _ = statement.recognise();
        }
        for directive in directives(text, dialect).unwrap_or_default() {
            assert!(text[directive.offset..directive.line_end].starts_with("-- migrate:"));
        }
        let _ = normal_form(text, dialect, &mut |_| {});
    }
}

#[test]
fn no_prefix_or_suffix_panics() {
    for text in NASTY {
        for (at, _) in text.char_indices() {
            survive(&text[..at]);
            survive(&text[at..]);
        }
        survive(text);
    }
}

#[test]
fn no_mutation_panics() {
    let pieces: Vec<&str> = NASTY.iter().flat_map(|text| text.split_inclusive([' ', '\'', '$', '*', ';'])).collect();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..3000 {
        let count = 1 + random(12);
        let text: String = (0..count).map(|_| pieces[random(pieces.len())]).collect();
        survive(&text);
    }
}

/// Anything quadratic would take hours.
#[test]
fn time_is_linear() {
    for piece in [
        "(",
        ")",
        "/*",
        "/*!",
        "'",
        "''",
        "\"",
        "$",
        "$a",
        "$a$",
        "$a(",
        "@a(",
        "\r",
        "-- \n",
        "--\r",
        ";",
        "a;",
        "BEGIN ",
        "CASE ",
        "END ",
        "\\",
        ".",
        "1",
        "1e",
        "é",
        "E'",
        "E'\\''\n",
        "[",
        "[]",
        "-- migrate:a\n",
        "DELIMITER ;\n",
        "x:=",
        "CREATE TRIGGER t BEGIN;",
    ] {
        let text = piece.repeat(20_000);
        for dialect in Dialect::ALL {
            let found = split(&text, dialect).map_or(0, |statements| statements.len());
            assert!(found <= text.len());
            let _ = directives(&text, dialect);
            let _ = normal_form(&text, dialect, &mut |_| {});
        }
    }
}
