//! Locks, settings, users: what a run leaves of its connection, and what it says when it may not do something.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Database, SERVERS, Server, did, known, recorded, text, up};
use migrate_core::{Driver, LockLadder, Migration, Migrator, Tables, UpTarget};
use migrate_mysql::Mysql;
use mysql::Conn;
use mysql::prelude::Queryable;

const FIRST: (&str, &str) = ("20260101000001_a.sql", "CREATE TABLE a (n INT NOT NULL);\nINSERT INTO a VALUES (0);");

/// The lock of one database is not another's, and the holder is named.
#[test]
fn the_holder_is_named_and_another_database_is_free() {
    for server in SERVERS {
        let (db, other) = (Database::fresh(server), Database::fresh(server));
        let holds = &mut db.conn();
        let mut holder = Mysql::on(holds);
        assert!(matches!(holder.try_lock().unwrap(), migrate_core::driver::LockAttempt::Acquired));
        let conn = &mut db.conn();
        let mut driver = Mysql::on(conn);
        let result =
            Migrator::new(&mut driver).lock_wait(Duration::from_millis(300)).up(&known(&[FIRST]), UpTarget::All);
        let said = result.map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("the migration lock: connection ") && said.contains("(root@"), "{said}");
        assert_eq!(did(up(&mut other.conn(), &known(&[FIRST]))), "+1");
        holder.unlock().unwrap();
        assert_eq!(did(up(conn, &known(&[FIRST]))), "+1");
    }
}

/// Names are the server's, and every setting that a file changes is put back, also when it fails.
#[test]
fn a_connection_comes_back_as_it_was() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        conn.query_drop("SET SESSION sql_mode = 'ANSI_QUOTES', SESSION lock_wait_timeout = 77, @mine = 'x'").unwrap();
        let before: Vec<(String, String)> = conn.query("SHOW SESSION VARIABLES").unwrap();
        let settings = "USE mysql;\nSET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';\nSET foreign_key_checks = 0;\n\
                        SET NAMES latin1;\nSET SESSION sql_select_limit = 1;\nSET @mine = 1;\nSET timestamp = 1;\n\
                        SET SESSION transaction_read_only = 0;\nSET time_zone = '+05:00';\nSET unique_checks = 0;\n\
                        SET SESSION group_concat_max_len = 5;\n";
        let settings = if server == Server::Mariadb {
            settings.replace("transaction_read_only", "tx_read_only")
        } else {
            settings.into()
        };
        let good = format!("{settings}CREATE TABLE {}.b (n INT);", db.name);
        let bad = format!("{settings}CREATE TABLE {}.b (n INT);", db.name);
        assert_eq!(did(up(conn, &known(&[FIRST, ("20260101000002_b.sql", &good)]))), "+1 +2");
        assert!(did(up(conn, &known(&[FIRST, ("20260101000003_b.sql", &bad)]))).contains("[1050]"));
        let after: Vec<(String, String)> = conn.query("SHOW SESSION VARIABLES").unwrap();
        let moving =
            ["timestamp", "error_count", "warning_count", "rand_seed1", "rand_seed2", "last_gtid", "gtid_executed"];
        let differ: Vec<_> =
            before.iter().zip(&after).filter(|(b, a)| b != a && !moving.contains(&b.0.as_str())).collect();
        assert!(differ.is_empty(), "{differ:?}");
        assert_eq!(text(conn, "SELECT concat(@mine, database())"), format!("x{}", db.name));
        assert_ne!(text(conn, "SELECT unix_timestamp()"), "1");
    }
}

/// The role, too.
#[test]
fn a_role_ends_with_its_file() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        for (own, name) in [("NONE", "r1"), ("r1", "r2")] {
            let role = |n: &str| if n == "NONE" { n.to_owned() } else { format!("{}_{n}", db.name) };
            conn.query_drop(format!("CREATE ROLE {}", role(name))).unwrap();
            conn.query_drop(format!("GRANT {} TO CURRENT_USER", role(name))).unwrap();
            conn.query_drop(format!("GRANT ALL ON *.* TO {}", role(name))).unwrap();
            conn.query_drop(format!("SET ROLE {}", role(own))).unwrap();
            let before = text(conn, "SELECT current_role()");
            let file = format!("CREATE TABLE {name} (n INT);\nSET ROLE {};\nCREATE TABLE {name}b (n INT);", role(name));
            let versions = if name == "r1" {
                ["20260101000001_a.sql", "20260101000002_b.sql"]
            } else {
                ["20260101000003_c.sql", "20260101000004_d.sql"]
            };
            let seen = format!("CREATE TABLE {name}c AS SELECT current_role() AS r");
            up(conn, &known(&[(versions[0], &file), (versions[1], &seen)])).unwrap();
            assert_eq!(text(conn, &format!("SELECT r FROM {name}c")), before);
            assert_eq!(text(conn, "SELECT current_role()"), before);
        }
        for name in ["r1", "r2"] {
            conn.query_drop(format!("DROP ROLE {}_{name}", db.name)).unwrap();
        }
    }
}

