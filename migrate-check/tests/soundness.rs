//! Downs that take back what they should pass; for each kind of object, one that does not is told with exactly that object.
#![allow(clippy::unwrap_used)]

mod common;

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use common::{check, mysql, postgres};
use migrate_check::{Check, Made, Scratch, postgres::Beside, sqlite::InMemory};
use migrate_core::{Cause, Driver, Migrations, Tables, source};

const BASE: &str = "20260101000000_base.sql";
const UP: &str = "20260102000000_m.up.sql";
const DOWN: &str = "20260102000000_m.down.sql";

/// `base`, then `up` and a down that forgets what `up` does: the first line that is told begins with `told`. With `good`
/// as the down the check passes.
fn pair<S: Scratch>(scratch: &S, [base, up, good, told]: [&str; 4])
where
    <S::Driver as Driver>::Connection: 'static,
{
    let forgets = check(scratch, &[(BASE, base), (UP, up), (DOWN, "SELECT 1;")]).unwrap_err().to_string();
    let lines: Vec<&str> = forgets.lines().collect();
    assert!(lines[0].starts_with("the down of 20260102000000_m leaves another schema"), "{up}: {forgets}");
    assert!(lines[1].trim().starts_with(told), "{up}: {forgets}");
    let report =
        check(scratch, &[(BASE, base), (UP, up), (DOWN, good)]).unwrap_or_else(|error| panic!("{up}: {error}"));
    assert_eq!(report.checked, ["20260102000000_m"]);
    assert_eq!(report.irreversible, ["20260101000000_base"]);
}

const T: &str = "CREATE TABLE t (a int NOT NULL, b text);";

#[test]
fn each_kind_of_object_on_sqlite() {
    let table = "CREATE TABLE t (a INTEGER NOT NULL, b TEXT);";
    for row in [
        [table, "CREATE TABLE u (x);", "DROP TABLE u;", "only after: column u.x"],
        [table, "ALTER TABLE t ADD c INT DEFAULT 5;", "ALTER TABLE t DROP c;", "only after: column t.c: int default 5"],
        [table, "ALTER TABLE t RENAME b TO c;", "ALTER TABLE t RENAME c TO b;", "only before: column t.b"],
        [table, "CREATE INDEX i ON t (a);", "DROP INDEX i;", "only after: index i: create index i on t ( a )"],
        [table, "CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v;", "only after: view v"],
        [table, "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;", "DROP TRIGGER g;", "only after: trigger g"],
        [table, "PRAGMA user_version = 7;", "PRAGMA user_version = 0;", "before: pragma user_version: 0"],
        [
            table,
            "DROP TABLE t; CREATE TABLE t (a INTEGER NOT NULL, b TEXT CHECK (b <> ''));",
            "DROP TABLE t; create table \"t\" (a integer NOT NULL, b text);",
            "before: table t",
        ],
        [
            table,
            "DROP TABLE t; CREATE TABLE t (a INTEGER NOT NULL, b TEXT) STRICT;",
            "DROP TABLE t; CREATE TABLE t (a INTEGER NOT NULL, b TEXT);",
            "before: table t",
        ],
        [
            table,
            "DROP TABLE t; CREATE TABLE t (a INTEGER NOT NULL REFERENCES t (a), b TEXT);",
            "DROP TABLE t; CREATE TABLE t (a INTEGER NOT NULL, b TEXT);",
            "only after: foreign key t (a)",
        ],
    ] {
        pair(&InMemory, row);
    }
}

