use super::*;
use crate::sql::Dialect;

fn form(dialect: Dialect, text: &str) -> String {
    let mut form = String::new();
    normal_form(text, dialect, &mut |part| form.push_str(part)).unwrap();
    form
}

fn check(dialect: Dialect, text: &str, expected: &str) {
    assert_eq!(form(dialect, text), expected, "{dialect}: {text:?}");
}

#[test]
fn comments_and_blanks() {
    for dialect in Dialect::ALL {
        let check = |text, expected| check(dialect, text, expected);
        check("", "");
        check(" -- a\n;; /* b */", "");
        check("\u{feff}a", "a;\n");
        check("a  b\r\n;c -- d\n;", "a b;\nc;\n");
        check("a/**/b -- c\n/* d */ e", "a b e;\n");
        check("a=b", "a=b;\n");
        check("'a  b -- c\r\nd'\r\n", "'a  b -- c\nd';\n");
    }
}

#[test]
fn what_only_looks_like_a_comment() {
    let all = "-- migrate:batch  rows:5 \r\nUPDATE a\n-- migrate:x\nSET b;\n-- migrate: prose\nc;\n-- migrate:down";
    for dialect in Dialect::ALL {
        check(dialect, all, "-- migrate:batch  rows:5\nUPDATE a\n-- migrate:x\nSET b;\nc;\n-- migrate:down\n");
    }
    check(Dialect::Postgres, "/*+ A */ b /* c */", "/*+ A */ b;\n");
    check(Dialect::Sqlite, "/*+ A */ b", "b;\n");
    check(Dialect::Mysql, "a /*!50003 b /* c */ */ /*+ d */", "a /*!50003 b */ /*+ d */;\n");
    check(Dialect::Mysql, "a /*M! b */ c", "a c;\n");
    check(Dialect::Mariadb, "a /*M! b */ c", "a /*M! b */ c;\n");
}

#[test]
fn delimiter_lines_are_no_code() {
    let body = "CREATE PROCEDURE p() BEGIN a; END";
    let with = format!("DELIMITER //\n{body} //\nDELIMITER ;\n");
    assert_eq!(form(Dialect::Mysql, &with), form(Dialect::Mysql, body));
}

/// Statements are told apart exactly where they are run apart.
#[test]
fn the_form_has_the_same_statements() {
    for text in ["a 'b;' ; c;", "CREATE TRIGGER t BEGIN SELECT 1 ; END ; d", "a -- ;\n;b"] {
        let once = form(Dialect::Sqlite, text);
        assert_eq!(form(Dialect::Sqlite, &once), once);
    }
}

#[test]
fn strings_on_two_lines_are_one_string() {
    for dialect in Dialect::ALL {
        let check = |text, expected| check(dialect, text, expected);
        check("'a' -- c\n  'b'", "'a'\n'b';\n");
        check("'a' /* c\n */ 'b'\n", "'a' 'b';\n");
        check("'a'\n, 'b'", "'a' , 'b';\n");
    }
}