/// A user who may only read starts fine when there is nothing to do, and is told what it lacks.
#[test]
fn a_reader_starts_when_there_is_nothing_to_do() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        assert_eq!(did(up(conn, &known(&[FIRST]))), "+1");
        let user = format!("r{}", db.name);
        conn.query_drop(format!("CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'pw'")).unwrap();
        conn.query_drop(format!("GRANT INSERT ON {}.a TO {user}@'127.0.0.1'", db.name)).unwrap();
        let reader = &mut db.conn_of(&user, "pw");
        let said = did(up(reader, &known(&[FIRST])));
        assert!(said.contains("GRANT SELECT ON `migrate_history` to this user"), "{said}");
        conn.query_drop(format!("GRANT SELECT ON {}.migrate_history TO {user}@'127.0.0.1'", db.name)).unwrap();
        assert_eq!(did(up(reader, &known(&[FIRST]))), "");
        let said = did(up(reader, &known(&[FIRST, ("20260101000002_b.sql", "CREATE TABLE b (n INT)")])));
        assert!(said.contains("denied"), "{said}");
        conn.query_drop(format!("DROP USER {user}@'127.0.0.1'")).unwrap();
    }
}

/// A start's first look reads two columns; whatever differs is seen in them all the same.
#[test]
fn the_first_look_sees_every_difference() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let known = known(&[FIRST, ("20260101000002_b.sql", "CREATE TABLE b (n INT)")]);
        let metas: Vec<_> = known.iter().map(Migration::meta).collect();
        let looks = |conn: &mut Conn| Mysql::on(conn).is_up_to_date(&metas).unwrap();
        assert!(!looks(conn), "there is no table");
        assert_eq!(did(up(conn, &known)), "+1 +2");
        for setting in ["sql_mode = 'ANSI_QUOTES'", "sql_select_limit = 1", "NAMES latin1"] {
            conn.query_drop(format!("SET {setting}")).unwrap();
            assert!(looks(conn), "{setting}");
        }
        conn.query_drop("SET sql_select_limit = DEFAULT").unwrap();
        let copied = "name, checksum, NULL, NULL, started_at, finished_at, direction, 0, run_id, applied_by, \
                      tool_version, format FROM migrate_history";
        let newer = format!("INSERT INTO migrate_history SELECT version + 9, {copied} WHERE version % 10 = 2");
        conn.query_drop(newer).unwrap();
        assert!(looks(conn), "what a newer build has applied is none of ours");
        conn.query_drop("UPDATE migrate_history SET format = 99 WHERE version % 100 = 11").unwrap();
        assert!(!looks(conn), "in a format that is not known");
        conn.query_drop("DELETE FROM migrate_history WHERE version % 100 = 11").unwrap();
        conn.query_drop("CREATE TABLE kept AS SELECT * FROM migrate_history").unwrap();
        let older = format!("INSERT INTO migrate_history SELECT version - 1, {copied} WHERE version % 10 = 1");
        for change in [
            "DELETE FROM migrate_history WHERE version % 10 = 1",
            "DELETE FROM migrate_history WHERE version % 10 = 2",
            "DELETE FROM migrate_history",
            "UPDATE migrate_history SET version = version + 1 ORDER BY version DESC",
            &older,
            "UPDATE migrate_history SET checksum = concat('sha256:v1:', repeat('0', 64)) WHERE version % 10 = 2",
            "UPDATE migrate_history SET checksum = upper(checksum)",
            "UPDATE migrate_history SET finished_at = NULL WHERE version % 10 = 2",
            "UPDATE migrate_history SET direction = 'down', finished_at = NULL WHERE version % 10 = 1",
            "UPDATE migrate_history SET format = 99 WHERE version % 10 = 1",
        ] {
            conn.query_drop(change).unwrap();
            assert!(!looks(conn), "{change}");
            conn.query_drop("DELETE FROM migrate_history").unwrap();
            conn.query_drop("INSERT INTO migrate_history SELECT * FROM kept").unwrap();
            assert!(looks(conn), "{change}");
        }
        conn.query_drop("ALTER TABLE migrate_history CHANGE checksum hash text").unwrap();
        assert!(!looks(conn), "another tool's");
    }
}

/// Somebody's open transaction: the change gives up soon, says who is in the way, and is tried again.
#[test]
fn a_lock_that_cant_be_had_names_who_has_it() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        assert_eq!(did(up(conn, &known(&[FIRST]))), "+1");
        let reader = &mut db.conn();
        reader.query_drop("START TRANSACTION").unwrap();
        let _: Vec<i64> = reader.query("SELECT n FROM a").unwrap();
        let ladder = LockLadder { rungs: vec![(Duration::from_millis(50), Duration::from_millis(10)); 2] };
        let set = known(&[FIRST, ("20260101000002_b.sql", "ALTER TABLE a ADD COLUMN m INT")]);
        let mut driver = Mysql::on(conn);
        let result = Migrator::new(&mut driver).ladder(ladder).up(&set, UpTarget::All);
        let said = result.map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("[1205]") && said.contains("in the way: connection "), "{said}");
        reader.query_drop("COMMIT").unwrap();
        assert_eq!(did(up(conn, &set)), "+2");
    }
}

