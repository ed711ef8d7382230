//! Where directives may stand, and lines that are almost directives.

use super::{check, check_in};
use crate::sql::Dialect;

#[track_caller]
fn single(text: &str, expected: &str) {
    check(&[("20230314095813_x.sql", text)], expected);
}

#[test]
fn slips() {
    single(
        "-- migrate: up\nSELECT 1;\n-- migrate: down\nSELECT 2;",
        r#"
m/20230314095813_x.sql:1:1: a blank stands between `-- migrate:` and its word
  help: write `-- migrate:up`, or start the comment with another word
"#,
    );
    single(
        "SELECT 1;\n-- migrate: the rows of last year\nSELECT 2;",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "SELECT 1;\n-- migrate: the rows of last year\nSELECT 2;" | irreversible"#,
    );
    single(
        "--migrate:up\nSELECT 1;\n--migrate:down\nSELECT 2;",
        r#"
2 mistakes in the migrations:
m/20230314095813_x.sql:1:1: almost a directive: these are in lower case, after `-- ` at the start of the line, without other blanks
  help: write `-- migrate:up`
m/20230314095813_x.sql:3:1: almost a directive: these are in lower case, after `-- ` at the start of the line, without other blanks
  help: write `-- migrate:down`
"#,
    );
    single(
        "-- migrate:up\nSELECT 1;\n  -- migrate:down transaction:false\nSELECT 2;",
        r#"
m/20230314095813_x.sql:3:3: almost a directive: these are in lower case, after `-- ` at the start of the line, without other blanks
  help: write `-- migrate:down transaction:false`
"#,
    );
    single(
        "-- migrate:up\nSELECT 1;\n--  Migrate :Down\nSELECT 2;",
        r#"
m/20230314095813_x.sql:3:1: almost a directive: these are in lower case, after `-- ` at the start of the line, without other blanks
  help: write `-- migrate:down`
"#,
    );
    single(
        "--migrate: options transaction:false\nSELECT 1;",
        r#"
m/20230314095813_x.sql:1:1: almost a directive: these are in lower case, after `-- ` at the start of the line, without other blanks
  help: write `-- migrate:options transaction:false`
"#,
    );
    single(
        "SELECT 1;\n-- Migrate: up to here all is well\n--migrate:something\n/*\n --migrate:down\n*/",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "SELECT 1;\n-- Migrate: up to here all is well\n--migrate:something\n/*\n --migrate:down\n*/" | irreversible"#,
    );
    single(
        "SELECT 1; -- migrate:down is what comes next\n",
        "m/20230314095813_x.sql:1:11: almost a directive: these are in lower case, after `-- ` at the start of the line, \
         without other blanks\n  help: write `-- migrate:down is what comes next`",
    );
    single(
        "SELECT 1; -- migrate:something else\n",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "SELECT 1; -- migrate:something else\n" | irreversible"#,
    );
}

#[test]
fn markers() {
    single(
        "-- migrate:down\nSELECT 1;",
        r#"
m/20230314095813_x.sql:1:1: `-- migrate:down` without a `-- migrate:up` before it
  help: write `-- migrate:up` first
"#,
    );
    single(
        "-- migrate:down\nSELECT 1;\n-- migrate:up\nSELECT 2;",
        r#"
m/20230314095813_x.sql:3:1: `-- migrate:up` behind the `-- migrate:down` of line 1
  help: put the up section first
"#,
    );
    single(
        "-- migrate:up\nSELECT 1;\n-- migrate:up\nSELECT 2;",
        r#"
m/20230314095813_x.sql:3:1: a second `-- migrate:up`; the first one is in line 1
  help: one file holds one migration: write a file for each
"#,
    );
    single(
        "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n-- migrate:down\n",
        r#"
m/20230314095813_x.sql:5:1: a second `-- migrate:down`; the first one is in line 3
  help: one file holds one migration: write a file for each
"#,
    );
    single(
        "CREATE TABLE t (x INT);\n-- migrate:up\nSELECT 1;",
        r#"
m/20230314095813_x.sql:2:1: statements before `-- migrate:up`
  help: put them behind it: only comments and `-- migrate:options` stand before it
"#,
    );
    single(
        "/* a comment\n */\n\n-- migrate:up\nSELECT 1;",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "/* a comment\n */\n\n-- migrate:up\nSELECT 1;" | irreversible"#,
    );
    let marked = "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nSELECT 2;";
    check(
        &[("20230314095813_x.up.sql", marked)],
        r#"
2 mistakes in the migrations:
m/20230314095813_x.up.sql:1:1: `-- migrate:up` divides a file that holds both ways, and this one holds one
  help: write `-- migrate:options transaction:false`
m/20230314095813_x.up.sql:3:1: `-- migrate:down` divides a file that holds both ways, and this one holds one
  help: remove the line
"#,
    );
    check(
        &[("20230314095813_x.up.sql", "SELECT 1;"), ("20230314095813_x.down.sql", "-- migrate:down\nSELECT 1;")],
        r#"
m/20230314095813_x.down.sql:1:1: `-- migrate:down` divides a file that holds both ways, and this one holds one
  help: remove the line
"#,
    );
    check(
        &[("20230314095813_x/up.sql", marked)],
        r#"
2 mistakes in the migrations:
m/20230314095813_x/up.sql:1:1: `-- migrate:up` divides a file that holds both ways, and this one holds one
  help: write `-- migrate:options transaction:false`
m/20230314095813_x/up.sql:3:1: `-- migrate:down` divides a file that holds both ways, and this one holds one
  help: remove the line
"#,
    );
}

#[test]
fn directives_that_only_some_databases_see() {
    // Dollar quotes are PostgreSQL's, backslashes in strings MySQL's.
    let dollar = "-- migrate:up\nSELECT $$\n-- migrate:down\n$$;";
    let file = |text| [("20230314095813_x.sql", text)];
    single(
        dollar,
        r#"
m/20230314095813_x.sql:3:1: line 3 is a directive in mariadb, but inside a literal or a comment in postgres
  help: say which database it is, for instance embed_migrations!("migrations", mariadb)
"#,
    );
    check_in(
        Dialect::Postgres,
        &file(dollar),
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:up\nSELECT $$\n-- migrate:down\n$$;" | irreversible"#,
    );
    let backslash = "-- migrate:up\nSELECT 'it\\'s';\n-- migrate:down\nSELECT 'it\\'s';";
    single(
        backslash,
        r#"
m/20230314095813_x.sql:3:1: line 3 is a directive in mysql, but inside a literal or a comment in sqlite
  help: say which database it is, for instance embed_migrations!("migrations", mysql)
"#,
    );
    check_in(
        Dialect::Mysql,
        &file(backslash),
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:up\nSELECT 'it\\'s';\n" | m/20230314095813_x.sql:3 "-- migrate:down\nSELECT 'it\\'s';""#,
    );
    // Three quotes: an open string in some dialects is no reason to doubt the others.
    single(
        "-- migrate:up\nSELECT 'it\\'s';\n-- migrate:down\nSELECT 1;",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:up\nSELECT 'it\\'s';\n" | m/20230314095813_x.sql:3 "-- migrate:down\nSELECT 1;""#,
    );
}
