//! Undos that are generated as migrations are applied, on real servers: each file of `tests/undo/` is what stands before,
//! then a script a line, and what becomes of it: `back`, `loses …` or `! why there is none`. Going back must leave the catalog
//! as it was, and the rows; going up again, as it was behind the first time.
#![allow(clippy::unwrap_used)]

use migrate_check::{Catalog, Inspect, Place, Scratch, mysql, postgres, sqlite};
use migrate_core::{
    DataLoss, DownTarget, Driver, GenerateUndo, Migrations, Migrator, Note, Policy, Tables, UpTarget, Version, source,
};

const BASE: &str = "20260101000000_base.sql";
const UP: &str = "20260102000000_m.sql";

/// What is there, and the rows of `t` as one text.
type Found = (Catalog, String);

fn look<D: Inspect>(driver: &mut D, rows: fn(&mut D) -> String) -> Found {
    let catalog = driver.catalog(&Tables::default(), &mut D::Memory::default()).unwrap();
    (catalog, rows(driver))
}

fn case<S: Scratch>(scratch: &S, base: &str, up: &str, rows: fn(&mut S::Driver) -> String) -> Result<String, String>
where
    <S::Driver as Driver>::Connection: 'static,
{
    let mut made = scratch.make().unwrap();
    let driver = made.driver().unwrap();
    let dialect = driver.facts().unwrap().syntax.dialect();
    let read = source::read([(BASE, base), (UP, up)], Some(dialect)).map_err(|error| error.to_string())?;
    let known = Migrations::from_sql(read.migrations).unwrap();
    let at_base = UpTarget::To(Version::new(20260101000000));
    Migrator::new(driver).up(&known, at_base).map_err(|error| error.to_string())?;
    let before = look(driver, rows);
    let generate = GenerateUndo::WithoutDown;
    let up = Migrator::new(driver).generate_undo(generate).up(&known, UpTarget::All);
    let report = up.map_err(|error| format!("up: {error}"))?;
    let after = look(driver, rows);
    let mut said = "back".to_owned();
    for note in &report.notes {
        match note {
            Note::NoUndo { why, .. } => {
                let told = why.iter().map(|why| why.split_once("has no inverse: ").map_or(why.as_str(), |(_, why)| why));
                let refused = Migrator::new(driver).down(&known, DownTarget::Count(1)).unwrap_err().to_string();
                assert!(refused.contains("irreversible"), "{refused}");
                return Ok(format!("! {}", told.collect::<Vec<_>>().join(" & ")));
            }
            Note::UndoLosesData { losses, .. } => {
                let what: Vec<_> = losses.iter().map(|loss| loss.split(" (").next().unwrap()).collect();
                said = format!("loses {}", what.join(" & "));
                let refused = Migrator::new(driver).down(&known, DownTarget::Count(1)).unwrap_err().to_string();
                assert!(refused.contains("--allow-data-loss"), "{refused}");
            }
            _ => {}
        }
    }
    let mut policy = Policy::default();
    policy.data_loss = DataLoss::Allow;
    let down = Migrator::new(driver).policy(policy).down(&known, DownTarget::Count(1));
    down.map_err(|error| format!("down: {error}"))?;
    let back = look(driver, rows);
    same::<S::Driver>("down", &before, &back, said == "back")?;
    let again = Migrator::new(driver).generate_undo(generate).up(&known, UpTarget::All);
    again.map_err(|error| format!("up again: {error}"))?;
    same::<S::Driver>("up again", &after, &look(driver, rows), said == "back")?;
    made.remove().unwrap();
    Ok(said)
}

fn same<D: Inspect>(when: &str, before: &Found, after: &Found, with_rows: bool) -> Result<(), String> {
    let mut lines = before.0.diff(&after.0);
    if D::COLUMNS == Place::Anywhere {
        lines.extend(before.0.column_orders(&after.0).iter().map(|order| format!("{order:?}")));
    }
    if with_rows && before.1 != after.1 {
        lines.push(format!("rows\n  {}\n  {}", before.1, after.1));
    }
    if lines.is_empty() { Ok(()) } else { Err(format!("{when} leaves something else:\n    {}", lines.join("\n    "))) }
}

fn table<S: Scratch>(scratch: &S, list: &str, rows: fn(&mut S::Driver) -> String)
where
    <S::Driver as Driver>::Connection: 'static,
{
    let (base, cases) = list.split_once("\n---\n").unwrap();
    let mut wrong = Vec::new();
    for line in cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (up, expected) = line.rsplit_once(" => ").unwrap_or_else(|| panic!("{line}"));
        let found = case(scratch, base, up, rows).unwrap_or_else(|error| format!("WRONG {error}"));
        if found != expected {
            wrong.push(format!("{up}\n  found    {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server: start the tests with scripts/test"))
}

#[test]
fn on_sqlite() {
    table(&sqlite::InMemory, include_str!("undo/sqlite.txt"), |driver| {
        let sql = "SELECT group_concat(id || ' ' || a || ' ' || b) FROM t";
        driver.connection().query_row(sql, [], |row| row.get(0)).unwrap_or_default()
    });
}

#[test]
fn on_postgres() {
    let beside = postgres::Beside::new(server("MIGRATE_TEST_POSTGRES").parse().unwrap());
    table(&beside, include_str!("undo/postgres.txt"), |driver| {
        let sql = "SELECT id || ' ' || a || ' ' || b FROM public.t ORDER BY id";
        let rows = driver.connection().query(sql, &[]).unwrap_or_default();
        rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join(", ")
    });
}

fn on_mysql_like(variable: &str) {
    use ::mysql::prelude::Queryable;
    let beside = mysql::Beside::new(server(variable).parse().unwrap());
    table(&beside, include_str!("undo/mysql.txt"), |driver| {
        let sql = "SELECT concat_ws(' ', id, a, b) FROM t ORDER BY id";
        driver.connection().query::<String, _>(sql).unwrap_or_default().join(", ")
    });
}

#[test]
fn on_mysql() {
    on_mysql_like("MIGRATE_TEST_MYSQL");
}

#[test]
fn on_mariadb() {
    on_mysql_like("MIGRATE_TEST_MARIADB");
}
