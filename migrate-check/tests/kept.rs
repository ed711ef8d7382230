//! A look at the catalog reads again only what may have changed, and is none the worse for it.
#![allow(clippy::unwrap_used)]

mod common;

use migrate_check::{Catalog, Inspect, Scratch};
use migrate_core::{Driver, Tables};

type Texts = <migrate_postgres::Postgres<'static> as Inspect>::Memory;

fn both(driver: &mut migrate_postgres::Postgres<'static>, kept: &mut Texts) -> [Catalog; 2] {
    let with = driver.catalog(&Tables::default(), kept).unwrap();
    [with, driver.catalog(&Tables::default(), &mut Texts::default()).unwrap()]
}

/// What one statement changes also shows in the texts of others.
#[test]
fn what_is_kept_is_what_would_be_read() {
    let mut made = common::postgres().make(&Tables::default()).unwrap();
    let driver = made.driver();
    let mut kept = Texts::default();
    let mut before = Catalog::default();
    for statement in [
        "CREATE TYPE mood AS ENUM ('ok', 'bad')",
        "CREATE TABLE a (id int PRIMARY KEY, b text, m mood DEFAULT 'ok')",
        "CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x'",
        "CREATE TABLE r (a int REFERENCES a, s serial, CHECK (f(a) > 0))",
        "CREATE VIEW v AS SELECT id, b, f(id), m = 'ok' AS fine FROM a JOIN r ON r.a = id",
        "CREATE INDEX i ON a (b) WHERE m = 'ok'",
        "ALTER TABLE a RENAME b TO c",
        "ALTER TABLE a RENAME TO z",
        "ALTER FUNCTION f(int) RENAME TO g",
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'good'",
        "ALTER TYPE mood RENAME TO state",
        "ALTER INDEX i RENAME TO j",
        "ALTER INDEX j SET (fillfactor = 70)",
        "ALTER TABLE r DISABLE TRIGGER ALL",
        "ALTER SEQUENCE r_s_seq OWNED BY NONE",
        "ALTER TABLE z SET (toast.autovacuum_enabled = off)",
        "CREATE STATISTICS st ON id, c FROM z",
        "ALTER STATISTICS st RENAME TO su",
        "ALTER TABLE z CLUSTER ON a_pkey",
        "CREATE OR REPLACE FUNCTION g(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1'",
        "ALTER TABLE r ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON r USING (a > 1)",
        "ALTER POLICY p ON r USING (a > 2)",
        "ALTER SCHEMA public RENAME TO other",
        "DEALLOCATE ALL; DROP VIEW other.v",
        "ALTER TABLE other.z DROP c",
        "DROP TABLE other.r",
    ] {
        driver.connection().batch_execute(statement).unwrap();
        let [with, without] = both(driver, &mut kept);
        assert_eq!(with.diff(&without), [], "{statement}");
        assert_eq!(with, without, "{statement}");
        assert_ne!(with, before, "{statement}");
        before = with;
    }
}