/// A server, or its init_connect, may switch autocommit off. A connection of our own has no transaction but ours.
#[test]
fn a_connection_of_our_own_needs_no_autocommit() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let mut driver = Mysql::connect(&db.url().parse().unwrap()).unwrap();
        driver.connection().query_drop("SET autocommit = 0").unwrap();
        let ran = Migrator::new(&mut driver).up(&known(&[FIRST]), UpTarget::All);
        assert_eq!(did(ran), "+1");
        assert_eq!(recorded(&mut db.conn()), "1");
    }
}

/// A stray COMMIT can't come from a file; from a routine it can, and it is noticed.
#[test]
fn a_commit_inside_a_routine_is_noticed() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        conn.query_drop("CREATE PROCEDURE p() BEGIN COMMIT; END").unwrap();
        let called = "-- migrate:options retry_safe:true\nCALL p();\nUPDATE a SET n = n + 1;";
        assert_eq!(did(up(conn, &known(&[FIRST, ("20260101000002_b.sql", called)]))), "+1 +2");
        assert_eq!((text(conn, "SELECT n FROM a").as_str(), recorded(conn).as_str()), ("1", "1 2"));
    }
}

/// The lock that a script gives away is noticed before the next statement runs.
#[test]
fn a_lock_that_is_given_away_is_noticed() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let file = "SELECT release_all_locks();\nCREATE TABLE b (n INT);";
        let said = did(up(conn, &known(&[FIRST, ("20260101000002_b.sql", file)])));
        assert!(said.contains("the lock was not this session's any more"), "{said}");
        assert_eq!(common::tables(conn), "a");
    }
}

/// A server that takes no writes is named before anything is tried.
#[test]
fn a_read_only_server_is_named() {
    // For the whole server, so on one of its own.
    let directory = tempfile::Builder::new().prefix("migrate-readonly").tempdir_in("/tmp").unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let script = format!("{}/../scripts/server-mariadb", env!("CARGO_MANIFEST_DIR"));
    let at = directory.path().join("x");
    let output = std::process::Command::new(script).arg(&at).arg("read-only=1").output().unwrap();
    let port = String::from_utf8(output.stdout).unwrap();
    let opts = mysql::Opts::from_url(&format!("mysql://root@127.0.0.1:{}/mysql", port.trim())).unwrap();
    let mut conn = mysql::Conn::new(opts).unwrap();
    let said = did(up(&mut conn, &known(&[FIRST])));
    let pid = std::fs::read_to_string(at.join("pid")).unwrap();
    std::process::Command::new("kill").args(["-9", pid.trim()]).status().unwrap();
    assert!(said.contains("this server is read-only") && said.contains("give the URL of the primary"), "{said}");
}

/// Several applications in one database, and a history in another one.
#[test]
fn histories_of_other_names_and_places() {
    for server in SERVERS {
        let (db, other) = (Database::fresh(server), Database::fresh(server));
        let conn = &mut db.conn();
        let run = |conn: &mut mysql::Conn, tables: Tables, files: &[(&str, &str)]| {
            let mut driver = Mysql::on(conn).tables(tables);
            did(Migrator::new(&mut driver).up(&known(files), UpTarget::All))
        };
        assert_eq!(run(conn, Tables::default(), &[FIRST]), "+1");
        let second = ("20260101000001_x.sql", "CREATE TABLE x (n INT)");
        assert_eq!(run(conn, Tables::named("billing"), &[second]), "+1");
        let third = ("20260101000001_y.sql", "CREATE TABLE y (n INT)");
        assert_eq!(run(conn, Tables::default().in_schema(&other.name), &[third]), "+1");
        assert_eq!(recorded(&mut other.conn()), "1");
        assert_eq!(text(conn, "SELECT count(*) FROM billing"), "1");
        let mut nowhere = db.conn();
        nowhere.query_drop("CREATE TABLE strange (version INT)").unwrap();
        let said = run(&mut nowhere, Tables::named("strange"), &[FIRST]);
        assert!(said.contains("that is no history of migrate: it has the columns version"), "{said}");
    }
}

/// What another session runs is shown, but no password in it.
#[test]
fn no_password_of_another_session_is_shown() {
    for server in SERVERS {
        let db = Database::fresh(server);
        let conn = &mut db.conn();
        let mut holder = db.conn();
        // The lock stays with the session.
        let locked = Mysql::on(&mut holder).try_lock().unwrap();
        assert!(matches!(locked, migrate_core::driver::LockAttempt::Acquired));
        let running = std::thread::spawn(move || holder.query_drop("SELECT sleep(1), 'IDENTIFIED BY hidden'"));
        std::thread::sleep(Duration::from_millis(300));
        let shown = Mysql::on(conn).holder().unwrap().unwrap().to_string();
        assert!(shown.contains("running `SELECT sleep(1), 'IDENTIFIED …`") && !shown.contains("hidden"), "{shown}");
        running.join().unwrap().unwrap();
    }
}
