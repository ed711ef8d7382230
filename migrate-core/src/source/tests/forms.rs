//! The four forms, and what contradicts in them.

use super::{check, check_bytes};

const V: &str = "20230314095813";

/// Files of one version, by what follows the version in their names.
#[track_caller]
fn one(files: &[(&str, &str)], expected: &str) {
    let files: Vec<(String, &str)> = files.iter().map(|(name, text)| (format!("{V}{name}"), *text)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    check(&files, expected);
}

#[test]
fn four_forms_in_one_directory() {
    check(
        &[
            (
                "20230101000003_sections.sql",
                "-- first\n-- migrate:up\nCREATE TABLE c (x INT);\n-- migrate:down\nDROP TABLE c;\n",
            ),
            ("20230101000001_pair.up.sql", "CREATE TABLE a (x INT);"),
            ("20230101000001_pair.down.sql", "DROP TABLE a;"),
            ("2023-01-01-000004_diesel/up.sql", "CREATE TABLE d (x INT);"),
            ("2023-01-01-000004_diesel/down.sql", "DROP TABLE d;"),
            ("20230101000002_plain.sql", "CREATE TABLE b (x INT);"),
            ("README.md", "about"),
        ],
        r#"
20230101000001_pair | m/20230101000001_pair.up.sql:1 "CREATE TABLE a (x INT);" | m/20230101000001_pair.down.sql:1 "DROP TABLE a;"
20230101000002_plain | m/20230101000002_plain.sql:1 "CREATE TABLE b (x INT);" | irreversible
20230101000003_sections | m/20230101000003_sections.sql:1 "-- first\n-- migrate:up\nCREATE TABLE c (x INT);\n" | m/20230101000003_sections.sql:4 "-- migrate:down\nDROP TABLE c;\n"
20230101000004_diesel | m/2023-01-01-000004_diesel/up.sql:1 "CREATE TABLE d (x INT);" | m/2023-01-01-000004_diesel/down.sql:1 "DROP TABLE d;"
"#,
    );
    check(&[], "");
}

#[test]
fn names_that_public_directories_have() {
    one(
        &[("_Añadir-usuarios_2.sql", "SELECT 1;")],
        r#"20230314095813_Añadir-usuarios_2 | m/20230314095813_Añadir-usuarios_2.sql:1 "SELECT 1;" | irreversible"#,
    );
    one(
        &[("_Cafe\u{301}.sql", "SELECT 1;")],
        r#"20230314095813_Café | m/20230314095813_Café.sql:1 "SELECT 1;" | irreversible"#,
    );
    one(
        &[("_2fa.up.sql", "SELECT 1;")],
        r#"20230314095813_2fa | m/20230314095813_2fa.up.sql:1 "SELECT 1;" | irreversible"#,
    );
    one(
        &[("_x.no-db-txn.up.sql", "SELECT 1;"), ("_x.down.sql", "SELECT 2;")],
        r#"20230314095813_x | m/20230314095813_x.no-db-txn.up.sql:1 "SELECT 1;" outside | m/20230314095813_x.down.sql:1 "SELECT 2;""#,
    );
    one(
        &[("_x.up.no-db-txn.sql", "SELECT 1;"), ("_x.no-db-txn.down.sql", "SELECT 2;")],
        r#"20230314095813_x | m/20230314095813_x.up.no-db-txn.sql:1 "SELECT 1;" outside | m/20230314095813_x.no-db-txn.down.sql:1 "SELECT 2;" outside"#,
    );
    one(
        &[("_x.no-db-txn.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down transaction:true\nSELECT 2;")],
        r#"20230314095813_x | m/20230314095813_x.no-db-txn.sql:1 "-- migrate:up\nSELECT 1;\n" outside | m/20230314095813_x.no-db-txn.sql:3 "-- migrate:down transaction:true\nSELECT 2;""#,
    );
}

#[test]
fn diesel_oddities() {
    check(
        &[
            ("00000000000000_diesel_initial_setup/up.sql", "SELECT 0;"),
            ("00000000000000_diesel_initial_setup/down.sql", "-- nothing here\n"),
            ("2019-05-26-216651_no_time_of_day/up.sql", "SELECT 1;"),
            ("2019-05-26-216651_no_time_of_day/down.sql", ""),
            ("2024-03-13_170000_underscore/up.sql", "SELECT 2;"),
            ("2024-03-14-170000_2_digits/up.sql", "SELECT 3;"),
            ("20240315170000_no_dashes/up.sql", "SELECT 4;"),
            ("20240315170000_no_dashes/.keep", ""),
        ],
        r#"
00000000000000_diesel_initial_setup | m/00000000000000_diesel_initial_setup/up.sql:1 "SELECT 0;" | irreversible
20190526216651_no_time_of_day | m/2019-05-26-216651_no_time_of_day/up.sql:1 "SELECT 1;" | irreversible
20240313170000_underscore | m/2024-03-13_170000_underscore/up.sql:1 "SELECT 2;" | irreversible
20240314170000_2_digits | m/2024-03-14-170000_2_digits/up.sql:1 "SELECT 3;" | irreversible
20240315170000_no_dashes | m/20240315170000_no_dashes/up.sql:1 "SELECT 4;" | irreversible
"#,
    );
}

#[track_caller]
fn with(toml: &str, expected: &str) {
    one(&[("_x/up.sql", "SELECT 1;"), ("_x/down.sql", "SELECT 2;"), ("_x/metadata.toml", toml)], expected);
}

#[test]
fn diesel_metadata() {
    with(
        "run_in_transaction = false",
        r#"20230314095813_x | m/20230314095813_x/up.sql:1 "SELECT 1;" outside | m/20230314095813_x/down.sql:1 "SELECT 2;" outside"#,
    );
    with(
        "# why\r\n  run_in_transaction=true # because\r\n",
        r#"20230314095813_x | m/20230314095813_x/up.sql:1 "SELECT 1;" | m/20230314095813_x/down.sql:1 "SELECT 2;""#,
    );
    with(
        "",
        r#"20230314095813_x | m/20230314095813_x/up.sql:1 "SELECT 1;" | m/20230314095813_x/down.sql:1 "SELECT 2;""#,
    );
    with(
        "run_in_transaction = no\n\n  run_in_transactions = true\n[extra]\n",
        r#"
3 mistakes in the migrations:
m/20230314095813_x/metadata.toml:1:1: `no` is no value of `run_in_transaction`
  help: it takes `true` or `false`
m/20230314095813_x/metadata.toml:3:3: unknown key `run_in_transactions`
  help: did you mean `run_in_transaction`?
m/20230314095813_x/metadata.toml:4:1: unknown key `[extra]`
  help: the only key is `run_in_transaction`
"#,
    );
    with(
        "run_in_transaction = false\nrun_in_transaction = false\n",
        r#"
m/20230314095813_x/metadata.toml:2:1: a second `run_in_transaction`
  help: keep one of them
"#,
    );
}

#[test]
fn diesel_and_options() {
    let toml = ("_x/metadata.toml", "run_in_transaction = false");
    one(
        &[("_x/up.sql", "-- migrate:options lock_timeout:5s\nSELECT 1;"), toml],
        r#"20230314095813_x | m/20230314095813_x/up.sql:1 "-- migrate:options lock_timeout:5s\nSELECT 1;" outside lock 5s | irreversible"#,
    );
    one(
        &[("_x/up.sql", "-- migrate:options transaction:true\nSELECT 1;"), toml],
        r#"
m/20230314095813_x/up.sql:1:20: `transaction:true`, and m/20230314095813_x/metadata.toml says `transaction:false`
  help: keep one of them
"#,
    );
    one(
        &[("_x.no-db-txn.sql", "-- migrate:options transaction:true\nSELECT 1;")],
        r#"
m/20230314095813_x.no-db-txn.sql:1:20: `transaction:true`, and the file's name says `transaction:false`
  help: keep one of them
"#,
    );
    one(
        &[("_x/up.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down transaction:false\n")],
        r#"
2 mistakes in the migrations:
m/20230314095813_x/up.sql:1:1: `-- migrate:up` divides a file that holds both ways, and this one holds one
  help: remove the line
m/20230314095813_x/up.sql:3:1: `-- migrate:down` divides a file that holds both ways, and this one holds one
  help: write `-- migrate:options transaction:false`
"#,
    );
}

#[test]
fn what_can_not_be_undone() {
    one(&[("_x.up.sql", "SELECT 1;")], r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | irreversible"#);
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_x.down.sql", " \r\n\t")],
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | irreversible"#,
    );
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_x.down.sql", "-- Add down migration script here\n")],
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | irreversible"#,
    );
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_x.down.sql", "/* none */ ;")],
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | irreversible"#,
    );
    one(
        &[("_x.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n")],
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:up\nSELECT 1;\n" | irreversible"#,
    );
    one(
        &[("_x.sql", "-- migrate:up\nSELECT 1;")],
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:up\nSELECT 1;" | irreversible"#,
    );
}

