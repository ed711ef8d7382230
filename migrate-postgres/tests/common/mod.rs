//! What the suites share: a database for each test, sets from texts, and looking at a database as a stranger would.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use migrate_core::sql::Dialect;
use migrate_core::{DownTarget, Error, Migrations, Migrator, Report, UpTarget, source};
use migrate_postgres::Postgres;
use postgres::{Client, NoTls};

pub type Known = Migrations<'static, Client>;

/// The migrations in these files.
pub fn known(files: &[(&str, &str)]) -> Known {
    let read = source::read(files.iter().copied(), Some(Dialect::Postgres)).unwrap_or_else(|error| panic!("{error}"));
    Migrations::from_sql(read.migrations).unwrap_or_else(|error| panic!("{error}"))
}

/// A database of its own, dropped at the end.
pub struct Database {
    pub name: String,
    config: postgres::Config,
}

impl Database {
    pub fn fresh() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let server = std::env::var("MIGRATE_TEST_POSTGRES")
            .unwrap_or_else(|_| panic!("MIGRATE_TEST_POSTGRES names no server: start the tests with scripts/test"));
        let mut config: postgres::Config = server.parse().unwrap();
        let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        config.connect(NoTls).unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        config.dbname(&name);
        Database { name, config }
    }

    pub fn client(&self) -> Client {
        self.config.connect(NoTls).unwrap()
    }

    pub fn config(&self) -> postgres::Config {
        self.config.clone()
    }

    /// As another role.
    pub fn client_of(&self, role: &str) -> Client {
        self.config.clone().user(role).connect(NoTls).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut config = self.config.clone();
        if let Ok(mut client) = config.dbname("postgres").connect(NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

pub fn up(client: &mut Client, known: &Known) -> Result<Report, Error> {
    Migrator::new(&mut Postgres::on(client)).up(known, UpTarget::All)
}

pub fn down(client: &mut Client, known: &Known, target: DownTarget) -> Result<Report, Error> {
    Migrator::new(&mut Postgres::on(client)).down(known, target)
}

/// What a run did, in a line: `+1 +2 -3`, by the last digits of the versions; else the whole error.
pub fn did(result: Result<Report, Error>) -> String {
    match result {
        Err(error) => error.to_string(),
        Ok(report) => {
            let one = |done: &migrate_core::Done| {
                let sign = match done.action {
                    migrate_core::Action::Apply => '+',
                    migrate_core::Action::Revert => '-',
                    migrate_core::Action::Record => 'r',
                    migrate_core::Action::Accept => 'a',
                };
                format!("{sign}{}", done.version.get() % 100)
            };
            report.done.iter().map(one).collect::<Vec<_>>().join(" ")
        }
    }
}

/// The user's own tables, sorted.
pub fn tables(client: &mut Client) -> String {
    text(
        client,
        "SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM pg_class c JOIN pg_namespace n \
         ON n.oid = relnamespace WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') \
         AND relname NOT LIKE 'migrate%'",
    )
}

/// The recorded versions, by their last digits; `…` marks one that is not finished.
pub fn recorded(client: &mut Client) -> String {
    let sql = "SELECT coalesce(string_agg((version % 100) || CASE WHEN finished_at IS NULL THEN '…' ELSE '' END, ' ' \
               ORDER BY version), '') FROM migrate_history";
    text(client, sql)
}

/// The journal, in a line.
pub fn journal(client: &mut Client) -> String {
    text(client, "SELECT coalesce(string_agg(n || ' ' || state, ', ' ORDER BY n), '') FROM migrate_journal")
}

/// One value, as text.
pub fn text(client: &mut Client, sql: &str) -> String {
    for message in client.simple_query(sql).unwrap() {
        if let postgres::SimpleQueryMessage::Row(row) = message {
            return row.get(0).unwrap_or("NULL").to_owned();
        }
    }
    panic!("no row: {sql}")
}
