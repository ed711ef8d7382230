//! Names that are not a migration's, one by one.

use super::check;

/// One file with a good text under a bad name.
#[track_caller]
fn bad(name: &str, expected: &str) {
    check(&[(name, "SELECT 1;")], expected);
}

#[test]
fn versions() {
    bad(
        "001_users.sql",
        r#"
m/001_users.sql: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `001` has 3
  help: name it by the UTC time it was written, for instance 20260102030405_users.sql (`migrate new users` does it)
"#,
    );
    bad(
        "1_x.up.sql",
        r#"
m/1_x.up.sql: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `1` has 1
  help: name it by the UTC time it was written, for instance 20260102030405_x.up.sql (`migrate new x` does it)
"#,
    );
    bad(
        "20230231000000_x.up.sql",
        r#"
m/20230231000000_x.up.sql: `20230231000000` is no UTC timestamp: there is no day 2023-02-31
  help: correct it, or name it by the UTC time it was written, for instance 20260102030405_x.up.sql (`migrate new x` does it)
"#,
    );
    bad(
        "20230314250000_x.up.sql",
        r#"
m/20230314250000_x.up.sql: `20230314250000` is no UTC timestamp: there is no time 25:00:00
  help: correct it, or name it by the UTC time it was written, for instance 20260102030405_x.up.sql (`migrate new x` does it)
"#,
    );
    bad(
        "2023031409581300_x.sql",
        r#"
m/2023031409581300_x.sql: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `2023031409581300` has 16
  help: name it by the UTC time it was written, for instance 20260102030405_x.sql (`migrate new x` does it)
"#,
    );
    bad(
        "99999999999999999999999999_x.sql",
        r#"
m/99999999999999999999999999_x.sql: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `99999999999999999999999999` has 26
  help: name it by the UTC time it was written, for instance 20260102030405_x.sql (`migrate new x` does it)
"#,
    );
    bad(
        "users.sql",
        r#"
m/users.sql: does not begin with a version; a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it by the UTC time it was written, for instance 20260102030405_users.sql (`migrate new users` does it); if it is no migration, move it out of the directory
"#,
    );
    bad(
        "schema.sql",
        r#"
m/schema.sql: does not begin with a version; a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it by the UTC time it was written, for instance 20260102030405_schema.sql (`migrate new schema` does it); if it is no migration, move it out of the directory
"#,
    );
    bad(".up.sql", "");
    bad(
        "2023-03-14-095813_x.up.sql",
        r#"
m/2023-03-14-095813_x.up.sql: only a directory may have `-` or `_` between the digits of its timestamp
  help: name it 20230314095813_x.up.sql
"#,
    );
    bad(
        "20230314095813-x.sql",
        r#"
m/20230314095813-x.sql: `_` stands between timestamp and name, and here it is '-'
  help: name it 20230314095813_x.sql
"#,
    );
    bad(
        "20230314095813 x.sql",
        r#"
m/20230314095813 x.sql: `_` stands between timestamp and name, and here it is ' '
  help: name it 20230314095813_x.sql
"#,
    );
    bad(
        "20230314095813x.sql",
        r#"
m/20230314095813x.sql: `_` stands between timestamp and name, and here it is 'x'
  help: name it 20230314095813_x.sql
"#,
    );
    bad(
        "20230314095813.sql",
        r#"
m/20230314095813.sql: has no name after its timestamp
  help: say in a few words what it does, for instance 20230314095813_create_users.sql
"#,
    );
    bad(
        "20230314095813.up.sql",
        r#"
m/20230314095813.up.sql: has no name after its timestamp
  help: say in a few words what it does, for instance 20230314095813_create_users.up.sql
"#,
    );
    bad(
        "20230314095813",
        r#"
m/20230314095813: has no name after its timestamp
  help: say in a few words what it does, for instance 20230314095813_create_users.sql
"#,
    );
    bad(
        "20230314095813_.up.sql",
        r#"
m/20230314095813_.up.sql: has no name after its timestamp
  help: say in a few words what it does, for instance 20230314095813_create_users.up.sql
"#,
    );
}

#[test]
fn other_tools() {
    bad(
        "V1__users.sql",
        r#"
m/V1__users.sql: is a name for Flyway; here a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it by the UTC time it was written, for instance 20260102030405_users.sql (`migrate new users` does it)
"#,
    );
    bad(
        "V1.2__add_orders.sql",
        r#"
m/V1.2__add_orders.sql: is a name for Flyway; here a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it by the UTC time it was written, for instance 20260102030405_add_orders.sql (`migrate new add_orders` does it)
"#,
    );
    bad(
        "V20230314095813__users.sql",
        r#"
m/V20230314095813__users.sql: is a name for Flyway; here a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it 20230314095813_users.sql
"#,
    );
    bad(
        "U1__users.sql",
        r#"
m/U1__users.sql: is a name for Flyway; here a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it by the UTC time it was written, for instance 20260102030405_users.down.sql (`migrate new users` does it)
"#,
    );
    bad(
        "R__views.sql",
        r#"
m/R__views.sql: is a name for Flyway; here a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it by the UTC time it was written, for instance 20260102030405_views.sql (`migrate new views` does it)
"#,
    );
    bad(
        "20230314095813_x/migration.sql",
        r#"
m/20230314095813_x/migration.sql: is not one of up.sql, down.sql and metadata.toml
  help: did you mean `up.sql`?
"#,
    );
}

