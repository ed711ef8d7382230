//! The catalog misses nothing: whatever the database's own dump shows, it shows. `tests/zoo/` holds every kind of object, made and
//! changed in each of its attributes, a paragraph each.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::Command;

use common::{mysql, postgres, server};
use migrate_check::{Catalog, Inspect, Scratch, sqlite::InMemory};
use migrate_core::{Driver, Tables};

/// A change of the schema: what runs, and what stands above it.
struct Change<'t> {
    sql: &'t str,
    notes: Vec<&'t str>,
}

impl Change<'_> {
    fn has(&self, note: &str) -> bool {
        self.notes.contains(&note)
    }
}

fn changes(zoo: &str) -> impl Iterator<Item = Change<'_>> {
    zoo.split("\n\n").filter_map(|paragraph| {
        let above = paragraph.lines().take_while(|line| line.starts_with("-- "));
        let notes: Vec<_> = above.clone().map(|line| &line[3..]).collect();
        let length: usize = above.map(|line| line.len() + 1).sum();
        let sql = paragraph.get(length..).unwrap_or_default().trim();
        (!sql.is_empty()).then_some(Change { sql, notes })
    })
}

/// Runs each change, and says which of them the catalog does not show, or shows in another way to one that has looked before;
/// `dump` = `None` where there is no program that could tell.
fn walk<D: Inspect>(
    driver: &mut D,
    zoo: &str,
    may: impl Fn(&Change<'_>) -> bool,
    run: impl Fn(&mut D, &str) -> Result<(), String>,
    dump: impl Fn(&mut D) -> Option<String>,
) -> Vec<String> {
    let memory = &mut D::Memory::default();
    let mut look = move |driver: &mut D| {
        let kept = driver.catalog(&Tables::default(), memory).unwrap();
        (kept, driver.catalog(&Tables::default(), &mut D::Memory::default()).unwrap())
    };
    let mut before: Catalog = look(driver).1;
    let mut dumped = dump(driver);
    let (mut wrong, mut ran) = (Vec::new(), 0);
    for change in changes(zoo).filter(may) {
        let sql = change.sql;
        if let Err(why) = run(driver, sql) {
            wrong.push(format!("it fails: {sql}: {why}"));
            continue;
        }
        ran += 1;
        let (kept, after) = look(driver);
        if kept != after {
            wrong.push(format!("what is kept is not what is read: {sql}: {:?}", after.diff(&kept)));
        }
        let shown = !before.diff(&after).is_empty() || !before.column_orders(&after).is_empty();
        if !shown && !change.has("not shown, for it may hold a password") {
            wrong.push(format!("the catalog does not show it: {sql}"));
        }
        let now = dump(driver);
        match (now != dumped, change.has("not dumped")) {
            (true, true) => {
                let line = |text: &Option<String>, other: &Option<String>| {
                    let other = other.as_deref().unwrap_or_default();
                    let only = text.iter().flat_map(|text| text.lines()).find(|line| !other.contains(line));
                    only.unwrap_or_default().to_owned()
                };
                wrong.push(format!("the dump shows it: {sql}: {:?}, {:?}", line(&dumped, &now), line(&now, &dumped)));
            }
            (false, false) if now.is_some() => wrong.push(format!("the dump does not show it: {sql}")),
            _ => {}
        }
        (before, dumped) = (after, now);
    }
    assert!(ran > 20, "{ran} changes");
    wrong
}

fn execute<D: Driver>(driver: &mut D, sql: &str) -> Result<(), String> {
    driver.execute(sql).map_err(|cause| cause.to_string())
}

fn nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

/// What a program writes; `None` when it says that it is too old for the server.
fn written(command: &mut Command) -> Option<String> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("server version mismatch") {
        return None;
    }
    assert!(output.status.success(), "{command:?}: {stderr}");
    let text = String::from_utf8_lossy(&output.stdout);
    // A nonce of pg_dump's, another one each time.
    let lines = text.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn on_postgres() {
    let url: migrate_postgres::Url = server("MIGRATE_TEST_POSTGRES").parse().unwrap();
    let mut other = url.connect().unwrap();
    let drop = "DROP ROLE IF EXISTS migrate_zoo; DROP ROLE IF EXISTS migrate_zoo_other";
    other.batch_execute(drop).unwrap();
    other.batch_execute("CREATE ROLE migrate_zoo; CREATE ROLE migrate_zoo_other").unwrap();
    let mut made = postgres().make(&Tables::default()).unwrap();
    let place = server("MIGRATE_TEST_POSTGRES");
    let (place, _) = place.rsplit_once('/').unwrap();
    let database = format!("{place}/{}", made.name());
    let version: i32 =
        other.query_one("SELECT current_setting('server_version_num')::int / 10000", &[]).unwrap().get(0);
    let may = |change: &Change<'_>| {
        let since = change.notes.iter().find_map(|note| note.strip_prefix("since "));
        since.is_none_or(|since| since.parse::<i32>().unwrap() <= version)
    };
    let dump = |_: &mut _| written(Command::new("pg_dump").args(["--schema-only", "--create", "-d", &database]));
    let wrong = walk(made.driver(), include_str!("zoo/postgres.sql"), may, execute, dump);
    made.remove().unwrap();
    other.batch_execute(drop).unwrap();
    nothing(&wrong);
}

