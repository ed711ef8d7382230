//! The statement that was under way when its run died: every kind, not run and run, on both servers. What the evidence
//! says is then done, and the database must look as after one run.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, SERVERS, Server};
use migrate_core::driver::{Driver, Evidence};
use migrate_core::history::{JournalRow, JournalState};
use migrate_core::{Checksum, Direction, Version};
use migrate_mysql::Mysql;
use mysql::Conn;
use mysql::prelude::Queryable;

/// A kind of statement: what stands before it, and what the evidence says of it, not run and run.
struct Kind {
    setup: &'static str,
    statement: &'static str,
    not_run: Says,
    run: Says,
    only: Option<Server>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Ran,
    Again,
    Undecided,
}

use Says::{Again, Ran, Undecided};

const fn kind(setup: &'static str, statement: &'static str, not_run: Says, run: Says) -> Kind {
    Kind { setup, statement, not_run, run, only: None }
}

/// On one of the servers only.
const fn on(server: Server, kind: Kind) -> Kind {
    Kind { only: Some(server), ..kind }
}

const T: &str = "CREATE TABLE t (a INT PRIMARY KEY, b INT, KEY kb (b)); INSERT INTO t VALUES (1, 1), (2, 2)";
const TU: &str = "CREATE TABLE t (a INT PRIMARY KEY, b INT); INSERT INTO t VALUES (1, 1); CREATE TABLE u LIKE t; \
                  INSERT INTO u VALUES (7, 7), (8, 8)";
const PARTS: &str = "CREATE TABLE t (a INT) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), \
                     PARTITION p1 VALUES LESS THAN (20)); INSERT INTO t VALUES (1), (11); \
                     CREATE TABLE u (a INT); INSERT INTO u VALUES (5)";
const KEYS: &str = "CREATE TABLE p (a INT PRIMARY KEY); CREATE TABLE t (a INT PRIMARY KEY, b INT, \
                    CONSTRAINT f FOREIGN KEY (b) REFERENCES p (a))";

