use super::Undo;
use crate::sql::Dialect;
use crate::{Options, Script};

/// `up => down`, or `up => ! why`; a line each, `;` between statements, `#` before prose.
#[track_caller]
fn check(dialect: Dialect, list: &str) {
    let mut wrong = Vec::new();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (up, expected) = line.split_once(" => ").unwrap_or_else(|| panic!("{line}"));
        let script = Script::new("f".into(), up.to_owned().into(), 1, Options::NONE);
        let found =
            match Undo::of(&script, dialect.into(), None).map_err(|why| vec![why]).and_then(|undo| undo.finish()) {
                Ok(generated) => {
                    generated.text.replace("-- migrate:options ", "@").split_whitespace().collect::<Vec<_>>().join(" ")
                }
                Err(why) => format!("! {}", why.iter().map(|why| why.why.as_str()).collect::<Vec<_>>().join(" & ")),
            };
        if found != expected {
            wrong.push(format!("{up}\n  found    {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{dialect}:\n{}", wrong.join("\n"));
}

#[test]
fn postgres() {
    check(Dialect::Postgres, include_str!("../../tests/undo/postgres.txt"));
}

#[test]
fn mysql() {
    check(Dialect::Mysql, include_str!("../../tests/undo/mysql.txt"));
    check(Dialect::Mariadb, include_str!("../../tests/undo/mysql.txt"));
}

#[test]
fn sqlite() {
    check(Dialect::Sqlite, include_str!("../../tests/undo/sqlite.txt"));
}