fn on_mysql_s_kin(variable: &str, only: &str, dump: impl Fn(&str) -> Option<String>) {
    let mut made = mysql(variable).make(&Tables::default()).unwrap();
    let name = made.name().to_owned();
    let user = "DROP USER IF EXISTS migrate_zoo@localhost";
    made.driver().execute(user).unwrap();
    made.driver().execute("CREATE USER migrate_zoo@localhost").unwrap();
    let may = |change: &Change<'_>| {
        let fits = |note: &&str| note.strip_prefix("only ").is_some_and(|kin| kin != only);
        !change.notes.iter().any(|note| fits(&note))
    };
    let wrong = walk(made.driver(), include_str!("zoo/mysql.sql"), may, execute, |_: &mut _| dump(&name));
    made.driver().execute(user).unwrap();
    made.remove().unwrap();
    nothing(&wrong);
}

#[test]
fn on_mariadb() {
    let place = server("MIGRATE_TEST_MARIADB");
    let (host, port) = place.rsplit_once('@').unwrap().1.rsplit_once(':').unwrap();
    on_mysql_s_kin("MIGRATE_TEST_MARIADB", "mariadb", |name| {
        let mut command = Command::new("mariadb-dump");
        command.args([
            "--no-defaults",
            "--user=root",
            "--host",
            host,
            "--port",
            port,
            "--protocol=tcp",
            "--skip-dump-date",
        ]);
        let text = written(command.args(["--routines", "--triggers", "--events", "--no-data", "--databases", name]))?;
        // Which names of a view are told with their database depends on who has opened it before.
        Some(text.replace(&format!("`{name}`."), ""))
    });
}

/// Its own program is not on every machine, so that nothing is compared with it.
#[test]
fn on_mysql() {
    on_mysql_s_kin("MIGRATE_TEST_MYSQL", "mysql", |_| None);
}

#[test]
fn on_sqlite() {
    let mut made = InMemory.make(&Tables::default()).unwrap();
    let schema = |driver: &mut migrate_sqlite::Sqlite<'static>| {
        let sql = "SELECT coalesce(group_concat(type || name || tbl_name || coalesce(sql, '')), '') FROM sqlite_schema";
        Some(driver.connection().query_row(sql, [], |row| row.get::<_, String>(0)).unwrap())
    };
    let batch = |driver: &mut migrate_sqlite::Sqlite<'static>, sql: &str| {
        driver.connection().execute_batch(sql).map_err(|error| error.to_string())
    };
    nothing(&walk(made.driver(), include_str!("zoo/sqlite.sql"), |_| true, batch, schema));
}
