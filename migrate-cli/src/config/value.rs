use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::problem::Problem;

/// Looks a variable of the environment up.
pub(crate) trait Variable: Fn(&str) -> Result<Option<String>, Problem> {}

impl<F: Fn(&str) -> Result<Option<String>, Problem>> Variable for F {}

/// A text of `migrate.toml`: `"app"`, `{ env = "APP_SCHEMA" }`, or `{ file = "/run/secrets/password" }`.
///
/// What comes from elsewhere is a secret, unless it says `secret = false`.
#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    From { source: Source, secrecy: Secrecy },
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    Env(String),
    File(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrecy {
    Plain,
    Secret,
}

impl Value {
    pub(crate) fn secrecy(&self) -> Secrecy {
        match self {
            Value::Text(_) => Secrecy::Plain,
            Value::From { secrecy, .. } => *secrecy,
        }
    }

    /// The text itself; `variable` knows the environment, and `what` is for the error.
    pub(crate) fn read(&self, what: &str, variable: &impl Variable) -> Result<String, Problem> {
        match self {
            Value::Text(text) => Ok(text.clone()),
            Value::From { source: Source::Env(name), .. } => variable(name)?.ok_or_else(|| {
                Problem::usage(format!("{what} comes from the environment variable {name}, which is not set"))
            }),
            Value::From { source: Source::File(path), .. } => {
                content(path).map_err(|error| Problem::usage(format!("{what} comes from {}: {error}", path.display())))
            }
        }
    }
}

/// A file of one text, as secrets are mounted into containers: without the line break at its end.
fn content(path: &Path) -> std::io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(text.to_owned())
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A URL with its password may stand there.
            Value::Text(_) => f.write_str("\"…\""),
            Value::From { source, .. } => source.fmt(f),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    env: Option<String>,
    file: Option<PathBuf>,
    secret: Option<bool>,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes, { env = \"NAME\" } or { file = \"PATH\" }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        let source = match (table.env, table.file) {
            (Some(name), None) => Source::Env(name),
            (None, Some(path)) => Source::File(path),
            _ => return Err(A::Error::custom("one of `env` and `file` is wanted")),
        };
        let secrecy = if table.secret == Some(false) { Secrecy::Plain } else { Secrecy::Secret };
        Ok(Value::From { source, secrecy })
    }
}
