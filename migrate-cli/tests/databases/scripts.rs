//! `script`, run by the databases' own clients: it leaves what the tool itself leaves.

use crate::place::{ALL, Kind, Place};

/// Names and texts: what differs in how clients read it.
fn files(kind: Kind) -> Vec<(&'static str, &'static str)> {
    let mut files = vec![
        (
            "20260101000001_people.up.sql",
            "-- people; with a semicolon\r\nCREATE TABLE people (id integer PRIMARY KEY, name varchar(40) DEFAULT 'a;b');\r\n\
             INSERT INTO people VALUES (1, 'O''Brien; \"é\"'), (2, ':name -- no comment');\r\n",
        ),
        ("20260101000001_people.down.sql", "DROP TABLE people;\n"),
        ("20260101000002_rows.up.sql", "INSERT INTO people VALUES (3, '\n.bail off\n\\q\ngo\n') -- no semicolon\n"),
        ("20260101000002_rows.down.sql", "DELETE FROM people WHERE id = 3;"),
        (
            "20260101000009_last.sql",
            "-- migrate:options store:false\n-- migrate:up\nCREATE TABLE last (id integer PRIMARY KEY);\n-- migrate:down\nDROP TABLE last;\n",
        ),
    ];
    files.extend(match kind {
        Kind::Postgres => [
            (
                "20260101000003_session.up.sql",
                "CREATE SCHEMA other;\nSET search_path = other;\nSET app.tenant = 'x';\nCREATE TABLE here (x int);\n\
                 CREATE TEMP TABLE scratch (x int);\nSET LOCAL standard_conforming_strings = off;\n\
                 INSERT INTO public.people VALUES (4, E'a\\\\b');",
            ),
            ("20260101000003_session.down.sql", "DROP SCHEMA other CASCADE; DELETE FROM people WHERE id = 4"),
            ("20260101000004_index.up.sql", "-- migrate:options lock_timeout:5s\nCREATE INDEX CONCURRENTLY people_name ON people (name);\nVACUUM people;"),
            ("20260101000004_index.down.sql", "DROP INDEX CONCURRENTLY people_name;"),
            (
                "20260101000005_programs.up.sql",
                "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN /* \\ */ RETURN n * 2; END $$;\n\
                 CREATE FUNCTION body() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\n\
                 CREATE VIEW two AS SELECT twice(id) AS n FROM people -- ends",
            ),
            ("20260101000005_programs.down.sql", "DROP VIEW two; DROP FUNCTION body(); DROP FUNCTION twice(int);"),
        ],
        Kind::Mariadb | Kind::Mysql => [
            (
                "20260101000003_session.up.sql",
                "SET sql_mode = 'ANSI_QUOTES';\nSET foreign_key_checks = 0;\nSET @x = 4;\n\
                 CREATE TABLE \"here\" (x int, FOREIGN KEY (x) REFERENCES later (x));\nCREATE TABLE later (x int PRIMARY KEY);\n",
            ),
            ("20260101000003_session.down.sql", "DROP TABLE here; DROP TABLE later"),
            ("20260101000004_index.up.sql", "-- migrate:options lock_timeout:5s\nCREATE INDEX people_name ON people (name);\nINSERT INTO people VALUES (4, 'a\\\\b\\'');"),
            ("20260101000004_index.down.sql", "DROP INDEX people_name ON people;\nDELETE FROM people WHERE id = 4;"),
            (
                "20260101000005_programs.up.sql",
                "CREATE PROCEDURE p() BEGIN /* kept;; */ SELECT '$$'; SELECT 2; END;\n\
                 CREATE TRIGGER t BEFORE INSERT ON people FOR EACH ROW BEGIN SET NEW.name = concat(NEW.name, ';'); END;\n\
                 CREATE VIEW two AS SELECT id, concat(name, 'x') AS n FROM people WHERE name <> 'é' -- ends",
            ),
            ("20260101000005_programs.down.sql", "DROP VIEW two; DROP TRIGGER t; DROP PROCEDURE p;"),
        ],
        Kind::Sqlite => [
            (
                "20260101000003_session.up.sql",
                "-- migrate:options foreign_keys:off\nCREATE TABLE child (x REFERENCES people);\nINSERT INTO child VALUES (3);\n\
                 PRAGMA recursive_triggers = ON;\n",
            ),
            ("20260101000003_session.down.sql", "DROP TABLE child"),
            ("20260101000004_index.up.sql", "CREATE INDEX people_name ON people (name);\nPRAGMA case_sensitive_like = ON;"),
            ("20260101000004_index.down.sql", "DROP INDEX people_name;"),
            (
                "20260101000005_programs.up.sql",
                "-- migrate:options transaction:false\nVACUUM;\n\
                 CREATE TRIGGER t AFTER INSERT ON people BEGIN DELETE FROM people WHERE id < 0; SELECT 1; END;\n",
            ),
            ("20260101000005_programs.down.sql", "DROP TRIGGER t;"),
        ],
    });
    files.sort();
    files
}

