//! Test databases on MySQL and MariaDB: what tests get, what is left of them, and who is left alone.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use common::{alone, succeeds};
use migrate_core::sql::Dialect;
use migrate_testing::Template;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, Row};

const SERVERS: [&str; 2] = ["MIGRATE_TEST_MARIADB", "MIGRATE_TEST_MYSQL"];

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

fn template(variable: &str, salt: &str) -> Template<'static, Conn> {
    // Another one at each run: what an earlier one has left is not counted.
    let salt = format!("{salt} {}", std::env::var("RUN").unwrap_or_else(|_| std::process::id().to_string()));
    Template::of(common::known(Dialect::Mysql, &salt)).server(server(variable))
}

fn open(url: &str) -> Conn {
    Conn::new(Opts::from_url(url).unwrap()).unwrap()
}

fn admin(variable: &str) -> Conn {
    open(&server(variable))
}

fn text(conn: &mut Conn, sql: &str) -> String {
    let found: Option<Row> = conn.query_first(sql).unwrap();
    found.and_then(|row| row.get_opt::<Option<String>, _>(0)?.ok()?).unwrap_or_default()
}

fn run(conn: &mut Conn, sql: &str) {
    let mut answer = conn.query_iter(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    while let Some(set) = answer.iter() {
        set.for_each(|row| drop(row.unwrap_or_else(|error| panic!("{sql}: {error}"))));
    }
}

fn exists(variable: &str, name: &str) -> bool {
    text(&mut admin(variable), &format!("SHOW DATABASES LIKE '{name}'")) == name
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_test_gets_all_that_the_template_has() {
    for server in SERVERS {
        let template = template(server, "all")
            .seed("INSERT INTO members VALUES ('grace')")
            .seed_code("one book", |conn: &mut Conn| Ok(conn.query_drop("INSERT INTO books VALUES ('Emma')")?));
        for _ in 0..3 {
            let mut db = template.mysql().unwrap();
            let conn = db.conn().unwrap();
            assert_eq!(text(conn, "SELECT group_concat(name ORDER BY name) FROM members"), "ada,grace");
            assert_eq!(text(conn, "SELECT group_concat(title) FROM books"), "Emma");
            assert_eq!(text(conn, "SELECT count(*) FROM migrate_history"), "2");
            conn.query_drop("DROP TABLE books").unwrap();
            // Any client finds it by the URL, and is no reason to leave it.
            let mut other = open(db.url());
            assert_eq!(text(&mut other, "SELECT database()"), db.name());
            other.query_drop("START TRANSACTION").unwrap();
            other.query_drop("INSERT INTO members VALUES ('open')").unwrap();
            drop(db);
            assert!(other.query_drop("COMMIT").is_err(), "it is thrown out");
        }
    }
}

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

#[test]
fn two_hundred_at_once_in_threads() {
    for server in SERVERS {
        let template = template(server, "threads");
        let names = std::sync::Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let mut db = template.mysql().unwrap();
                        let conn = db.conn().unwrap();
                        assert_eq!(text(conn, "SELECT count(*) FROM books"), "0");
                        conn.query_drop("INSERT INTO books VALUES ('mine')").unwrap();
                        // Nobody else is in it meanwhile.
                        std::thread::sleep(Duration::from_millis(2));
                        assert_eq!(text(conn, "SELECT count(*) FROM books"), "1");
                        names.lock().unwrap().push(db.name().to_owned());
                    }
                });
            }
        });
        let names: BTreeSet<String> = names.into_inner().unwrap().into_iter().collect();
        assert!(names.len() <= 8, "no more than were in hand at once: {names:?}");
        let left = format!(
            "SELECT count(*) FROM migrate_testing_v1.clone WHERE state <> 'free' AND name IN ('{}')",
            joined(&names)
        );
        assert_eq!(text(&mut admin(server), &left), "0");
    }
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join("', '")
}

