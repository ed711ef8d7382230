//! Migration and history row are one; what fails says where, and leaves what came before it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, did, known, recorded, tables, text, up};
use migrate_core::Error;

const A: (&str, &str) = ("20260101000001_a.sql", "CREATE TABLE a (id int PRIMARY KEY);\n-- the end");
const B: (&str, &str) = ("20260101000002_b.sql", "CREATE TABLE b (id int); INSERT INTO b VALUES (1)");

#[test]
fn applies_once_and_records() {
    let db = Database::fresh();
    let client = &mut db.client();
    let set = known(&[A, B]);
    assert_eq!(did(up(client, &set)), "+1 +2");
    assert_eq!(did(up(client, &set)), "");
    assert_eq!((tables(client), recorded(client)), ("a b".into(), "1 2".into()));
    let row = "SELECT name || ' ' || direction || ' ' || (finished_at >= started_at) || ' ' || (duration_ms >= 0) \
               || ' ' || (started_at > now() - interval '1 minute') FROM migrate_history WHERE version % 100 = 1";
    assert_eq!(text(client, row), "a up true true true");
}

#[test]
fn a_failure_leaves_those_before_it_and_says_where() {
    let db = Database::fresh();
    let client = &mut db.client();
    let wrong =
        ("20260101000003_c.sql", "CREATE TABLE c (id int);\n-- é\nCREATE TABLE d (u int REFERENCES usres (id));");
    let set = known(&[A, B, wrong]);
    let error = up(client, &set).unwrap_err().to_string();
    let expected = "20260101000003_c.sql:3:34: relation \"usres\" does not exist [42P01]\n  \
        | CREATE TABLE d (u int REFERENCES usres (id));\n  \
        = rolled back: 20260101000003_c; applied before it: 2; still pending behind it: 0\n  \
        = fix the file, and run `migrate up` again";
    assert_eq!(error, expected);
    assert_eq!((tables(client), recorded(client)), ("a b".into(), "1 2".into()));
}

#[test]
fn a_failure_without_a_place_names_its_statement() {
    let db = Database::fresh();
    let client = &mut db.client();
    let wrong = (
        "20260101000003_c.sql",
        "CREATE TABLE c (id int PRIMARY KEY);\nINSERT INTO c VALUES (1);\n\n  INSERT INTO c\n VALUES (1);\nSELECT 1",
    );
    let error = up(client, &known(&[A, B, wrong])).unwrap_err();
    let Error::Failed(failure) = &error else { panic!("{error}") };
    assert_eq!(failure.statement, Some((3, 4)));
    assert!(
        error.to_string().starts_with("20260101000003_c.sql:4:3: duplicate key value violates unique constraint"),
        "{error}"
    );
    assert!(error.to_string().contains("= detail: Key (id)=(1) already exists."), "{error}");
    assert_eq!((tables(client), recorded(client)), ("a b".into(), "1 2".into()));
}

