use super::*;
use crate::sql::Dialect;

/// The statements joined by ` | `, or the error with its place.
fn check(dialect: Dialect, text: &str, expected: &str) {
    let found = match split(text, dialect) {
        Ok(statements) => {
            let texts: Vec<&str> = statements.iter().map(|statement| statement.text).collect();
            texts.join(" | ")
        }
        Err(error) => format!("{}: {:?}", error.position, error.kind),
    };
    assert_eq!(found, expected, "{dialect}: {text:?}");
}

/// The text is one statement, up to a last semicolon.
fn whole(dialect: Dialect, text: &str) {
    check(dialect, &format!("{text};\nSELECT 1;"), &format!("{text} | SELECT 1"));
    check(dialect, text, text);
}

#[test]
fn every_dialect() {
    for dialect in Dialect::ALL {
        let check = |text, expected| check(dialect, text, expected);
        check("", "");
        check("\u{feff}a;", "a");
        check(" ;; -- x\n ; /* ; */", "");
        check("a;b", "a | b");
        check("-- x\na -- y\nb /* z */; -- w", "a -- y\nb");
        check("a ';' b; c \n", "a ';' b | c");
        check("a;\n\n  'x", "3:3: UnterminatedString");
        check("a /* x", "1:3: UnterminatedComment");
        check("a\0;", "1:2: NulByte");
        check("é; a\0;", "1:5: NulByte");
    }
}

#[test]
fn places_of_statements() {
    let statements = split("\u{feff}é;\r\n\r\n  b;c", Dialect::Sqlite).unwrap();
    let places: Vec<_> =
        statements.iter().map(|statement| (statement.offset, statement.position.to_string())).collect();
    let expected = [(3, "1:1"), (12, "3:3"), (14, "3:5")];
    assert_eq!(places, expected.map(|(offset, place)| (offset, place.to_owned())));
}

#[test]
fn sqlite_triggers() {
    let whole = |text: &str| whole(Dialect::Sqlite, text);
    let trigger = |body: &str| whole(&format!("CREATE TRIGGER t AFTER INSERT ON x BEGIN {body} END"));
    trigger("SELECT 1;");
    trigger("SELECT 1; /* ; END; */ -- END;\n");
    trigger("SELECT CASE WHEN 1 THEN CASE 2 WHEN 3 THEN 4 END END; DELETE FROM x;");
    // All of these were run: SQLite takes END and BEGIN for names.
    trigger("UPDATE x SET end = 1;");
    trigger("SELECT end FROM x;");
    trigger("SELECT 1 AS end;");
    trigger("SELECT CASE WHEN end THEN end ELSE end END;");
    trigger("WITH end AS (SELECT 1) SELECT * FROM end;");
    trigger("INSERT INTO x VALUES ('; END;', \"; END;\", [; END;], `; END;`);");
    whole("create temp trigger if not exists t after insert on begin begin update x set begin=1;end");
    whole(
        "CREATE/**/TEMPORARY--\nTRIGGER end UPDATE OF end, begin ON x WHEN CASE new.end WHEN 1 THEN 1 END BEGIN SELECT 1; END",
    );
    whole("EXPLAIN QUERY PLAN CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END");

    let check = |text, expected| check(Dialect::Sqlite, text, expected);
    check("CREATE TRIGGER t; SELECT 1", "CREATE TRIGGER t | SELECT 1");
    check("CREATE TABLE trigger (begin); END; BEGIN", "CREATE TABLE trigger (begin) | END | BEGIN");
    check("BEGIN; SELECT 1; END;", "BEGIN | SELECT 1 | END");
    check("\n CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1;", "2:2: UnterminatedBody");
    check(
        "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END SELECT 2; SELECT 3",
        "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END SELECT 2 | SELECT 3",
    );
    check("CREATE TRIGGER t BEGIN SELECT 1; \"END\"; END; a", "CREATE TRIGGER t BEGIN SELECT 1; \"END\"; END | a");
}