#[test]
fn forty_processes_and_one_template() {
    for server in SERVERS {
        let variables = [("SERVER", server), ("SALT", "processes"), ("RUN", &std::process::id().to_string())];
        let mut names = BTreeSet::new();
        for _ in 0..5 {
            let children: Vec<_> = (0..8).map(|_| alone("in_a_process_of_its_own", &variables)).collect();
            names.extend(children.into_iter().map(|child| name_in(succeeds(child).lines().map(str::to_owned))));
        }
        assert!(names.len() <= 8, "{names:?}");
        let of = format!(
            "SELECT count(DISTINCT template), min(template) FROM migrate_testing_v1.clone WHERE name IN ('{}')",
            joined(&names)
        );
        let (templates, id): (u32, String) = admin(server).query_first(of).unwrap().unwrap();
        assert_eq!(templates, 1);
        let left = format!("SELECT count(*) FROM migrate_testing_v1.clone WHERE template = '{id}' AND state <> 'free'");
        assert_eq!(text(&mut admin(server), &left), "0");
    }
}

fn name_in(mut lines: impl Iterator<Item = String>) -> String {
    lines.find_map(|line| Some(line.split_once("have ")?.1.to_owned())).unwrap()
}

#[test]
#[ignore = "run by others, in processes of its own"]
fn in_a_process_of_its_own() {
    let server = std::env::var("SERVER").unwrap();
    let mut db = template(&server, &std::env::var("SALT").unwrap()).mysql().unwrap();
    println!("have {}", db.name());
    let conn = db.conn().unwrap();
    assert_eq!(text(conn, "SELECT count(*) FROM books"), "0");
    conn.query_drop("INSERT INTO books VALUES ('mine')").unwrap();
    if std::env::var_os("HANG").is_some() {
        conn.query_drop("DROP TABLE members").unwrap();
        conn.query_drop("START TRANSACTION").unwrap();
        conn.query_drop("INSERT INTO books VALUES ('not committed')").unwrap();
        println!("dirty");
        std::thread::sleep(Duration::from_secs(600));
    }
}

#[test]
fn what_a_killed_test_had_is_restored_for_the_next_one() {
    for server in SERVERS {
        let variables = [("SERVER", server), ("SALT", "killed"), ("RUN", &std::process::id().to_string())];
        let hanging = [&variables[..], &[("HANG", "1")]].concat();
        let mut children: Vec<_> = (0..3).map(|_| alone("in_a_process_of_its_own", &hanging)).collect();
        let mut names = BTreeSet::new();
        for child in &mut children {
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            names.insert(name_in(&mut lines));
            assert!(lines.any(|line| line == "dirty"));
        }
        assert_eq!(names.len(), 3);
        // Nobody gets what somebody has.
        let other = name_in(succeeds(alone("in_a_process_of_its_own", &variables)).lines().map(str::to_owned));
        assert!(!names.contains(&other));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        // The one that was free, and these.
        let template = template(server, "killed");
        let mut all: Vec<_> = (0..4).map(|_| template.mysql().unwrap()).collect();
        for db in &mut all {
            let conn = db.conn().unwrap();
            assert_eq!(text(conn, "SELECT count(*) FROM books"), "0");
            assert_eq!(text(conn, "SELECT group_concat(name) FROM members"), "ada");
        }
        names.insert(other);
        assert_eq!(all.iter().map(|db| db.name().to_owned()).collect::<BTreeSet<_>>(), names);
    }
}

#[test]
fn what_a_kill_while_building_leaves_is_never_copied_and_dropped() {
    for server in SERVERS {
        let run = std::process::id().to_string();
        let mut child = alone("building_for_ever", &[("SERVER", server), ("RUN", &run)]);
        // By its seed: other suites build, too.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let half = name_in(&mut lines);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(exists(server, &half));
        // The same template, whose seed now ends.
        let template = never_ending(server, Duration::ZERO);
        let mut db = template.mysql().unwrap();
        assert_eq!(text(db.conn().unwrap(), "SELECT count(*) FROM members"), "1");
        drop(db);
        eventually("it is dropped", || {
            drop(template.mysql().unwrap());
            !exists(server, &half)
        });
    }
}

