//! diesel_migrations. Not on MySQL: it links the client library of Oracle or MariaDB, which few machines have.

use std::fmt;
use std::sync::Arc;

use diesel::backend::Backend;
use diesel::connection::BoxableConnection;
use diesel::migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result};
use diesel::{Connection, PgConnection, SqliteConnection};
use diesel_migrations::MigrationHarness;

use super::Start;
use crate::File;
use crate::database::Kind;

pub(super) fn open(kind: Kind, url: &str, files: &[File]) -> Option<Start> {
    let one =
        |(version, name, sql): &File| One(Arc::new(Text { name: Name(*version, name.clone()), sql: kind.words(sql) }));
    let all = All(files.iter().map(one).collect());
    match kind {
        Kind::Postgres => {
            let mut conn = PgConnection::establish(url).expect("connects");
            Some(Box::new(move || drop(conn.run_pending_migrations(all.clone()).expect("applies"))))
        }
        Kind::Sqlite => {
            let mut conn = SqliteConnection::establish(url).expect("opens");
            Some(Box::new(move || drop(conn.run_pending_migrations(all.clone()).expect("applies"))))
        }
        Kind::Mariadb | Kind::Mysql => None,
    }
}

/// As its `EmbeddedMigrations`, whose parts only its macro can make.
#[derive(Clone)]
struct All(Vec<One>);

#[derive(Clone)]
struct One(Arc<Text>);

struct Text {
    name: Name,
    sql: String,
}

struct Name(i64, String);

impl<DB: Backend> MigrationSource<DB> for All {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<DB>>>> {
        Ok(self.0.iter().map(|one| Box::new(one.clone()) as Box<dyn Migration<DB>>).collect())
    }
}

impl<DB: Backend> Migration<DB> for One {
    fn run(&self, conn: &mut dyn BoxableConnection<DB>) -> Result<()> {
        Ok(conn.batch_execute(&self.0.sql)?)
    }

    fn revert(&self, _: &mut dyn BoxableConnection<DB>) -> Result<()> {
        Err("there is no way back".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        &self.0.name
    }
}

impl MigrationMetadata for One {}

impl MigrationName for Name {
    fn version(&self) -> MigrationVersion<'_> {
        self.0.to_string().into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.0, self.1)
    }
}