#[test]
fn nothing_to_undo() {
    let said = "-- migrate:options nothing-to-undo\n";
    let [up, down] = ["SELECT 1;", "SELECT 2;"].map(|text| format!("{said}{text}"));
    one(
        &[("_x.up.sql", &up)],
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "-- migrate:options nothing-to-undo\nSELECT 1;" | nothing to undo"#,
    );
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_x.down.sql", said)],
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "SELECT 1;" | nothing to undo"#,
    );
    one(
        &[("_x.sql", &format!("-- migrate:up\n{up}\n-- migrate:down\n"))],
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:up\n-- migrate:options nothing-to-undo\nSELECT 1;\n" | nothing to undo"#,
    );
    one(
        &[("_x.up.sql", &up), ("_x.down.sql", "\nSELECT 2;")],
        r#"
m/20230314095813_x.up.sql:1:20: `nothing-to-undo`, but there are statements in the down of m/20230314095813_x.down.sql
  help: remove either
"#,
    );
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_x.down.sql", &down)],
        r#"
m/20230314095813_x.down.sql:1:20: `nothing-to-undo`, but there are statements in the down of m/20230314095813_x.down.sql
  help: remove either
"#,
    );
    one(
        &[("_x.sql", &format!("{said}-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;"))],
        r#"
m/20230314095813_x.sql:1:20: `nothing-to-undo`, but there are statements in the down of m/20230314095813_x.sql
  help: remove either
"#,
    );
}