/// Trap 34: a deferred constraint that one file breaks and the next one mends.
#[test]
fn together_is_as_one_by_one() {
    let cases: [&[(&str, &str)]; 7] = [
        &[
            (
                "20260101000001_a.sql",
                "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
            ),
            ("20260101000002_b.sql", "INSERT INTO c VALUES (1)"),
            ("20260101000003_c.sql", "INSERT INTO p VALUES (1)"),
        ],
        &[
            ("20260101000001_a.sql", "CREATE SCHEMA s; SET LOCAL search_path = s; CREATE TABLE in_s (id int)"),
            ("20260101000002_b.sql", "CREATE TABLE in_public (id int)"),
        ],
        &[
            ("20260101000001_a.sql", "CREATE TYPE mood AS ENUM ('ok')"),
            ("20260101000002_b.sql", "ALTER TYPE mood ADD VALUE 'bad'"),
            ("20260101000003_c.sql", "CREATE TABLE m (m mood DEFAULT 'bad')"),
        ],
        &[
            ("20260101000001_a.sql", "CREATE TEMPORARY TABLE t (id int)"),
            ("20260101000002_b.sql", "INSERT INTO t VALUES (1)"),
        ],
        // A block of code hides what it does until it does it.
        &[
            ("20260101000001_a.sql", "CREATE TYPE mood AS ENUM ('ok')"),
            ("20260101000002_b.sql", "DO $$ BEGIN ALTER TYPE mood ADD VALUE 'bad'; END $$"),
            ("20260101000003_c.sql", "CREATE TABLE m (m mood DEFAULT 'bad')"),
            ("20260101000004_d.sql", "CREATE TABLE d (id int)"),
        ],
        // A table whose checks are outstanding can't be altered in the same transaction (55006).
        &[
            (
                "20260101000001_a.sql",
                "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
            ),
            ("20260101000002_b.sql", "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)"),
            ("20260101000003_c.sql", "ALTER TABLE c ADD n int"),
        ],
        &[
            A,
            B,
            ("20260101000003_c.sql", "CREATE TABLE c (id int"),
            ("20260101000004_d.sql", "CREATE TABLE d (id int)"),
        ],
    ];
    for files in cases {
        let all = Database::fresh();
        let together = did(up(&mut all.client(), &known(files)));
        let one = Database::fresh();
        let mut said = Vec::new();
        for n in 1..=files.len() {
            said.push(did(up(&mut one.client(), &known(files.get(..n).unwrap()))));
        }
        let line = |db: &Database| {
            let client = &mut db.client();
            let history = text(client, "SELECT coalesce(to_regclass('migrate_history')::text, 'none')");
            let recorded = if history == "none" { history } else { recorded(client) };
            let places = text(
                client,
                "SELECT coalesce(string_agg(relname || ' ' || relnamespace::regnamespace, ',' ORDER BY 1), '') FROM pg_class WHERE relname LIKE 'in_%' AND relkind = 'r'",
            );
            format!("{} | {recorded} | {places}", tables(client))
        };
        assert_eq!(line(&all), line(&one), "{files:?}");
        let failed = said.iter().find(|said| said.contains("rolled back") || said.contains("refused"));
        assert_eq!(together.contains('='), failed.is_some(), "{together}\n{said:?}");
        if let Some(failed) = failed {
            assert_eq!(together.lines().next(), failed.lines().next());
        }
    }
}

#[test]
fn a_hidden_set_config_reaches_neither_rows_nor_the_next_file() {
    let db = Database::fresh();
    let client = &mut db.client();
    client.batch_execute("CREATE SCHEMA s; SET statement_timeout = '7s'; SET work_mem = '7MB'").unwrap();
    let set = known(&[
        ("20260101000001_a.sql", "DO $$ BEGIN PERFORM set_config('search_path', 's', false); END $$"),
        (
            "20260101000002_b.sql",
            "CREATE TABLE b (id int); SET work_mem = '9MB'; SET app.tenant = 'x'; SET ROLE pg_monitor",
        ),
        (
            "20260101000003_c.sql",
            "CREATE TABLE c AS SELECT current_setting('app.tenant', true) AS t, current_setting('work_mem') AS w, current_user AS u",
        ),
    ]);
    assert_eq!(did(up(client, &set)), "+1 +2 +3");
    assert_eq!(
        text(
            client,
            "SELECT string_agg(relnamespace::regnamespace::text, ' ') FROM pg_class WHERE relname IN ('b', 'c')"
        ),
        "public public"
    );
    assert_eq!(
        text(client, "SELECT coalesce(nullif(t, ''), 'none') || ' ' || w || ' ' || u FROM c"),
        "none 7MB postgres"
    );
    let after = "SELECT current_setting('search_path') || ' ' || current_setting('statement_timeout') || ' ' \
                 || current_setting('work_mem') || ' ' || current_setting('lock_timeout') || ' ' || current_user";
    assert_eq!(text(client, after), "\"$user\", public 7s 7MB 0 postgres");
}

#[test]
fn a_wrong_reading_of_backslashes_is_impossible() {
    let db = Database::fresh();
    let client = &mut db.client();
    let set = known(&[
        (
            "20260101000001_a.sql",
            "SET standard_conforming_strings = off;\nSET escape_string_warning = off;\nCREATE TABLE a AS SELECT 'x\\'; SELECT 1' AS t;",
        ),
        ("20260101000002_b.sql", "CREATE TABLE b AS SELECT 'x\\' AS t"),
    ]);
    assert_eq!(did(up(client, &set)), "+1 +2");
    assert_eq!(text(client, "SELECT a.t || ' ' || b.t FROM a, b"), "x'; SELECT 1 x\\");
}

