//! `dump`, and `baseline --from-database`, which makes the first migration of one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::place::{ALL, Kind, Place};

/// A schema that was made by hand over the years.
fn grown(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => {
            "CREATE TYPE mood AS ENUM ('sad', 'ok');\n\
             CREATE SCHEMA other;\n\
             CREATE TABLE other.later (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);\n\
             CREATE TABLE \"Person\" (id serial PRIMARY KEY, m mood DEFAULT 'ok', t text DEFAULT E'a\\\\b;', l bigint REFERENCES other.later);\n\
             CREATE INDEX later ON \"Person\" (lower(t)) WHERE m = 'ok';\n\
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN /*\n\\restrict x\n*/ NEW.t := ';'; RETURN NEW; END $f$;\n\
             CREATE TRIGGER t BEFORE INSERT ON \"Person\" FOR EACH ROW EXECUTE FUNCTION f();\n\
             CREATE VIEW v AS SELECT id FROM \"Person\";\nCOMMENT ON VIEW v IS 'it''s -- a view';\n\
             CREATE TABLE parted (d date) PARTITION BY RANGE (d);\n\
             CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n"
        }
        Kind::Mariadb | Kind::Mysql => {
            "CREATE TABLE z (id int PRIMARY KEY AUTO_INCREMENT, at timestamp NOT NULL DEFAULT '2000-01-01 00:00:01');\n\
             CREATE TABLE a (id int PRIMARY KEY, z int, t varchar(20) DEFAULT 'é;\\\\', KEY t (t), FOREIGN KEY (z) REFERENCES z (id),\n\
             g int GENERATED ALWAYS AS (id * 2) STORED);\n\
             CREATE TABLE old (id int) ENGINE = MyISAM COMMENT = ' AUTO_INCREMENT=3';\n\
             CREATE VIEW v AS SELECT id FROM a;\n\
             DELIMITER //\n\
             CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.t = ';'; SET NEW.z = NULL; END//\n\
             CREATE PROCEDURE p(n int) BEGIN SELECT 1; /* ;; */ SELECT n; END//\n\
             CREATE FUNCTION f() RETURNS int DETERMINISTIC BEGIN RETURN 1; END//\n\
             CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO BEGIN DELETE FROM a; DELETE FROM z; END//\n\
             DELIMITER ;\n\
             INSERT INTO z (id) VALUES (41);\n"
        }
        Kind::Sqlite => {
            "CREATE TABLE z (id INTEGER PRIMARY KEY AUTOINCREMENT, a REFERENCES a (id), -- the other\n t TEXT DEFAULT ';');\n\
             CREATE TABLE a (id INTEGER PRIMARY KEY, x UNIQUE) -- ends\n;\n\
             ALTER TABLE z ADD COLUMN y DEFAULT '--';\n\
             CREATE INDEX i ON z (a) WHERE a > 1;\n\
             CREATE VIEW b AS SELECT * FROM v;\nCREATE VIEW v AS SELECT 1 AS n;\n\
             CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN INSERT INTO a (x) VALUES (';'); SELECT 1; END;\n\
             CREATE VIRTUAL TABLE words USING fts5(w);\nINSERT INTO z (t) VALUES ('x');\n"
        }
    }
}

fn make(place: &Place) {
    place.sql(grown(place.kind)).well();
}

