//! Random scripts, cut by us and by SQLite: pieces that are delicate side by side, and statements that compile, because
//! only of these SQLite says where they end.

use migrate_core::sql::{Dialect, SplitErrorKind, statements};

use super::engine::{Engine, Verdict};
use crate::random::Random;

#[rustfmt::skip]
const PIECES: &[&str] = &[
    ";", ";", ";", ";\n", ";;", "SELECT ", "SELECT 1", "a", "b ", "1", "2.5e-3", "(", ")", ",", ".", "'", "'", "''", "\"", "\"\"",
    "`", "``", "[", "]", "'a;'", "\"b;\"", "`c;`", "[d;]", "'\\'", "x'41'", "X'4", "x';'", "--", "-- c;\n", "--c\r", "/*", "*/",
    "/* ; */", "/**/", "/*/", "-", "*", "/", "->", "->>", "$a", "$a::b(;)", "$", ":a", ":", "::", "@a", "#a", "?", "?1", "?1a",
    "0x1F", "1_000", "1.", ".5", "1e", "CREATE ", "TEMP ", "TEMPORARY ", "TRIGGER ", "t ", "BEGIN ", "END", " END;",
    "CASE ", "WHEN ", "EXPLAIN ", "QUERY PLAN ", "VIRTUAL TABLE v USING m(", "CREATE TRIGGER t AFTER INSERT ON a BEGIN ",
    "IF NOT EXISTS ", " ", "\n", "\t", "\r", "\r\n", "\u{c}", "\u{b}", "é", "名", "\u{a0}", "_", "$é", "!", "~", "%", "&", "|",
    "||", "{", "}", "^", "\\",
];

const BLANKS: &[&str] = &[
    " ",
    " ",
    " ",
    "\n",
    "\t",
    "\r\n",
    "\u{c}",
    " /* ; */ ",
    "/**/",
    "/* ' */",
    " -- ;\n",
    "--'\n",
    "/* -- */",
    "/*/;*/",
    " -- end;\n",
    "/* begin */",
];

#[rustfmt::skip]
const VALUES: &[&str] = &[
    "1", "-1", "1.5e3", ".5", "1.", "0x1F", "1_000", "x'41'", "X''", "NULL", "'a;''b'", "'\\'", "''", "'é;'", "'-- ;'", "'/*'",
    "?", "?1", ":a", "@b", "$c", "$c::d", "$c::d(;)", "$c(e;)", "CASE WHEN 1 THEN 2 END", "CASE 1 WHEN 2 THEN 'end;' ELSE 4 END",
    "(SELECT 1)", "(CASE WHEN (1) THEN (2) END)", "'{\"a;\":1}'->'$.a;'", "1||';'", "CAST(1 AS TEXT)", "EXISTS (SELECT 1)",
    "1 IN (1,2)", "\"a;b\"\"c\"", "1 BETWEEN 0 AND 2", "NOT 1", "'x' LIKE 'y;' ESCAPE ';'", "+1", "~1", "1<<2", "1<>2", "1!=2",
    "1==1", "1%2", "json('[\";\"]')", "count(*) FILTER (WHERE 1)", "sum(1) OVER ()", "row_number() OVER (ORDER BY 1)",
];

const NAMES: &[&str] = &[
    "t",
    "begin",
    "end",
    "trigger",
    "\"begin\"",
    "\"e;nd\"",
    "[b;c]",
    "`d;`",
    "'q;'",
    "temp_1",
    "é",
    "名",
    "a$b",
    "explain",
    "\"a\"\"b\"",
];

/// Whether all texts were cut alike.
pub fn run(seed: u64, count: usize) -> rusqlite::Result<bool> {
    println!("seed {seed}, {count} texts");
    let mut random = Random::new(seed);
    let (mut cut, mut compiled, mut different) = (0, 0, 0);
    for n in 0..count {
        let soup: Vec<String> = match n % 2 {
            0 => (0..1 + random.below(14)).map(|_| random.one(PIECES).to_owned()).collect(),
            _ => (0..1 + random.below(4))
                .map(|_| statement(&mut random, 2) + random.one(&[";", ";\n", " ;", "; "]))
                .collect(),
        };
        let (verdict, was_cut) = taste(&soup.concat())?;
        cut += usize::from(was_cut);
        compiled += verdict.compiled;
        if verdict.difference.is_some() {
            different += 1;
            let text = shrink(soup)?.concat();
            println!("{text:?}\n    {}\n", taste(&text)?.0.difference.unwrap_or_default());
        }
        if different == 20 {
            break;
        }
    }
    println!("sqlite: {count} texts ({cut} that we cut, {compiled} statements that compile), {different} different");
    Ok(different == 0)
}

