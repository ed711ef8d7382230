//! The newest migrations in other orders: what depends, what differs, and who is told to be why.
#![allow(clippy::unwrap_used)]

mod common;

use common::{check_with, mysql, postgres};
use migrate_check::{Check, Scratch, sqlite::InMemory};
use migrate_core::Driver;

const NAMES: [&str; 5] = ["20260101_a", "20260102_b", "20260103_c", "20260104_d", "20260105_e"];

/// The scripts are the migrations `base`, then `a`, `b` and so on; the last ones are tried in other orders, and this is said.
fn orders<S: Scratch>(scratch: &S, newest: usize, base: &str, scripts: &[&str]) -> String
where
    <S::Driver as Driver>::Connection: 'static,
{
    let name = |label: &str| format!("{}000000_{}.sql", &label[..8], &label[9..]);
    let files: Vec<_> = NAMES.iter().map(|label| name(label)).collect();
    let mut all = vec![("20251231000000_base.sql", base)];
    all.extend(files.iter().map(String::as_str).zip(scripts.iter().copied()));
    let told = match check_with(&Check::new().order(newest), scratch, &all) {
        Ok(report) => report.to_string(),
        Err(error) => error.to_string(),
    };
    let mut told = told.replace("000000_", "_").replace("2026010", "");
    if let Some((counts, rest)) = told.split_once("; the newest ") {
        assert!(counts.starts_with("checked "), "{told}");
        told = format!("the newest {rest}");
    }
    told
}

const T: &str = "CREATE TABLE t (x int);";

#[test]
fn all_orders_end_in_the_same_schema() {
    let four = ["CREATE TABLE a (x);", "CREATE TABLE b (x);", "CREATE TABLE c (x);", "CREATE INDEX i ON t (x);"];
    let told = |newest| orders(&InMemory, newest, T, &four);
    assert_eq!(told(2), "the newest 2 in 1 other order: the same schema");
    assert_eq!(told(3), "the newest 3 in 5 other orders: the same schema");
    assert_eq!(told(4), "the newest 4 in 23 other orders: the same schema");
    let irreversible = "20251231_base, 1_a, 2_b, 3_c, 4_d";
    let checked =
        format!("checked 5 migrations: 0 up, down and up again; 5 irreversible, applied once: {irreversible}");
    assert_eq!([told(0), told(1)], [checked.clone(), checked]);
    // `base` is the fifth: it stands before all that is asked for, and `d` needs it. More than there are is all there are.
    let expected = "the newest 5 in 5 other orders: 4 the same schema, 1 fails, for one needs another\n\
                    note: 20251231_base must come before 4_d, or 1_a must come before 4_d, or 2_b must come before 4_d: \
                    otherwise 4_d fails: no such table: main.t";
    assert_eq!(told(9), expected);
}

#[test]
fn a_dependency_is_told_and_is_no_failure() {
    let told = orders(&InMemory, 2, T, &["CREATE TABLE a (x);", "CREATE INDEX i ON a (x);"]);
    let expected = "the newest 2 in 1 other order: it fails, for one needs another\n\
                    note: 1_a must come before 2_b: otherwise 2_b fails: no such table: main.a";
    assert_eq!(told, expected);
    // The later one takes away what the earlier one changes.
    let told = orders(&InMemory, 2, T, &["ALTER TABLE t ADD y;", "DROP TABLE t;"]);
    let expected = "the newest 2 in 1 other order: it fails, for one needs another\n\
                    note: 1_a must come before 2_b: otherwise 1_a fails: no such table: t";
    assert_eq!(told, expected);
    // Each pair once, whatever else an order turns round.
    let chain = ["CREATE TABLE a (x);", "ALTER TABLE a ADD y;", "CREATE INDEX i ON a (y);"];
    let expected = "the newest 3 in 5 other orders: each fails, for one needs another\n\
                    note: 2_b must come before 3_c: otherwise 3_c fails: no such column: y\n\
                    note: 1_a must come before 2_b: otherwise 2_b fails: no such table: a";
    assert_eq!(orders(&InMemory, 3, T, &chain), expected);
}

