//! What a file holds: encodings, and SQL that can't be run as it stands.

use super::{check, check_bytes, check_in};
use crate::sql::Dialect;

#[track_caller]
fn bytes(content: &[u8], expected: &str) {
    check_bytes(None, &[("20230314095813_x.up.sql", content)], expected);
}

#[track_caller]
fn up(dialect: impl Into<Option<Dialect>>, text: &str, expected: &str) {
    check_in(dialect, &[("20230314095813_x.up.sql", text)], expected);
}

#[test]
fn encodings() {
    bytes(
        b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n",
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;\r\nSELECT 2;\r\n" | irreversible"#,
    );
    bytes(
        b"\xff\xfeS\0E\0L\0E\0C\0T\0",
        r#"
m/20230314095813_x.up.sql: is UTF-16 (little-endian), not UTF-8
  help: save it as UTF-8
"#,
    );
    bytes(
        b"\xfe\xff\0S\0E\0L\0E\0C\0T",
        r#"
m/20230314095813_x.up.sql: is UTF-16 (big-endian), not UTF-8
  help: save it as UTF-8
"#,
    );
    bytes(
        b"S\0E\0L\0E\0C\0T\0",
        r#"
m/20230314095813_x.up.sql: is UTF-16 (little-endian), not UTF-8
  help: save it as UTF-8
"#,
    );
    bytes(
        b"\0S\0E\0L\0E\0C\0T",
        r#"
m/20230314095813_x.up.sql: is UTF-16 (big-endian), not UTF-8
  help: save it as UTF-8
"#,
    );
    bytes(
        b"SELECT 1;\nSELECT 'caf\xe9';",
        r#"
m/20230314095813_x.up.sql:2:12: the byte 0xE9 is not UTF-8
  help: it looks like Latin-1, where this is 'é': save the file as UTF-8
"#,
    );
    bytes(
        "SELECT 'é', '\u{80}'; ".as_bytes().split_last().unwrap().1,
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 'é', '\u{80}';" | irreversible"#,
    );
    bytes(
        b"SELECT '\xc3\xa9\x93';",
        r#"
m/20230314095813_x.up.sql:1:10: the byte 0x93 is not UTF-8
  help: save the file as UTF-8
"#,
    );
    bytes(
        b"SELECT '\xe2\x82",
        r#"
m/20230314095813_x.up.sql:1:9: the byte 0xE2 is not UTF-8
  help: save the file as UTF-8
"#,
    );
    bytes(
        b"SELECT 1;\n  \0",
        r#"
m/20230314095813_x.up.sql:2:3: NUL byte: databases stop reading a text there
  help: remove it
"#,
    );
}