fn taste(text: &str) -> rusqlite::Result<(Verdict, bool)> {
    let mut ours = Vec::new();
    let mut refused = None;
    for statement in statements(text, Dialect::Sqlite) {
        match statement {
            Ok(statement) => ours.push(statement.offset..statement.offset + statement.text.len()),
            Err(error) => refused = Some(error),
        }
    }
    let engine = Engine::new()?;
    let mut verdict = engine.compare(text, &ours, refused.as_ref().map(|error| error.offset));
    if let Some(error) = &refused
        && verdict.difference.is_none()
        && !matches!(error.kind, SplitErrorKind::LoneCarriageReturn | SplitErrorKind::NulByte)
        && !engine.refuses(&text[error.offset..])
    {
        verdict.difference = Some(format!("refused: {error}"));
    }
    Ok((verdict, refused.is_none()))
}

/// Without any piece that the difference does not need.
fn shrink(mut soup: Vec<String>) -> rusqlite::Result<Vec<String>> {
    let mut at = 0;
    while at < soup.len() {
        let mut fewer = soup.clone();
        fewer.remove(at);
        match taste(&fewer.concat())?.0.difference {
            Some(_) => soup = fewer,
            None => at += 1,
        }
    }
    Ok(soup)
}

fn words(random: &mut Random, words: &[&str]) -> String {
    let mut text = String::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        text.push_str(word);
        text.push_str(random.one(BLANKS));
    }
    text
}

/// Most of them compile: what they name need not exist in `t`, which each text may make.
fn statement(random: &mut Random, depth: usize) -> String {
    let (name, value, other) = (random.one(NAMES), random.one(VALUES), random.one(VALUES));
    match random.below(if depth == 0 { 4 } else { 10 }) {
        0 | 1 => words(random, &["SELECT", value, ",", other, "AS", name]),
        2 => words(random, &["SELECT", value, "WHERE", other]),
        3 => words(random, &["DELETE", "FROM", "sqlite_sequence", "WHERE", value]),
        4 => {
            words(random, &["CREATE", "TABLE", "IF", "NOT", "EXISTS", name, "(", "a", ",", "b", "DEFAULT", "';'", ")"])
        }
        5 => words(random, &["EXPLAIN", "QUERY", "PLAN", "SELECT", value]),
        6 => words(
            random,
            &["CREATE", "VIRTUAL", "TABLE", name, "USING", "m", "(", value, ";", "(", name, ";", ")", ")"],
        ),
        7 => words(random, &["WITH", name, "AS", "(", "SELECT", value, ")", "SELECT", other]),
        _ => {
            let temp = random.one(&["", "TEMP", "TEMPORARY"]);
            let explain = random.one(&["", "", "", "EXPLAIN"]);
            let time = random.one(&["", "BEFORE", "AFTER"]);
            let when =
                random.one(&["", "FOR EACH ROW", "WHEN 1", "WHEN CASE WHEN 1 THEN 2 END", "FOR EACH ROW WHEN (1)"]);
            let mut text = "CREATE TABLE IF NOT EXISTS t(a, b);".to_owned();
            text += &words(
                random,
                &[explain, "CREATE", temp, "TRIGGER", "IF", "NOT", "EXISTS", name, time, "INSERT", "ON", "t", when],
            );
            text += &words(random, &["BEGIN"]);
            for _ in 0..1 + random.below(3) {
                text += &body(random);
                text += &words(random, &[";"]);
            }
            text + &words(random, &["END"])
        }
    }
}

/// A statement of a trigger, which may have no placeholders.
fn body(random: &mut Random) -> String {
    let value = loop {
        let value = random.one(VALUES);
        if !value.starts_with(['?', ':', '@', '$', '"']) {
            break value;
        }
    };
    let name = random.one(NAMES);
    match random.below(4) {
        0 => words(random, &["SELECT", value, "AS", name]),
        1 => words(random, &["UPDATE", "t", "SET", "a", "=", value, "WHERE", "b", "=", "NEW.a"]),
        2 => words(random, &["INSERT", "INTO", "t", "VALUES", "(", value, ",", "1", ")"]),
        _ => words(random, &["SELECT", "CASE", "WHEN", value, "THEN", "RAISE(ABORT, 'a;')", "END"]),
    }
}
