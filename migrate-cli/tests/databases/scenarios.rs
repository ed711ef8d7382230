//! The scenarios of dbmigrate, on every database, step by step: a faulty file, an older one that is merged late, and the way
//! back with a file that is gone.

use crate::place::{ALL, Kind, Place};

/// What is so after a step: the exit code, the states by version, the user's tables, and a word of what was said.
struct After {
    scenario: &'static str,
    step: fn(&Place) -> &'static str,
    code: i32,
    states: &'static str,
    tables: &'static str,
    says: &'static str,
}

const STEPS: [After; 7] = [
    After {
        scenario: "before-fail",
        step: |place| {
            table(place, "20260101000001_members", "members");
            place.write("20260101000003_loans.up.sql", "CREATE TABLE loans (id int);\nINSERT INTO lones VALUES (1);\n");
            place.write("20260101000003_loans.down.sql", "DROP TABLE loans;\n");
            "status"
        },
        code: 0,
        states: "1 pending, 3 pending",
        tables: "",
        says: "2 pending",
    },
    After {
        scenario: "after-fail",
        step: |_| "up",
        code: 1,
        // In MySQL and MariaDB the table stays, and the history says so.
        states: "1 applied, 3 pending | 1 applied, 3 interrupted",
        tables: "members | loans members",
        says: "20260101000003_loans.up.sql:2:",
    },
    After {
        scenario: "after-fix-retry",
        step: |place| {
            place.write("20260101000003_loans.up.sql", "CREATE TABLE loans (id int);\nINSERT INTO loans VALUES (1);\n");
            "up"
        },
        code: 0,
        states: "1 applied, 3 applied",
        tables: "loans members",
        says: "applied 1",
    },
    After {
        scenario: "before-missing",
        step: |place| {
            table(place, "20260101000002_books", "books");
            "status"
        },
        code: 0,
        states: "1 applied, 2 out-of-order, 3 applied",
        tables: "loans members",
        says: "out-of-order",
    },
    After {
        scenario: "after-missing",
        step: |_| "up",
        code: 0,
        states: "1 applied, 2 applied, 3 applied",
        tables: "books loans members",
        says: "applied   20260101000002_books",
    },
    After {
        scenario: "after-down-1",
        step: |_| "down 1",
        code: 0,
        states: "1 applied, 2 applied, 3 pending",
        tables: "books members",
        says: "reverted  20260101000003_loans",
    },
    After {
        scenario: "after-down-999",
        step: |place| {
            place.remove("20260101000002_books.up.sql").remove("20260101000002_books.down.sql");
            "down 999"
        },
        code: 0,
        states: "1 pending, 3 pending",
        tables: "",
        says: "reverted 2",
    },
];

#[test]
fn as_dbmigrate_has_them() {
    for kind in ALL {
        let place = Place::new(kind);
        for after in &STEPS {
            let what = format!("{kind:?} {}", after.scenario);
            let line = (after.step)(&place);
            let said = place.migrate(line);
            assert_eq!(said.code, after.code, "{what}: {}{}", said.out, said.err);
            assert!(format!("{}{}", said.out, said.err).contains(after.says), "{what}: {}{}", said.out, said.err);
            assert_eq!(states(&place), of(kind, after.states), "{what}");
            assert_eq!(tables(&place), of(kind, after.tables), "{what}");
        }
        // The row that the retry wrote was written once: it went with its table. Nothing is left of the failure either.
        assert_eq!(place.sql("SELECT count(*) FROM migrate_journal;").well().trim(), "0", "{kind:?}");
        assert_eq!(place.sql("SELECT count(*) FROM migrate_history;").well().trim(), "0", "{kind:?}");
    }
}

/// `a | b`: with transactions for changes of the schema, and without.
fn of(kind: Kind, expected: &str) -> String {
    let (with, without) = expected.split_once(" | ").unwrap_or((expected, expected));
    if matches!(kind, Kind::Mariadb | Kind::Mysql) { without } else { with }.to_owned()
}

fn table(place: &Place, label: &str, table: &str) {
    place.write(&format!("{label}.up.sql"), &format!("CREATE TABLE {table} (id int);\n"));
    place.write(&format!("{label}.down.sql"), &format!("DROP TABLE {table};\n"));
}

/// `1 applied, 2 pending`
fn states(place: &Place) -> String {
    let status = place.migrate("status --format json").well();
    let value = |line: &str, key: &str| {
        let value = line.trim().strip_prefix(&format!("\"{key}\": \""))?.trim_end_matches(',').trim_end_matches('"');
        Some(value.to_owned())
    };
    let versions = status.lines().filter_map(|line| value(line, "version"));
    let states = status.lines().filter_map(|line| value(line, "state"));
    let short = |version: String| version.trim_start_matches("2026010100000").to_owned();
    versions.zip(states).map(|(version, state)| format!("{} {state}", short(version))).collect::<Vec<_>>().join(", ")
}

fn tables(place: &Place) -> String {
    let sql = match place.kind {
        Kind::Postgres => "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1;",
        Kind::Mariadb | Kind::Mysql => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database() ORDER BY 1;"
        }
        Kind::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1;",
    };
    let all = place.sql(sql).well();
    all.lines().filter(|name| !name.starts_with("migrate_")).collect::<Vec<_>>().join(" ")
}
