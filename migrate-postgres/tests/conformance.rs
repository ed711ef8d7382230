//! The exam of all drivers.
#![allow(clippy::unwrap_used)]

mod common;

use common::Database;
use migrate_core::BoxError;
use migrate_core::sql::Dialect;
use migrate_postgres::Postgres;
use migrate_testkit::{Samples, Subject};
use postgres::Client;

impl Subject for Database {
    type Connection = Client;
    type Driver<'c> = Postgres<'c>;

    fn fresh() -> Self {
        Database::fresh()
    }

    fn connect(&self) -> Client {
        self.client()
    }

    fn driver(connection: &mut Client) -> Postgres<'_> {
        Postgres::on(connection)
    }

    fn execute(connection: &mut Client, sql: &str) -> Result<(), BoxError> {
        Ok(connection.batch_execute(sql)?)
    }

    fn value(connection: &mut Client, sql: &str) -> String {
        common::text(connection, sql)
    }

    fn samples() -> Samples {
        Samples {
            dialect: Dialect::Postgres,
            alone: "VACUUM",
            set: "SET work_mem = '7MB'",
            setting: "SELECT current_setting('work_mem')",
        }
    }
}

migrate_testkit::conformance!(Database);