#[test]
fn each_kind_of_object_on_postgres() {
    let function = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';";
    let base =
        format!("{T}{function}CREATE TABLE k (id int PRIMARY KEY);CREATE TABLE p (a int) PARTITION BY LIST (a);");
    for [up, good, told] in [
        ["CREATE TABLE u ();", "DROP TABLE u;", "only after: table public.u"],
        ["ALTER TABLE t ADD c int;", "ALTER TABLE t DROP c;", "only after: column public.t.c: integer"],
        [
            "ALTER TABLE t ALTER b SET NOT NULL;",
            "ALTER TABLE t ALTER b DROP NOT NULL;",
            "before: column public.t.b: text",
        ],
        ["ALTER TABLE t ALTER b SET DEFAULT 'x';", "ALTER TABLE t ALTER b DROP DEFAULT;", "before: column public.t.b"],
        ["CREATE INDEX i ON t (a);", "DROP INDEX i;", "only after: index public.i: CREATE INDEX i ON public.t"],
        [
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
            "ALTER TABLE t DROP CONSTRAINT c;",
            "only after: constraint public.t.c: CHECK ((a > 0)) NOT VALID",
        ],
        [
            "ALTER TABLE t ADD CONSTRAINT r FOREIGN KEY (a) REFERENCES k DEFERRABLE;",
            "ALTER TABLE t DROP CONSTRAINT r;",
            "only after: constraint public.t.r: FOREIGN KEY (a) REFERENCES public.k(id) DEFERRABLE",
        ],
        [
            "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
            "DROP TRIGGER g ON t;",
            "only after: trigger public.t.g",
        ],
        ["CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v;", "only after: view public.v"],
        [
            "CREATE MATERIALIZED VIEW v AS SELECT a FROM t;",
            "DROP MATERIALIZED VIEW v;",
            "only after: column public.v.a",
        ],
        ["CREATE PROCEDURE q() LANGUAGE sql AS 'SELECT 1';", "DROP PROCEDURE q();", "only after: procedure public.q()"],
        ["CREATE SEQUENCE s;", "DROP SEQUENCE s;", "only after: sequence public.s"],
        ["CREATE TYPE e AS ENUM ('x');", "DROP TYPE e;", "only after: type public.e: ENUM ('x')"],
        ["CREATE DOMAIN d AS int;", "DROP DOMAIN d;", "only after: domain public.d: integer"],
        ["CREATE TYPE c AS (x int);", "DROP TYPE c;", "only after: column public.c.x: integer"],
        ["CREATE POLICY y ON t USING (a > 0);", "DROP POLICY y ON t;", "only after: policy public.t.y"],
        [
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
            "ALTER TABLE t DISABLE ROW LEVEL SECURITY;",
            "before: table public.t",
        ],
        [
            "GRANT SELECT ON t TO PUBLIC;",
            "REVOKE SELECT ON t FROM PUBLIC;",
            "only after: grant table public.t to PUBLIC: SELECT",
        ],
        ["COMMENT ON TABLE t IS 'x';", "COMMENT ON TABLE t IS NULL;", "only after: comment table public.t: x"],
        ["CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);", "DROP TABLE p1;", "only after: column public.p1.a"],
        ["CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;", "DROP RULE r ON t;", "only after: rule public.t.r"],
        ["CREATE STATISTICS z ON a, b FROM t;", "DROP STATISTICS z;", "only after: statistics public.z"],
        ["CREATE PUBLICATION w FOR TABLE t;", "DROP PUBLICATION w;", "only after: publication w"],
        ["CREATE SCHEMA n;", "DROP SCHEMA n;", "only after: schema n"],
    ] {
        pair(&postgres(), [&base, up, good, told]);
    }
}

fn each_kind_of_object_on(variable: &str, own: &[[&str; 3]]) {
    let scratch = mysql(variable);
    let base = "CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (a int NOT NULL, b varchar(9), n int AUTO_INCREMENT UNIQUE);";
    let rows = [
        ["CREATE TABLE u (a int);", "DROP TABLE u;", "only after: column u.a: int"],
        ["ALTER TABLE t ADD c int;", "ALTER TABLE t DROP c;", "only after: column t.c: int"],
        ["ALTER TABLE t MODIFY b varchar(8);", "ALTER TABLE t MODIFY b varchar(9);", "before: column t.b: varchar(9)"],
        ["ALTER TABLE t ALTER a SET DEFAULT 5;", "ALTER TABLE t ALTER a DROP DEFAULT;", "before: column t.a: int"],
        [
            "ALTER TABLE t MODIFY a int NOT NULL COMMENT 'x';",
            "ALTER TABLE t MODIFY a int NOT NULL;",
            "before: column t.a",
        ],
        [
            "ALTER TABLE t MODIFY b varchar(9) FIRST;",
            "ALTER TABLE t MODIFY b varchar(9) AFTER a;",
            "before: column order t: a, b, n",
        ],
        ["CREATE INDEX i ON t (a);", "DROP INDEX i ON t;", "only after: index t.i: KEY `i` (`a`)"],
        [
            "ALTER TABLE t ADD CONSTRAINT r FOREIGN KEY (a) REFERENCES k (id);",
            "ALTER TABLE t DROP FOREIGN KEY r; DROP INDEX r ON t;",
            "only after: constraint t.r: CONSTRAINT `r` FOREIGN KEY",
        ],
        [
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);",
            "ALTER TABLE t DROP CONSTRAINT c;",
            "only after: constraint t.c: CONSTRAINT `c` CHECK",
        ],
        ["ALTER TABLE t COMMENT 'x';", "ALTER TABLE t COMMENT '';", "before: table t: ENGINE="],
        [
            "ALTER TABLE t PARTITION BY HASH (n) PARTITIONS 2;",
            "ALTER TABLE t REMOVE PARTITIONING;",
            "before: table t: ENGINE=",
        ],
        ["CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v;", "only after: view v"],
        ["CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;", "DROP TRIGGER g;", "only after: trigger g"],
        ["CREATE PROCEDURE q() SELECT 1;", "DROP PROCEDURE q;", "only after: procedure q"],
        ["CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;", "DROP FUNCTION f;", "only after: function f"],
        [
            "GRANT SELECT ON t TO root@localhost;",
            "REVOKE SELECT ON t FROM root@localhost;",
            "only after: grant t to 'root'@'localhost': SELECT",
        ],
        ["CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;", "DROP EVENT e;", "only after: event e"],
    ];
    for [up, good, told] in rows.iter().chain(own) {
        pair(&scratch, [base, up, good, told]);
    }
    // The next number is no part of the schema.
    let report = check(&scratch, &[(BASE, base), (UP, "INSERT INTO t (a) VALUES (1);"), (DOWN, "DELETE FROM t;")]);
    assert_eq!(report.unwrap().checked.len(), 1);
}

