//! All or nothing, and what can't be: guards, segments, foreign keys, statements outside a transaction.
#![allow(clippy::unwrap_used)]

mod common;

use common::{did, down, known, memory, number, recorded, tables, up};
use migrate_core::{DownTarget, Migrator, Transactions, UpTarget};
use migrate_sqlite::Sqlite;
use rusqlite::Connection;

#[test]
fn a_failure_leaves_nothing_of_its_file_and_all_of_those_before_it() {
    // A fresh database shares transactions between files; the outcome must be the one of running one by one.
    let files = [
        ("20260101000001_a.sql", "CREATE TABLE a (x UNIQUE); INSERT INTO a VALUES (1);"),
        ("20260101000002_b.sql", "CREATE TABLE b (x);"),
        ("20260101000003_c.sql", "CREATE TABLE c (x);\n\nINSERT INTO a\n  VALUES (1);"),
        ("20260101000004_d.sql", "CREATE TABLE d (x);"),
    ];
    let mut db = memory();
    assert_eq!(
        did(up(&mut db, &known(&files))),
        "20260101000003_c.sql:3:1: UNIQUE constraint failed: a.x [SQLITE_CONSTRAINT 2067]\n  | INSERT INTO a\n  \
         = rolled back: 20260101000003_c; applied before it: 2; still pending behind it: 1\n  \
         = fix the file, and run `migrate up` again"
    );
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("1 2", vec!["a".to_owned(), "b".to_owned()]));
    assert!(db.is_autocommit());
}

#[test]
fn places_count_characters_and_find_the_token() {
    let at = |text: &str| {
        let said = did(up(&mut memory(), &known(&[("20260101000001_a.sql", text)])));
        said.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        at("CREATE TABLE a (x);\n/* ä€😀 */ SELECT nope FROM a;"),
        "20260101000001_a.sql:2:18: no such column: nope [SQLITE_ERROR]"
    );
    assert_eq!(at("SELECT 'ä€😀', nope;"), "20260101000001_a.sql:1:15: no such column: nope [SQLITE_ERROR]");
    assert_eq!(at("\u{feff}SELECT\r\n  nope;\r\n"), "20260101000001_a.sql:2:3: no such column: nope [SQLITE_ERROR]");
}

#[test]
fn a_transaction_that_sqlite_itself_rolls_back_takes_no_other_file_with_it() {
    let files = [
        ("20260101000001_a.sql", "CREATE TABLE a (x UNIQUE ON CONFLICT ROLLBACK); INSERT INTO a VALUES (1);"),
        ("20260101000002_b.sql", "CREATE TABLE b (x);"),
        ("20260101000003_c.sql", "INSERT INTO a VALUES (1);"),
    ];
    let mut db = memory();
    assert!(did(up(&mut db, &known(&files))).contains("rolled back: 20260101000003_c; applied before it: 2"));
    assert_eq!(recorded(&db), "1 2");
}

#[test]
fn a_full_disk_keeps_what_was_applied_before() {
    let mut db = memory();
    db.execute_batch("PRAGMA max_page_count = 24").unwrap();
    let big = "CREATE TABLE b (x); INSERT INTO b WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) \
               SELECT randomblob(999) FROM n;";
    let files = [("20260101000001_a.sql", "CREATE TABLE a (x);"), ("20260101000002_b.sql", big)];
    let said = did(up(&mut db, &known(&files)));
    assert_eq!(
        said,
        "20260101000002_b.sql:1:21: database or disk is full [SQLITE_FULL]\n  = hint: make room on the disk\n  | "
            .to_owned()
            + big
            + "\n  = rolled back: 20260101000002_b; applied before it: 1; still pending behind it: 0\n  \
               = see to the database, and run `migrate up` again"
    );
    assert_eq!(recorded(&db), "1");
    db.execute_batch("PRAGMA max_page_count = 10000").unwrap();
    assert_eq!(did(up(&mut db, &known(&files))), "+2");
}