#[test]
fn endings() {
    bad(
        "20230314095813_x.upp.sql",
        r#"
m/20230314095813_x.upp.sql: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: did you mean `20230314095813_x.up.sql`?
"#,
    );
    bad(
        "20230314095813_x.donw.sql",
        r#"
m/20230314095813_x.donw.sql: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: did you mean `20230314095813_x.down.sql`?
"#,
    );
    bad(
        "20230314095813_x.up.sq",
        r#"
m/20230314095813_x.up.sq: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: did you mean `20230314095813_x.up.sql`?
"#,
    );
    bad(
        "20230314095813_x.up.sqll",
        r#"
m/20230314095813_x.up.sqll: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: did you mean `20230314095813_x.up.sql`?
"#,
    );
    bad(
        "20230314095813_x.SQL",
        r#"
m/20230314095813_x.SQL: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: did you mean `20230314095813_x.sql`?
"#,
    );
    bad(
        "20230314095813_x.UP.SQL",
        r#"
m/20230314095813_x.UP.SQL: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: did you mean `20230314095813_x.up.sql`?
"#,
    );
    bad(
        "20230314095813_x.up.sql.orig",
        r#"
m/20230314095813_x.up.sql.orig: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: name it 20230314095813_x.up.sql, or move it out of the directory
"#,
    );
    bad(
        "20230314095813_x.sql.bak",
        r#"
m/20230314095813_x.sql.bak: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: name it 20230314095813_x.sql, or move it out of the directory
"#,
    );
    bad(
        "20230314095813_x.sql~.txt",
        r#"
m/20230314095813_x.sql~.txt: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: name it 20230314095813_x.sql, or move it out of the directory
"#,
    );
    bad(
        "20230314095813_x.txt",
        r#"
m/20230314095813_x.txt: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: name it 20230314095813_x.sql, or move it out of the directory
"#,
    );
    bad(
        "20230314095813_x",
        r#"
m/20230314095813_x: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: name it 20230314095813_x.sql, or move it out of the directory
"#,
    );
    bad(
        "20230314095813_x.",
        r#"
m/20230314095813_x.: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: name it 20230314095813_x.sql, or move it out of the directory
"#,
    );
    bad(
        "20230314095813_v1.2.up.sql",
        r#"
m/20230314095813_v1.2.up.sql: a migration's name is made of letters, digits, `_` and `-`, and this holds '.'
  help: name it 20230314095813_v1_2.up.sql
"#,
    );
    bad(
        "20230314095813_x.no-db-tx.up.sql",
        r#"
m/20230314095813_x.no-db-tx.up.sql: a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`
  help: did you mean `20230314095813_x.no-db-txn.up.sql`?
"#,
    );
    bad(
        "20230314095813_x.up.down.sql",
        r#"
m/20230314095813_x.up.down.sql: a migration's name is made of letters, digits, `_` and `-`, and this holds '.'
  help: name it 20230314095813_x_up.down.sql
"#,
    );
    bad(
        "20230314095813_add users.sql",
        r#"
m/20230314095813_add users.sql: a migration's name is made of letters, digits, `_` and `-`, and this holds ' '
  help: name it 20230314095813_add_users.sql
"#,
    );
    bad(
        "x.up.sql.orig",
        r#"
m/x.up.sql.orig: does not begin with a version; a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it by the UTC time it was written, for instance 20260102030405_x.up.sql (`migrate new x` does it); if it is no migration, move it out of the directory
"#,
    );
    bad(
        "#20230314095813_x.up.sql#",
        r#"
m/#20230314095813_x.up.sql#: does not begin with a version; a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)
  help: name it 20230314095813_x.up.sql; if it is no migration, move it out of the directory
"#,
    );
}

#[test]
fn not_meant_as_migrations() {
    for name in [
        "",
        "README.md",
        "mod.rs",
        ".gitattributes",
        ".20230314095813_x.up.sql.swp",
        "20230314095813_x.up.sql~",
        "m20230314_095813_create.rs",
        "notes/20230314.txt",
        "20230314095813_x~/up.sql",
        ".git/20230314095813_x.sql",
        "a/b/c/d.sql",
    ] {
        bad(name, "");
    }
    check(
        &[("2023-03-14-095813_x/up.sql", "SELECT 1;"), ("2023-03-14-095813_x/README.md", "")],
        r#"20230314095813_x | m/2023-03-14-095813_x/up.sql:1 "SELECT 1;" | irreversible"#,
    );
}
