use super::*;
use crate::sql::split;

/// `VERB schema.name role reaction flags`, ordinary things left out.
fn check(dialect: Dialect, text: &str, expected: &str) {
    let statements = split(text, dialect).unwrap();
    let found = statements[0].recognise();
    let mut words = vec![found.verb];
    let name =
        |ObjectName { schema, name }: ObjectName| schema.map_or(name.clone(), |schema| format!("{schema}.{name}"));
    words.extend(found.objects.into_iter().map(name));
    words.extend(found.on.map(|on| format!("on {}", name(on))));
    if found.role != Role::Change {
        words.push(format!("{:?}", found.role));
    }
    match found.in_transaction {
        InTransaction::Runs => {}
        InTransaction::Fails { .. } => words.push("fails".to_owned()),
        InTransaction::MayFail { .. } => words.push("may-fail".to_owned()),
        InTransaction::NoEffect { .. } => words.push("no-effect".to_owned()),
    }
    let flags =
        [(found.commits, "commits"), (found.ends_segment, "ends-segment"), (found.foreign_keys_pragma, "foreign-keys")];
    words.extend(flags.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()));
    assert_eq!(words.join(" "), expected, "{dialect}: {text:?}");
}

#[test]
fn every_dialect() {
    for dialect in Dialect::ALL {
        let check = |text, expected| check(dialect, text, expected);
        check("select 1", "SELECT");
        check("(SELECT 1) UNION SELECT 2", "SELECT");
        check("WITH a AS (SELECT 1) DELETE FROM b", "WITH");
        check("INSERT INTO a.b VALUES (1)", "INSERT a.b");
        check("UPDATE /* c */ t SET x = 1", "UPDATE t");
        check("DELETE FROM t", "DELETE t");
        check("FROBNICATE t", "FROBNICATE Unknown");
        check("'x'", " Unknown");
        check("SAVEPOINT a", "SAVEPOINT a TransactionControl");
        check("RELEASE SAVEPOINT a", "RELEASE TransactionControl");
        check("ROLLBACK TO a", "ROLLBACK TO TransactionControl");
        check("ROLLBACK", "ROLLBACK TransactionControl");
        check("COMMIT", "COMMIT TransactionControl");
    }
}

#[test]
fn sqlite() {
    let check = |text, expected| check(Dialect::Sqlite, text, expected);
    check("CREATE UNIQUE INDEX IF NOT EXISTS Main.I ON t (a)", "CREATE INDEX main.i on t");
    check("CREATE TABLE \"A\"\"b\" (x)", "CREATE TABLE a\"b");
    check("CREATE TABLE 'x' (x)", "CREATE TABLE x");
    check("CREATE VIRTUAL TABLE [f t] USING fts5(x)", "CREATE TABLE f t");
    check("CREATE TEMP TABLE t (x)", "CREATE TABLE t TemporaryObject");
    check("CREATE TABLE temp.t (x)", "CREATE TABLE temp.t TemporaryObject");
    check("CREATE TEMPORARY TRIGGER t BEGIN SELECT 1; END", "CREATE TRIGGER t TemporaryObject");
    check("ALTER TABLE main.t RENAME TO u", "ALTER TABLE main.t");
    check("DROP VIEW IF EXISTS v", "DROP VIEW v");
    check("INSERT OR REPLACE INTO t VALUES (1)", "INSERT t");
    check("BEGIN IMMEDIATE", "BEGIN TransactionControl");
    check("END TRANSACTION", "END TransactionControl");
    check("ROLLBACK TRANSACTION TO SAVEPOINT a", "ROLLBACK TO TransactionControl");
    check("VACUUM", "VACUUM fails");
    check("vacuum/**/main INTO 'x'", "VACUUM fails");
    check("ATTACH 'x' AS y", "ATTACH Session");
    check("DETACH y", "DETACH Session may-fail");
    check("EXPLAIN VACUUM", "EXPLAIN");
    check("EXPLAIN BEGIN", "EXPLAIN");
    check("ANALYZE", "ANALYZE");
}