#[test]
fn what_can_not_be_split() {
    up(None, "SELECT 1;\n  SELECT 'x;", "m/20230314095813_x.up.sql:2:10: unterminated string that starts here");
    up(Dialect::Sqlite, "SELECT \"x;", "m/20230314095813_x.up.sql:1:8: unterminated quoted name that starts here");
    up(Dialect::Postgres, "SELECT 1; /* x", "m/20230314095813_x.up.sql:1:11: unterminated comment that starts here");
    up(
        Dialect::Postgres,
        "DO $x$ BEGIN END $$;",
        "m/20230314095813_x.up.sql:1:4: unterminated $x$ string that starts here",
    );
    up(
        Dialect::Postgres,
        "\\restrict abc\nSELECT 1;",
        r#"
m/20230314095813_x.up.sql:1:1: \restrict is a command of the database's command-line client, not SQL
  help: remove it: only SQL is sent to the server
"#,
    );
    up(
        Dialect::Sqlite,
        ".mode csv\nSELECT 1;",
        r#"
m/20230314095813_x.up.sql:1:1: .mode is a command of the database's command-line client, not SQL
  help: remove it: only SQL is sent to the server
"#,
    );
    // An open string in PostgreSQL, none in MySQL; and the other way round.
    up(None, "SELECT 'it\\'s';", r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 'it\\'s';" | irreversible"#);
    up(Dialect::Postgres, "SELECT 'it\\'s';", "m/20230314095813_x.up.sql:1:14: unterminated string that starts here");
    up(None, "SELECT '\\';", r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT '\\';" | irreversible"#);
    up(Dialect::Mysql, "SELECT '\\';", "m/20230314095813_x.up.sql:1:8: unterminated string that starts here");
}

#[test]
fn places_are_those_of_the_file() {
    let text = "-- migrate:up\r\nSELECT 1;\r\n-- migrate:down\r\nSELECT 1;\r\n  COMMIT;\r\n";
    check(
        &[("20230314095813_x.sql", text)],
        r#"
m/20230314095813_x.sql:5:3: COMMIT would end the migration's own transaction: remove it; the runner opens and commits one
  help: for statements that can't run in a transaction, write `-- migrate:options transaction:false`
"#,
    );
}

#[test]
fn transaction_control() {
    up(
        None,
        "BEGIN;\nCREATE TABLE t (x INT);\nCOMMIT;\n",
        r#"
2 mistakes in the migrations:
m/20230314095813_x.up.sql:1:1: BEGIN would begin a transaction inside the migration's own: remove it; the runner opens and commits one
m/20230314095813_x.up.sql:3:1: COMMIT would end the migration's own transaction: remove it; the runner opens and commits one
"#,
    );
    up(
        Dialect::Postgres,
        "commit;\nCREATE INDEX CONCURRENTLY i ON t (x);\nbegin;\n",
        r#"
2 mistakes in the migrations:
m/20230314095813_x.up.sql:1:1: COMMIT would end the migration's own transaction: remove it; the runner opens and commits one
  help: for statements that can't run in a transaction, write `-- migrate:options transaction:false`
m/20230314095813_x.up.sql:3:1: BEGIN would begin a transaction inside the migration's own: remove it; the runner opens and commits one
"#,
    );
    up(
        Dialect::Postgres,
        "-- migrate:options transaction:false\nSTART TRANSACTION;\nSELECT 1;\nEND;",
        r#"
2 mistakes in the migrations:
m/20230314095813_x.up.sql:2:1: START TRANSACTION would begin a transaction inside the migration's own: remove it; the runner opens and commits one
  help: with `transaction:false` each statement commits by itself; what must be atomic goes to a file of its own
m/20230314095813_x.up.sql:4:1: END would end the migration's own transaction: remove it; the runner opens and commits one
  help: with `transaction:false` each statement commits by itself; what must be atomic goes to a file of its own
"#,
    );
    up(
        Dialect::Mysql,
        "ROLLBACK",
        r#"
m/20230314095813_x.up.sql:1:1: ROLLBACK would end the migration's own transaction: remove it; the runner opens and commits one
  help: for statements that can't run in a transaction, write `-- migrate:options transaction:false`
"#,
    );
    up(
        Dialect::Sqlite,
        "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END;",
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END;" | irreversible"#,
    );
    // Not told which database, only that counts which can be split at all.
    up(
        None,
        "SELECT 'it\\'s'; COMMIT;",
        r#"
m/20230314095813_x.up.sql:1:17: COMMIT would end the migration's own transaction: remove it; the runner opens and commits one
  help: for statements that can't run in a transaction, write `-- migrate:options transaction:false`
"#,
    );
}

#[track_caller]
fn down(dialect: impl Into<Option<Dialect>>, text: &str, expected: &str) {
    check_in(dialect, &[("20230314095813_x.up.sql", "SELECT 1;"), ("20230314095813_x.down.sql", text)], expected);
}

#[test]
fn downs_that_only_some_databases_can_run() {
    down(
        None,
        "/*!50003 DROP TRIGGER x */;",
        r#"
m/20230314095813_x.down.sql: holds statements in mysql, but only comments in postgres
  help: say which database it is, for instance embed_migrations!("migrations", mysql)
"#,
    );
    down(
        Dialect::Mysql,
        "/*!50003 DROP TRIGGER x */;",
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | m/20230314095813_x.down.sql:1 "/*!50003 DROP TRIGGER x */;""#,
    );
    down(
        None,
        "# none",
        r#"
m/20230314095813_x.down.sql: holds statements in postgres, but only comments in mysql
  help: say which database it is, for instance embed_migrations!("migrations", postgres)
"#,
    );
    down(Dialect::Mysql, "# none", r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | irreversible"#);
    down(
        None,
        "DELIMITER ;\n",
        r#"
m/20230314095813_x.down.sql: holds statements in postgres, but only comments in mysql
  help: say which database it is, for instance embed_migrations!("migrations", postgres)
"#,
    );
    down(
        None,
        "DROP TABLE x",
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | m/20230314095813_x.down.sql:1 "DROP TABLE x""#,
    );
    down(
        None,
        "(SELECT 1)",
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | m/20230314095813_x.down.sql:1 "(SELECT 1)""#,
    );
}