#[test]
fn sqlite_shell() {
    let check = |text, expected| check(Dialect::Sqlite, text, expected);
    check(".read x.sql\n", r#"1:1: MetaCommand { what: ".read" }"#);
    check("a;\n.mode csv\n", r#"2:1: MetaCommand { what: ".mode" }"#);
    check("a\n.b;", "a\n.b");
}

#[test]
fn postgres() {
    let whole = |text: &str| whole(Dialect::Postgres, text);
    whole("CREATE RULE r AS ON INSERT TO t DO (a; b)");
    whole("DO $$ BEGIN a; END $$");
    whole("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END");
    whole("CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT 1 AS end; SELECT (CASE 1 WHEN 1 THEN x.end END); END");
    whole("/*+ SeqScan(a) */ SELECT 1");
    let check = |text, expected| check(Dialect::Postgres, text, expected);
    check("CREATE FUNCTION begin() AS 'a;b'; c", "CREATE FUNCTION begin() AS 'a;b' | c");
    check("BEGIN; a; END;", "BEGIN | a | END");
    check("/*+ a */; b", "b");
    check("a;\nCREATE FUNCTION f() BEGIN ATOMIC SELECT 1;", "2:1: UnterminatedBody");
    check("COPY t (a) FROM stdin WITH (FORMAT csv);\nit's\n\\.\n", "1:1: CopyData");
    check("COPY t FROM '/tmp/stdin'; COPY t TO STDOUT", "COPY t FROM '/tmp/stdin' | COPY t TO STDOUT");
    check("a;\n\\connect b", r#"2:1: MetaCommand { what: "\\connect" }"#);
    check("$a$ ;", r#"1:1: UnterminatedDollarQuote { tag: "$a$" }"#);
}

#[test]
fn mysql_with_delimiter() {
    let check = |text, expected| check(Dialect::Mysql, text, expected);
    check("DELIMITER //\na; b // c//\nDELIMITER ;\nd;", "a; b | c | d");
    check("delimiter $$\nBEGIN a; END$$\n'$$'$$", "BEGIN a; END | '$$'");
    check("  DELIMITER ;;\r\na;b;;\r\nDELIMITER ;\r\nc;", "a;b | c");
    check("DELIMITER |\nCREATE PROCEDURE p() BEGIN a|", "CREATE PROCEDURE p() BEGIN a");
    check("a\nDELIMITER //\n", "2:1: BadDelimiter");
    check("/*!50003 a; b */; c", "/*!50003 a; b */ | c");
    check("/*!50003 */; c", "c");
    check(
        "/*!999999\\- enable the sandbox mode */ \n\n/*!40101 SET NAMES utf8 */; c",
        "/*!40101 SET NAMES utf8 */ | c",
    );
    check("source x.sql", r#"1:1: MetaCommand { what: "source" }"#);
}

#[test]
fn mysql_without_delimiter() {
    for dialect in [Dialect::Mysql, Dialect::Mariadb] {
        let whole = |text: &str| whole(dialect, text);
        let routine = |body: &str| whole(&format!("CREATE PROCEDURE p(a INT) BEGIN {body} END"));
        routine("");
        routine("SELECT 1;");
        routine("IF a THEN SELECT 1; ELSEIF b THEN SELECT 2; ELSE SELECT 3; END IF;");
        routine("IF (a) THEN IF b THEN SELECT 1; END IF; ELSE IF c THEN SELECT 2; END IF; END IF;");
        routine("SELECT IF(a, b, c), REPEAT('a', 3), CASE a WHEN 1 THEN IF(1,2,3) ELSE REPEAT('b',2) END;");
        routine("CASE a WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE;");
        routine("l: LOOP LEAVE l; END LOOP l; REPEAT SET a = 1; UNTIL a > CASE 1 WHEN 1 THEN 2 END END REPEAT;");
        routine("WHILE a DO DO SLEEP(1); SET a := IF(1, 2, 3); END WHILE;");
        routine(
            "DECLARE c CURSOR FOR SELECT 1; DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = IF(1,2,3); OPEN c;",
        );
        routine("DROP TABLE IF EXISTS t; SET NEW.end = 1; UPDATE t SET end = 5; START TRANSACTION; COMMIT;");
        whole(
            "CREATE DEFINER=root@localhost PROCEDURE IF NOT EXISTS p() COMMENT 'x' SQL SECURITY INVOKER l: BEGIN a; END l",
        );
        whole(
            "CREATE OR REPLACE DEFINER=`a`@`%` FUNCTION f(s SET('a')) RETURNS VARCHAR(10) CHARACTER SET utf8mb4 DETERMINISTIC BEGIN a; END",
        );
        whole("CREATE FUNCTION f() RETURNS INT RETURN IF(a, CASE b WHEN 1 THEN 2 END, c)");
        whole("CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW FOLLOWS begin BEGIN a; END");
        whole("CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW IF a THEN b; END IF");
        whole("CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = CASE 1 WHEN 1 THEN 2 END");
        whole("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN a; END");
        whole(
            "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER t AFTER INSERT ON x FOR EACH ROW BEGIN a; b; END */",
        );
        let check = |text, expected| check(dialect, text, expected);
        check("BEGIN; a; END; b", "BEGIN | a | END | b");
        check("XA BEGIN 'x'; XA END 'x'; b", "XA BEGIN 'x' | XA END 'x' | b");
        check("CREATE TABLE begin (`case` int); b", "CREATE TABLE begin (`case` int) | b");
        check("ALTER TABLE event ADD begin INT; b", "ALTER TABLE event ADD begin INT | b");
        check("CREATE PROCEDURE p() BEGIN a;", "1:1: UnterminatedBody");
    }
    whole(Dialect::Mariadb, "BEGIN NOT ATOMIC a; FOR i IN 1..3 DO b; END FOR; END");
}
