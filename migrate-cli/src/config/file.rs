use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use migrate_core::sql::position;
use serde::Deserialize;

use super::duration;
use crate::problem::{Frame, Problem};

/// `migrate.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) database_url: Option<String>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) table: Option<String>,
    pub(crate) schema: Option<String>,
    #[serde(default, deserialize_with = "time")]
    pub(crate) lock_timeout: Option<Duration>,
    #[serde(default, deserialize_with = "time")]
    pub(crate) wait: Option<Duration>,
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