#[test]
fn the_first_migration_from_a_database() {
    for kind in ALL {
        let old = Place::new(kind);
        let empty = old.migrate("baseline --from-database");
        assert!(empty.code == 1 && empty.err.contains("there is nothing in this database"), "{kind:?} {}", empty.err);
        make(&old);
        let before = old.catalog();
        let dump = old.migrate("dump").well();
        let said = old.migrate("baseline --from-database=old_schema");
        assert_eq!(said.code, 0, "{kind:?} {}", said.err);
        assert!(said.err.contains("recorded 1"), "{kind:?} {}", said.err);
        assert_eq!(old.catalog(), before, "{kind:?}");
        assert_eq!(old.migrate("status --exit-code").code, 0, "{kind:?}");
        // The history's own tables are in no dump.
        assert_eq!(old.migrate("dump").well(), dump, "{kind:?}");
        assert!(!dump.contains("migrate_"), "{kind:?} {dump}");

        let new = Place::new(kind);
        let file = fs::read_dir(old.path("migrations")).unwrap().next().unwrap().unwrap();
        let name = file.file_name().into_string().unwrap();
        assert!(name.ends_with("_old_schema.up.sql"), "{name}");
        new.write(&name, &fs::read_to_string(file.path()).unwrap());
        new.migrate("up").well();
        assert_eq!(new.catalog(), before, "{kind:?}");
        let again = new.migrate("dump").well().replace(&new.name, "DATABASE");
        assert_eq!(again, dump.replace(&old.name, "DATABASE"), "{kind:?}");

        let twice = old.migrate("baseline --from-database");
        assert!(twice.code == 1 && twice.err.contains("holds migrations already"), "{kind:?} {}", twice.err);
        old.remove(&name);
        let twice = old.migrate("baseline --from-database");
        assert!(twice.code == 1 && twice.err.contains("history of this database"), "{kind:?} {}", twice.err);
    }
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let place = Place::new(Kind::Sqlite);
    make(&place);
    place.migrate("dump --to schema.sql").well();
    let dump = place.migrate("dump").well();
    assert_eq!(fs::read_to_string(place.path("schema.sql")).unwrap(), dump);
    place.sql("DROP VIEW b;").well();
    assert_ne!(place.migrate("dump --to no/such/schema.sql").code, 0);
    assert_eq!(fs::read_to_string(place.path("schema.sql")).unwrap(), dump);
    place.migrate("dump --to schema.sql").well();
    assert_eq!(fs::read_to_string(place.path("schema.sql")).unwrap(), place.migrate("dump").well());
    let beside: Vec<_> = fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().starts_with("schema.sql.")), "{beside:?}");
}

/// Without the database's own program there is no dump, and with it the password is in nobody's list of processes.
#[test]
fn the_program_and_the_password() {
    for kind in [Kind::Postgres, Kind::Mariadb, Kind::Mysql] {
        let place = Place::new(kind);
        let (scheme, rest) = place.url.split_once("://").unwrap();
        let (user, rest) = rest.split_once('@').unwrap();
        let url = format!("{scheme}://{user}:s3cret@{rest}");
        let dump = |path: &str, url: &str| {
            let mut command = place.command();
            let output = command.env("PATH", path).env("DATABASE_URL", url).arg("dump").output().unwrap();
            (
                output.status.code(),
                String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap(),
            )
        };
        let (code, said) = dump("/nowhere", &place.url);
        let package = if kind == Kind::Postgres { "postgresql-client" } else { "-client" };
        assert!(code == Some(1) && said.contains("not installed") && said.contains(package), "{kind:?} {said}");

        // What the program is told, by one that says it.
        let bin = place.path("bin");
        fs::create_dir(&bin).unwrap();
        for (name, version) in [("pg_dump", ""), ("mariadb-dump", "MariaDB"), ("mysqldump", "")] {
            let program = bin.join(name);
            let script = format!(
                "#!/bin/sh\ncase \"$*\" in *--version*) echo {version}; exit;; esac\necho \"told: $*\" >&2\n\
                 echo \"${{PGPASSWORD}}${{MYSQL_PWD}}\" >told\nexit 3\n"
            );
            fs::write(&program, script).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        // MySQL and MariaDB are asked which they are, and here no password is wanted: the user has none.
        if kind == Kind::Postgres {
            let (code, said) = dump(bin.to_str().unwrap(), &url);
            assert!(code == Some(1) && said.contains("told: --schema-only"), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
            assert_eq!(fs::read_to_string(place.path("told")).unwrap(), "s3cret\n");
        } else {
            let (code, said) = dump(bin.to_str().unwrap(), &place.url);
            assert!(code == Some(1) && said.contains("told: --no-defaults --user=root"), "{kind:?} {said}");
        }
    }
}
