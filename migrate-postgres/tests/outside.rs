//! What can't be in a transaction: recognised, run statement by statement, resumed, and mended.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Database, did, journal, known, recorded, text, up};
use migrate_core::{Event, LockLadder, Migrator, UpTarget};
use migrate_postgres::Postgres;

const T: (&str, &str) = ("20260101000001_t.sql", "CREATE TABLE t (id int, email text, team int)");
const INDEXES: &str = "SELECT coalesce(string_agg(relname || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END, ', ' \
    ORDER BY relname), '') FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = to_regclass('t')";

#[test]
fn several_concurrent_indexes_in_one_file() {
    let db = Database::fresh();
    let client = &mut db.client();
    let set = known(&[
        T,
        (
            "20260101000002_i.sql",
            "CREATE INDEX CONCURRENTLY i1 ON t (id);\nCREATE INDEX CONCURRENTLY ON t (email);\nCOMMENT ON INDEX i1 IS 'x';\nDROP INDEX CONCURRENTLY i1",
        ),
    ]);
    let mut notes = Vec::new();
    let mut driver = Postgres::on(client);
    let report = Migrator::new(&mut driver)
        .observer(|event| {
            if let Event::Note(note) = event {
                notes.push(note.to_string());
            }
        })
        .up(&set, UpTarget::All);
    assert_eq!(did(report), "+1 +2");
    assert_eq!(notes, ["20260101000002_i runs outside a transaction: its statements can't be in one"]);
    assert_eq!(
        (text(client, INDEXES), journal(client), recorded(client)),
        ("t_email_idx".into(), "".into(), "1 2".into())
    );
}

#[test]
fn a_mixed_file_is_refused_before_anything_runs() {
    let db = Database::fresh();
    let client = &mut db.client();
    let said = did(up(
        client,
        &known(&[T, ("20260101000002_i.sql", "ALTER TABLE t ADD a int;\nCREATE INDEX CONCURRENTLY i1 ON t (a)")]),
    ));
    assert!(
        said.starts_with(
            "refused, nothing was changed: 20260101000002_i.sql:2:1: CREATE INDEX can't run in a transaction"
        ),
        "{said}"
    );
    assert!(said.contains("move it to a file of its own"), "{said}");
    assert_eq!(text(client, "SELECT to_regclass('t') IS NULL"), "t");
}

#[test]
fn a_duplicate_key_then_the_data_is_mended() {
    let db = Database::fresh();
    let client = &mut db.client();
    let set = known(&[
        T,
        (
            "20260101000002_i.sql",
            "CREATE INDEX CONCURRENTLY i1 ON t (id);\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u ON t (email)",
        ),
    ]);
    assert_eq!(did(up(client, &known(&[T]))), "+1");
    client.batch_execute("INSERT INTO t VALUES (1, 'x'), (2, 'x')").unwrap();
    let said = did(up(client, &set));
    assert!(said.starts_with("20260101000002_i.sql:2:1: could not create unique index \"u\" [23505]"), "{said}");
    assert!(said.contains("1 of 2 statements of 20260101000002_i are committed"), "{said}");
    assert_eq!((text(client, INDEXES), recorded(client)), ("i1, u INVALID".into(), "1 2…".into()));
    assert!(did(up(client, &set)).contains("23505"));
    client.batch_execute("DELETE FROM t WHERE id = 2").unwrap();
    assert_eq!(did(up(client, &set)), "+2");
    assert_eq!((text(client, INDEXES), recorded(client)), ("i1, u".into(), "1 2".into()));
}

#[test]
fn the_file_may_be_mended_instead() {
    let db = Database::fresh();
    let client = &mut db.client();
    assert_eq!(did(up(client, &known(&[T]))), "+1");
    client.batch_execute("INSERT INTO t VALUES (1, 'x'), (2, 'x')").unwrap();
    let wrong = known(&[T, ("20260101000002_i.sql", "CREATE UNIQUE INDEX CONCURRENTLY ON t (email)")]);
    assert!(did(up(client, &wrong)).contains("23505"));
    assert_eq!(text(client, INDEXES), "t_email_idx INVALID");
    let right = known(&[T, ("20260101000002_i.sql", "CREATE UNIQUE INDEX CONCURRENTLY ON t (email, id)")]);
    assert_eq!(did(up(client, &right)), "+2");
    assert_eq!(text(client, INDEXES), "t_email_id_idx");
}

