//! What one test has done to a database on MySQL or MariaDB, and what the next one finds in it.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::mysql::{SERVERS, admin, open, run, template, text};
use migrate_testing::Template;
use mysql::prelude::Queryable;
use mysql::{Conn, Row};

/// All kinds of things that a database may hold.
const EVERYTHING: &[&str] = &[
    "CREATE TABLE authors (id int PRIMARY KEY AUTO_INCREMENT, name varchar(40) NOT NULL, weight float, at timestamp(6) NULL)",
    "INSERT INTO authors (name, weight, at) VALUES ('ada', 0.1, '2026-01-02 03:04:05.678901'), ('grace', NULL, NULL), ('', 3, NULL)",
    "CREATE TABLE works (id int PRIMARY KEY AUTO_INCREMENT, author int NOT NULL, title varchar(40) COLLATE utf8mb4_bin,
        upper_title varchar(40) AS (upper(title)) VIRTUAL, kind enum('novel', 'poem') DEFAULT 'novel', cover blob,
        facts json, flags bit(3), born year, price decimal(10, 2), place point,
        FOREIGN KEY (author) REFERENCES authors (id) ON DELETE CASCADE, KEY (title)) AUTO_INCREMENT = 100",
    "INSERT INTO works (author, title, cover, facts, flags, born, price, place)
        VALUES (1, 'Emma', x'00ff41', '{\"a\": 1.5}', b'101', 2026, 1.10, ST_GeomFromText('POINT(1 2)')), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "CREATE TABLE vacant (id int PRIMARY KEY AUTO_INCREMENT, x text)",
    "CREATE TABLE log (n int AUTO_INCREMENT PRIMARY KEY, what varchar(40))",
    "CREATE TABLE parts (n int NOT NULL) PARTITION BY RANGE (n) (PARTITION few VALUES LESS THAN (10), PARTITION more VALUES LESS THAN MAXVALUE)",
    "INSERT INTO parts VALUES (1), (1), (20)",
    "CREATE TABLE places (id int PRIMARY KEY, place int)",
    "INSERT INTO places VALUES (87433, 67962), (91874, 97472)",
    "CREATE TRIGGER first_of AFTER INSERT ON authors FOR EACH ROW INSERT INTO log (what) VALUES (NEW.name)",
    "CREATE TRIGGER second_of AFTER INSERT ON authors FOR EACH ROW BEGIN INSERT INTO log (what) VALUES ('second; -- of it'); END",
    "INSERT INTO authors (id, name) VALUES (10, 'late')",
    "CREATE VIEW v_of_w AS SELECT 1 AS one",
    "CREATE VIEW z_names AS SELECT name, twice(id) AS id FROM authors",
    "CREATE VIEW a_names AS SELECT * FROM z_names WHERE name <> 'ö'",
    "CREATE PROCEDURE forget() BEGIN DELETE FROM log; END",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' COMMENT 'it''s' DO DELETE FROM log",
];

/// Those parts in the order in which they can be made.
fn everything(variable: &str) -> Template<'static, Conn> {
    let function = "CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC RETURN 2 * n";
    let mut template = template(variable, "everything").seed(function);
    for sql in EVERYTHING {
        template = template.seed(*sql);
    }
    if variable.contains("MARIADB") {
        template = template
            .seed("CREATE SEQUENCE tickets START WITH 5 INCREMENT BY 2 CACHE 10")
            .seed("SELECT nextval(tickets)")
            .seed("CREATE TABLE served (n bigint DEFAULT nextval(tickets))");
    }
    template
}