#[test]
fn sqlite_pragmas() {
    let check = |text, expected| check(Dialect::Sqlite, text, expected);
    let off = "PRAGMA foreign_keys Session no-effect foreign-keys";
    for text in [
        "PRAGMA foreign_keys = OFF",
        "pragma Foreign_Keys(off)",
        "PRAGMA/**/\"foreign_keys\"--\n=/**/1",
        "PRAGMA [foreign_keys]=1",
        "PRAGMA `FOREIGN_KEYS`=1",
        "PRAGMA 'foreign_keys'=1",
        // They act while they are prepared (measured).
        "EXPLAIN PRAGMA foreign_keys=1",
        "EXPLAIN QUERY PLAN PRAGMA foreign_keys=1",
    ] {
        check(text, off);
    }
    check("PRAGMA temp . foreign_keys = 1", "PRAGMA temp.foreign_keys Session no-effect foreign-keys");
    check("PRAGMA foreign_keys", "PRAGMA foreign_keys");
    check("PRAGMA foreign_key_check(t)", "PRAGMA foreign_key_check");
    check("PRAGMA journal_mode", "PRAGMA journal_mode");
    check("PRAGMA main.journal_mode = wal", "PRAGMA main.journal_mode Session fails");
    check("PRAGMA synchronous(1)", "PRAGMA synchronous Session fails");
    check("PRAGMA wal_checkpoint", "PRAGMA wal_checkpoint fails");
    check("PRAGMA wal_checkpoint(truncate)", "PRAGMA wal_checkpoint fails");
    check("PRAGMA page_size = 8192", "PRAGMA page_size Session no-effect");
    check("PRAGMA auto_vacuum = 1", "PRAGMA auto_vacuum Session may-fail");
    check("PRAGMA defer_foreign_keys = 1", "PRAGMA defer_foreign_keys Session ends-segment");
    check("PRAGMA user_version = 3", "PRAGMA user_version");
    check("PRAGMA recursive_triggers = 1", "PRAGMA recursive_triggers Session");
}

#[test]
fn postgres() {
    let check = |text, expected| check(Dialect::Postgres, text, expected);
    check("CREATE TABLE Public.\"T\" (x)", "CREATE TABLE public.T");
    check("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX i on t fails");
    check("CREATE INDEX CONCURRENTLY ON t (a)", "CREATE INDEX on t fails");
    check("CREATE INDEX ON ONLY t (a)", "CREATE INDEX on t");
    check("DROP INDEX CONCURRENTLY IF EXISTS a.i", "DROP INDEX a.i fails");
    check("REINDEX (VERBOSE) TABLE CONCURRENTLY t", "REINDEX fails");
    check("REINDEX (VERBOSE) DATABASE d", "REINDEX DATABASE fails");
    check("REINDEX TABLE t", "REINDEX TABLE t may-fail");
    check("CLUSTER", "CLUSTER fails");
    check("CLUSTER (VERBOSE)", "CLUSTER fails");
    check("CLUSTER t USING i", "CLUSTER t may-fail");
    check("ALTER TABLE ONLY t DETACH PARTITION s.\"P 1\" CONCURRENTLY", "ALTER TABLE t s.P 1 fails");
    check("ALTER TABLE t DETACH PARTITION p", "ALTER TABLE t");
    check("ALTER TYPE e ADD VALUE 'x'", "ALTER TYPE e may-fail ends-segment");
    check("ALTER DATABASE d SET TABLESPACE s", "ALTER DATABASE d fails");
    check("ALTER DATABASE d SET work_mem = 1", "ALTER DATABASE");
    check("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "CREATE SUBSCRIPTION s fails");
    check(
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false)",
        "CREATE SUBSCRIPTION s may-fail",
    );
    check("REFRESH MATERIALIZED VIEW CONCURRENTLY v", "REFRESH MATERIALIZED VIEW v");
    check("DISCARD ALL", "DISCARD ALL Session fails");
    check("SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS Session ends-segment");
    check("SET SESSION TRANSACTION READ ONLY", "SET TRANSACTION Session ends-segment");
    check("SET search_path = a", "SET Session");
    check("COMMENT ON TABLE t IS 'x'", "COMMENT ON Neutral");
    check("DO $$ BEGIN END $$", "DO Opaque may-fail");
    check("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION TransactionControl");
    check("PREPARE p AS SELECT 1", "PREPARE p TemporaryObject");
    check("ABORT", "ABORT TransactionControl");
    check("CREATE LOCAL TEMP TABLE t (x int)", "CREATE TABLE t TemporaryObject");
    check("CREATE TEMP TABLE t (x int) ON COMMIT DROP", "CREATE TABLE t TemporaryObject ends-segment");
    check("SELECT 1 INTO TEMP t", "SELECT TemporaryObject");
    check("CREATE FUNCTION a.f() AS ''", "CREATE FUNCTION a.f");
    check("DROP TABLE IF EXISTS a, b.\"C\", d CASCADE", "DROP TABLE a b.C d");
    check("DROP INDEX CONCURRENTLY a, b", "DROP INDEX a b fails");
    check("DROP MATERIALIZED VIEW a, b", "DROP MATERIALIZED VIEW a b");
    check("TRUNCATE ONLY a, b RESTART IDENTITY", "TRUNCATE a b");
    check(
        "CREATE CONSTRAINT TRIGGER t AFTER UPDATE OF a, b ON s.x FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TRIGGER t on s.x",
    );
    check("CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING", "CREATE RULE r on t");
    check("CREATE POLICY p ON t USING (true)", "CREATE POLICY p on t");
    check("DROP TRIGGER IF EXISTS t ON x", "DROP TRIGGER t on x");
    check("SELECT pg_catalog.set_config('search_path', '', false)", "SELECT Session");
    check("SELECT set_config('a.b', 'c', true), nextval('s')", "SELECT");
}