fn never_ending(server: &str, wait: Duration) -> Template<'static, Conn> {
    template(server, "building").seed_code("waits", move |conn: &mut Conn| {
        println!("have {}", text(conn, "SELECT database()"));
        std::thread::sleep(wait);
        Ok(())
    })
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn building_for_ever() {
    let _ = never_ending(&std::env::var("SERVER").unwrap(), Duration::from_secs(600)).mysql();
}

/// Where a copy could not be told from another, none is used again: slow, and right.
#[test]
fn a_template_that_can_t_be_restored_is_run_for_each_test() {
    for server in SERVERS {
        let run = std::process::id().to_string();
        let said =
            succeeds(alone("on_another_engine", &[("SERVER", server), ("RUN", &run), ("MIGRATE_TESTING_STATS", "1")]));
        assert_eq!(said.matches("all of them: table old is in the engine myisam, not in InnoDB").count(), 2, "{said}");
        for name in said.lines().filter_map(|line| line.split_once("have ")) {
            assert!(!exists(server, name.1));
        }
    }
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn on_another_engine() {
    let template =
        template(&std::env::var("SERVER").unwrap(), "engine").seed("CREATE TABLE old (n int) ENGINE = MyISAM");
    let mut names = BTreeSet::new();
    for _ in 0..2 {
        let mut db = template.mysql().unwrap();
        println!("have {}", db.name());
        assert_eq!(text(db.conn().unwrap(), "SELECT count(*) FROM old"), "0");
        db.conn().unwrap().query_drop("INSERT INTO old VALUES (1)").unwrap();
        assert!(names.insert(db.name().to_owned()));
    }
}

#[test]
fn databases_of_others_are_left_alone_whatever_they_are_called() {
    for server in SERVERS {
        let name = format!("migrate_test_mine_{}", std::process::id());
        run(&mut admin(server), &format!("CREATE DATABASE {name}"));
        let template = template(server, "others");
        drop(template.mysql().unwrap());
        // What is nobody's any more goes, and it alone.
        let stale = "UPDATE migrate_testing_v1.clone SET state = 'kept', at = at - INTERVAL 2 DAY WHERE name = ";
        let db = template.mysql().unwrap();
        let old = db.name().to_owned();
        drop(db);
        run(&mut admin(server), &format!("{stale}'{old}'"));
        drop(template.mysql().unwrap());
        eventually("it is dropped", || {
            drop(template.mysql().unwrap());
            !exists(server, &old)
        });
        assert!(exists(server, &name));
        run(&mut admin(server), &format!("DROP DATABASE {name}"));
    }
}

/// The rights that the guide names.
#[test]
fn a_user_who_may_do_nothing_else_is_enough() {
    for server in SERVERS {
        let mut root = admin(server);
        run(&mut root, "CREATE USER IF NOT EXISTS tester@'%' IDENTIFIED BY 'se/cret'");
        run(&mut root, "GRANT ALL ON `migrate\\_test%`.* TO tester@'%'");
        let url = self::server(server).replace("root@", "tester:se%2Fcret@");
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

#[test]
fn a_migration_that_fails_says_where_and_leaves_nothing() {
    for server in SERVERS {
        let template = template(server, "fails").seed("INSERT INTO nowhere VALUES (1)");
        let told = template.mysql().unwrap_err().to_string();
        assert!(told.contains("seed 1 of the template: Table 'migrate_test_"), "{told}");
        let name = told.split('\'').nth(1).unwrap().split('.').next().unwrap();
        assert!(!exists(server, name));
    }
}

#[test]
fn a_server_elsewhere_is_refused_and_no_password_shown() {
    let template =
        Template::of(common::known::<Conn>(Dialect::Mysql, "remote")).server("mysql://me:secret@db.example.com/shop");
    let told = template.mysql().unwrap_err().to_string();
    assert!(told.contains("is not on this machine"), "{told}");
    assert!(told.contains("MIGRATE_TESTING_REMOTE=yes"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn a_private_mariadb_is_started_and_stopped() {
    private_server("mariadb", &[]);
}

fn private_server(word: &str, more: &[(&str, &str)]) {
    let dir = tempfile::Builder::new().prefix("migrate-private").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let variables =
        [&[("MIGRATE_TESTING_DIR", dir.path().to_str().unwrap()), ("MIGRATE_TESTING_LINGER", "1")], more].concat();
    let at = |name: &str| {
        let server = dir.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
        server
            .filter(|path| path.to_string_lossy().contains(word))
            .map(|path| path.join("server").join(name))
            .next()
            .unwrap()
    };
    let pid = || std::fs::read_to_string(at("pid")).unwrap().trim().to_owned();
    let has_stopped = || !at("ready").exists() && !std::path::Path::new(&format!("/proc/{}", pid())).exists();
    for _ in 0..2 {
        let children: Vec<_> = (0..4).map(|_| alone("on_a_private_server", &variables)).collect();
        children.into_iter().for_each(|child| drop(succeeds(child)));
        eventually("the server stops", has_stopped);
        eventually("it was shut down", || !at("unclean").exists());
    }
    // Also after a kill.
    let mut child = alone("on_a_private_server", &[&variables[..], &[("HANG", "1")]].concat());
    eventually("it is up", || at("ready").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the server stops", has_stopped);
}

#[test]
#[ignore = "run by another, in processes of its own"]
fn on_a_private_server() {
    let template = Template::of(common::known::<Conn>(Dialect::Mysql, "private"));
    let mut db = template.mysql().unwrap();
    assert_eq!(text(db.conn().unwrap(), "SELECT count(*) FROM members"), "1");
    // Nobody gets in without the password, and not as somebody else.
    let (credentials, place) = db.url().split_once('@').unwrap();
    let place = place.split('/').next().unwrap();
    assert!(credentials.len() > "mysql://root:".len() + 20);
    for user in ["root", "root:wrong", "mysql", "nobody"] {
        assert!(Conn::new(Opts::from_url(&format!("mysql://{user}@{place}")).unwrap()).is_err(), "{user}");
    }
    if std::env::var_os("HANG").is_some() {
        std::thread::sleep(Duration::from_secs(600));
    }
}

/// MySQL's programs, as `scripts/server-mysql` unpacks them: a directory with a `mysqld` that finds its own libraries.
#[test]
fn a_private_mysql_is_started_and_stopped() {
    use std::os::unix::fs::PermissionsExt;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/mysql");
    let root = std::env::var_os("MYSQL_ROOT").map_or(root, std::path::PathBuf::from).canonicalize().unwrap();
    let in_root = |path: &str, name: &str| {
        let found = root.join(path).read_dir().unwrap().map(|entry| entry.unwrap().path());
        found.filter(|path| path.file_name().unwrap().to_string_lossy().contains(name)).min().unwrap()
    };
    let libraries = in_root("usr/lib", "-linux-gnu");
    let loader = in_root(libraries.to_str().unwrap(), "ld-linux-");
    let bin = tempfile::Builder::new().prefix("migrate-bin").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(bin.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let script = format!(
        "#!/bin/sh\nexec {} --library-path {} {root}/usr/sbin/mysqld \"$@\" --lc-messages-dir={root}/usr/share/mysql \
         --character-sets-dir={root}/usr/share/mysql/charsets --plugin-dir={root}/usr/lib/mysql/plugin\n",
        loader.display(),
        libraries.display(),
        root = root.display(),
    );
    let program = bin.path().join("mysqld");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    private_server("mysql", &[("MIGRATE_TESTING_MYSQL_BIN", bin.path().to_str().unwrap())]);
}
