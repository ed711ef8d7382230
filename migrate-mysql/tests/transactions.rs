//! What commits with what, what is refused before it runs, and what a failure says.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, SERVERS, Server, did, down, journal, known, recorded, tables, text, up};
use migrate_core::DownTarget;
use mysql::prelude::Queryable;

const FIRST: (&str, &str) = ("20260101000001_a.sql", "CREATE TABLE a (n INT NOT NULL);\nINSERT INTO a VALUES (0);");

/// TRAPS 1: the error of a later statement is not lost, and the statement is named.
#[test]
fn a_later_statement_that_fails_is_named() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let file = |fourth: &str| {
            format!(
                "CREATE TABLE b1 (n INT);\nINSERT INTO b1 VALUES (1);\nCREATE TABLE b2 (n INT);\n{fourth};\n\
                 CREATE TABLE b3 (n INT);\nUPDATE a SET n = n + 1;\nCREATE TABLE b4 (n INT);\n"
            )
        };
        let wrong = file("ALTER TABLE b2\n  ADD m INT NOT FULL");
        let said = did(up(conn, &known(&[FIRST, ("20260101000002_b.sql", &wrong)])));
        assert!(said.starts_with("20260101000002_b.sql:5:"), "{said}");
        assert!(said.contains("[1064]"), "{said}");
        assert!(said.contains("3 of 7 statements of 20260101000002_b are committed"), "{said}");
        assert!(said.contains("fix the file from statement 4 on, and run `migrate up` again"), "{said}");
        assert_eq!((recorded(conn).as_str(), journal(conn).as_str()), ("1 2…", "1 done, 2 done, 3 done, 4 failed"));
        let right = file("ALTER TABLE b2\n  ADD COLUMN m INT");
        assert_eq!(did(up(conn, &known(&[FIRST, ("20260101000002_b.sql", &right)]))), "+2");
        assert_eq!(tables(conn), "a b1 b2 b3 b4");
        assert_eq!(text(conn, "SELECT concat((SELECT n FROM a), (SELECT count(*) FROM b1))"), "11");
        assert_eq!(journal(conn), "");
    }
}

/// `SET STATEMENT … FOR` is no setting: what stands behind it is not sent again by a resumed run.
#[test]
fn a_statement_with_settings_of_its_own_runs_once() {
    let db = Database::fresh(Server::Mariadb);
    let conn = &mut db.conn();
    let file = "CREATE TABLE b (n INT);\nSET STATEMENT max_statement_time = 9 FOR UPDATE a SET n = n + 1;\nALTER TABLE c ADD n INT;";
    let run = |conn: &mut mysql::Conn, text: &str| did(up(conn, &known(&[FIRST, ("20260101000002_b.sql", text)])));
    let said = run(conn, file);
    assert!(said.contains("20260101000002_b.sql:2:1") && said.contains("SET STATEMENT can't be looked into"), "{said}");
    let file = format!("-- migrate:options retry_safe:true\n{file}");
    assert!(run(conn, &file).contains("2 of 3 statements"));
    assert_eq!(run(conn, &file.replace("TABLE c", "TABLE b").replace("ADD n", "ADD m")), "+2");
    assert_eq!(text(conn, "SELECT n FROM a"), "1");
}

/// A password is no setting of the session: the one that a later statement has set stays when the file is resumed.
#[test]
fn a_password_is_not_set_again() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let user = &db.name;
        let first = if server == Server::Mariadb { "PASSWORD('first')" } else { "'first'" };
        let file = format!(
            "CREATE USER {user}@'%';\nSET PASSWORD FOR {user}@'%' = {first};\nALTER USER {user}@'%' IDENTIFIED BY 'last';\n\
             GRANT ALL ON {user}.* TO {user}@'%';\nALTER TABLE nosuch ADD n INT;"
        );
        for _ in 0..2 {
            let said = did(up(conn, &known(&[("20260101000001_a.sql", &file)])));
            assert!(said.contains("4 of 5 statements"), "{said}");
            assert_eq!(text(&mut db.conn_of(user, "last"), "SELECT 1"), "1");
        }
        conn.query_drop(format!("DROP USER {user}@'%'")).unwrap();
    }
}

/// Who has said that a statement may run twice is not asked whether it ran.
#[test]
fn what_may_run_twice_is_not_in_doubt() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let file = (
            "20260101000001_a.sql",
            "-- migrate:options retry_safe:true\nCREATE PROCEDURE p() CREATE TABLE IF NOT EXISTS t (n INT);\nCALL p();\nALTER TABLE nosuch ADD n INT;",
        );
        up(conn, &known(&[file])).unwrap_err();
        // As its run would have left it that died in the call.
        conn.query_drop("DELETE FROM migrate_journal WHERE n = 3").unwrap();
        conn.query_drop("UPDATE migrate_journal SET state = 'started' WHERE n = 2").unwrap();
        let said = did(up(conn, &known(&[file])));
        assert!(said.contains("2 of 3 statements"), "{said}");
    }
}