#[test]
fn what_depends_on_the_server_s_version() {
    let check = |dialect: Dialect, text: &str, expected: &[(Option<u32>, &str)]| {
        let statements = split(text, dialect).unwrap();
        for (major, expected) in expected {
            let server = major.map(|major| ServerVersion::new(major, 0, 0));
            let found = match statements[0].recognise_on(server).in_transaction {
                InTransaction::Runs => "runs",
                InTransaction::Fails { .. } => "fails",
                InTransaction::MayFail { .. } => "may fail",
                InTransaction::NoEffect { .. } => "no effect",
            };
            assert_eq!(found, *expected, "{text} on {major:?}");
        }
    };
    let postgres = |text, expected: &[_]| check(Dialect::Postgres, text, expected);
    postgres(
        "ALTER TYPE e ADD VALUE 'x'",
        &[(None, "may fail"), (Some(11), "fails"), (Some(12), "runs"), (Some(18), "runs")],
    );
    postgres("REINDEX TABLE t", &[(None, "may fail"), (Some(13), "runs"), (Some(14), "may fail")]);
    postgres("CLUSTER t USING i", &[(None, "may fail"), (Some(14), "runs"), (Some(15), "may fail")]);
    postgres("VACUUM", &[(None, "fails"), (Some(10), "fails"), (Some(18), "fails")]);
}

#[test]
fn mysql() {
    for dialect in [Dialect::Mysql, Dialect::Mariadb] {
        let check = |text, expected| check(dialect, text, expected);
        check("CREATE TABLE `D`.`T` (x INT)", "CREATE TABLE D.T commits");
        check("CREATE TEMPORARY TABLE t (x INT)", "CREATE TABLE t TemporaryObject");
        check("DROP TEMPORARY TABLE t", "DROP TABLE t");
        check("ALTER TABLE t ADD x INT", "ALTER TABLE t commits");
        check("CREATE DEFINER = `r`@`l` PROCEDURE p() BEGIN SELECT 1; END", "CREATE PROCEDURE p commits");
        check(
            "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=r@l SQL SECURITY INVOKER VIEW v AS SELECT 1",
            "CREATE VIEW v commits",
        );
        check(
            "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER t AFTER INSERT ON x FOR EACH ROW BEGIN a; END */",
            "CREATE TRIGGER t on x commits",
        );
        check("/*!40101 SET NAMES utf8 */", "SET Session");
        check("SET autocommit=0", "SET TransactionControl");
        check("SET @@session.autocommit := 0", "SET TransactionControl");
        check("SET @@session.`autocommit` := 0", "SET TransactionControl");
        check("SET @a = @@autocommit", "SET Session");
        check("SET STATEMENT max_statement_time = 9 FOR UPDATE t SET n = n + 1", "SET STATEMENT Opaque");
        check("SET PASSWORD = 'x'", "SET PASSWORD commits");
        check("BEGIN WORK", "BEGIN TransactionControl commits");
        check("START TRANSACTION", "START TRANSACTION TransactionControl commits");
        check("XA START 'x'", "XA TransactionControl");
        check("LOCK TABLES t WRITE", "LOCK TABLES Session commits");
        check("TRUNCATE t", "TRUNCATE t commits");
        check("DROP TABLE IF EXISTS a, `b`.`c`", "DROP TABLE a b.c commits");
        check("DROP TEMPORARY TABLE a, b", "DROP TABLE a b");
        check("RENAME TABLE a TO b, c.d TO e", "RENAME TABLE a b c.d e commits");
        check("CREATE FULLTEXT INDEX i ON t (a)", "CREATE INDEX i on t commits");
        check("DROP INDEX i ON d.t", "DROP INDEX i on d.t commits");
        check("SELECT a INTO @x FROM t", "SELECT TemporaryObject");
        check("OPTIMIZE TABLE t", "OPTIMIZE TABLE t commits");
        check("CALL p()", "CALL Opaque");
        check("PREPARE p FROM 'x'", "PREPARE p TemporaryObject");
        check("INSERT IGNORE INTO t VALUES (1)", "INSERT t");
    }
}

/// What `may_control_transaction` relies on.
#[test]
fn transaction_control_begins_with_a_plain_word() {
    for dialect in Dialect::ALL {
        let control = tables(dialect).iter().copied().flatten().filter(|row| row.role == Role::TransactionControl);
        for row in control {
            let first = row.pattern.split(' ').next().unwrap_or_default();
            assert!(first.bytes().all(|b| b.is_ascii_uppercase() || b == b'|'), "{dialect}: {}", row.pattern);
        }
    }
    let check = |text, expected| {
        let statements = split(text, Dialect::Postgres).expect(text);
        assert_eq!(statements[0].may_control_transaction(), expected, "{text}");
    };
    check("/* a */ commit", true);
    check("savepoint", true);
    check("SELECT 'commit'", false);
    check("committed", false);
}