/// What a test could tell one database from another by, read in another way than `migrate-testing` does.
fn contents(conn: &mut Conn) -> Vec<String> {
    let database = text(conn, "SELECT database()");
    let mut all = Vec::new();
    let rows = |conn: &mut Conn, sql: &str| -> Vec<String> {
        let rows: Vec<Row> = conn.query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.into_iter().map(|row| format!("{:?}", row.unwrap()).replace(&database, "itself")).collect()
    };
    all.extend(rows(conn, "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = database()"));
    let tables: Vec<(String, String)> = conn.query("SHOW FULL TABLES").unwrap();
    for (table, kind) in tables {
        all.push(format!("{table} {kind}"));
        all.extend(rows(conn, &format!("SHOW CREATE TABLE `{table}`")));
        all.extend(rows(conn, &format!("SELECT * FROM `{table}` ORDER BY 1")));
        if kind == "BASE TABLE" {
            all.extend(rows(conn, &format!("CHECKSUM TABLE `{table}`")));
        }
    }
    for sql in [
        "SELECT trigger_name, event_object_table, action_statement, action_order, sql_mode, definer FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY 1",
        "SELECT routine_name, routine_type, routine_definition, sql_mode, sql_data_access, security_type, routine_comment FROM information_schema.routines WHERE routine_schema = database() ORDER BY 1",
        "SELECT event_name, event_definition, status, starts, interval_value, event_comment FROM information_schema.events WHERE event_schema = database() ORDER BY 1",
        "SELECT constraint_name, table_name, delete_rule FROM information_schema.referential_constraints WHERE constraint_schema = database() ORDER BY 1",
    ] {
        all.extend(rows(conn, sql));
    }
    all
}

/// What tests may do to a database, and a word for which server alone.
const DEEDS: &[(&str, &str)] = &[
    ("", "INSERT INTO authors (name) VALUES ('new')"),
    ("", "UPDATE authors SET name = 'x' WHERE id = 1; UPDATE authors SET name = 'ada' WHERE id = 1"),
    ("", "UPDATE authors SET weight = 0.10000001 WHERE id = 1"),
    ("", "UPDATE authors SET at = at + INTERVAL 1 MICROSECOND WHERE id = 1"),
    ("", "UPDATE authors SET name = ' ' WHERE id = 3"),
    ("", "UPDATE authors SET weight = 0 WHERE id = 2"),
    ("", "UPDATE works SET title = 'EMMA' WHERE id = 100"),
    ("", "UPDATE works SET cover = x'00ff4100' WHERE id = 100"),
    ("", "UPDATE works SET facts = '{\"a\": 1.25}' WHERE id = 100"),
    ("", "UPDATE works SET flags = b'001', born = 2025, kind = 'poem' WHERE id = 100"),
    ("", "UPDATE works SET place = ST_GeomFromText('POINT(1 3)') WHERE id = 100"),
    // Two rows that trade their values: the rows are others, the bag of values is the same.
    ("", "UPDATE authors SET name = CASE id WHEN 1 THEN 'grace' ELSE 'ada' END WHERE id IN (1, 2)"),
    // Such two for which CHECKSUM TABLE is the same before and after.
    ("", "UPDATE places SET place = CASE id WHEN 87433 THEN 97472 ELSE 67962 END"),
    // A counter that no row shows.
    ("", "START TRANSACTION; INSERT INTO vacant VALUES (NULL, 'x'); ROLLBACK"),
    ("", "INSERT INTO vacant VALUES (NULL, 'x'); DELETE FROM vacant"),
    ("", "ALTER TABLE works AUTO_INCREMENT = 1000"),
    ("", "DELETE FROM works WHERE id > 100; ALTER TABLE works AUTO_INCREMENT = 1"),
    // A cascade, of which no trigger and no row event tells.
    ("", "DELETE FROM authors WHERE id = 1"),
    ("", "SET foreign_key_checks = 0; TRUNCATE authors"),
    ("", "TRUNCATE log"),
    ("", "DELETE FROM parts WHERE n = 1 LIMIT 1"),
    ("", "ALTER TABLE parts TRUNCATE PARTITION more"),
    ("", "ALTER TABLE parts DROP PARTITION more"),
    ("", "INSERT INTO vacant SELECT NULL, repeat('x', 1000) FROM information_schema.columns LIMIT 500"),
    ("", "SET foreign_key_checks = 0; DROP TABLE authors"),
    ("", "DROP TABLE works"),
    ("", "DROP TABLE vacant; CREATE TABLE vacant (id int PRIMARY KEY AUTO_INCREMENT, x text)"),
    ("", "RENAME TABLE vacant TO was_vacant"),
    ("", "RENAME TABLE vacant TO x, log TO vacant, x TO log"),
    ("", "CREATE TABLE more (id int PRIMARY KEY); INSERT INTO more VALUES (1)"),
    ("", "CREATE TABLE more (id int) ENGINE = MyISAM"),
    ("", "ALTER TABLE authors ADD COLUMN more int"),
    ("", "ALTER TABLE authors ADD COLUMN more int; ALTER TABLE authors DROP COLUMN more"),
    ("", "ALTER TABLE authors MODIFY name varchar(41) NOT NULL"),
    ("", "ALTER TABLE authors COMMENT 'more AUTO_INCREMENT=7'"),
    ("", "ALTER TABLE vacant ENGINE = MyISAM"),
    ("", "ALTER TABLE vacant CONVERT TO CHARACTER SET latin1"),
    ("", "CREATE INDEX more ON authors (name)"),
    ("", "DROP INDEX title ON works"),
    ("", "DROP TRIGGER first_of"),
    (
        "",
        "DROP TRIGGER first_of; CREATE TRIGGER first_of AFTER INSERT ON authors FOR EACH ROW INSERT INTO log (what) VALUES (NEW.name)",
    ),
    ("", "CREATE TRIGGER more BEFORE DELETE ON works FOR EACH ROW SET @x = 1"),
    ("", "SET sql_mode = 'ANSI_QUOTES'; DROP PROCEDURE forget; CREATE PROCEDURE forget() BEGIN DELETE FROM log; END"),
    ("", "CREATE OR REPLACE VIEW a_names AS SELECT 1 AS name"),
    ("", "DROP VIEW z_names"),
    ("", "CREATE VIEW more AS SELECT * FROM a_names"),
    ("", "DROP VIEW v_of_w; CREATE TABLE v_of_w (one int)"),
    ("", "DROP FUNCTION twice; CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC RETURN 3 * n"),
    ("", "CREATE PROCEDURE twice() SELECT 1"),
    ("", "DROP EVENT nightly"),
    ("", "ALTER EVENT nightly DISABLE"),
    ("", "CREATE EVENT more ON SCHEDULE EVERY 1 SECOND DO INSERT INTO log (what) VALUES ('tick')"),
    ("", "ALTER DATABASE CHARACTER SET latin1"),
    ("", "LOCK TABLES authors WRITE; INSERT INTO log (what) VALUES ('never')"),
    ("", "XA START 'left'; INSERT INTO log (what) VALUES ('left'); XA END 'left'"),
    ("MARIADB", "SELECT nextval(tickets)"),
    ("MARIADB", "ALTER SEQUENCE tickets RESTART 3"),
    ("MARIADB", "DROP SEQUENCE tickets"),
    ("MARIADB", "INSERT INTO served VALUES ()"),
    ("MARIADB", "ALTER TABLE vacant ADD SYSTEM VERSIONING"),
    ("MYSQL", "ALTER TABLE works ALTER INDEX title INVISIBLE"),
];