/// Rows alone, in one transaction with the history's row: a failure leaves nothing.
#[test]
fn a_file_of_rows_is_all_or_nothing() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let file = "SET @more = 5;\nUPDATE a SET n = n + @more;\nCREATE TEMPORARY TABLE help (n INT);\n\
                    INSERT INTO help SELECT n FROM a;\nINSERT INTO nosuch SELECT n FROM help;";
        let said = did(up(conn, &known(&[FIRST, ("20260101000002_rows.sql", file)])));
        assert!(said.contains("20260101000002_rows.sql:5:13: "), "{said}");
        assert!(said.contains("rolled back: 20260101000002_rows"), "{said}");
        assert_eq!((text(conn, "SELECT n FROM a").as_str(), recorded(conn).as_str()), ("0", "1"));
        let mended = file.replace("nosuch", "a");
        assert_eq!(did(up(conn, &known(&[FIRST, ("20260101000002_rows.sql", &mended)]))), "+2");
        assert_eq!(text(conn, "SELECT group_concat(n ORDER BY n) FROM a"), "5,5");
        // What lived in the session is gone.
        assert_eq!(text(conn, "SELECT @more"), "NULL");
        assert!(conn.query_drop("SELECT * FROM help").is_err());
    }
}

/// In an engine without transactions they would stay, and the history would say that nothing ran.
#[test]
fn rows_that_cant_be_rolled_back_are_refused_before_they_are_written() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        conn.query_drop("CREATE TABLE m (n INT) ENGINE = MyISAM").unwrap();
        let said = did(up(conn, &known(&[FIRST, ("20260101000002_m.sql", "INSERT INTO m VALUES (1)")])));
        assert!(said.contains("a change of m (MyISAM) can't be rolled back"), "{said}");
        assert_eq!(text(conn, "SELECT count(*) FROM m"), "0");
        let outside = "-- migrate:options transaction:false\nINSERT INTO m VALUES (1)";
        assert_eq!(did(up(conn, &known(&[FIRST, ("20260101000002_m.sql", outside)]))), "+2");
    }
}

/// A trigger that leads to such a table is not seen in the statement: then the failure says what is true now.
#[test]
fn rows_that_were_not_rolled_back_are_told() {
    for server in SERVERS {
        for options in ["", "-- migrate:options transaction:false\n"] {
            let db = Database::fresh(server);
            let conn = &mut db.conn();
            conn.query_drop("CREATE TABLE m (n INT) ENGINE = MyISAM").unwrap();
            conn.query_drop("CREATE TABLE i (n INT PRIMARY KEY)").unwrap();
            conn.query_drop("CREATE TRIGGER g AFTER INSERT ON i FOR EACH ROW INSERT INTO m VALUES (1)").unwrap();
            let file = format!("{options}INSERT INTO i VALUES (1), (1)");
            let said = did(up(conn, &known(&[FIRST, ("20260101000002_m.sql", &file)])));
            assert_eq!(text(conn, "SELECT concat((SELECT count(*) FROM i), (SELECT count(*) FROM m))"), "01");
            assert!(said.contains("could not be rolled back"), "{said}");
            assert!(!said.contains("rolled back: "), "{said}");
        }
    }
}

/// TRAPS 37, 38: what a resumed run could not take up.
#[test]
fn what_could_not_be_resumed_is_refused_before_anything_runs() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        for (statement, words) in [
            ("LOCK TABLES a WRITE", "LOCK TABLES locks tables, and with them the journal"),
            ("FLUSH TABLES WITH READ LOCK", "FLUSH locks tables"),
            ("INSERT INTO a VALUES (@x)", "INSERT uses a variable of this session"),
            ("CREATE TEMPORARY TABLE h (n INT)", "makes something that lives in this session only"),
            ("PREPARE s FROM 'DO 1'", "makes something that lives in this session only"),
            ("CALL p()", "can't be looked into"),
            ("LOAD DATA LOCAL INFILE 'x' INTO TABLE a", "a file beside this program"),
        ] {
            let file = format!("CREATE TABLE b (n INT);\n{statement};");
            let said = did(up(conn, &known(&[FIRST, ("20260101000002_b.sql", &file)])));
            assert!(said.starts_with("refused, nothing was changed"), "{statement}: {said}");
            assert!(said.contains(words) && said.contains("20260101000002_b.sql:2:1"), "{statement}: {said}");
        }
        assert_eq!(tables(conn), "");
    }
}

/// A swap that ran looks like one that did not, unless the numbers of the tables can be read.
#[test]
fn a_swap_needs_the_process_privilege() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let user = format!("u{}", db.name);
        conn.query_drop(format!("CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'pw'")).unwrap();
        conn.query_drop(format!("GRANT ALL ON {}.* TO {user}@'127.0.0.1'", db.name)).unwrap();
        let swap = "CREATE TABLE b (n INT NOT NULL);\nRENAME TABLE a TO c, b TO a, c TO b;";
        let set = known(&[FIRST, ("20260101000002_swap.sql", swap)]);
        let said = did(up(&mut db.conn_of(&user, "pw"), &set));
        assert!(said.contains("may swap two tables that are alike") && said.contains("GRANT PROCESS"), "{said}");
        conn.query_drop(format!("GRANT PROCESS ON *.* TO {user}@'127.0.0.1'")).unwrap();
        assert_eq!(did(up(&mut db.conn_of(&user, "pw"), &set)), "+1 +2");
        conn.query_drop(format!("DROP USER {user}@'127.0.0.1'")).unwrap();
    }
}