#[test]
fn a_row_that_breaks_a_deferred_key_is_not_mended_by_the_next_file() {
    // One by one the first file fails; sharing a transaction with the second it would not.
    let files = [
        ("20260101000001_a.sql", "CREATE TABLE a (x PRIMARY KEY, y REFERENCES a DEFERRABLE INITIALLY DEFERRED);"),
        ("20260101000002_b.sql", "INSERT INTO a VALUES (1, 2);"),
        ("20260101000003_c.sql", "INSERT INTO a VALUES (2, NULL);"),
    ];
    let mut db = memory();
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    let said = did(up(&mut db, &known(&files)));
    assert!(said.starts_with("20260101000002_b.sql:1:1: FOREIGN KEY constraint failed"), "{said}");
    assert_eq!(recorded(&db), "1");
    // Where such a key stands already, nothing is shared from the start.
    let mut db = memory();
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    db.execute_batch("CREATE TABLE a (x PRIMARY KEY, y REFERENCES a DEFERRABLE INITIALLY DEFERRED)").unwrap();
    assert!(up(&mut db, &known(&files[1..])).is_err());
    assert_eq!(recorded(&db), "");
}

#[test]
fn transaction_control_is_refused_before_anything_runs() {
    use migrate_core::sql::Dialect;
    for text in ["COMMIT;", "BEGIN;", "ROLLBACK;", "END;", "SAVEPOINT s;", "RELEASE s;"] {
        let file = [("20260101000001_a.sql", format!("CREATE TABLE a (x);\n  {text}\nCREATE TABLE b (x);"))];
        let said = migrate_core::source::read(file, Some(Dialect::Sqlite)).map(|_| ()).unwrap_err().to_string();
        assert!(said.starts_with("20260101000001_a.sql:2:3: "), "{said}");
    }
}

fn rebuild(first_line: &str) -> [(&'static str, String); 2] {
    let parents = "CREATE TABLE p (id INTEGER PRIMARY KEY, x);\n\
                   CREATE TABLE c (p REFERENCES p ON DELETE CASCADE);\n\
                   INSERT INTO p VALUES (1, 'a'), (2, 'b');\nINSERT INTO c VALUES (1), (2);";
    let rebuild = "CREATE TABLE n (id INTEGER PRIMARY KEY, x NOT NULL);\nINSERT INTO n SELECT * FROM p;\n\
                   DROP TABLE p;\nALTER TABLE n RENAME TO p;";
    [("20260101000001_a.sql", parents.into()), ("20260101000002_b.sql", format!("{first_line}\n{rebuild}"))]
}

fn with_keys() -> Connection {
    let db = memory();
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    db
}

/// TRAPS 20: elsewhere this deletes all rows of the child table, and commits.
#[test]
fn a_table_rebuild_with_foreign_keys_off_keeps_the_children() {
    let mut db = with_keys();
    let files = rebuild("-- migrate:options foreign_keys:off");
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(did(up(&mut db, &known(&files))), "+1 +2");
    assert_eq!(number(&db, "SELECT count(*) FROM c"), 2);
    assert_eq!(number(&db, "PRAGMA foreign_keys"), 1);
}

#[test]
fn foreign_keys_are_checked_before_the_commit_and_back_on_after_an_error() {
    let mut db = with_keys();
    up(&mut db, &known(&[("20260101000001_a.sql", rebuild("")[0].1.as_str())])).unwrap();
    let orphan = "-- migrate:options foreign_keys:off\nDELETE FROM p WHERE id = 2;";
    let files = [("20260101000001_a.sql", rebuild("")[0].1.clone()), ("20260101000002_b.sql", orphan.into())];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(
        did(up(&mut db, &known(&files))),
        "20260101000002_b.sql:1:1: PRAGMA foreign_key_check: 1 row references one that is not there \
         [SQLITE_CONSTRAINT_FOREIGNKEY]\n  = detail: row 2 of c -> p\n  \
         = hint: mend these rows in the migration, before it ends\n  \
         = rolled back: 20260101000002_b; applied before it: 0; still pending behind it: 0\n  \
         = fix the file, and run `migrate up` again"
    );
    assert_eq!((number(&db, "SELECT count(*) FROM p"), number(&db, "PRAGMA foreign_keys")), (2, 1));
    let files = [files[0], ("20260101000002_b.sql", "-- migrate:options foreign_keys:off\nSELECT nope;")];
    assert!(up(&mut db, &known(&files)).is_err());
    assert_eq!(number(&db, "PRAGMA foreign_keys"), 1);
}

#[test]
fn the_pragma_that_does_nothing_is_refused_with_the_option_that_works() {
    let mut db = with_keys();
    let files = rebuild("PRAGMA foreign_keys = OFF;");
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let said = did(up(&mut db, &known(&files)));
    assert!(said.starts_with("refused, nothing was changed: 20260101000002_b.sql:1:1: `PRAGMA foreign_keys = OFF` has no effect inside a transaction"), "{said}");
    assert!(said.ends_with(
        "\n  = take it out, and let the file begin with `-- migrate:options foreign_keys:off`: the runner then switches \
         them off outside the transaction, checks them before it commits, and puts them back"
    ), "{said}");
    assert!(tables(&db).is_empty());
}

#[test]
fn statements_that_cannot_be_in_a_transaction_run_outside_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut db = Connection::open(dir.path().join("app.db")).unwrap();
    let files = [
        ("20260101000001_a.sql", "CREATE TABLE a (x);"),
        ("20260101000002_b.up.sql", "-- smaller\nVACUUM;\nPRAGMA journal_mode = WAL;"),
        ("20260101000002_b.down.sql", "PRAGMA journal_mode = DELETE;"),
    ];
    let note = "(20260101000002_b runs outside a transaction: its statements can't be in one)";
    assert_eq!(did(up(&mut db, &known(&files))), format!("+1 +2 {note}"));
    assert_eq!(db.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)).unwrap(), "wal");
    assert_eq!(did(down(&mut db, &known(&files), DownTarget::Count(1))), format!("-2 {note}"));
    assert_eq!((recorded(&db).as_str(), number(&db, "SELECT count(*) FROM migrate_journal")), ("1", 0));
}

