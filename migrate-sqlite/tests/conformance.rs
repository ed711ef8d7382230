//! The exam of all drivers, on a file in both of SQLite's journal modes.
#![allow(clippy::unwrap_used)]

use migrate_core::BoxError;
use migrate_core::sql::Dialect;
use migrate_sqlite::Sqlite;
use migrate_testkit::{Samples, Subject};
use rusqlite::Connection;

macro_rules! subject {
    ($name:ident, $mode:literal) => {
        struct $name(tempfile::TempDir);

        impl Subject for $name {
            type Connection = Connection;
            type Driver<'c> = Sqlite<'c>;

            fn fresh() -> Self {
                let db = $name(tempfile::tempdir().unwrap());
                db.connect().query_row(concat!("PRAGMA journal_mode = ", $mode), [], |_| Ok(())).unwrap();
                db
            }

            fn connect(&self) -> Connection {
                Connection::open(self.0.path().join("app.db")).unwrap()
            }

            fn driver(connection: &mut Connection) -> Sqlite<'_> {
                Sqlite::on(connection)
            }

            fn execute(connection: &mut Connection, sql: &str) -> Result<(), BoxError> {
                Ok(connection.execute_batch(sql)?)
            }

            fn value(connection: &mut Connection, sql: &str) -> String {
                let value: rusqlite::types::Value = connection.query_row(sql, [], |row| row.get(0)).unwrap();
                match value {
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    rusqlite::types::Value::Text(text) => text,
                    other => format!("{other:?}"),
                }
            }

            fn samples() -> Samples {
                Samples {
                    dialect: Dialect::Sqlite,
                    alone: "VACUUM",
                    set: "PRAGMA recursive_triggers = ON",
                    setting: "SELECT recursive_triggers FROM pragma_recursive_triggers",
                }
            }
        }
    };
}

subject!(Rollback, "delete");
subject!(Wal, "wal");

mod rollback {
    migrate_testkit::conformance!(super::Rollback);
}

mod wal {
    migrate_testkit::conformance!(super::Wal);
}