/// What every dump holds: settings at its head, and sequences at its end.
#[test]
fn a_text_that_looks_like_a_setting_is_none() {
    let db = Database::fresh();
    let client = &mut db.client();
    let set = known(&[
        (
            "20260101000001_a.sql",
            "SELECT pg_catalog.set_config('search_path', '', false);\n\
             SELECT pg_catalog.set_config('app.tenant', 'x', false);\n\
             CREATE SEQUENCE public.\"order-items_id_seq\";\n\
             SELECT pg_catalog.setval('public.\"order-items_id_seq\"', 42, true)",
        ),
        B,
    ]);
    assert_eq!(did(up(client, &set)), "+1 +2");
    assert_eq!(text(client, "SELECT current_setting('app.tenant', true)"), "");
}

/// The texts are stored as they stand in the files, whatever a script says about its encoding.
#[test]
fn an_encoding_that_a_script_sets_does_not_reach_the_stored_texts() {
    let db = Database::fresh();
    let client = &mut db.client();
    let set = known(&[(
        "20260101000001_größe.sql",
        "-- migrate:up\nSET client_encoding = 'LATIN1';\nCREATE TABLE a (id int); -- Größe\n\
         -- migrate:down\nDROP TABLE a; -- Größe",
    )]);
    assert_eq!(did(up(client, &set)), "+1");
    assert_eq!(text(client, "SELECT name FROM migrate_history"), "größe");
    assert_eq!(text(client, "SELECT count(*) FROM migrate_text WHERE text LIKE '%Größe%'"), "2");
    assert_eq!(did(common::down(client, &known(&[]), migrate_core::DownTarget::Absent)), "-1");
}

/// A helper in pg_temp lives as long as the session: together is as one by one here, too.
#[test]
fn temporary_functions_and_types_end_with_their_file() {
    let db = Database::fresh();
    let client = &mut db.client();
    let helper = "CREATE TYPE pg_temp.mood AS ENUM ('ok'); CREATE DOMAIN pg_temp.short AS text; \
                  CREATE TYPE pg_temp.pair AS (a int, b pg_temp.mood); \
                  CREATE FUNCTION pg_temp.help(pg_temp.mood, text DEFAULT 'a') RETURNS int LANGUAGE sql AS 'SELECT 1'; \
                  CREATE PROCEDURE pg_temp.work() LANGUAGE sql AS 'SELECT 1'; \
                  SELECT pg_temp.help('ok')";
    client.batch_execute("CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 7'").unwrap();
    let set = known(&[("20260101000001_a.sql", helper), ("20260101000002_b.sql", helper)]);
    assert_eq!(did(up(client, &set)), "+1 +2");
    assert_eq!(text(client, "SELECT pg_temp.mine()"), "7");
}

/// Whoever cancels a statement, a person or `statement_timeout`, does not want it to begin again.
#[test]
fn what_is_cancelled_does_not_begin_again() {
    let db = Database::fresh();
    let client = &mut db.client();
    client.batch_execute("CREATE SEQUENCE begun").unwrap();
    let slow = "SELECT nextval('begun');\nSET LOCAL statement_timeout = '100ms';\nSELECT pg_sleep(5)";
    let said = did(up(client, &known(&[("20260101000001_a.sql", slow)])));
    assert!(said.contains("[57014]") && said.contains("rolled back"), "{said}");
    // No rollback takes a sequence's number back.
    assert_eq!(text(client, "SELECT last_value FROM begun"), "1");
}

#[test]
fn an_isolation_level_comes_too_late_and_says_so() {
    let db = Database::fresh();
    let client = &mut db.client();
    let script = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE a (id int)";
    let said = did(up(client, &known(&[("20260101000001_a.sql", script)])));
    assert!(said.contains("[25001]") && said.contains("LOCK TABLE") && !said.contains("transaction:false"), "{said}");
}