fn place(kind: Kind) -> Place {
    let place = Place::new(kind);
    for (name, text) in files(kind) {
        place.write(name, text);
    }
    place
}

/// All that is in the three tables, but for what is of the moment.
fn history(place: &Place) -> String {
    let sql = "SELECT version, name, checksum, statements_checksum, down_checksum, direction, tool_version, format, \
               finished_at IS NULL FROM migrate_history ORDER BY version;\n\
               SELECT sha256, text, format FROM migrate_text ORDER BY sha256;\nSELECT * FROM migrate_journal;\n";
    place.sql(sql).well()
}

#[track_caller]
fn same(by_script: &Place, by_tool: &Place) {
    assert_eq!(by_script.catalog(), by_tool.catalog(), "{:?}", by_tool.kind);
    assert_eq!(history(by_script), history(by_tool), "{:?}", by_tool.kind);
    let people = |place: &Place| place.sql("SELECT id, name FROM people ORDER BY id;").out;
    assert_eq!(people(by_script), people(by_tool), "{:?}", by_tool.kind);
}

fn dialect(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "postgres",
        Kind::Mariadb => "mariadb",
        Kind::Mysql => "mysql",
        Kind::Sqlite => "sqlite",
    }
}

#[test]
fn a_script_leaves_what_the_tool_leaves() {
    for kind in ALL {
        let (by_tool, by_script) = (place(kind), place(kind));
        by_tool.migrate("up").well();
        let script = by_script.migrate("script pending").well();
        let said = by_script.execute(&script);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{kind:?}\n{script}");
        same(&by_script, &by_tool);
        assert!(by_script.migrate("status --exit-code").code == 0, "{kind:?}");
        assert!(by_script.migrate("up").err.contains("nothing to do"), "{kind:?}");
        assert_eq!(by_script.migrate("script pending").well(), "", "{kind:?}");

        // A second time it changes nothing, and says why.
        let again = by_script.execute(&script);
        assert_ne!(again.code, 0, "{kind:?}");
        assert!(!again.err.is_empty(), "{kind:?}");
        same(&by_script, &by_tool);

        by_tool.migrate("down --to 20260101000002").well();
        let down = format!("script 20260101000009 20260101000002 --dialect {}", dialect(kind));
        by_script.execute(&by_script.migrate(&down).well()).well();
        same(&by_script, &by_tool);
        by_tool.migrate("down 9").well();
        by_script.execute(&by_script.migrate("script 20260101000002 0").well()).well();
        same(&by_script, &by_tool);
    }
}

