//! Settings: the options, then the environment, then `.env`, then `migrate.toml`, then a default.

mod dotenv;
pub(crate) mod duration;
mod file;
mod url;

use std::path::{Path, PathBuf};
use std::time::Duration;

use migrate_core::Tables;

pub(crate) use url::DatabaseUrl;

use crate::args::Global;
use crate::problem::Problem;

/// What the options, the environment and the files say together.
#[derive(Debug)]
pub(crate) struct Settings {
    url: Option<DatabaseUrl>,
    pub(crate) dir: PathBuf,
    table: Option<String>,
    schema: Option<String>,
    pub(crate) lock_timeout: Option<Duration>,
    /// How long to wait for the server.
    pub(crate) wait: Option<Duration>,
}

impl Settings {
    pub(crate) fn read(global: &Global) -> Result<Self, Problem> {
        let file = file::read(Path::new("migrate.toml"))?;
        let dotenv = dotenv::read(Path::new(".env"))?;
        let variable = |name: &str| {
            let set = std::env::var(name).ok().filter(|value| !value.is_empty());
            set.or_else(|| dotenv.get(name).filter(|value| !value.is_empty()).cloned())
        };
        let url = match (&global.database_url, &global.database_url_file) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(path)) => Some(url_from(path)?),
            (None, None) => variable("DATABASE_URL").or(file.database_url),
        };
        let dir = global.dir.clone().or_else(|| variable("MIGRATIONS_DIR").map(PathBuf::from)).or(file.dir);
        Ok(Settings {
            url: url.map(DatabaseUrl::new),
            dir: dir.unwrap_or_else(|| "migrations".into()),
            table: global.table.clone().or(file.table),
            schema: global.schema.clone().or(file.schema),
            lock_timeout: global.lock_timeout.or(file.lock_timeout),
            wait: global.wait.or(file.wait),
        })
    }

    /// The database's URL, for a command that can't do without.
    pub(crate) fn database_url(&self) -> Result<&DatabaseUrl, Problem> {
        self.url.as_ref().ok_or_else(|| {
            Problem::usage("no database is named").note(
                "name one with `--database-url postgres://me@localhost/app` (or `sqlite:app.db`), with the environment \
                 variable DATABASE_URL (the file .env will do), or with `database_url` in migrate.toml",
            )
        })
    }

    /// The database's URL, if there is one.
    pub(crate) fn url(&self) -> Option<&DatabaseUrl> {
        self.url.as_ref()
    }

    pub(crate) fn tables(&self) -> Tables {
        let tables = self.table.as_deref().map_or_else(Tables::default, Tables::named);
        match &self.schema {
            Some(schema) => tables.in_schema(schema),
            None => tables,
        }
    }
}

/// A file of one line, as secrets are mounted into containers.
fn url_from(path: &Path) -> Result<String, Problem> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::usage(format!("{} can't be read: {error}", path.display())))?;
    match text.trim() {
        "" => Err(Problem::usage(format!("{} is empty", path.display())).note("it should hold the database's URL")),
        url => Ok(url.to_owned()),
    }
}
