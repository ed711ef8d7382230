//! Settings: the options, then the environment that was named (`--env`), then the process's environment, then `.env`, then
//! `migrate.toml`, then a default.

mod dotenv;
pub(crate) mod duration;
mod file;
mod hooks;
mod url;
mod value;

use std::collections::BTreeMap;
use std::env::VarError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use migrate_core::{Tables, Variables};

pub(crate) use file::Templates;
pub(crate) use hooks::RunHooks;
pub(crate) use url::DatabaseUrl;
use value::{Secrecy, Value, Variable};

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
    pub(crate) templates: Templates,
    pub(crate) variables: Variables,
    pub(crate) hooks: RunHooks,
}

/// Whether a command runs SQL of files: only then variables and hooks are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Settings,
    Scripts,
}

impl Settings {
    pub(crate) fn read(global: &Global, needs: Needs) -> Result<Self, Problem> {
        let path = Path::new("migrate.toml");
        let dotenv = dotenv::read(Path::new(".env"))?;
        let variable = |name: &str| {
            let set = match std::env::var(name) {
                Ok(value) => Some(value),
                Err(VarError::NotPresent) => None,
                // Taken for one that is not set, it would lead to another database or directory.
                Err(VarError::NotUnicode(_)) => {
                    return Err(Problem::usage(format!("the environment variable {name} is not UTF-8")));
                }
            };
            let set = set.filter(|value| !value.is_empty());
            Ok(set.or_else(|| dotenv.get(name).filter(|value| !value.is_empty()).cloned()))
        };
        let env = match &global.env {
            Some(name) => Some(name.clone()),
            None => variable("MIGRATE_ENV")?,
        };
        let (file, env) = file::read(path)?.with_env(env.as_deref(), path)?;
        let told = |url: Option<Value>| url.map(|url| url.read("database_url", &variable)).transpose();
        let url = match (&global.database_url, &global.database_url_file) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(path)) => Some(url_from(path)?),
            // Who names an environment means its database, whatever a forgotten variable says.
            (None, None) => match told(env.database_url)? {
                Some(url) => Some(url),
                None => match variable("DATABASE_URL")? {
                    Some(url) => Some(url),
                    None => told(file.database_url)?,
                },
            },
        };
        let dir = match global.dir.clone().or(env.dir) {
            Some(dir) => Some(dir),
            None => variable("MIGRATIONS_DIR")?.map(PathBuf::from).or(file.dir),
        };
        let (variables, hooks) = match needs {
            Needs::Settings => Default::default(),
            Needs::Scripts => {
                let mut all = file.variables;
                all.extend(env.variables);
                (read_variables(&all, &variable)?, env.hooks.or(file.hooks).read()?)
            }
        };
        Ok(Settings {
            url: url.map(DatabaseUrl::new),
            dir: dir.unwrap_or_else(|| "migrations".into()),
            table: global.table.clone().or(env.table).or(file.table),
            schema: global.schema.clone().or(env.schema).or(file.schema),
            lock_timeout: global.lock_timeout.or(env.lock_timeout).or(file.lock_timeout),
            wait: global.wait.or(env.wait).or(file.wait),
            templates: Templates {
                up: env.new.up.or(file.new.up),
                down: env.new.down.or(file.new.down),
                sections: env.new.sections.or(file.new.sections),
            },
            variables,
            hooks,
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

fn read_variables(all: &BTreeMap<String, Value>, variable: &impl Variable) -> Result<Variables, Problem> {
    all.iter().try_fold(Variables::new(), |so_far, (name, value)| {
        let text = value.read(&format!("the variable `{name}`"), variable)?;
        let more = match value.secrecy() {
            Secrecy::Plain => so_far.with(name, text),
            Secrecy::Secret => so_far.with_secret(name, text),
        };
        more.map_err(|error| Problem::usage(error.to_string()).note("it stands in [variables] of migrate.toml"))
    })
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