/// Trap 12: somebody else's invalid index is not ours to drop, and `IF NOT EXISTS` must not be content with it.
#[test]
fn an_invalid_index_of_somebody_else_is_told_and_left() {
    let db = Database::fresh();
    let client = &mut db.client();
    assert_eq!(did(up(client, &known(&[T]))), "+1");
    client.batch_execute("INSERT INTO t VALUES (1, 'x'), (2, 'x')").unwrap();
    assert!(client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY u ON t (email)").is_err());
    client.batch_execute("DELETE FROM t").unwrap();
    let set = known(&[T, ("20260101000002_i.sql", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u ON t (email)")]);
    for _ in 0..2 {
        let said = did(up(client, &set));
        assert!(said.contains("the index u was there before, and it is invalid"), "{said}");
        assert!(said.contains("DROP INDEX CONCURRENTLY u"), "{said}");
        assert_eq!(text(client, INDEXES), "u INVALID");
    }
    client.batch_execute("DROP INDEX u").unwrap();
    assert_eq!(did(up(client, &set)), "+2");
    assert_eq!(text(client, INDEXES), "u");
}

#[test]
fn a_lock_that_comes_late_costs_a_retry_and_no_index() {
    let db = Database::fresh();
    let client = &mut db.client();
    assert_eq!(did(up(client, &known(&[T]))), "+1");
    let mut other = db.client();
    other.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    let set = known(&[T, ("20260101000002_i.sql", "CREATE INDEX CONCURRENTLY i1 ON t (id)")]);
    let ladder = LockLadder {
        rungs: vec![(Duration::from_millis(200), Duration::from_millis(10)), (Duration::from_secs(60), Duration::ZERO)],
    };
    let mut other = Some(other);
    let mut driver = Postgres::on(client);
    let mut said = String::new();
    let report = Migrator::new(&mut driver)
        .patient_ladder(ladder)
        .observer(|event| {
            if let Event::Retry { message, .. } = event {
                said = (*message).to_owned();
                drop(other.take());
            }
        })
        .up(&set, UpTarget::All);
    assert_eq!(did(report), "+2");
    assert_eq!(said, "canceling statement due to lock timeout");
    assert_eq!(text(client, INDEXES), "i1");
    assert_eq!(text(client, "SELECT current_setting('lock_timeout')"), "0");
}

#[test]
fn the_ladder_ends_with_the_name_of_who_is_in_the_way() {
    let db = Database::fresh();
    let client = &mut db.client();
    assert_eq!(did(up(client, &known(&[T]))), "+1");
    let mut other = db.config().application_name("reports").connect(postgres::NoTls).unwrap();
    other.batch_execute("BEGIN; SELECT * FROM t").unwrap();
    let set = known(&[T, ("20260101000002_a.sql", "CREATE TABLE x (id int);\nALTER TABLE t ADD a int")]);
    let ladder = [(10, 10), (20, 0)].map(|(wait, pause)| (Duration::from_millis(wait), Duration::from_millis(pause)));
    let rungs = LockLadder { rungs: ladder.to_vec() };
    let said = did(Migrator::new(&mut Postgres::on(client)).ladder(rungs).up(&set, UpTarget::All));
    assert!(said.contains("canceling statement due to lock timeout [55P03]"), "{said}");
    assert!(said.contains("in the way: backend ") && said.contains("(reports), idle in transaction"), "{said}");
    assert!(said.contains("SELECT * FROM t"), "{said}");
    assert!(said.contains("run `migrate up` again when the other session is done"), "{said}");
    assert_eq!(text(client, "SELECT to_regclass('x') IS NULL"), "t");
}

#[test]
fn a_script_in_another_role_still_writes_the_journal() {
    let db = Database::fresh();
    let client = &mut db.client();
    let role = format!("r_{}", db.name);
    client.batch_execute(&format!("CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}")).unwrap();
    let script = format!(
        "-- migrate:options transaction:false\nSET ROLE {role};\nSET search_path = pg_catalog;\nCREATE TABLE public.o (id int);\nCREATE INDEX CONCURRENTLY oi ON public.o (id)"
    );
    let set = known(&[("20260101000001_r.sql", &script)]);
    assert_eq!(did(up(client, &set)), "+1");
    assert_eq!(text(client, "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'o'"), role);
    assert_eq!(text(client, "SELECT current_user"), "postgres");
    client
        .batch_execute(&format!("DROP TABLE o; REVOKE CREATE ON SCHEMA public FROM {role}; DROP ROLE {role}"))
        .unwrap();
}

#[test]
fn a_partition_half_detached_is_finished() {
    let db = Database::fresh();
    let client = &mut db.client();
    if text(client, "SELECT current_setting('server_version_num')::int < 140000") == "t" {
        return;
    }
    let tables = (
        "20260101000001_p.sql",
        "CREATE TABLE p (id int) PARTITION BY RANGE (id);\n\
         CREATE SCHEMA s; CREATE TABLE s.\"Part 1\" PARTITION OF p FOR VALUES FROM (0) TO (9)",
    );
    assert_eq!(did(up(client, &known(&[tables]))), "+1");
    let mut other = db.client();
    other.batch_execute("BEGIN; SELECT * FROM p").unwrap();
    let set = known(&[tables, ("20260101000002_d.sql", "ALTER TABLE p DETACH PARTITION s.\"Part 1\" CONCURRENTLY")]);
    let once = LockLadder { rungs: vec![(Duration::from_millis(100), Duration::ZERO)] };
    let said = did(Migrator::new(&mut Postgres::on(client)).patient_ladder(once).up(&set, UpTarget::All));
    assert!(said.contains("lock timeout"), "{said}");
    assert_eq!(text(client, "SELECT inhdetachpending FROM pg_inherits"), "t");
    drop(other);
    assert_eq!(did(up(client, &set)), "+2");
    assert_eq!(text(client, "SELECT count(*) FROM pg_inherits"), "0");
}

/// PostgreSQL names the index after the table, whatever that is called.
#[test]
fn a_name_of_a_table_is_no_pattern() {
    let db = Database::fresh();
    let client = &mut db.client();
    let table = ("20260101000001_t.sql", "CREATE TABLE \"a(b+\" AS SELECT 1 AS id FROM generate_series(1, 2)");
    assert_eq!(did(up(client, &known(&[table]))), "+1");
    let set = known(&[table, ("20260101000002_i.sql", "CREATE UNIQUE INDEX CONCURRENTLY ON \"a(b+\" (id)")]);
    assert!(did(up(client, &set)).contains("23505"));
    client.batch_execute("DELETE FROM \"a(b+\"").unwrap();
    assert_eq!(did(up(client, &set)), "+2");
    let indexes = "SELECT string_agg(relname || indisvalid, ' ') FROM pg_index JOIN pg_class ON oid = indexrelid \
                   WHERE indrelid = '\"a(b+\"'::regclass";
    assert_eq!(text(client, indexes), "a(b+_id_idxtrue");
}

/// What a procedure commits by itself needs that no transaction is around it.
#[test]
fn a_procedure_that_commits_runs_outside_a_transaction() {
    let db = Database::fresh();
    let client = &mut db.client();
    client
        .batch_execute(
            "CREATE TABLE batches (n int); CREATE PROCEDURE in_batches() LANGUAGE plpgsql AS \
             $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO batches VALUES (i); COMMIT; END LOOP; END $$",
        )
        .unwrap();
    let inside = known(&[("20260101000001_p.sql", "CALL in_batches()")]);
    assert!(did(up(client, &inside)).contains("[2D000]"));
    let outside = "-- migrate:options transaction:false retry_safe:true\nCALL in_batches();";
    assert_eq!(did(up(client, &known(&[("20260101000001_p.sql", outside)]))), "+1");
    assert_eq!(text(client, "SELECT count(*) FROM batches"), "3");
    let copies = known(&[("20260101000002_c.sql", "COPY batches TO STDOUT")]);
    assert!(did(up(client, &copies)).contains("COPY TO STDOUT sends rows to a client"));
}