#[test]
fn the_pair_that_makes_another_schema_is_named() {
    let first = "CREATE TABLE IF NOT EXISTS u (x);";
    let other = "CREATE TABLE IF NOT EXISTS u (y);";
    let expected = "the order of 1_a and 2_b matters: turned round, they end in another schema\n  \
                    only in version order: column u.x\n  \
                    only turned round: column u.y\n  \
                    = a database that has the later one already gets the earlier one behind it, and nothing fails\n  \
                    = let them not touch the same thing, or make one migration of them";
    assert_eq!(orders(&InMemory, 2, T, &[first, other]), expected);
    // Two that are no neighbours.
    let told = orders(&InMemory, 3, T, &[first, "CREATE TABLE b (x);", other]);
    assert!(told.starts_with("the order of 1_a and 3_c matters: "), "{told}");
    // Only the last two are asked about.
    let told = orders(&InMemory, 2, T, &[first, "CREATE TABLE b (x);", other]);
    assert_eq!(told, "the newest 2 in 1 other order: the same schema");
    // Of five not every pair stands alone in some order.
    let many = [first, "CREATE TABLE b (x);", "CREATE TABLE c (x);", "CREATE TABLE d (x);", other];
    let told = orders(&InMemory, 5, T, &many);
    assert!(told.starts_with("the order matters: 5_e, 4_d, 3_c, 2_b, 1_a ends in another schema than"), "{told}");
}

/// Two branches that each add a column to one table are the commonest case of all.
#[test]
fn the_place_of_columns_is_a_note_on_each_database() {
    let scripts = ["ALTER TABLE t ADD y int;", "ALTER TABLE t ADD z int;"];
    let expected = |table: &str| {
        format!(
            "the newest 2 in 1 other order: the same schema\n\
             note: 2_b before 1_a leaves the columns of {table} as x, z, y, and in version order they are x, y, z"
        )
    };
    assert_eq!(orders(&InMemory, 2, T, &scripts), expected("t"));
    assert_eq!(orders(&postgres(), 2, T, &scripts), expected("public.t"));
    for variable in ["MIGRATE_TEST_MYSQL", "MIGRATE_TEST_MARIADB"] {
        assert_eq!(orders(&mysql(variable), 2, T, &scripts), expected("t"));
    }
}

#[test]
fn what_only_a_server_knows() {
    // The names that the server gives.
    let told = orders(&postgres(), 2, T, &["ALTER TABLE t ADD CHECK (x > 1);", "ALTER TABLE t ADD CHECK (x < 9);"]);
    let expected = "the order of 1_a and 2_b matters: turned round, they end in another schema\n  \
                    in version order: constraint public.t.t_x_check: CHECK ((x > 1))\n  \
                    turned round: constraint public.t.t_x_check: CHECK ((x < 9))\n";
    assert!(told.starts_with(expected), "{told}");
    let values = ["ALTER TYPE e ADD VALUE 'b';", "ALTER TYPE e ADD VALUE 'c';"];
    let told = orders(&postgres(), 2, "CREATE TYPE e AS ENUM ('a');", &values);
    assert!(told.contains("\n  turned round: type public.e: ENUM ('a', 'c', 'b')\n"), "{told}");
    // What can't be in a transaction, and half of it is done when it fails: each order has a database of its own.
    let scripts =
        ["CREATE TABLE a (x int);", "CREATE TABLE b (x int); ALTER TABLE a ADD y int;", "CREATE TABLE c (x int);"];
    for variable in ["MIGRATE_TEST_MYSQL", "MIGRATE_TEST_MARIADB"] {
        let told = orders(&mysql(variable), 3, T, &scripts);
        let expected = "the newest 3 in 5 other orders: 2 the same schema, 3 fail, for one needs another\n\
                        note: 1_a must come before 2_b: otherwise 2_b fails: ";
        assert!(told.starts_with(expected), "{told}");
    }
    let scripts =
        ["CREATE TABLE a (x int);", "CREATE INDEX CONCURRENTLY i ON a (x);", "CREATE INDEX CONCURRENTLY j ON t (x);"];
    let told = orders(&postgres(), 3, T, &scripts);
    let expected = "the newest 3 in 5 other orders: 2 the same schema, 3 fail, for one needs another\n\
                    note: 1_a must come before 2_b: otherwise 2_b fails: relation \"a\" does not exist";
    assert_eq!(told, expected);
}
