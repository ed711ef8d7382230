use super::*;
use crate::sql::{Statement, split};

/// The modes at the start of each statement: `b` for backslashes, `a` for `ANSI_QUOTES`, `o` for
/// Oracle, `?` for unknown.
fn modes(syntax: impl Into<Syntax>, text: &str) -> String {
    let mode = |statement: &Statement<'_>| {
        let Mode { backslash, ansi_quotes, oracle, unknown } = statement.syntax.mode;
        let flags = [(backslash, 'b'), (ansi_quotes, 'a'), (oracle, 'o'), (unknown, '?')];
        flags.iter().filter(|(on, _)| *on).map(|(_, c)| *c).collect::<String>()
    };
    split(text, syntax).expect(text).iter().map(mode).collect::<Vec<_>>().join(" ")
}

/// What the statement makes of the mode behind it.
#[track_caller]
fn sets(dialect: Dialect, statement: &str, expected: &str) {
    let text = format!("{statement}; SELECT 1");
    let (_, behind) = modes(dialect, &text).rsplit_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("two");
    assert_eq!(behind, expected, "{dialect}: {statement}");
}

#[test]
fn forms_of_set() {
    for dialect in [Dialect::Mysql, Dialect::Mariadb] {
        let sets = |statement, expected| sets(dialect, statement, expected);
        sets("SET sql_mode = 'ANSI_QUOTES'", "ba");
        sets("set sql_mode='NO_BACKSLASH_ESCAPES,ansi_quotes'", "a");
        sets("SET SESSION sql_mode = ANSI", "ba");
        sets("SET LOCAL sql_mode := \"ANSI_QUOTES\"", "ba");
        sets("SET @@sql_mode = 'ANSI_QUOTES'", "ba");
        sets("SET @@Session . `SQL_MODE` := 'ANSI_QUOTES'", "ba");
        sets("SET @@local.sql_mode = 4", "ba");
        sets("SET sql_mode = 1048580", "a");
        sets("SET foreign_key_checks = 0, sql_mode = 'ANSI_QUOTES', @x = (1, 2)", "ba");
        sets("/*!40101 SET sql_mode = 'ANSI_QUOTES' */", "ba");
        sets("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')", "ba");
        sets("SET sql_mode = CONCAT_WS(',', @@session.sql_mode, 'ANSI_QUOTES')", "ba");
        sets("SET SESSION sql_mode = (SELECT REPLACE(@@sql_mode, 'ONLY_FULL_GROUP_BY', ''))", "b");
        // Not of this session.
        sets("SET GLOBAL sql_mode = 'ANSI_QUOTES'", "b");
        sets("SET @@global.sql_mode = 'ANSI_QUOTES'", "b");
        sets("SET GLOBAL max_connections = 9, sql_mode = 'ANSI_QUOTES'", "b");
        sets("SET GLOBAL max_connections = 9, SESSION sql_mode = 'ANSI_QUOTES'", "ba");
        sets("SET @sql_mode = 'ANSI_QUOTES'", "b");
        sets("SELECT 'SET sql_mode = ANSI_QUOTES'", "b");
        // Only the server knows.
        sets("SET sql_mode = DEFAULT", "b?");
        sets("SET sql_mode = @@global.sql_mode", "b?");
        sets("SET sql_mode = @unset", "b?");
        sets("SET sql_mode = CONCAT(@@sql_mode, 'ANSI_QUOTES')", "b?");
        sets("SET sql_mode = 'SOME_NEW_MODE'", "b?");
        sets("/*!99999 SET sql_mode = 'ANSI_QUOTES' */", if dialect == Dialect::Mariadb { "b" } else { "b?" });
    }
    sets(Dialect::Mariadb, "SET sql_mode = 'ORACLE'", "bao");
    sets(Dialect::Mysql, "SET sql_mode = 'ORACLE'", "b?");
    sets(Dialect::Mariadb, "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR SELECT 1", "b");
    sets(Dialect::Sqlite, "SET sql_mode = 'ANSI_QUOTES'", "");
}