#[test]
fn a_mixed_file_is_refused_with_the_two_ways_out() {
    let mut db = memory();
    let said = did(up(&mut db, &known(&[("20260101000001_a.sql", "CREATE TABLE a (x);\nVACUUM;")])));
    assert!(
        said.starts_with("refused, nothing was changed: 20260101000001_a.sql:2:1: VACUUM can't run in a transaction ("),
        "{said}"
    );
    assert!(
        said.ends_with(
            "\n  = move it to a file of its own, which then runs outside a transaction; or let the whole file run so, \
         statement by statement: `-- migrate:options transaction:false`"
        ),
        "{said}"
    );
    assert_eq!(number(&db, "SELECT count(*) FROM sqlite_master"), 0);
}

#[test]
fn outside_a_transaction_a_failed_file_is_taken_up_at_the_failed_statement() {
    let mut db = memory();
    let head = "-- migrate:options transaction:false\nCREATE TABLE a (x);\nINSERT INTO a VALUES (1);\nVACUUM;\n";
    let faulty = format!("{head}INSERT INTO b VALUES (2);");
    let said = did(up(&mut db, &known(&[("20260101000001_a.sql", &faulty)])));
    assert_eq!(
        said,
        "20260101000001_a.sql:5:13: no such table: b [SQLITE_ERROR]\n  | INSERT INTO b VALUES (2);\n  \
         = 3 of 4 statements of 20260101000001_a are committed; applied before it: 0; still pending behind it: 0\n  \
         = fix the file from statement 4 on, and run `migrate up` again: it goes on there"
    );
    assert_eq!(recorded(&db), "1…");
    let mended = format!("{head}INSERT INTO a VALUES (2);");
    let mended = known(&[("20260101000001_a.sql", mended.as_str())]);
    assert_eq!(common::states(&mut db, &mended), "1 interrupted");
    assert_eq!(did(up(&mut db, &mended)), "+1");
    assert_eq!((number(&db, "SELECT sum(x) FROM a"), recorded(&db).as_str()), (3, "1"));
    // The checksum is the mended file's.
    assert_eq!(did(up(&mut db, &mended)), "");
}

#[test]
fn a_down_outside_a_transaction_is_taken_up_too() {
    let mut db = memory();
    let head = "-- migrate:options transaction:false\nINSERT INTO a VALUES (1);\n";
    let (faulty, mended) = (format!("{head}DROP TABLE b;"), format!("{head}DROP TABLE b2;"));
    let files = |down| {
        known(&[
            ("20260101000001_a.up.sql", "CREATE TABLE a (x); CREATE TABLE b2 (x);"),
            ("20260101000001_a.down.sql", down),
        ])
    };
    up(&mut db, &files(&faulty)).unwrap();
    assert!(down(&mut db, &files(&faulty), DownTarget::Count(1)).is_err());
    assert_eq!(recorded(&db), "1…");
    assert!(did(down(&mut db, &files(&mended), DownTarget::Count(1))).starts_with("-1"));
    assert_eq!((recorded(&db).as_str(), number(&db, "SELECT count(*) FROM a")), ("", 1));
}