/// From file to file without a database, and back by what a database says is pending.
#[test]
fn from_here_to_there() {
    for kind in ALL {
        let (by_tool, by_script) = (place(kind), place(kind));
        let offline = |line: &str| {
            let mut command = by_script.command();
            command.env_remove("DATABASE_URL").args(line.split_whitespace()).args(["--dialect", dialect(kind)]);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        by_tool.migrate("up --to 20260101000002").well();
        by_script.execute(&offline("script 0 20260101000002")).well();
        same(&by_script, &by_tool);
        let undo = by_script.migrate("script pending-undo").well();
        by_tool.migrate("up").well();
        by_script.execute(&offline("script 20260101000002 20260101000009")).well();
        same(&by_script, &by_tool);
        by_tool.migrate("down --to 20260101000002").well();
        by_script.execute(&undo).well();
        same(&by_script, &by_tool);
    }
}

/// A script that was made for another state of the history, and one that fails on its way.
#[test]
fn it_stops_where_it_no_longer_fits() {
    for kind in ALL {
        let place = place(kind);
        let gap = place.migrate("script 20260101000001 20260101000002").well();
        place.execute(&place.migrate("script 0 20260101000001").well()).well();
        place.migrate("down").well();
        // The version that it goes on from is not there.
        let said = place.execute(&gap);
        let words = match kind {
            Kind::Postgres => "20260101000001 is not applied",
            Kind::Sqlite => "the history is not what this script was made for",
            Kind::Mariadb | Kind::Mysql => "Subquery returns more than 1 row",
        };
        assert!(said.code != 0 && said.err.contains(words), "{kind:?} {}", said.err);
        assert!(!place.migrate("status").out.contains("applied "), "{kind:?}");

        let failing = "INSERT INTO people VALUES (5, 'x');\nINSERT INTO nobody VALUES (1);\n";
        place.write("20260101000002_rows.up.sql", failing);
        let said = place.execute(&place.migrate("script 0 20260101000009").well());
        assert!(said.code != 0 && said.err.contains("nobody"), "{kind:?} {}", said.err);
        let status = place.migrate("status --format json").well();
        assert_eq!(status.matches("\"applied\"").count(), 1, "{kind:?} {status}");
        assert_eq!(place.sql("SELECT count(*) FROM people WHERE id = 5;").well().trim(), "0", "{kind:?}");
    }
}

/// A client that goes on behind an error gets no further either: what comes next wants what failed.
#[test]
fn a_client_that_goes_on() {
    let place = place(Kind::Postgres);
    place.write("20260101000002_rows.up.sql", "INSERT INTO nobody VALUES (1);\n");
    let script = place.migrate("script 0 20260101000003").well();
    let without: String =
        script.lines().filter(|line| !line.starts_with('\\')).map(|line| format!("{line}\n")).collect();
    let said = place.execute(&without);
    assert!(said.err.contains("20260101000002 is not applied"), "{}", said.err);
    assert_eq!(place.sql("SELECT count(*) FROM migrate_history").well().trim(), "1");
    assert_eq!(place.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'other'").well().trim(), "0");
}

/// Outside a transaction the history says what is half done, and the rest of the script goes on from there.
#[test]
fn the_rest_of_a_script() {
    for kind in [Kind::Mariadb, Kind::Mysql] {
        let place = Place::new(kind);
        place.write("20260101000001_a.sql", "CREATE TABLE a (x int);\nCREATE TABLE b (x int);\n");
        place.sql("CREATE TABLE b (y int);").well();
        let script = place.migrate("script pending").well();
        assert!(place.execute(&script).err.contains("b"), "{kind:?}");
        assert!(place.migrate("status").out.contains("interrupted"), "{kind:?}");
        let refused = place.migrate("script pending");
        assert!(refused.code == 4 && refused.err.contains("run `migrate up` first"), "{kind:?} {}", refused.err);
        let rest = script.rfind("CREATE TABLE b").unwrap();
        place.execute(&format!("DROP TABLE b;\n{}", &script[rest..])).well();
        assert_eq!(place.migrate("status --exit-code").code, 0, "{kind:?}");
    }
}