/// TRAPS 38: session statements are sent again when a file goes on.
#[test]
fn the_session_is_as_the_file_left_it() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let file = |last: &str| {
            format!(
                "SET SESSION sql_mode = 'ANSI_QUOTES';\nCREATE TABLE \"b\" (n INT);\nINSERT INTO \"b\" VALUES (1), {last};"
            )
        };
        let wrong = file("(nosuch)");
        let said = did(up(conn, &known(&[FIRST, ("20260101000002_b.sql", &wrong)])));
        assert!(said.contains("20260101000002_b.sql:3:") && said.contains("2 of 3 statements"), "{said}");
        let right = file("(2)");
        assert_eq!(did(up(&mut db.conn(), &known(&[FIRST, ("20260101000002_b.sql", &right)]))), "+2");
        assert_eq!(text(conn, "SELECT count(*) FROM b"), "2");
    }
}

/// TRAPS 19, and 41: routines with and without DELIMITER; a comment at the end swallows nothing; warnings are told.
#[test]
fn routines_comments_and_warnings() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let file = "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END;\n\
                    DELIMITER $$\nCREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.n = NEW.n + 1; END$$\n\
                    DELIMITER ;\n/*!50003 CREATE TABLE b (n INT) */;\nINSERT INTO b VALUES (1) -- the last";
        let down_file = "DROP TRIGGER g;\nDROP PROCEDURE p;\nDROP TABLE b -- and so on";
        let set = known(&[FIRST, ("20260101000002_b.up.sql", file), ("20260101000002_b.down.sql", down_file)]);
        assert_eq!(did(up(conn, &set)), "+1 +2");
        assert_eq!(tables(conn), "a b");
        assert_eq!(did(down(conn, &set, DownTarget::Count(1))), "-2");
        assert_eq!(tables(conn), "a");
        let mut notes = Vec::new();
        let warns = known(&[
            FIRST,
            (
                "20260101000003_w.sql",
                "SET SESSION sql_mode = '';\nCREATE TABLE w (n TINYINT);\nINSERT INTO w VALUES (1000);",
            ),
        ]);
        let mut driver = migrate_mysql::Mysql::on(conn);
        let watch = |event: &migrate_core::Event<'_>| {
            if let migrate_core::Event::Note(note) = event {
                notes.push(note.to_string());
            }
        };
        migrate_core::Migrator::new(&mut driver).observer(watch).up(&warns, migrate_core::UpTarget::All).unwrap();
        let told = notes
            .iter()
            .any(|note| note.contains("the server warns: Out of range value for column 'n' at row 1 [1264]"));
        assert!(told, "{notes:?}");
    }
}

/// A text that an ordinary literal would break: quotes, backslashes, other alphabets, under any `sql_mode`.
#[test]
fn texts_are_kept_as_they_are() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let up_file =
            "-- ünï 'quo\\te' \"\nSET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI';\nCREATE TABLE \"x\" (n INT);";
        let down_file = "-- \\ '' ü\nDROP TABLE x;";
        let set = known(&[("20260101000001_ü.up.sql", up_file), ("20260101000001_ü.down.sql", down_file)]);
        assert_eq!(did(up(conn, &set)), "+1");
        // The file is gone: the stored text runs, which is checked against its checksum.
        assert_eq!(did(down(conn, &known(&[]), DownTarget::Count(1))), "-1");
        assert_eq!(tables(conn), "");
    }
}

/// As `mariadb-dump` and `mysqldump` write it, with --skip-add-locks: settings saved in variables and put back, comments for
/// servers of some version, routines between delimiters.
#[test]
fn a_dump() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let dump = r"/*M!999999\- enable the sandbox mode */
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
DROP TABLE IF EXISTS `c`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `c` (`a` int DEFAULT NULL, KEY `a` (`a`), CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `z` (`id`));
/*!40101 SET character_set_client = @saved_cs_client */;
CREATE TABLE `z` (`id` int NOT NULL, `t` text, PRIMARY KEY (`id`));
/*!40000 ALTER TABLE `z` DISABLE KEYS */;
INSERT INTO `z` VALUES (0,'it\'s; \\ ü');
/*!40000 ALTER TABLE `z` ENABLE KEYS */;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_TRANS_TABLES' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER tr BEFORE INSERT ON `z` FOR EACH ROW BEGIN SET NEW.t = concat(NEW.t, ';'); END */;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
-- Dump completed
";
        assert_eq!(did(up(conn, &known(&[("20260101000001_dump.sql", dump)]))), "+1");
        assert_eq!(tables(conn), "c z");
        assert_eq!(text(conn, "SELECT t FROM z"), "it's; \\ ü");
        assert_eq!(text(conn, "SELECT @@foreign_key_checks"), "1");
    }
}
