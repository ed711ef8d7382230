//! Directives: words, keys and values.

use super::check;

#[track_caller]
fn single(text: &str, expected: &str) {
    check(&[("20230314095813_x.sql", text)], expected);
}

#[track_caller]
fn options(keys: &str, expected: &str) {
    single(&format!("-- migrate:options {keys}\nSELECT 1;"), expected);
}

#[test]
fn keys() {
    options(
        "transaction:false",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:options transaction:false\nSELECT 1;" outside | irreversible"#,
    );
    options(
        "transaction:true",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:options transaction:true\nSELECT 1;" | irreversible"#,
    );
    options(
        "foreign_keys:off  lock_timeout:500ms\tretry_safe:true",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:options foreign_keys:off  lock_timeout:500ms\tretry_safe:true\nSELECT 1;" keys-off lock 500ms retry-safe | irreversible"#,
    );
    options(
        "lock_timeout:5s retry_safe:false store:false",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:options lock_timeout:5s retry_safe:false store:false\nSELECT 1;" lock 5s | irreversible | not stored"#,
    );
    options(
        "lock_timeout:1m store:true",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:options lock_timeout:1m store:true\nSELECT 1;" lock 60s | irreversible"#,
    );
    options("", r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:options \nSELECT 1;" | irreversible"#);
}

#[test]
fn sections_override_the_file() {
    single(
        "-- why\r\n-- migrate:options transaction:false lock_timeout:5s\r\n\r\n-- migrate:up lock_timeout:1m\r\nSELECT 1;\r\n\
         -- migrate:down transaction:true\r\nSELECT 2;\r\n",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- why\r\n-- migrate:options transaction:false lock_timeout:5s\r\n\r\n-- migrate:up lock_timeout:1m\r\nSELECT 1;\r\n" outside lock 60s | m/20230314095813_x.sql:6 "-- migrate:down transaction:true\r\nSELECT 2;\r\n" lock 5s"#,
    );
    // Options count for the file wherever they stand in it.
    single(
        "-- migrate:up\nSELECT 1\n-- migrate:down\nSELECT 2;\n-- migrate:options retry_safe:true",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:up\nSELECT 1\n" retry-safe | m/20230314095813_x.sql:3 "-- migrate:down\nSELECT 2;\n-- migrate:options retry_safe:true" retry-safe"#,
    );
    // In a pair, each file's options are its own; `store` is the migration's.
    check(
        &[
            ("20230314095813_x.up.sql", "-- migrate:options transaction:false\nSELECT 1;"),
            ("20230314095813_x.down.sql", "-- migrate:options lock_timeout:5s store:false\nSELECT 2;"),
        ],
        r#"20230314095813_x | m/20230314095813_x.up.sql:1 "-- migrate:options transaction:false\nSELECT 1;" outside | m/20230314095813_x.down.sql:1 "-- migrate:options lock_timeout:5s store:false\nSELECT 2;" lock 5s | not stored"#,
    );
    check(
        &[
            ("20230314095813_x.up.sql", "-- migrate:options store:true\nSELECT 1;"),
            ("20230314095813_x.down.sql", "-- migrate:options store:false\nSELECT 2;"),
        ],
        r#"
m/20230314095813_x.down.sql:1:20: `store` has another value in m/20230314095813_x.up.sql
  help: keep one of them
"#,
    );
}

#[test]
fn bad_keys() {
    options(
        "transactions:false",
        r#"
m/20230314095813_x.sql:1:20: unknown key `transactions`
  help: did you mean `transaction:false`?
"#,
    );
    options(
        "Transaction:false",
        r#"
m/20230314095813_x.sql:1:20: unknown key `Transaction`
  help: did you mean `transaction:false`?
"#,
    );
    options(
        "nothing_to_undo",
        r#"
m/20230314095813_x.sql:1:20: unknown key `nothing_to_undo`
  help: did you mean `nothing-to-undo`?
"#,
    );
    options(
        "lock-timeout:5s",
        r#"
m/20230314095813_x.sql:1:20: unknown key `lock-timeout`
  help: did you mean `lock_timeout:5s`?
"#,
    );
    options(
        "wait:5s",
        r#"
m/20230314095813_x.sql:1:20: unknown key `wait`
  help: known are `transaction`, `foreign_keys`, `lock_timeout`, `retry_safe`, `store`, `nothing-to-undo`
"#,
    );
    options(
        "créé transaction",
        r#"
2 mistakes in the migrations:
m/20230314095813_x.sql:1:20: unknown key `créé`
  help: known are `transaction`, `foreign_keys`, `lock_timeout`, `retry_safe`, `store`, `nothing-to-undo`
m/20230314095813_x.sql:1:25: `transaction` has no value
  help: write `transaction:false`
"#,
    );
    options(
        "transaction=false",
        r#"
m/20230314095813_x.sql:1:20: `transaction=false` is no `key:value`
  help: write `transaction:false`
"#,
    );
    options(
        "transaction: false",
        r#"
m/20230314095813_x.sql:1:20: `transaction:` has no value
  help: write `transaction:false`, without a blank
"#,
    );
    options(
        "nothing-to-undo:true",
        r#"
m/20230314095813_x.sql:1:20: `nothing-to-undo` takes no value
  help: write `-- migrate:options nothing-to-undo`
"#,
    );
    options(
        "transaction:false transaction:true",
        r#"
m/20230314095813_x.sql:1:38: `transaction` has another value at 1:20
  help: keep one of them
"#,
    );
    options(
        "transaction:false transaction:false",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:options transaction:false transaction:false\nSELECT 1;" outside | irreversible"#,
    );
    single(
        "-- migrate:options store:false\n-- migrate:options store:true\nSELECT 1;",
        r#"
m/20230314095813_x.sql:2:20: `store` has another value at 1:20
  help: keep one of them
"#,
    );
    single(
        "-- migrate:up store:false nothing-to-undo\nSELECT 1;",
        r#"
2 mistakes in the migrations:
m/20230314095813_x.sql:1:15: `store` is for the whole file, not for `-- migrate:up`
  help: write `-- migrate:options store:false`
m/20230314095813_x.sql:1:27: `nothing-to-undo` is for the whole file, not for `-- migrate:up`
  help: write `-- migrate:options nothing-to-undo`
"#,
    );
}

#[test]
fn bad_values() {
    options(
        "transaction:no",
        r#"
m/20230314095813_x.sql:1:20: `no` is no value of `transaction`
  help: it takes `true` or `false`
"#,
    );
    options(
        "foreign_keys:on",
        r#"
m/20230314095813_x.sql:1:20: `on` is no value of `foreign_keys`
  help: it takes `off`
"#,
    );
    options(
        "retry_safe:TRUE",
        r#"
m/20230314095813_x.sql:1:20: `TRUE` is no value of `retry_safe`
  help: it takes `true` or `false`
"#,
    );
    options(
        "store:never",
        r#"
m/20230314095813_x.sql:1:20: `never` is no value of `store`
  help: it takes `true` or `false`
"#,
    );
    options(
        "lock_timeout:5",
        r#"
m/20230314095813_x.sql:1:20: `5` is no value of `lock_timeout`
  help: it takes a time such as `500ms`, `5s` or `1m`, more than nothing and at most 24 days
"#,
    );
    options(
        "lock_timeout:0s",
        r#"
m/20230314095813_x.sql:1:20: `0s` is no value of `lock_timeout`
  help: it takes a time such as `500ms`, `5s` or `1m`, more than nothing and at most 24 days
"#,
    );
    options(
        "lock_timeout:1.5s",
        r#"
m/20230314095813_x.sql:1:20: `1.5s` is no value of `lock_timeout`
  help: it takes a time such as `500ms`, `5s` or `1m`, more than nothing and at most 24 days
"#,
    );
    options(
        "lock_timeout:99999999999999999999s",
        r#"
m/20230314095813_x.sql:1:20: `99999999999999999999s` is no value of `lock_timeout`
  help: it takes a time such as `500ms`, `5s` or `1m`, more than nothing and at most 24 days
"#,
    );
    options(
        "lock_timeout:400000000m",
        r#"
m/20230314095813_x.sql:1:20: `400000000m` is no value of `lock_timeout`
  help: it takes a time such as `500ms`, `5s` or `1m`, more than nothing and at most 24 days
"#,
    );
}

#[test]
fn words() {
    single(
        "-- migrate:upp\nSELECT 1;",
        r#"
m/20230314095813_x.sql:1:1: unknown word `upp` after `-- migrate:`
  help: did you mean `-- migrate:up`?
"#,
    );
    single(
        "-- migrate:UP\nSELECT 1;",
        r#"
m/20230314095813_x.sql:1:1: unknown word `UP` after `-- migrate:`
  help: did you mean `-- migrate:up`?
"#,
    );
    single(
        "-- migrate:\nSELECT 1;",
        r#"
m/20230314095813_x.sql:1:1: `-- migrate:` without a word
  help: known are `up`, `down`, `options`, `loses`, `allow`, `batch`, `repeat`, `verify`
"#,
    );
    single(
        "-- migrate:sideways\nSELECT 1;",
        r#"
m/20230314095813_x.sql:1:1: unknown word `sideways` after `-- migrate:`
  help: known are `up`, `down`, `options`, `loses`, `allow`, `batch`, `repeat`, `verify`
"#,
    );
    single(
        "SELECT 1;\n-- migrate:sideways\n",
        r#"
m/20230314095813_x.sql:2:1: unknown word `sideways` after `-- migrate:`
  help: known are `up`, `down`, `options`, `loses`, `allow`, `batch`, `repeat`, `verify`
"#,
    );
    single(
        "-- migrate:batch table:t key:id\nUPDATE t SET x = 1;",
        r#"
m/20230314095813_x.sql:1:1: `-- migrate:batch` is reserved, and this version can't run it yet
  help: remove it, and write the statements out
"#,
    );
    single(
        "-- migrate:repeat\nSELECT 1;\n-- migrate:verify\nSELECT 2;",
        r#"
2 mistakes in the migrations:
m/20230314095813_x.sql:1:1: `-- migrate:repeat` is reserved, and this version can't run it yet
  help: remove it, and write the statements out
m/20230314095813_x.sql:3:1: `-- migrate:verify` is reserved, and this version can't run it yet
  help: remove it, and write the statements out
"#,
    );
    single(
        "-- migrate:allow drop-column the column was never used\nALTER TABLE t DROP COLUMN x;",
        r#"20230314095813_x | m/20230314095813_x.sql:1 "-- migrate:allow drop-column the column was never used\nALTER TABLE t DROP COLUMN x;" | irreversible"#,
    );
}
