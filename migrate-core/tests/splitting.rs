//! Random texts from a nasty alphabet: what must hold of all of them.

use migrate_core::sql::{Dialect, split, statements};

// `pub`, because the fuzzers check the same.
#[path = "splitting/properties.rs"]
#[expect(unreachable_pub)]
mod properties;

/// What readers of SQL stumble over.
const PIECES: &[&str] = &[
    "'",
    "\"",
    "`",
    "[",
    "]",
    "\\",
    "\\'",
    "''",
    "\"\"",
    "$$",
    "$a$",
    "$1",
    "$",
    "/*",
    "*/",
    "/*!",
    "/*!50003 ",
    "/*M!",
    "/*+",
    "--",
    "-- ",
    "#",
    "--\t",
    "\n",
    "\r",
    "\r\n",
    " ",
    "\t",
    "\u{c}",
    "\u{b}",
    ";",
    ";;",
    "(",
    ")",
    ",",
    ".",
    ":",
    "::",
    ":=",
    "@",
    "@@",
    "=",
    "E'",
    "e'",
    "U&'",
    "N'",
    "B'",
    "X'",
    "_utf8'",
    "1",
    "1e",
    "0x",
    "1.",
    ".5",
    "é",
    "\u{a0}",
    "\u{feff}",
    "日",
    "\0",
    "BEGIN ",
    "END",
    "END;",
    "CASE ",
    "IF ",
    "IF(",
    "LOOP ",
    "WHILE ",
    "REPEAT ",
    "FOR ",
    "UNTIL ",
    "THEN ",
    "ELSE ",
    "DO ",
    "DECLARE ",
    "HANDLER ",
    "ATOMIC ",
    "NOT ",
    "CREATE ",
    "OR REPLACE ",
    "FUNCTION f() ",
    "PROCEDURE p() ",
    "TRIGGER t ",
    "EVENT e ",
    "ON ",
    "FOR EACH ROW ",
    "RETURNS INT ",
    "PACKAGE ",
    "DELIMITER //\n",
    "DELIMITER ;\n",
    "delimiter $$\n",
    "//",
    "COPY t FROM stdin",
    "SET sql_mode='ANSI_QUOTES'",
    "SET sql_mode=DEFAULT",
    "SET @a=@@sql_mode",
    "SET sql_mode=@a",
    "SET standard_conforming_strings=off",
    "XA BEGIN ",
    "SELECT ",
    "a",
    "END IF",
    "l: ",
    "\\N",
    "\\G",
    "\\restrict x",
    "source x",
    ".read x",
    "-- migrate:up\n",
    "ALTER TABLE t ADD a int, DROP b",
    "EXPLAIN ",
    "TEMP ",
];

/// A small generator of numbers, so that a failure can be had again from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % end
    }
}

#[test]
fn any_text() {
    for seed in 1..=20_000 {
        let mut random = Random(seed * 0x9E37_79B9);
        let text: String = (0..random.below(25)).map(|_| PIECES[random.below(PIECES.len())]).collect();
        let number = u8::try_from(random.below(256)).expect("a byte");
        let checked = std::panic::catch_unwind(|| properties::check(&text, properties::syntax(number)));
        assert!(checked.is_ok(), "seed {seed}, syntax {number}: {text:?}");
    }
}

/// Inputs at which a reader that looks ahead, or back, for each token would be quadratic. That they end at all, in a
/// build without optimisation, is the test: quadratic ones would take minutes.
#[test]
fn hostile_texts_are_read_in_one_pass() {
    const TIMES: usize = 10_000;
    let repeated = [
        "(",
        "/*",
        "/*!",
        "$a$ $b$ ",
        "$a",
        "BEGIN ",
        "CREATE PROCEDURE p() BEGIN CASE ",
        "DELIMITER x\n",
        "E'a'\n",
        "'",
        "\"",
        "#\r",
        "--x",
        "$t$;",
        "SET sql_mode=((((;",
        "SET @a=@@sql_mode, @b=1;",
        ";",
        "a.",
        "\\N ",
        "1e+",
        "-",
        "::",
        "$a::b(",
        "[",
        "X'",
        "a;\r",
    ];
    for piece in repeated {
        let text = piece.repeat(TIMES);
        for dialect in Dialect::ALL {
            let count = statements(&text, dialect).count();
            assert!(count <= TIMES + 1, "{dialect}: {piece:?}");
        }
    }
    let numbered: [fn(usize) -> String; 3] = [
        |n| format!("SET @a{n}=@@sql_mode;"),
        |n| format!("$t{n}$ "),
        |n| format!("ALTER TABLE t ADD a{n} int, DROP b;"),
    ];
    for piece in numbered {
        let text: String = (0..TIMES).map(piece).collect();
        for dialect in Dialect::ALL {
            assert!(statements(&text, dialect).count() <= TIMES + 1);
        }
    }
    let parts = format!("ALTER TABLE t {}", "ADD a int,".repeat(TIMES));
    assert_eq!(split(&parts, Dialect::Mysql).expect("one statement")[0].parts().len(), TIMES);
}
