use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, PgConnection, SqlSafeStr};

use super::Start;
use crate::File;
use crate::database::Kind;

pub(super) fn open(kind: Kind, url: &str, files: &[File]) -> Option<Start> {
    let one = |(version, name, sql): &File| {
        let sql = AssertSqlSafe(kind.words(sql)).into_sql_str();
        Migration::new(*version, name.clone().into(), MigrationType::Simple, sql, false)
    };
    let migrator = Migrator { migrations: files.iter().map(one).collect(), ..Migrator::DEFAULT };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    Some(match kind {
        Kind::Postgres => {
            let mut conn = runtime.block_on(PgConnection::connect(url)).expect("connects");
            Box::new(move || runtime.block_on(migrator.run(&mut conn)).expect("applies"))
        }
        Kind::Sqlite => {
            let options = SqliteConnectOptions::new().filename(url).create_if_missing(true);
            let mut conn = runtime.block_on(options.connect()).expect("opens");
            Box::new(move || runtime.block_on(migrator.run(&mut conn)).expect("applies"))
        }
        Kind::Mariadb | Kind::Mysql => {
            let mut conn = runtime.block_on(MySqlConnection::connect(url)).expect("connects");
            Box::new(move || runtime.block_on(migrator.run(&mut conn)).expect("applies"))
        }
    })
}
