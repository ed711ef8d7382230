//! The migrations of the victims. Each counts itself, up and down, which running twice would show.

use std::path::Path;

use crate::Result;
use crate::database::Kind;

/// How many there are. The first makes the counters and is never reverted.
pub const COUNT: usize = 8;
pub const FIRST: &str = "20260101000001";

/// Writes them into a directory.
pub fn write(kind: Kind, dir: &Path) -> Result<()> {
    for n in 1..=COUNT {
        let (up, down) = match kind {
            Kind::Postgres => postgres(n),
            Kind::Mariadb | Kind::Mysql => mysql(n),
            Kind::SqliteDelete | Kind::SqliteWal => sqlite(n),
        };
        let count = |way: &str| format!("UPDATE counter SET {way} = {way} + 1 WHERE n = {n};");
        for (way, text) in [("up", up), ("down", down)] {
            let text = text.replace("COUNT;", &count(way));
            std::fs::write(dir.join(format!("202601010000{n:02}_m{n}.{way}.sql")), text)?;
        }
    }
    Ok(())
}

const OUTSIDE: &str = "-- migrate:options transaction:false\n";
const NEVER: &str = "-- migrate:options nothing-to-undo\n";

fn numbers() -> String {
    let rows: Vec<_> = (2..=COUNT).map(|n| format!("({n}, 0, 0)")).collect();
    format!("INSERT INTO counter VALUES {};", rows.join(", "))
}

fn postgres(n: usize) -> (String, String) {
    let busy = format!("INSERT INTO ballast SELECT md5(i::text), {n} FROM generate_series(1, 2000) i;");
    let back = format!("DELETE FROM ballast WHERE m = {n};");
    match n {
        1 => (
            format!(
                "CREATE TABLE counter (n int PRIMARY KEY, up int NOT NULL, down int NOT NULL);\n{}\n\
                 CREATE TABLE ballast (x text, m int);\n{busy}",
                numbers()
            ),
            NEVER.into(),
        ),
        2 => (
            format!("COUNT;\nCREATE TABLE t2 (id int PRIMARY KEY, a text);\nCREATE INDEX ON t2 (a);\n{busy}"),
            format!("{back}\nDROP TABLE t2;\nCOUNT;"),
        ),
        3 => (
            format!(
                "{OUTSIDE}COUNT;\nCREATE INDEX CONCURRENTLY i3 ON ballast (x);\n\
                 CREATE INDEX CONCURRENTLY ON ballast (left(x, 3));\n{busy}"
            ),
            format!("{OUTSIDE}DROP INDEX CONCURRENTLY i3;\nCOUNT;\nDROP INDEX CONCURRENTLY ballast_left_idx;\n{back}"),
        ),
        4 => (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  COUNT;\n  RETURN NEW;\nEND $$;\n\
             CREATE TRIGGER g BEFORE INSERT ON t2 FOR EACH ROW EXECUTE FUNCTION f();\n\
             INSERT INTO t2 VALUES (4, 'four');"
                .into(),
            "DROP TRIGGER g ON t2;\nDROP FUNCTION f();\nDELETE FROM t2 WHERE id = 4;\nCOUNT;".into(),
        ),
        5 => (
            format!("{OUTSIDE}REINDEX INDEX CONCURRENTLY i3;\nCOUNT;\nVACUUM ballast;\n{busy}"),
            format!("{OUTSIDE}{back}\nVACUUM ballast;\nCOUNT;"),
        ),
        6 => (
            format!("ALTER TABLE t2 ADD COLUMN b int NOT NULL DEFAULT 6;\nCOUNT;\n{busy}"),
            format!("ALTER TABLE t2 DROP COLUMN b;\n{back}\nCOUNT;"),
        ),
        7 => (
            format!(
                "{OUTSIDE}ALTER TABLE t2 ADD COLUMN c int;\nCREATE UNIQUE INDEX CONCURRENTLY u7 ON t2 (a, id);\nCOUNT;\n\
                 ALTER TABLE t2 ADD CONSTRAINT u7 UNIQUE USING INDEX u7;"
            ),
            format!("{OUTSIDE}ALTER TABLE t2 DROP CONSTRAINT u7;\nCOUNT;\nALTER TABLE t2 DROP COLUMN c;"),
        ),
        _ => (format!("COUNT;\n{busy}"), format!("COUNT;\n{back}")),
    }
}