/// A service that starts in the middle of that must not go on without its schema.
#[test]
fn up_finishes_a_way_down_and_then_goes_up() {
    let mut db = memory();
    let outside = "-- migrate:options transaction:false\nDROP TABLE a;\n";
    let faulty = format!("{outside}SELECT nope;");
    let files =
        |down| known(&[("20260101000001_a.up.sql", "CREATE TABLE a (x);"), ("20260101000001_a.down.sql", down)]);
    up(&mut db, &files(&faulty)).unwrap();
    assert!(down(&mut db, &files(&faulty), DownTarget::Count(1)).is_err());
    assert_eq!(did(up(&mut db, &files(outside))), "-1 +1");
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("1", vec!["a".to_owned()]));
}

#[test]
fn a_journal_does_not_outlive_its_migration() {
    let mut db = memory();
    let outside = "-- migrate:options transaction:false\n";
    let (faulty, mended) = (format!("{outside}DROP TABLE b;\nDROP TABLE nope;"), "-- migrate:options nothing-to-undo");
    let files = |down| {
        known(&[
            ("20260101000001_a.up.sql", "CREATE TABLE a (x); CREATE TABLE b (x);"),
            ("20260101000001_a.down.sql", down),
        ])
    };
    up(&mut db, &files(&faulty)).unwrap();
    assert!(down(&mut db, &files(&faulty), DownTarget::Count(1)).is_err());
    assert_eq!(did(down(&mut db, &files(mended), DownTarget::Count(1))), "-1");
    assert_eq!((recorded(&db).as_str(), number(&db, "SELECT count(*) FROM migrate_journal")), ("", 0));
    // And if there were one all the same, a run that begins does not believe it.
    let whole = format!("{outside}CREATE TABLE c (x);\nVACUUM;");
    let files = known(&[("20260101000002_c.sql", whole.as_str())]);
    let sum = migrate_core::Checksum::of_text("CREATE TABLE c (x)");
    db.execute_batch(&format!(
        "INSERT INTO migrate_journal VALUES (20260101000002, 'up', 1, '{sum}', 'done', NULL, NULL, 1)"
    ))
    .unwrap();
    assert_eq!(did(up(&mut db, &files)), "+2");
    assert!(tables(&db).contains(&"c".to_owned()));
}

#[test]
fn a_statement_in_place_of_a_session_statement_that_ran_is_refused() {
    let mut db = memory();
    let file = |second: &str, last: &str| {
        format!("-- migrate:options transaction:false\nCREATE TABLE a (x);\n{second};\nCREATE TABLE b (x);\n{last};")
    };
    let (faulty, swapped, mended) = (
        file("PRAGMA recursive_triggers = ON", "SELECT nope"),
        file("CREATE TABLE c (x)", "SELECT 1"),
        file("PRAGMA recursive_triggers = ON", "SELECT 1"),
    );
    assert!(up(&mut db, &known(&[("20260101000001_a.sql", &faulty)])).is_err());
    let said = did(up(&mut db, &known(&[("20260101000001_a.sql", &swapped)])));
    assert!(
        said.contains("20260101000001_a.sql:3:1: statement 2 is done already, and is not the same any more"),
        "{said}"
    );
    // The plan says so too, before anything runs.
    let set = known(&[("20260101000001_a.sql", &swapped)]);
    assert!(Migrator::new(&mut Sqlite::on(&mut db)).plan_up(&set, UpTarget::All).is_err());
    assert_eq!(did(up(&mut db, &known(&[("20260101000001_a.sql", &mended)]))), "+1");
}

#[test]
fn what_is_interrupted_is_no_baseline() {
    let mut db = memory();
    let faulty =
        known(&[("20260101000001_a.sql", "-- migrate:options transaction:false\nCREATE TABLE a (x);\nSELECT nope;")]);
    assert!(up(&mut db, &faulty).is_err());
    let version = migrate_core::Version::new(20260101000001);
    let said = did(Migrator::new(&mut Sqlite::on(&mut db)).baseline(&faulty, version));
    assert!(said.contains("20260101000001_a is interrupted\n  = it is not applied as a whole"), "{said}");
}