#[test]
fn each_kind_of_object_on_mysql() {
    each_kind_of_object_on("MIGRATE_TEST_MYSQL", &[]);
}

#[test]
fn each_kind_of_object_on_mariadb() {
    let sequence = ["CREATE SEQUENCE s;", "DROP SEQUENCE s;", "only after: sequence s"];
    each_kind_of_object_on("MIGRATE_TEST_MARIADB", &[sequence]);
}

#[test]
fn what_fails_is_told_with_its_phase_and_its_place() {
    let down = check(&InMemory, &[(UP, "CREATE TABLE t (a);"), (DOWN, "DROP TABLE u;")]).unwrap_err().to_string();
    assert!(
        down.starts_with("20260102000000_m (down) fails: 20260102000000_m.down.sql:1:12: no such table: u"),
        "{down}"
    );
}

/// A column can only be brought back at the end.
#[test]
fn a_column_that_comes_back_elsewhere_is_a_finding() {
    let files = [(BASE, T), (UP, "ALTER TABLE t DROP a;"), (DOWN, "ALTER TABLE t ADD a int NOT NULL;")];
    let report = check(&postgres(), &files).unwrap();
    let told = report.findings.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told, ["20260102000000_m: its down leaves the columns of public.t as b, a, which were a, b"]);
}

#[test]
fn a_version_in_the_future_is_a_finding() {
    let read = source::read([(UP, "CREATE TABLE t (a);"), (DOWN, "DROP TABLE t;")], None).unwrap();
    let known = Migrations::from_sql(read.migrations).unwrap();
    let day = |day: u64| UNIX_EPOCH + Duration::from_secs(1_767_225_600 + (day - 1) * 86_400);
    let told = |now| Check::new().now(now).run(&InMemory, &known).unwrap().findings.len();
    // The 2nd of January 2026 it is, seen on the 31st of December and a day later.
    assert_eq!([told(day(1) - Duration::from_secs(1)), told(day(1))], [1, 0]);
}

/// Rows decide what the schema becomes.
#[test]
fn a_difference_that_only_the_second_up_makes_is_told_as_such() {
    let base = "CREATE SEQUENCE runs; CREATE FUNCTION once() RETURNS void LANGUAGE plpgsql AS \
                $$ BEGIN IF nextval('runs') > 1 THEN CREATE TABLE again (); END IF; CREATE TABLE t (); END $$;";
    let files = [(BASE, base), (UP, "SELECT once();"), (DOWN, "DROP TABLE t;")];
    let told = check(&postgres(), &files).unwrap_err().to_string();
    let expected = "the second up of 20260102000000_m ends in another schema than the first\n  \
                    only after the second: table public.again\n";
    assert!(told.starts_with(expected), "{told}");
}

/// Notes the names of what it makes.
struct Noting(Beside, RefCell<Vec<String>>);

impl Scratch for Noting {
    type Driver = migrate_postgres::Postgres<'static>;

    fn make(&self, history: &Tables) -> Result<Made<Self::Driver>, Cause> {
        let made = self.0.make(history)?;
        self.1.borrow_mut().push(made.name().to_owned());
        Ok(made)
    }
}

#[test]
fn scratch_databases_are_removed_also_behind_a_failure() {
    let scratch = Noting(postgres(), RefCell::default());
    for down in ["DROP TABLE t;", "SELECT 1;", "DROP TABLE nosuch;"] {
        let passes = check(&scratch, &[(UP, "CREATE TABLE t (a int);"), (DOWN, down)]).is_ok();
        assert_eq!(passes, down == "DROP TABLE t;");
    }
    let names = scratch.1.into_inner();
    assert_eq!(names.len(), 3);
    let url: migrate_postgres::Url = common::server("MIGRATE_TEST_POSTGRES").parse().unwrap();
    let sql = "SELECT count(*) FROM pg_database WHERE datname = ANY ($1)";
    let left: i64 = url.connect().unwrap().query_one(sql, &[&names]).unwrap().get(0);
    assert_eq!(left, 0);
}