#[test]
fn one_version_once() {
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_x.sql", "SELECT 1;")],
        r#"
m/20230314095813_x.up.sql: the version 20230314095813 is taken by m/20230314095813_x.sql
  help: keep one of them, or give one another timestamp
"#,
    );
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_y.up.sql", "SELECT 1;"), ("_z/up.sql", "SELECT 1;")],
        r#"
2 mistakes in the migrations:
m/20230314095813_y.up.sql: the version 20230314095813 is taken by m/20230314095813_x.up.sql
  help: keep one of them, or give one another timestamp
m/20230314095813_z: the version 20230314095813 is taken by m/20230314095813_x.up.sql
  help: keep one of them, or give one another timestamp
"#,
    );
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_x.no-db-txn.up.sql", "SELECT 1;")],
        r#"
m/20230314095813_x.up.sql: the version 20230314095813 is taken by m/20230314095813_x.no-db-txn.up.sql
  help: keep one of them, or give one another timestamp
"#,
    );
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_x.down.sql", "SELECT 1;"), ("_x.no-db-txn.down.sql", "SELECT 1;")],
        r#"
m/20230314095813_x.no-db-txn.down.sql: the version 20230314095813 is taken by m/20230314095813_x.down.sql
  help: keep one of them, or give one another timestamp
"#,
    );
    check(
        &[("2023-03-14-095813_x/up.sql", "SELECT 1;"), ("20230314095813_x/up.sql", "SELECT 1;")],
        r#"
m/20230314095813_x: the version 20230314095813 is taken by m/2023-03-14-095813_x
  help: keep one of them, or give one another timestamp
"#,
    );
}

