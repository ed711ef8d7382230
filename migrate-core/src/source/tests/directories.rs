//! Directories in the directory: diesel's, and those that are not read.

use super::check;

/// One file with a good text at a bad place.
#[track_caller]
fn bad(name: &str, expected: &str) {
    check(&[(name, "SELECT 1;")], expected);
}

#[test]
fn diesel_directories() {
    bad(
        "20230314_x/up.sql",
        r#"
m/20230314_x: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `20230314` has 8
  help: name it by the UTC time it was written, for instance 2026-01-02-030405_x
"#,
    );
    bad(
        "20230314/up.sql",
        r#"
m/20230314: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `20230314` has 8
  help: name it by the UTC time it was written, for instance 2026-01-02-030405_users
"#,
    );
    bad(
        "2023-02-31-095813_x/up.sql",
        r#"
m/2023-02-31-095813_x: `20230231095813` is no UTC timestamp: there is no day 2023-02-31
  help: name it by the UTC time it was written, for instance 2026-01-02-030405_x
"#,
    );
    bad(
        "2023-03-14-0958133_x/up.sql",
        r#"
m/2023-03-14-0958133_x: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `202303140958133` has 15
  help: name it by the UTC time it was written, for instance 2026-01-02-030405_x
"#,
    );
    bad(
        "2023-03-14-095813-x/up.sql",
        r#"
m/2023-03-14-095813-x: `_` stands between timestamp and name, and here it is '-'
  help: name it 2023-03-14-095813_x
"#,
    );
    bad(
        "2023-03-14-095813/up.sql",
        r#"
m/2023-03-14-095813: has no name after its timestamp
  help: say in a few words what it does, for instance 2023-03-14-095813_create_users.sql
"#,
    );
    bad(
        "2023-03-14-095813_x.y/up.sql",
        r#"
m/2023-03-14-095813_x.y: a migration's name is made of letters, digits, `_` and `-`, and this holds '.'
  help: name it 2023-03-14-095813_x_y
"#,
    );
    bad(
        "2023-03-14-095813_x/upp.sql",
        r#"
m/2023-03-14-095813_x/upp.sql: is not one of up.sql, down.sql and metadata.toml
  help: did you mean `up.sql`?
"#,
    );
    bad(
        "2023-03-14-095813_x/UP.SQL",
        r#"
m/2023-03-14-095813_x/UP.SQL: is not one of up.sql, down.sql and metadata.toml
  help: did you mean `up.sql`?
"#,
    );
    bad(
        "2023-03-14-095813_x/1.txt",
        r#"
m/2023-03-14-095813_x/1.txt: is not one of up.sql, down.sql and metadata.toml
  help: rename it, or move it away
"#,
    );
    bad(
        "2023-03-14-095813_x/metadata.tml",
        r#"
m/2023-03-14-095813_x/metadata.tml: is not one of up.sql, down.sql and metadata.toml
  help: did you mean `metadata.toml`?
"#,
    );
    bad(
        "2023-03-14-095813_x/down.sql",
        r#"
m/2023-03-14-095813_x: holds no up.sql
  help: write one, or remove the directory
"#,
    );
    bad(
        "2023-03-14-095813_x/old/up.sql",
        r#"
m/2023-03-14-095813_x: holds no up.sql
  help: write one, or remove the directory
"#,
    );
    bad(
        "old.sql/x",
        r#"
m/old.sql: is a directory, and its name is not that of a migration
  help: name it 20260102030405_create_users, with an up.sql in it, or move it out of the directory
"#,
    );
}

#[test]
fn sub_directories() {
    let top = ("20230314095813_x.sql", "SELECT 1;");
    let [in_sqlite, in_postgres] = ["sqlite", "postgres"].map(|dir| format!("{dir}/20230314095813_x.sql"));
    let (sqlite, postgres) = ((in_sqlite.as_str(), ""), (in_postgres.as_str(), ""));
    check(
        &[sqlite],
        r#"
m: holds no migration, but `sqlite` does
  help: did you mean `m/sqlite`?
"#,
    );
    check(
        &[sqlite, postgres, ("README.md", "")],
        r#"
m: holds no migration, but `postgres` and `sqlite` do
  help: did you mean `m/postgres` or `m/sqlite`?
"#,
    );
    check(
        &[("sqlite/2023-03-14-095813_x/up.sql", "")],
        r#"
m: holds no migration, but `sqlite` does
  help: did you mean `m/sqlite`?
"#,
    );
    check(
        &[top, sqlite, postgres, ("sqlite/a.sql", "")],
        r#"
2 mistakes in the migrations:
m/postgres: sub-directories are not read, and this one holds 20230314095813_x.sql
  help: move its files up, or the directory elsewhere
m/sqlite: sub-directories are not read, and this one holds 20230314095813_x.sql
  help: move its files up, or the directory elsewhere
"#,
    );
    check(&[top, ("seeds/data.csv", "")], r#"20230314095813_x | m/20230314095813_x.sql:1 "SELECT 1;" | irreversible"#);
}
