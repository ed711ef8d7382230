use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use migrate_core::sql::position;
use serde::Deserialize;

use super::duration;
use super::hooks::HookSection;
use super::value::Value;
use crate::problem::{Frame, Problem};

/// `migrate.toml`, or one environment of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) database_url: Option<Value>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) table: Option<String>,
    pub(crate) schema: Option<String>,
    #[serde(default, deserialize_with = "time")]
    pub(crate) lock_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "time")]
    pub(crate) wait: Option<Duration>,
    /// What is put into SQL in the place of `${name}`.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) hooks: HookSection,
    /// What `new` writes into the files that it makes.
    #[serde(default)]
    pub(crate) new: Templates,
    /// `[env.NAME]`
    #[serde(default)]
    env: BTreeMap<String, File>,
}

/// Files that new migrations are copied from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Templates {
    pub(crate) up: Option<PathBuf>,
    pub(crate) down: Option<PathBuf>,
    pub(crate) sections: Option<PathBuf>,
}

impl File {
    /// What stands above all environments, and the environment of this name.
    pub(crate) fn with_env(mut self, name: Option<&str>, path: &Path) -> Result<(File, File), Problem> {
        let mut known = std::mem::take(&mut self.env);
        let nested = known.iter().find(|(_, env)| !env.env.is_empty()).map(|(name, _)| name);
        if let Some(nested) = nested {
            let problem = format!("[env.{nested}.env]: an environment has none of its own");
            return Err(Problem::Usage(Box::new(Frame::new(problem).in_file(path.display().to_string()))));
        }
        let Some(name) = name else { return Ok((self, File::default())) };
        if let Some(env) = known.remove(name) {
            return Ok((self, env));
        }
        let known: Vec<_> = known.keys().map(String::as_str).collect();
        let note = match known.as_slice() {
            [] => format!("{} has no section [env.{name}]", path.display()),
            known => format!("{} has {}", path.display(), known.join(", ")),
        };
        Err(Problem::usage(format!("there is no environment `{name}`")).note(note))
    }
}

/// Reads the file; without one, every setting is open.
pub(crate) fn read(path: &Path) -> Result<File, Problem> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(Problem::usage(format!("{} can't be read: {error}", path.display()))),
    }
}

fn parse(text: &str, path: &Path) -> Result<File, Problem> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let frame = Frame::new(error.message());
        Problem::Usage(Box::new(match error.span() {
            // Without the line: a password may stand in it.
            Some(span) => frame.at(path.display().to_string(), position(text, span.start)),
            None => frame.in_file(path.display().to_string()),
        }))
    })
}

fn time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    duration::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What docs/settings.md shows is read as it says.
    #[test]
    fn the_page_is_right() {
        let page = include_str!("../../../docs/settings.md");
        let shown = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
        let path = Path::new("migrate.toml");
        let (top, env) = parse(shown, path).and_then(|file| file.with_env(Some("production"), path)).unwrap();
        assert_eq!(top.dir.as_deref(), Some(Path::new("migrations")));
        assert_eq!(top.variables.len(), 3);
        assert!(env.database_url.is_some() && env.variables.is_empty());
        let none = |_: &str| Ok(None);
        assert!(env.database_url.unwrap().read("database_url", &none).is_err());
    }
}