#[test]
fn a_dump_puts_the_mode_back() {
    let text = "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */; a; \
                /*!50003 SET @saved_sql_mode = @@sql_mode */ ; /*!50003 SET sql_mode = 'ANSI_QUOTES' */ ; b; \
                /*!50003 SET sql_mode = @saved_sql_mode */ ; c; /*!40101 SET SQL_MODE=@OLD_SQL_MODE */; d";
    assert_eq!(modes(Dialect::Mysql, text), "b b b b ba ba b b b");
    assert_eq!(modes(Syntax::mysql("NO_BACKSLASH_ESCAPES"), text).rsplit(' ').next(), Some(""));
}

#[test]
fn an_unknown_mode_matters_where_a_backslash_stands() {
    let check = |text: &str, expected: &str| {
        let found = split(text, Dialect::Mysql).map(|statements| statements.len());
        let found = found.map_or_else(|error| format!("{}: {:?}", error.position, error.kind), |n| n.to_string());
        assert_eq!(found, expected, "{text}");
    };
    check("SET sql_mode = DEFAULT; SELECT 'a''b', \"c\"", "2");
    check(r"SET sql_mode = DEFAULT; SELECT `a\`", "2");
    check(r"SET sql_mode = DEFAULT; SELECT 'a\n'", "1:32: UnknownMode");
    check(r"SET sql_mode = DEFAULT; SELECT 'a\'", "1:32: UnknownMode");
    check(r"SET sql_mode = DEFAULT; SET sql_mode = ''; SELECT 'a\n'", "3");
}

#[test]
fn what_mariadb_sets_for_one_statement() {
    assert_eq!(modes(Dialect::Mariadb, "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR SELECT 1; x"), "b b");
    assert_eq!(
        modes(Dialect::Mariadb, "SET STATEMENT max_statement_time = 5 FOR SET sql_mode = 'ANSI_QUOTES'; x"),
        "b b?"
    );
    assert_eq!(
        modes(Dialect::Mariadb, "SET STATEMENT max_statement_time = 5 FOR SET foreign_key_checks = 0; x"),
        "b b"
    );
}

#[test]
fn a_hostile_text_stays_small() {
    let doubling =
        "SET @a = @@sql_mode; ".to_owned() + &"SET @a = CONCAT(@a, ',', @a); ".repeat(64) + "SET sql_mode = @a; x";
    assert_eq!(modes(Dialect::Mysql, &doubling).rsplit(' ').next(), Some("b?"));
    let many: String = (0..100).map(|n| format!("SET @a{n} = @@sql_mode; ")).collect();
    assert_eq!(modes(Dialect::Mysql, &(many.clone() + "SET sql_mode = @a0; x")).rsplit(' ').next(), Some("b?"));
    assert_eq!(modes(Dialect::Mysql, &(many + "SET sql_mode = @a99; x")).rsplit(' ').next(), Some("b"));
    let long = format!("SET {} sql_mode = 'ANSI_QUOTES'; x", "@a = 1, ".repeat(5000));
    assert_eq!(modes(Dialect::Mysql, &long), "b b?");
}

#[test]
fn postgres() {
    let sets = |statement, expected| sets(Dialect::Postgres, statement, expected);
    sets("SET standard_conforming_strings = off", "b");
    sets("set session Standard_Conforming_Strings to 'off'", "b");
    sets("SET LOCAL standard_conforming_strings = off", "?");
    sets("SET LOCAL standard_conforming_strings = on", "");
    sets("SELECT set_config('standard_conforming_strings', 'off', true)", "?");
    sets("SET standard_conforming_strings = off; ROLLBACK", "b?");
    sets("SET standard_conforming_strings = off; ROLLBACK; RESET ALL", "");
    sets("SAVEPOINT a; ROLLBACK TO a", "");
    sets("SET standard_conforming_strings = on", "");
    sets("SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false)", "b");
    sets("SELECT pg_catalog.set_config('search_path', '', false)", "");
    sets("SET standard_conforming_strings = maybe", "");
    let text = r"SET standard_conforming_strings = off; SELECT 'a\'; b'; RESET ALL; SELECT 'a\'; c";
    assert_eq!(split(text, Dialect::Postgres).expect(text).len(), 5);
    let text = r"SET LOCAL standard_conforming_strings = off; SELECT 'a', E'\'', U&'\', 'b\'; SELECT 2";
    let error = split(text, Dialect::Postgres).expect_err(text);
    assert_eq!(text.get(error.offset..error.offset + 4), Some(r"'b\'"));
}