#[test]
fn a_down_needs_its_up() {
    one(
        &[("_x.down.sql", "SELECT 1;")],
        r#"
m/20230314095813_x.down.sql: there is no 20230314095813_x.up.sql to it
  help: write that, or remove this file
"#,
    );
    one(
        &[("_x.up.sql", "SELECT 1;"), ("_y.down.sql", "SELECT 1;")],
        r#"
m/20230314095813_y.down.sql: has the version of 20230314095813_x.up.sql, and another name
  help: rename it to 20230314095813_x.down.sql, or give it the version of its own up
"#,
    );
    one(
        &[("_x.sql", "SELECT 1;"), ("_x.down.sql", "SELECT 1;")],
        r#"
m/20230314095813_x.down.sql: belongs to an `.up.sql`, and the version 20230314095813 is 20230314095813_x.sql
  help: rename that to 20230314095813_x.up.sql, or keep only one of the two
"#,
    );
    // The misspelt up is one mistake, not two.
    one(
        &[("_x.upp.sql", "SELECT 1;"), ("_x.down.sql", "SELECT 1;")],
        r#"
m/20230314095813_x.upp.sql: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: did you mean `20230314095813_x.up.sql`?
"#,
    );
}

#[test]
fn empty_ups() {
    one(
        &[("_x.up.sql", "")],
        r#"
m/20230314095813_x.up.sql: is empty
  help: write its statements, or remove the file
"#,
    );
    one(
        &[("_x.sql", "\u{feff} \r\n")],
        r#"
m/20230314095813_x.sql: is empty
  help: write its statements, or remove the file
"#,
    );
    one(
        &[("_x/up.sql", "\n")],
        r#"
m/20230314095813_x/up.sql: is empty
  help: write its statements, or remove the file
"#,
    );
    one(
        &[("_x.sql", "-- why\n-- migrate:up\n\n-- migrate:down\nSELECT 1;")],
        r#"
m/20230314095813_x.sql:2:1: the up section is empty
  help: write its statements, or remove the file
"#,
    );
    one(
        &[("_x.up.sql", "-- comments only are fine\n")],
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "-- comments only are fine\n" | irreversible"#,
    );
    one(
        &[("_x.sql", "-- migrate:up\n-- fine\n-- migrate:down\n")],
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:up\n-- fine\n" | irreversible"#,
    );
}

#[test]
fn every_mistake_at_once() {
    check(
        &[
            ("001_a.sql", "SELECT 1;"),
            ("20230314095813_b.up.sql", "SELECT 'x;\n"),
            ("20230314095814_c.sql", "-- migrate:upp\nSELECT 1;\nCOMMIT;\n-- migrate:option x\n"),
            ("20230314095815_d.down.sql", ""),
            ("20230314095816_e.up.sql", " "),
        ],
        r#"
7 mistakes in the migrations:
m/001_a.sql: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `001` has 3
  help: name it by the UTC time it was written, for instance 20260102030405_a.sql (`migrate new a` does it)
m/20230314095813_b.up.sql:1:8: unterminated string that starts here
m/20230314095814_c.sql:1:1: unknown word `upp` after `-- migrate:`
  help: did you mean `-- migrate:up`?
m/20230314095814_c.sql:3:1: COMMIT would end the migration's own transaction: remove it; the runner opens and commits one
  help: for statements that can't run in a transaction, write `-- migrate:options transaction:false`
m/20230314095814_c.sql:4:1: unknown word `option` after `-- migrate:`
  help: did you mean `-- migrate:options`?
m/20230314095815_d.down.sql: there is no 20230314095815_d.up.sql to it
  help: write that, or remove this file
m/20230314095816_e.up.sql: is empty
  help: write its statements, or remove the file
"#,
    );
    check_bytes(
        None,
        &[("20230314095813_b.up.sql", b"\xff"), ("20230314095813_b.down.sql", b"\0")],
        r#"
2 mistakes in the migrations:
m/20230314095813_b.down.sql:1:1: NUL byte: databases stop reading a text there
  help: remove it
m/20230314095813_b.up.sql:1:1: the byte 0xFF is not UTF-8
  help: it looks like Latin-1, where this is 'ÿ': save the file as UTF-8
"#,
    );
}
