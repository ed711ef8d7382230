//! Undos that are generated as migrations are applied, on real servers: each file of `tests/undo/` is what stands before,
//! then a script a line, and what becomes of it: `back`, `loses …` or `! why there is none`. Going back must leave the catalog
//! as it was, and the rows; going up again, as it was behind the first time.
#![allow(clippy::unwrap_used)]

use migrate_check::{Catalog, Inspect, Made, Place, Scratch, mysql, postgres, sqlite};
use migrate_core::{
    DataLoss, DownTarget, Driver, Error, GenerateUndo, Migrations, Migrator, Note, Policy, Report, Tables, UpTarget,
    source,
};

const BASE: &str = "20260101000000_base.sql";
const UP: &str = "20260102000000_m.sql";

/// What is there, and the rows of `t` as one text.
type Found = (Catalog, String);

/// A database with the base in it: where a case leaves it as it was, the next one takes it over.
struct Ground<S: Scratch> {
    made: Made<S::Driver>,
    memory: <S::Driver as Inspect>::Memory,
    rows: fn(&mut S::Driver) -> String,
}

impl<S: Scratch> Ground<S>
where
    <S::Driver as Driver>::Connection: 'static,
{
    fn new(scratch: &S, base: &str, rows: fn(&mut S::Driver) -> String) -> Self {
        let mut ground = Ground { made: scratch.make(&Tables::default()).unwrap(), memory: Default::default(), rows };
        let known = ground.read(&[(BASE, base)]).unwrap();
        Migrator::new(ground.driver()).up(&known, UpTarget::All).unwrap();
        ground
    }

    fn driver(&mut self) -> &mut S::Driver {
        self.made.driver()
    }

    fn read(
        &mut self,
        files: &[(&str, &str)],
    ) -> Result<Migrations<'static, <S::Driver as Driver>::Connection>, String> {
        let dialect = self.driver().facts().unwrap().syntax.dialect();
        let read = source::read(files.iter().copied(), Some(dialect)).map_err(|error| error.to_string())?;
        Ok(Migrations::from_sql(read.migrations).unwrap())
    }

    fn look(&mut self) -> Found {
        let driver = self.made.driver();
        let catalog = driver.catalog(&Tables::default(), &mut self.memory).unwrap();
        (catalog, (self.rows)(driver))
    }

    fn case(&mut self, base: &str, up: &str) -> Result<String, String> {
        let known = self.read(&[(BASE, base), (UP, up)])?;
        let before = self.look();
        let report = self.up(&known).map_err(|error| format!("up: {error}"))?;
        let after = self.look();
        let mut said = "back".to_owned();
        for note in &report.notes {
            match note {
                Note::NoUndo { why, .. } => {
                    let short =
                        |why: &String| why.split_once("has no inverse: ").map_or(why.clone(), |(_, why)| why.into());
                    let refused = self.down(&known, DataLoss::Allow).unwrap_err().to_string();
                    assert!(refused.contains("irreversible"), "{refused}");
                    return Ok(format!("! {}", why.iter().map(short).collect::<Vec<_>>().join(" & ")));
                }
                Note::UndoLosesData { losses, .. } => {
                    let what: Vec<_> = losses.iter().map(|loss| loss.split(" (").next().unwrap()).collect();
                    said = format!("loses {}", what.join(" & "));
                    let refused = self.down(&known, DataLoss::Refuse).unwrap_err().to_string();
                    assert!(refused.contains("--allow-data-loss"), "{refused}");
                }
                _ => {}
            }
        }
        let with_rows = said == "back";
        self.down(&known, DataLoss::Allow).map_err(|error| format!("down: {error}"))?;
        same::<S::Driver>("down", &before, &self.look(), with_rows)?;
        self.up(&known).map_err(|error| format!("up again: {error}"))?;
        same::<S::Driver>("up again", &after, &self.look(), with_rows)?;
        self.down(&known, DataLoss::Allow).map_err(|error| format!("down again: {error}"))?;
        Ok(said)
    }

    fn up(&mut self, known: &Migrations<'static, <S::Driver as Driver>::Connection>) -> Result<Report, Error> {
        Migrator::new(self.driver()).generate_undo(GenerateUndo::WithoutDown).up(known, UpTarget::All)
    }

    fn down(
        &mut self,
        known: &Migrations<'static, <S::Driver as Driver>::Connection>,
        loss: DataLoss,
    ) -> Result<Report, Error> {
        let mut policy = Policy::default();
        policy.data_loss = loss;
        Migrator::new(self.driver()).policy(policy).down(known, DownTarget::Count(1))
    }
}

fn same<D: Inspect>(when: &str, before: &Found, after: &Found, with_rows: bool) -> Result<(), String> {
    let mut lines: Vec<String> = before.0.diff(&after.0).iter().map(|difference| format!("{difference:?}")).collect();
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
    let mut ground = None;
    for line in cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (up, expected) = line.rsplit_once(" => ").unwrap_or_else(|| panic!("{line}"));
        let mut taken: Ground<S> = ground.take().unwrap_or_else(|| Ground::new(scratch, base, rows));
        let found = taken.case(base, up).unwrap_or_else(|error| format!("WRONG {error}"));
        match found == "back" {
            true => ground = Some(taken),
            false => taken.made.remove().unwrap(),
        }
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
