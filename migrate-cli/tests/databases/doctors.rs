//! `doctor`: what it finds, and that it finds nothing where all is well.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::place::{ALL, Kind, Place, Said};

/// Each finding's word, in order; the exit code says whether there is one.
#[track_caller]
fn rules(said: &Said) -> Vec<String> {
    let rule = |line: &str| line.trim().strip_prefix("\"rule\": \"")?.strip_suffix("\",").map(str::to_owned);
    let rules: Vec<_> = said.out.lines().filter_map(rule).collect();
    assert_eq!(said.code, i32::from(!rules.is_empty()), "{}{}", said.out, said.err);
    rules
}

#[track_caller]
fn finds(place: &Place, expected: &[&str], words: &[&str]) {
    let said = place.migrate("doctor --format json");
    assert_eq!(rules(&said), expected, "{:?} {}", place.kind, said.out);
    let shown = place.migrate("doctor").out;
    for word in words {
        assert!(shown.contains(word), "{:?}: no {word} in\n{shown}", place.kind);
    }
}

fn two(kind: Kind) -> Place {
    let place = Place::new(kind);
    place.write("20260101000001_a.up.sql", "CREATE TABLE a (x int);\n");
    place.write("20260101000001_a.down.sql", "DROP TABLE a;\n");
    place.write("20260101000002_b.sql", "CREATE TABLE b (x int);\n");
    place
}

#[test]
fn all_is_well() {
    for kind in ALL {
        let place = two(kind);
        let before = place.sql(everything(kind)).well();
        finds(&place, &[], &[]);
        // It has made nothing.
        assert_eq!(place.sql(everything(kind)).well(), before, "{kind:?}");
        place.migrate("up").well();
        finds(&place, &[], &[]);
        assert!(place.migrate("doctor").err.contains("all is well"), "{kind:?}");
    }
}

fn everything(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "SELECT count(*) FROM pg_class;",
        Kind::Mariadb | Kind::Mysql => {
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = database();"
        }
        Kind::Sqlite => "SELECT count(*) FROM sqlite_master;",
    }
}

#[test]
fn files_and_history() {
    for kind in ALL {
        let place = two(kind);
        place.write("20990101000000_later.sql", "SELECT 1;\n");
        place.migrate("up").well();
        place.write("20260101000002_b.sql", "CREATE TABLE b (y int);\n").remove("20260101000001_a.up.sql");
        place.remove("20260101000001_a.down.sql");
        place.sql("INSERT INTO migrate_journal VALUES (20260101000002, 'up', 1, 'x', 'done', NULL, NULL, 1);").well();
        let words = [
            "`migrate revert-missing`",
            "`migrate repair 20260101000002`",
            "WHERE version = 20260101000002",
            "20990101000000_later is ahead of this machine's clock",
        ];
        finds(&place, &["missing", "changed", "journal", "clock"], &words);
    }
}

#[test]
fn half_done() {
    for kind in ALL {
        let place = Place::new(kind);
        let text = "-- migrate:options transaction:false\nCREATE TABLE a (x int);\nINSERT INTO nobody VALUES (1);\n";
        place.write("20260101000001_a.sql", text);
        assert_eq!(place.migrate("up").code, 1, "{kind:?}");
        finds(&place, &["interrupted"], &["20260101000001_a is half applied", "refused its statement 2", "nobody"]);
        // As a run leaves it that is killed on its way.
        place.sql("UPDATE migrate_journal SET state = 'started', error = NULL WHERE n = 2;").well();
        finds(&place, &["interrupted"], &["died at statement 2", "`migrate settle 20260101000001 2 applied`"]);
        place.remove("20260101000001_a.sql");
        finds(&place, &["interrupted"], &["bring its file back"]);
    }
}