#[test]
fn whatever_a_test_has_done_the_next_one_does_not_see() {
    for server in SERVERS {
        let template = everything(server);
        let mut db = template.mysql().unwrap();
        let pristine = contents(db.conn().unwrap());
        assert!(pristine.len() > 60, "{pristine:#?}");
        drop(db);
        let mut again = 0;
        for (only, deed) in DEEDS.iter().filter(|(only, _)| server.contains(only)) {
            let db = template.mysql().unwrap();
            let name = db.name().to_owned();
            // Each in a message of its own, as a client sends them; what a server refuses is no deed.
            let mut conn = open(db.url());
            for statement in deed.split("; ").map(str::trim) {
                let compound = deed.contains("BEGIN");
                let sql = if compound { *deed } else { statement };
                if let Err(error) = conn.query_drop(sql) {
                    assert!(deed.contains("never"), "{only}{sql}: {error}");
                }
                if compound {
                    break;
                }
            }
            drop(db);
            let mut next = template.mysql().unwrap();
            again += usize::from(next.name() == name);
            let found = contents(next.conn().unwrap());
            let differs: Vec<_> = pristine.iter().zip(&found).filter(|(a, b)| a != b).take(2).collect();
            assert!(pristine == found, "{server} after {deed}: {differs:#?}");
        }
        // It is restored, and not made anew.
        println!("{server}: {again} restored");
        assert_eq!(again, DEEDS.iter().filter(|(only, _)| server.contains(only)).count());
    }
}

