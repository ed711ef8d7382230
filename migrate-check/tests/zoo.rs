//! The catalog misses nothing: whatever the database's own dump shows, it shows. `tests/zoo/` holds every kind of object, made and
//! changed in each of its attributes, a paragraph each.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::{Command, Stdio};

use common::{mysql, postgres, server};
use migrate_check::{Inspect, Scratch, sqlite::InMemory};
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

/// What the database's own program writes, once it has: it works while the catalog is read. `None` where no program can tell.
type Dump = Box<dyn FnOnce() -> Option<String>>;

/// A catalog that is read anew takes as long as the dump: so often is what is kept compared with one.
const ANEW: usize = 10;

/// Runs each change, and says which of them the catalog does not show, or shows otherwise than one that has not looked before.
fn walk<D: Inspect>(
    driver: &mut D,
    zoo: &str,
    may: impl Fn(&Change<'_>) -> bool,
    run: impl Fn(&mut D, &str) -> Result<(), String>,
    dump: impl Fn(&mut D) -> Dump,
) -> Vec<String> {
    let memory = &mut D::Memory::default();
    let mut before = driver.catalog(&Tables::default(), memory).unwrap();
    let mut dumped = dump(driver)();
    let mut wrong = Vec::new();
    let changes: Vec<_> = changes(zoo).filter(may).collect();
    for (n, change) in changes.iter().enumerate() {
        let sql = change.sql;
        if let Err(why) = run(driver, sql) {
            wrong.push(format!("it fails: {sql}: {why}"));
            continue;
        }
        let dumping = dump(driver);
        let after = driver.catalog(&Tables::default(), memory).unwrap();
        if n % ANEW == 0 || n + 1 == changes.len() {
            let anew = driver.catalog(&Tables::default(), &mut D::Memory::default()).unwrap();
            if after != anew {
                wrong.push(format!("what is kept is not what is read: {sql}: {:?}", after.diff(&anew)));
            }
        }
        let shown = !before.diff(&after).is_empty() || !before.column_orders(&after).is_empty();
        if !shown && !change.has("not shown, for it may hold a password") {
            wrong.push(format!("the catalog does not show it: {sql}"));
        }
        let now = dumping();
        match (now != dumped, change.has("not dumped")) {
            (true, true) => wrong.push(format!("the dump shows it: {sql}")),
            (false, false) if now.is_some() => wrong.push(format!("the dump does not show it: {sql}")),
            _ => {}
        }
        (before, dumped) = (after, now);
    }
    assert!(changes.len() > 20, "{} changes", changes.len());
    wrong
}

fn execute<D: Driver>(driver: &mut D, sql: &str) -> Result<(), String> {
    driver.execute(sql).map_err(|cause| cause.to_string())
}

fn nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

/// What a program writes; `None` when it says that it is too old for the server.
fn written(command: &mut Command) -> Dump {
    let shown = format!("{command:?}");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.unwrap_or_else(|error| panic!("{shown}: {error}"));
    Box::new(move || {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        if stderr.contains("server version mismatch") {
            return None;
        }
        assert!(output.status.success(), "{shown}: {stderr}");
        let text = String::from_utf8_lossy(&output.stdout);
        // A nonce of pg_dump's, another one each time.
        let lines = text.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        Some(lines.collect::<Vec<_>>().join("\n"))
    })
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
    // It takes two thirds of the time, and only says whether the zoo itself is right: so it has its turn in
    // scripts/test-postgres-versions.
    let dumps = std::env::var_os("MIGRATE_TEST_DUMP").is_some();
    let dump = |_: &mut _| match dumps {
        true => written(Command::new("pg_dump").args(["--schema-only", "--create", "-d", &database])),
        false => Box::new(|| None),
    };
    let wrong = walk(made.driver(), include_str!("zoo/postgres.sql"), may, execute, dump);
    made.remove().unwrap();
    other.batch_execute(drop).unwrap();
    nothing(&wrong);
}

fn on_mysql_s_kin(variable: &str, only: &str, dump: impl Fn(&str) -> Dump) {
    let mut made = mysql(variable).make(&Tables::default()).unwrap();
    let name = made.name().to_owned();
    let user = "DROP USER IF EXISTS migrate_zoo@localhost";
    made.driver().execute(user).unwrap();
    made.driver().execute("CREATE USER migrate_zoo@localhost").unwrap();
    let may = |change: &Change<'_>| {
        let fits = |note: &&str| note.strip_prefix("only ").is_some_and(|kin| kin != only);
        !change.notes.iter().any(fits)
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
        let text = written(command.args(["--routines", "--triggers", "--events", "--no-data", "--databases", name]));
        // Which names of a view are told with their database depends on who has opened it before.
        let name = format!("`{name}`.");
        Box::new(move || Some(text()?.replace(&name, "")))
    });
}

/// Its own program is not on every machine, so that nothing is compared with it.
#[test]
fn on_mysql() {
    on_mysql_s_kin("MIGRATE_TEST_MYSQL", "mysql", |_| Box::new(|| None));
}

#[test]
fn on_sqlite() {
    let mut made = InMemory.make(&Tables::default()).unwrap();
    let schema = |driver: &mut migrate_sqlite::Sqlite<'static>| {
        let sql = "SELECT coalesce(group_concat(type || name || tbl_name || coalesce(sql, '')), '') FROM sqlite_schema";
        let text: String = driver.connection().query_row(sql, [], |row| row.get(0)).unwrap();
        Box::new(|| Some(text)) as Dump
    };
    let batch = |driver: &mut migrate_sqlite::Sqlite<'static>, sql: &str| {
        driver.connection().execute_batch(sql).map_err(|error| error.to_string())
    };
    nothing(&walk(made.driver(), include_str!("zoo/sqlite.sql"), |_| true, batch, schema));
}