/// A run that is under way holds the lock, and nothing that it is at is half done.
#[test]
fn who_holds_the_lock() {
    for kind in [Kind::Postgres, Kind::Mariadb, Kind::Mysql] {
        let place = Place::new(kind);
        let sleep =
            if kind == Kind::Postgres { "SELECT pg_sleep(60);" } else { "CREATE TABLE a AS SELECT sleep(60) AS x;" };
        place.write("20260101000001_a.sql", &format!("-- migrate:options transaction:false\n{sleep}\n"));
        let mut run = place.command().arg("up").stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while place.migrate("doctor").code == 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "{kind:?}");
        }
        let end = if kind == Kind::Postgres { "SELECT pg_terminate_backend(" } else { "KILL " };
        finds(&place, &["lock"], &["the migration lock is held by", end]);
        // It is ended as the finding says.
        let shown = place.migrate("doctor").out;
        place.sql(&format!("{};", shown.split("or end it: ").nth(1).unwrap().trim())).well();
        run.wait().unwrap();
        finds(&place, &["interrupted"], &[]);
    }
    let place = two(Kind::Sqlite);
    place.migrate("up").well();
    let holder = rusqlite::Connection::open(place.path("app.db-miglock")).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    finds(&place, &["lock"], &["the migration lock is held by process", "or end it: kill"]);
}

#[test]
fn what_a_database_has_of_its_own() {
    let place = two(Kind::Postgres);
    place.migrate("up").well();
    place.sql("INSERT INTO a VALUES (1), (1);").well();
    assert_ne!(place.sql("CREATE UNIQUE INDEX CONCURRENTLY \"Ax\" ON a (x);").code, 0);
    finds(&place, &["invalid-index"], &["DROP INDEX CONCURRENTLY public.\"Ax\""]);
    place.sql("DROP INDEX CONCURRENTLY public.\"Ax\"; CREATE SCHEMA b; CREATE TABLE b.migrate_history ();").well();
    finds(&place, &["elsewhere"], &["`--schema public`"]);
    assert_eq!(place.migrate("doctor --schema public").code, 0);
    place.sql("ALTER SCHEMA public RENAME TO c; CREATE SCHEMA public;").well();
    finds(&place, &["history"], &["stands in b.migrate_history"]);

    for kind in [Kind::Mariadb, Kind::Mysql] {
        let place = two(kind);
        place.migrate("up").well();
        place.sql("CREATE TABLE old (x int) ENGINE = MyISAM;").well();
        finds(&place, &["engine"], &["`old` ENGINE = InnoDB"]);
        let mend = place.migrate("doctor").out.split("= ALTER").nth(1).unwrap().trim().to_owned();
        place.sql(&format!("ALTER {mend};")).well();
        finds(&place, &[], &[]);
    }

    let place = two(Kind::Sqlite);
    place.migrate("up").well();
    place.sql("CREATE TABLE c (x REFERENCES d (y)); CREATE TABLE d (y UNIQUE); INSERT INTO c VALUES (1);").well();
    finds(&place, &["foreign-keys"], &["row 1 of c -> d"]);
}

/// It works for a role that may only read, which can do nothing about what it is told.
#[test]
fn a_role_that_may_only_read() {
    for kind in [Kind::Postgres, Kind::Mariadb, Kind::Mysql] {
        let mut place = two(kind);
        place.migrate("up").well();
        let reader = format!("r_{}", place.name);
        let (make, drop) = match kind {
            Kind::Postgres => (
                format!("CREATE ROLE {reader} LOGIN; GRANT SELECT ON migrate_history TO {reader};"),
                format!("DROP OWNED BY {reader}; DROP ROLE {reader};"),
            ),
            _ => (
                format!("CREATE USER {reader} IDENTIFIED BY 'x'; GRANT SELECT ON {}.* TO {reader};", place.name),
                format!("DROP USER {reader};"),
            ),
        };
        place.sql(&make).well();
        let owner = place.url.clone();
        let password = if kind == Kind::Postgres { "" } else { ":x" };
        place.url =
            owner.replace("//postgres@", &format!("//{reader}@")).replace("//root@", &format!("//{reader}{password}@"));
        let said = place.migrate("doctor --format json");
        let shown = place.migrate("doctor").out;
        place.url = owner;
        place.sql(&drop).well();
        assert!(rules(&said).iter().all(|rule| rule == "privileges"), "{kind:?} {}", said.out);
        let grant = match kind {
            Kind::Postgres => "GRANT INSERT, UPDATE, DELETE ON \"public\".\"migrate_history\" TO",
            _ => "GRANT INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON",
        };
        assert!(shown.contains(grant), "{kind:?} {shown}");
        if kind == Kind::Postgres {
            assert!(shown.contains("can't alter a, which is postgres's, and 1 more"), "{shown}");
        }
    }
}