#[test]
fn nothing_of_a_session_reaches_the_next_file() {
    let files = [
        ("20260101000001_a.sql", "CREATE TABLE a (x); INSERT INTO a VALUES ('Foo');"),
        (
            "20260101000002_b.sql",
            "PRAGMA case_sensitive_like = ON; CREATE TEMP TABLE a AS SELECT * FROM main.a; ATTACH ':memory:' AS o;",
        ),
        ("20260101000003_c.sql", "INSERT INTO a VALUES ('bar'); DELETE FROM a WHERE x LIKE 'foo';"),
    ];
    let mut db = memory();
    assert_eq!(did(up(&mut db, &known(&files))), "+1 +2 +3");
    assert_eq!(db.query_row("SELECT group_concat(x) FROM main.a", [], |row| row.get::<_, String>(0)).unwrap(), "bar");
    assert_eq!(number(&db, "SELECT count(*) FROM pragma_database_list WHERE name = 'o'"), 0);
    assert_eq!(number(&db, "SELECT count(*) FROM sqlite_temp_master"), 0);
}

#[test]
fn a_setting_that_a_transaction_cannot_put_back_is_put_back_behind_it() {
    let mut db = memory();
    let file = "PRAGMA temp_store = MEMORY; CREATE TEMP TABLE t (x); CREATE TABLE a AS SELECT * FROM t;";
    assert_eq!(did(up(&mut db, &known(&[("20260101000001_a.sql", file)]))), "+1");
    assert_eq!((number(&db, "PRAGMA temp_store"), number(&db, "SELECT count(*) FROM sqlite_temp_master")), (0, 0));
}

/// The files before the failed one are run again one by one: without what it had set.
#[test]
fn a_failed_files_settings_do_not_reach_those_before_it() {
    let files = [
        ("20260101000001_a.sql", "CREATE TABLE p (x); CREATE VIEW v AS SELECT x FROM p; ALTER TABLE p RENAME TO p2;"),
        (
            "20260101000002_b.sql",
            "PRAGMA legacy_alter_table = ON; CREATE TABLE u (x UNIQUE); INSERT OR ROLLBACK INTO u VALUES (1), (1);",
        ),
    ];
    let mut db = memory();
    assert!(up(&mut db, &known(&files)).is_err());
    assert_eq!(number(&db, "SELECT count(*) FROM v"), 0);
}

#[test]
fn a_stored_text_that_was_changed_is_not_run() {
    let mut db = memory();
    let files = [("20260101000001_a.up.sql", "CREATE TABLE a (x);"), ("20260101000001_a.down.sql", "DROP TABLE a;")];
    up(&mut db, &known(&files)).unwrap();
    db.execute_batch("CREATE TABLE keep (x); UPDATE migrate_text SET text = 'DROP TABLE keep' WHERE text LIKE 'DROP%'")
        .unwrap();
    let said = did(down(&mut db, &known(&[]), DownTarget::Absent));
    assert!(said.contains("is not the one that was stored: its checksum differs"), "{said}");
    assert_eq!(tables(&db), ["a", "keep"]);
}

#[test]
fn a_bind_parameter_is_named_for_what_it_is() {
    let said =
        did(up(&mut memory(), &known(&[("20260101000001_a.sql", "CREATE TABLE a (x); INSERT INTO a VALUES (?);")])));
    assert!(
        said.starts_with("20260101000001_a.sql:1:21: a bind parameter, for which a migration has no value"),
        "{said}"
    );
}

#[test]
fn what_was_begun_outside_a_transaction_ends_there() {
    let mut db = memory();
    let faulty = "-- migrate:options transaction:false\nCREATE TABLE a (x);\nINSERT INTO a VALUES (1);\nSELECT nope;";
    assert!(up(&mut db, &known(&[("20260101000001_a.sql", faulty)])).is_err());
    // Without its option the file would be transactional, and begin at its first statement again.
    let keys = "-- migrate:options foreign_keys:off\nCREATE TABLE a (x);\nINSERT INTO a VALUES (1);\nSELECT 1;";
    let said = did(up(&mut db, &known(&[("20260101000001_a.sql", keys)])));
    assert!(said.contains("`foreign_keys:off` needs a transaction, and this file was begun outside one"), "{said}");
    let plain = "CREATE TABLE a (x);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);";
    assert_eq!(did(up(&mut db, &known(&[("20260101000001_a.sql", plain)]))), "+1");
    assert_eq!(number(&db, "SELECT sum(x) FROM a"), 3);
}