/// The database itself, or a transaction that outlives its session and holds locks.
#[test]
fn what_can_t_be_restored_is_not_handed_out_again() {
    for server in SERVERS {
        let template = template(server, "lost");
        let mut db = template.mysql().unwrap();
        let lost = db.name().to_owned();
        run(db.conn().unwrap(), &format!("DROP DATABASE {lost}"));
        drop(db);
        let mut db = template.mysql().unwrap();
        assert_ne!(db.name(), lost);
        let (held, xid) = (db.name().to_owned(), format!("{server} {}", std::process::id()));
        run(
            db.conn().unwrap(),
            &format!("XA START '{xid}'; INSERT INTO books VALUES ('x'); XA END '{xid}'; XA PREPARE '{xid}'"),
        );
        drop(db);
        let mut db = template.mysql().unwrap();
        assert_ne!(db.name(), held);
        assert_eq!(text(db.conn().unwrap(), "SELECT count(*) FROM books"), "0");
        run(&mut admin(server), &format!("XA ROLLBACK '{xid}'"));
        drop(db);
        // Nothing is left, once that is gone.
        let began = std::time::Instant::now();
        let dropped = format!("SHOW DATABASES LIKE '{held}'");
        while !text(&mut admin(server), &dropped).is_empty() {
            assert!(began.elapsed() < std::time::Duration::from_secs(60), "never dropped: {held}");
            drop(template.mysql().unwrap());
        }
    }
}

/// Somebody writes into the template, or drops it.
#[test]
fn a_template_that_is_none_any_more_is_made_anew() {
    for server in SERVERS {
        for deed in ["INSERT INTO {}.books VALUES ('whose?')", "DROP VIEW {}.names", "DROP DATABASE {}"] {
            let template =
                template(server, "intact").seed("CREATE VIEW names AS SELECT name FROM members").depends_on(deed);
            let db = template.mysql().unwrap();
            let of =
                "SELECT t.name FROM migrate_testing_v1.template t JOIN migrate_testing_v1.clone c ON c.template = t.id";
            let hidden = text(&mut admin(server), &format!("{of} WHERE c.name = '{}'", db.name()));
            run(&mut admin(server), &deed.replace("{}", &hidden));
            let mut second = template.mysql().unwrap();
            let conn = second.conn().unwrap();
            assert_eq!(text(conn, "SELECT count(*) FROM books"), "0");
            conn.query_drop("INSERT INTO books VALUES ('mine')").unwrap();
            drop((db, second));
            for db in &mut [template.mysql().unwrap(), template.mysql().unwrap()] {
                assert_eq!(text(db.conn().unwrap(), "SELECT count(*) FROM books"), "0");
                assert_eq!(text(db.conn().unwrap(), "SELECT name FROM names"), "ada");
            }
        }
    }
}

/// The rights that the guide names.
#[test]
fn a_user_who_may_do_nothing_else_is_enough() {
    for server in SERVERS {
        let mut root = admin(server);
        run(&mut root, "CREATE USER IF NOT EXISTS tester@'%' IDENTIFIED BY 'se/cret'");
        run(&mut root, "GRANT ALL ON `migrate\\_test%`.* TO tester@'%'");
        let url = common::mysql::server(server).replace("root@", "tester:se%2Fcret@");
        let template = everything(server).depends_on("tester").server(url);
        let mut db = template.mysql().unwrap();
        let name = db.name().to_owned();
        let pristine = contents(db.conn().unwrap());
        run(db.conn().unwrap(), "DROP VIEW a_names; DROP TRIGGER first_of; DELETE FROM authors; DROP FUNCTION twice");
        drop(db);
        let mut next = template.mysql().unwrap();
        assert_eq!(next.name(), name);
        assert_eq!(contents(next.conn().unwrap()), pristine);
    }
}