fn mysql(n: usize) -> (String, String) {
    let busy = format!(
        "INSERT INTO ballast (x, m) WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 900) \
         SELECT hex(i * 7919), {n} FROM s;"
    );
    let back = format!("DELETE FROM ballast WHERE m = {n};");
    let swap = "RENAME TABLE left_one TO between_both, right_one TO left_one, between_both TO right_one;";
    match n {
        1 => (
            format!(
                "CREATE TABLE counter (n INT PRIMARY KEY, up INT NOT NULL, down INT NOT NULL);\n{}\n\
                 CREATE TABLE ballast (x VARCHAR(40), m INT);\nCREATE TABLE left_one (a INT);\n\
                 CREATE TABLE right_one LIKE left_one;\nINSERT INTO left_one VALUES (1);\n\
                 INSERT INTO right_one VALUES (2);\n{busy}",
                numbers()
            ),
            NEVER.into(),
        ),
        2 => (
            format!("COUNT;\nCREATE TABLE t2 (id INT PRIMARY KEY, a INT);\nCREATE INDEX i2 ON ballast (x);\n{busy}"),
            format!("{back}\nDROP INDEX i2 ON ballast;\nCOUNT;\nDROP TABLE t2;"),
        ),
        3 => (
            "CREATE TABLE watched (a INT);\nDELIMITER //\nCREATE TRIGGER g AFTER INSERT ON watched FOR EACH ROW BEGIN\n  \
             COUNT;\nEND//\nDELIMITER ;\nINSERT INTO watched VALUES (1);"
                .into(),
            "DROP TRIGGER g;\nCOUNT;\nDROP TABLE watched;".into(),
        ),
        4 => (
            format!("{swap}\nCOUNT;\nSET SESSION sort_buffer_size = 500000;\n{busy}"),
            format!("{back}\nCOUNT;\n{swap}"),
        ),
        5 => (
            "ALTER TABLE ballast ADD COLUMN y INT, ALGORITHM = COPY;\nCOUNT;\nALTER TABLE ballast ADD INDEX (x(3));".into(),
            "ALTER TABLE ballast DROP INDEX x;\nALTER TABLE ballast DROP COLUMN y;\nCOUNT;".into(),
        ),
        // Rows alone: one transaction.
        6 => (format!("COUNT;\n{busy}"), format!("{back}\nCOUNT;")),
        7 => (
            "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END;\nCOUNT;\nCREATE VIEW v AS SELECT 1 AS a;\n\
             CREATE OR REPLACE VIEW v AS SELECT 2 AS a;"
                .into(),
            "DROP VIEW v;\nDROP PROCEDURE p;\nCOUNT;".into(),
        ),
        _ => (
            "ALTER TABLE t2 RENAME TO t3;\nCOUNT;\nINSERT INTO t3 VALUES (8, 8);\nTRUNCATE TABLE watched;\n\
             CREATE TABLE one (a INT);\nCREATE TABLE two (a INT);\nDROP TABLE one, two;"
                .into(),
            "DELETE FROM t3;\nALTER TABLE t3 RENAME TO t2;\nCOUNT;\nINSERT INTO t2 VALUES (1, 1);\n\
             TRUNCATE TABLE t2;"
                .into(),
        ),
    }
}

fn sqlite(n: usize) -> (String, String) {
    let busy = format!(
        "INSERT INTO ballast WITH i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 200) \
         SELECT hex(i * 7919), {n} FROM i;"
    );
    let back = format!("DELETE FROM ballast WHERE m = {n};");
    match n {
        1 => (
            format!(
                "CREATE TABLE counter (n INTEGER PRIMARY KEY, up INT NOT NULL, down INT NOT NULL);\n{}\n\
                 CREATE TABLE ballast (x, m);\n{busy}",
                numbers()
            ),
            NEVER.into(),
        ),
        3 | 6 => (
            format!("{OUTSIDE}COUNT;\nVACUUM;\n{busy}\nCREATE INDEX i{n} ON ballast (x);"),
            format!("{OUTSIDE}DROP INDEX i{n};\nVACUUM;\n{back}\nCOUNT;"),
        ),
        4 => (
            "-- migrate:options foreign_keys:off\nCREATE TABLE t2_new (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\n\
             INSERT INTO t2_new SELECT id, x FROM t2;\nDROP TABLE t2;\nALTER TABLE t2_new RENAME TO t2;\nCOUNT;"
                .into(),
            "-- migrate:options foreign_keys:off\nCREATE TABLE t2_old (id INTEGER PRIMARY KEY, x);\n\
             INSERT INTO t2_old SELECT id, a FROM t2;\nDROP TABLE t2;\nALTER TABLE t2_old RENAME TO t2;\nCOUNT;"
                .into(),
        ),
        2 => (
            "CREATE TABLE t2 (id INTEGER PRIMARY KEY, x);\nINSERT INTO t2 VALUES (1, 'one');\n\
             CREATE TABLE child (t2 INTEGER REFERENCES t2 (id) ON DELETE CASCADE);\nINSERT INTO child VALUES (1);\nCOUNT;"
                .into(),
            "DROP TABLE child;\nDROP TABLE t2;\nCOUNT;".into(),
        ),
        5 => (
            "CREATE TRIGGER g AFTER INSERT ON child BEGIN COUNT; END;\nINSERT INTO child VALUES (1);".into(),
            "DROP TRIGGER g;\nDELETE FROM child WHERE rowid = 2;\nCOUNT;".into(),
        ),
        _ => (
            format!("COUNT;\n{busy}\nCREATE TABLE t{n} (x);"),
            format!("DROP TABLE t{n};\n{back}\nCOUNT;"),
        ),
    }
}