#[test]
fn what_is_half_done_and_has_lost_its_file() {
    let outside = |text: &str| format!("-- migrate:options transaction:false\n{text}");
    let mut db = memory();
    let (faulty, whole) =
        (outside("CREATE TABLE a (x);\nSELECT nope;"), outside("CREATE TABLE a (x);\nCREATE TABLE b (x);"));
    let back = outside("DROP TABLE a;\nDROP TABLE c;");
    let files = |up| known(&[("20260101000001_a.up.sql", up), ("20260101000001_a.down.sql", back.as_str())]);
    assert!(up(&mut db, &files(&faulty)).is_err());
    assert_eq!(
        did(down(&mut db, &known(&[]), DownTarget::Absent)),
        "refused, nothing was changed: 20260101000001_a is interrupted\n  \
         = it is half applied, and its file is gone: bring the file back and run `migrate up`, which finishes it"
    );
    up(&mut db, &files(&whole)).unwrap();
    // The way back stops half-way too, and is finished from the stored text.
    assert!(down(&mut db, &files(&whole), DownTarget::Count(1)).is_err());
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("1…", vec!["b".to_owned()]));
    db.execute_batch("CREATE TABLE c (x)").unwrap();
    assert_eq!(did(down(&mut db, &known(&[]), DownTarget::Absent)), "-1");
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("", vec!["b".to_owned()]));
}

#[test]
fn what_lives_in_the_session_only_is_refused_where_a_run_could_be_resumed() {
    let text = "-- migrate:options transaction:false\nCREATE TEMP TABLE t (x);\nVACUUM;";
    let said = did(up(&mut memory(), &known(&[("20260101000001_a.sql", text)])));
    assert!(
        said.contains("20260101000001_a.sql:2:1: CREATE TABLE makes something that lives in this session only"),
        "{said}"
    );
}

#[test]
fn settings_that_a_file_changed_are_put_back() {
    let mut db = memory();
    let files = [
        ("20260101000001_a.sql", "PRAGMA legacy_alter_table = ON; CREATE TABLE a (x);"),
        (
            "20260101000002_b.sql",
            "-- migrate:options transaction:false\nPRAGMA recursive_triggers = ON; CREATE TABLE b (x);",
        ),
        ("20260101000003_c.sql", "PRAGMA ignore_check_constraints = ON; SELECT nope;"),
    ];
    assert!(up(&mut db, &known(&files)).is_err());
    assert_eq!(recorded(&db), "1 2");
    for pragma in ["legacy_alter_table", "recursive_triggers", "ignore_check_constraints"] {
        assert_eq!(number(&db, &format!("PRAGMA {pragma}")), 0, "{pragma}");
    }
}

#[test]
fn all_in_one_transaction_on_request() {
    let files = [
        ("20260101000001_a.sql", "CREATE TABLE a (x);"),
        ("20260101000002_b.sql", "CREATE TABLE b (x);"),
        ("20260101000003_c.sql", "SELECT nope;"),
    ];
    let mut db = memory();
    let one = |db: &mut Connection, files: &[(&str, &str)]| {
        did(Migrator::new(&mut Sqlite::on(db)).transactions(Transactions::One).up(&known(files), UpTarget::All))
    };
    let said = one(&mut db, &files);
    assert!(said.contains("rolled back: 20260101000003_c, and the 2 others of its transaction"), "{said}");
    assert_eq!((recorded(&db).as_str(), tables(&db)), ("", Vec::new()));
    assert_eq!(one(&mut db, &files[..2]), "+1 +2");
    let said = one(&mut memory(), &[("20260101000004_d.sql", "VACUUM;")]);
    assert!(said.contains("20260101000004_d can't share one transaction with the others"), "{said}");
    let said = one(&mut memory(), &[files[0], ("20260101000004_d.sql", "VACUUM;")]);
    assert!(said.contains("20260101000004_d can't share one transaction with the others"), "{said}");
}

#[test]
fn a_trigger_and_a_string_with_semicolons_are_one_statement_each() {
    let text = "CREATE TABLE a (x, \"e;nd\");\n\
                CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = CASE WHEN x = ';' THEN 'END;' ELSE x END; \
                DELETE FROM a WHERE x IS NULL; END;\nINSERT INTO a VALUES (';', [x]) -- ; no end\n;";
    let text = text.replace("[x]", "1");
    assert_eq!(did(up(&mut memory(), &known(&[("20260101000001_a.sql", text.as_str())]))), "+1");
}
