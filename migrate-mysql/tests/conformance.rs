//! The exam of all drivers, on both servers.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Database, Server};
use migrate_core::BoxError;
use migrate_mysql::Mysql;
use migrate_testkit::{Samples, Subject};
use mysql::Conn;
use mysql::prelude::Queryable;

macro_rules! server {
    ($module:ident, $server:expr) => {
        mod $module {
            use super::*;

            pub(crate) struct Fresh(Database);

            impl Subject for Fresh {
                type Connection = Conn;
                type Driver<'c> = Mysql<'c>;

                fn fresh() -> Self {
                    Fresh(Database::fresh($server))
                }

                fn connect(&self) -> Conn {
                    self.0.conn()
                }

                fn driver(connection: &mut Conn) -> Mysql<'_> {
                    Mysql::on(connection)
                }

                fn execute(connection: &mut Conn, sql: &str) -> Result<(), BoxError> {
                    Ok(connection.query_drop(sql)?)
                }

                fn value(connection: &mut Conn, sql: &str) -> String {
                    common::text(connection, sql)
                }

                fn samples() -> Samples {
                    Samples {
                        dialect: $server.dialect(),
                        alone: "ANALYZE TABLE a",
                        set: "SET SESSION sort_buffer_size = 1048576",
                        setting: "SELECT @@sort_buffer_size",
                    }
                }
            }

            migrate_testkit::conformance!(Fresh);
        }
    };
}

server!(mariadb, Server::Mariadb);
server!(mysql_server, Server::Mysql);