const KINDS: &[Kind] = &[
    kind("", "CREATE TABLE t (a INT)", Again, Ran),
    kind("", "CREATE TABLE IF NOT EXISTS t (a INT)", Again, Ran),
    kind(T, "CREATE TABLE IF NOT EXISTS t (a INT)", Again, Again),
    kind(T, "CREATE TABLE n LIKE t", Again, Ran),
    kind(T, "CREATE TABLE n AS SELECT a FROM t", Again, Ran),
    on(Server::Mariadb, kind(T, "CREATE OR REPLACE TABLE t (a INT)", Again, Ran)),
    on(Server::Mariadb, kind("", "CREATE OR REPLACE TABLE t (a INT)", Again, Ran)),
    on(Server::Mariadb, kind("", "CREATE SEQUENCE s", Again, Ran)),
    on(Server::Mariadb, kind("CREATE SEQUENCE s", "DROP SEQUENCE s", Again, Ran)),
    kind(T, "DROP TABLE t", Again, Ran),
    kind("", "DROP TABLE IF EXISTS t", Again, Again),
    kind(TU, "DROP TABLE t, u", Again, Ran),
    kind(T, "CREATE INDEX i ON t (b)", Again, Ran),
    kind(T, "CREATE UNIQUE INDEX `i-1` ON t (b)", Again, Ran),
    kind(T, "DROP INDEX kb ON t", Again, Ran),
    kind(T, "ALTER TABLE t ADD COLUMN c INT", Again, Ran),
    kind(T, "ALTER TABLE t ADD c INT, ADD d INT, DROP COLUMN b", Again, Ran),
    kind(T, "ALTER TABLE t ADD COLUMN (c INT, d INT)", Again, Ran),
    kind(T, "ALTER TABLE t DROP b", Again, Ran),
    kind(T, "ALTER TABLE t RENAME COLUMN b TO c", Again, Ran),
    kind(T, "ALTER TABLE t CHANGE b c BIGINT", Again, Ran),
    kind(T, "ALTER TABLE t MODIFY b BIGINT", Again, Ran),
    kind(T, "ALTER TABLE t MODIFY b INT", Again, Again),
    kind(T, "ALTER TABLE t ALTER b SET DEFAULT 3", Again, Ran),
    kind(T, "ALTER TABLE t ADD INDEX i (b)", Again, Ran),
    kind(T, "ALTER TABLE t ADD INDEX (b, a)", Again, Ran),
    kind(T, "ALTER TABLE t RENAME INDEX kb TO kc", Again, Ran),
    kind(T, "ALTER TABLE t DROP INDEX kb", Again, Ran),
    kind(T, "ALTER TABLE t DROP PRIMARY KEY", Again, Ran),
    kind("CREATE TABLE t (a INT NOT NULL)", "ALTER TABLE t ADD PRIMARY KEY (a)", Again, Ran),
    kind(KEYS, "ALTER TABLE t ADD CONSTRAINT g FOREIGN KEY (a) REFERENCES p (a)", Again, Ran),
    kind(KEYS, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (a)", Again, Ran),
    kind(KEYS, "ALTER TABLE t DROP FOREIGN KEY f", Again, Ran),
    kind(T, "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", Again, Ran),
    // Names that are left out, or are not what the server takes.
    kind(T, "ALTER TABLE t ADD CONSTRAINT UNIQUE (b)", Again, Ran),
    kind(T, "ALTER TABLE t ADD CONSTRAINT CHECK (b > 0)", Again, Ran),
    kind(KEYS, "ALTER TABLE t ADD CONSTRAINT FOREIGN KEY (a) REFERENCES p (a)", Again, Ran),
    kind(T, "ALTER TABLE t ADD UNIQUE USING BTREE (b)", Again, Ran),
    kind(T, "ALTER TABLE t ADD INDEX USING BTREE (b, a)", Again, Ran),
    kind("CREATE TABLE t (a INT NOT NULL)", "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a), ADD c INT", Again, Ran),
    kind("CREATE TABLE t (a INT NOT NULL)", "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)", Again, Ran),
    on(Server::Mariadb, kind(T, "ALTER TABLE t ADD UNIQUE INDEX IF NOT EXISTS u (b)", Again, Ran)),
    // The same name goes and comes.
    kind(T, "ALTER TABLE t DROP KEY kb, DROP COLUMN b, ADD COLUMN b BIGINT DEFAULT 9", Again, Ran),
    kind(T, "ALTER TABLE t DROP KEY kb, ADD KEY kb (b, a)", Again, Ran),
    kind(T, "ALTER TABLE t RENAME TO n", Again, Ran),
    kind(T, "ALTER TABLE t COMMENT 'x'", Again, Ran),
    kind(T, "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", Again, Ran),
    kind("CREATE TABLE t (a INT AUTO_INCREMENT PRIMARY KEY)", "ALTER TABLE t AUTO_INCREMENT = 100", Again, Again),
    kind(T, "ALTER TABLE t ADD COLUMN c INT, RENAME TO n", Again, Ran),
    kind(PARTS, "ALTER TABLE t ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))", Again, Ran),
    kind(PARTS, "ALTER TABLE t DROP PARTITION p0", Again, Ran),
    kind(PARTS, "ALTER TABLE t TRUNCATE PARTITION p0", Again, Ran),
    kind(PARTS, "ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u", Again, Ran),
    kind(T, "RENAME TABLE t TO n", Again, Ran),
    kind(TU, "RENAME TABLE t TO n, u TO t", Again, Ran),
    kind(TU, "RENAME TABLE t TO x, u TO t, x TO u", Again, Ran),
    // Tables that InnoDB has no number of, or none that can be found.
    kind(
        "CREATE TABLE ä (a INT); INSERT INTO ä VALUES (1); CREATE TABLE ö (a INT)",
        "RENAME TABLE ä TO x, ö TO ä, x TO ö",
        Undecided,
        Undecided,
    ),
    kind(
        "CREATE TABLE t (a INT) ENGINE = MyISAM; INSERT INTO t VALUES (1); CREATE TABLE u LIKE t",
        "RENAME TABLE t TO x, u TO t, x TO u",
        Undecided,
        Undecided,
    ),
    kind("CREATE TABLE t (a INT) ENGINE = MyISAM; CREATE TABLE ä (a INT)", "RENAME TABLE t TO n, ä TO m", Again, Ran),
    kind(T, "TRUNCATE TABLE t", Again, Ran),
    kind(T, "CREATE VIEW v AS SELECT a FROM t", Again, Ran),
    kind(T, "CREATE OR REPLACE VIEW v AS SELECT a FROM t", Again, Ran),
    kind("CREATE VIEW v AS SELECT 1 AS a", "CREATE OR REPLACE VIEW v AS SELECT 2 AS a", Again, Ran),
    kind("CREATE VIEW v AS SELECT 1 AS a", "ALTER VIEW v AS SELECT 2 AS a", Again, Again),
    kind("CREATE VIEW v AS SELECT 1 AS a", "DROP VIEW v", Again, Ran),
    kind("", "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END", Again, Ran),
    kind("CREATE PROCEDURE p() SELECT 1", "DROP PROCEDURE p", Again, Ran),
    kind("CREATE PROCEDURE p() SELECT 1", "ALTER PROCEDURE p COMMENT 'x'", Again, Again),
    kind("", "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1", Again, Ran),
    kind(T, "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1", Again, Ran),
    kind(
        "CREATE TABLE t (a INT); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
        "DROP TRIGGER g",
        Again,
        Ran,
    ),
    kind("", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DO 1", Again, Ran),
    kind("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DO 1", "DROP EVENT e", Again, Ran),
    // Behind its time it is gone, as it was before.
    kind("", "CREATE EVENT e ON SCHEDULE AT '2037-01-01' DO DO 1", Undecided, Undecided),
    kind("", "GRANT SELECT ON *.* TO CURRENT_USER", Again, Again),
    kind(T, "ANALYZE TABLE t", Again, Again),
    kind(T, "OPTIMIZE TABLE t", Again, Again),
    kind(T, "ALTER TABLE t ENGINE = InnoDB", Again, Again),
    kind("", "FLUSH TABLES", Again, Again),
    // Other servers' worth of objects: nobody can tell.
    kind("", "CREATE SERVER s%% FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')", Undecided, Undecided),
    // Rows of an engine without transactions stay where our lines are rolled back.
    kind("CREATE TABLE t (a INT) ENGINE = MyISAM", "INSERT INTO t VALUES (1)", Undecided, Undecided),
];

fn run(conn: &mut Conn, sql: &str) {
    if !sql.is_empty() {
        let mut answer = conn.query_iter(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        while let Some(set) = answer.iter() {
            set.for_each(|row| drop(row.unwrap_or_else(|error| panic!("{sql}: {error}"))));
        }
    }
}

fn begun(statement: &str, pre_image: Option<String>) -> JournalRow {
    JournalRow {
        version: Version::new(20260101000001),
        direction: Direction::Up,
        n: 1,
        statement: Checksum::of_text(statement),
        state: JournalState::Started,
        pre_image,
        error: None,
    }
}

/// The schema and its rows, as text.
fn look(conn: &mut Conn) -> Vec<String> {
    let mut seen = Vec::new();
    let tables: Vec<String> = conn.query("SHOW TABLES").unwrap();
    for table in tables {
        let shown: mysql::Row = conn.query_first(format!("SHOW CREATE TABLE `{table}`")).unwrap().unwrap();
        seen.push(format!("{:?}", shown.get::<Option<String>, _>(1)));
        let rows: Vec<mysql::Row> = conn.query(format!("SELECT * FROM `{table}` ORDER BY 1")).unwrap();
        seen.push(format!("{:?}", rows.into_iter().map(|row| format!("{:?}", row.unwrap())).collect::<Vec<_>>()));
    }
    for list in [
        "SELECT concat(routine_name, routine_type, routine_comment) FROM information_schema.routines WHERE routine_schema = database()",
        "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database()",
        "SELECT event_name FROM information_schema.events WHERE event_schema = database()",
    ] {
        seen.extend(conn.query::<String, _>(list).unwrap());
    }
    seen
}

#[test]
fn every_kind_of_statement_on_mariadb() {
    every_kind(Server::Mariadb);
}

#[test]
fn every_kind_of_statement_on_mysql() {
    every_kind(Server::Mysql);
}

fn every_kind(server: Server) {
    let mut wrong = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.only.is_none_or(|only| only == server)) {
        let once = Database::fresh(server);
        let unique = |text: &str| text.replace("%%", &once.name);
        let statement = unique(kind.statement);
        run(&mut once.conn(), kind.setup);
        run(&mut once.conn(), &statement);
        let wanted = look(&mut once.conn());
        run(&mut once.conn(), &unique(if kind.statement.contains("SERVER") { "DROP SERVER s%%" } else { "DO 0" }));
        for (ran, says) in [(false, kind.not_run), (true, kind.run)] {
            let database = Database::fresh(server);
            let conn = &mut database.conn();
            run(conn, kind.setup);
            let mut driver = Mysql::on(conn);
            driver.facts().unwrap();
            let image = driver.pre_image(&statement).unwrap_or_else(|cause| panic!("{statement}: {cause}"));
            if ran {
                run(driver.connection(), &statement);
            }
            // Another session finds out.
            let conn = &mut database.conn();
            let mut driver = Mysql::on(conn);
            let evidence = driver.evidence(&statement, &begun(&statement, image.clone()));
            let said = match evidence.unwrap_or_else(|cause| panic!("{statement}: {cause}")) {
                Evidence::Ran => Ran,
                Evidence::RunAgain => Again,
                _ => Undecided,
            };
            if said == Again {
                run(conn, &statement);
            }
            let same = said == Undecided || look(conn) == wanted;
            if said != says || !same {
                wrong.push(format!("{server:?}: {statement}, run: {ran}: {said:?}, same: {same}\n{image:?}"));
            }
            if kind.statement.contains("SERVER") && ran {
                run(conn, &unique("DROP SERVER s%%"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Rows that came in since are not lost: a truncated table has another number.
#[test]
fn a_truncate_that_ran_is_not_run_again() {
    for server in SERVERS {
        let database = Database::fresh(server);
        let conn = &mut database.conn();
        run(conn, T);
        let mut driver = Mysql::on(conn);
        driver.facts().unwrap();
        let image = driver.pre_image("TRUNCATE t").unwrap();
        run(driver.connection(), "TRUNCATE t");
        run(driver.connection(), "INSERT INTO t VALUES (9, 9)");
        assert_eq!(driver.evidence("TRUNCATE t", &begun("TRUNCATE t", image)).unwrap(), Evidence::Ran);
    }
}

/// Somebody else's change of another column of the same table is no evidence for ours.
#[test]
fn a_strangers_change_is_no_evidence() {
    for server in SERVERS {
        let database = Database::fresh(server);
        let conn = &mut database.conn();
        run(conn, T);
        let mut driver = Mysql::on(conn);
        driver.facts().unwrap();
        let statement = "ALTER TABLE t ADD COLUMN c INT";
        let image = driver.pre_image(statement).unwrap();
        run(driver.connection(), "ALTER TABLE t COMMENT 'somebody else'");
        assert_eq!(driver.evidence(statement, &begun(statement, image)).unwrap(), Evidence::RunAgain);
    }
}

/// The run that died had set modes, and the one that looks has not: its ALTER has not run, though it is shown otherwise.
#[test]
fn another_session_is_no_evidence() {
    for server in SERVERS {
        for set in ["SET sql_mode = 'ANSI_QUOTES'", "SET sql_quote_show_create = 0", "SET NAMES latin1"] {
            let database = Database::fresh(server);
            run(&mut database.conn(), "CREATE TABLE t (a INT, `ä` INT COMMENT 'ä')");
            let statement = "ALTER TABLE t MODIFY a BIGINT";
            let mut driver_conn = database.conn();
            let mut driver = Mysql::on(&mut driver_conn);
            driver.facts().unwrap();
            driver.execute(set).unwrap();
            let session = "SELECT concat_ws(' ', @@sql_mode, @@sql_quote_show_create, @@character_set_client, \
                           @@character_set_connection, @@collation_connection, @@character_set_results)";
            let found = common::text(driver.connection(), session);
            let image = driver.pre_image(statement).unwrap();
            assert_eq!(common::text(driver.connection(), session), found);
            let conn = &mut database.conn();
            let evidence = Mysql::on(conn).evidence(statement, &begun(statement, image)).unwrap();
            assert_eq!(evidence, Evidence::RunAgain, "{server:?}: {set}");
        }
    }
}

/// An application that truncates a table gives it another number, and has not changed its definition.
#[test]
fn a_strangers_truncate_is_no_evidence() {
    for server in SERVERS {
        let database = Database::fresh(server);
        let conn = &mut database.conn();
        run(conn, T);
        let mut driver = Mysql::on(conn);
        driver.facts().unwrap();
        let statement = "ALTER TABLE t MODIFY b BIGINT";
        let image = driver.pre_image(statement).unwrap();
        run(driver.connection(), "TRUNCATE t");
        assert_eq!(driver.evidence(statement, &begun(statement, image)).unwrap(), Evidence::RunAgain);
    }
}

/// Who takes a run up may see more than who began it, and less.
#[test]
fn another_user_is_no_evidence() {
    for server in SERVERS {
        let database = Database::fresh(server);
        let name = &database.name;
        let root = &mut database.conn();
        run(root, &format!("{TU}; CREATE VIEW v AS SELECT 1 AS a; CREATE USER {name}@'%' IDENTIFIED BY 'pw'"));
        run(root, &format!("GRANT SELECT, CREATE, ALTER, DROP, CREATE VIEW ON {name}.* TO {name}@'%'"));
        let few = &mut database.conn_of(name, "pw");
        for (statement, says) in [
            ("ALTER TABLE t MODIFY b BIGINT", Again),
            ("TRUNCATE t", Undecided),
            ("CREATE OR REPLACE VIEW v AS SELECT 2 AS a", Again),
        ] {
            for began_with_few in [true, false] {
                let (before, behind) = if began_with_few { (&mut *few, &mut *root) } else { (&mut *root, &mut *few) };
                let mut driver = Mysql::on(before);
                driver.facts().unwrap();
                let image = driver.pre_image(statement).unwrap();
                let said = match Mysql::on(behind).evidence(statement, &begun(statement, image)).unwrap() {
                    Evidence::Ran => Ran,
                    Evidence::RunAgain => Again,
                    _ => Undecided,
                };
                assert_eq!(said, says, "{server:?}: {statement}");
            }
        }
        run(root, &format!("DROP USER {name}@'%'"));
    }
}

/// An account is a user and a host.
#[test]
fn accounts_of_several_hosts() {
    for server in SERVERS {
        let database = Database::fresh(server);
        let name = &database.name;
        let conn = &mut database.conn();
        run(conn, &format!("CREATE USER {name}@h1"));
        for (host, statement) in [("H2", "CREATE"), ("h2", "DROP")] {
            let statement = format!("{statement} USER '{name}'@'{host}'");
            let mut driver = Mysql::on(conn);
            driver.facts().unwrap();
            let image = driver.pre_image(&statement).unwrap();
            assert_eq!(driver.evidence(&statement, &begun(&statement, image.clone())).unwrap(), Evidence::RunAgain);
            run(driver.connection(), &statement);
            assert_eq!(driver.evidence(&statement, &begun(&statement, image)).unwrap(), Evidence::Ran);
        }
        run(conn, &format!("DROP USER {name}@h1"));
    }
}

/// Who may make accounts need not be allowed to look for them; then nobody can tell.
#[test]
fn accounts_that_cant_be_seen() {
    for server in SERVERS {
        let database = Database::fresh(server);
        let name = &database.name;
        run(
            &mut database.conn(),
            &format!("CREATE USER {name}@'%' IDENTIFIED BY 'pw'; GRANT CREATE USER ON *.* TO {name}@'%'"),
        );
        run(&mut database.conn(), &format!("GRANT SELECT ON {name}.* TO {name}@'%'"));
        let few = &mut database.conn_of(name, "pw");
        let mut driver = Mysql::on(few);
        driver.facts().unwrap();
        let image = driver.pre_image("CREATE USER nobody_yet").unwrap();
        let evidence = driver.evidence("CREATE USER nobody_yet", &begun("CREATE USER nobody_yet", image)).unwrap();
        assert!(matches!(evidence, Evidence::Undecided { .. }), "{evidence:?}");
        run(&mut database.conn(), &format!("DROP USER {name}@'%'"));
    }
}

/// MariaDB drops the old one first, and may die in between.
#[test]
fn half_of_a_replacement_is_run_again_on_mariadb() {
    let database = Database::fresh(Server::Mariadb);
    let conn = &mut database.conn();
    run(conn, T);
    let mut driver = Mysql::on(conn);
    driver.facts().unwrap();
    let statement = "CREATE OR REPLACE TABLE t AS SELECT 1 AS a";
    let image = driver.pre_image(statement).unwrap();
    run(driver.connection(), "DROP TABLE t");
    assert_eq!(driver.evidence(statement, &begun(statement, image)).unwrap(), Evidence::RunAgain);
}

/// Names are read as the script has set it.
#[test]
fn names_in_double_quotes() {
    for server in SERVERS {
        let database = Database::fresh(server);
        let conn = &mut database.conn();
        run(conn, T);
        let mut driver = Mysql::on(conn);
        driver.facts().unwrap();
        driver.execute("SET sql_mode = 'ANSI_QUOTES'").unwrap();
        let statement = "DROP TABLE \"t\"";
        let image = driver.pre_image(statement).unwrap();
        driver.execute(statement).unwrap();
        let evidence = Mysql::on(&mut database.conn()).evidence(statement, &begun(statement, image)).unwrap();
        assert_eq!(evidence, Evidence::Ran);
    }
}

/// MariaDB drops several tables one by one, and may die in between.
#[test]
fn half_of_a_drop_is_brought_to_its_end_on_mariadb() {
    let database = Database::fresh(Server::Mariadb);
    let conn = &mut database.conn();
    run(conn, TU);
    let mut driver = Mysql::on(conn);
    driver.facts().unwrap();
    let image = driver.pre_image("DROP TABLE t, u").unwrap();
    run(driver.connection(), "DROP TABLE t");
    assert_eq!(driver.evidence("DROP TABLE t, u", &begun("DROP TABLE t, u", image)).unwrap(), Evidence::Ran);
    assert_eq!(common::tables(conn), "");
}

/// Names that InnoDB writes otherwise, in a database that is not the session's any more.
#[test]
fn odd_names() {
    for server in SERVERS {
        let database = Database::fresh(server);
        let conn = &mut database.conn();
        run(conn, "CREATE TABLE `a-b c$` (a INT); CREATE TABLE `täble` (a INT)");
        let mut driver = Mysql::on(conn);
        driver.facts().unwrap();
        let (plain, other) = ("TRUNCATE `a-b c$`", "TRUNCATE `täble`");
        let images = [plain, other].map(|statement| driver.pre_image(statement).unwrap());
        run(driver.connection(), plain);
        run(driver.connection(), other);
        run(driver.connection(), "USE mysql");
        let [first, second] = images;
        assert_eq!(driver.evidence(plain, &begun(plain, first)).unwrap(), Evidence::Ran);
        // InnoDB's spelling of other alphabets is not known here: no number, no guess.
        assert!(matches!(driver.evidence(other, &begun(other, second)).unwrap(), Evidence::Undecided { .. }));
    }
}
