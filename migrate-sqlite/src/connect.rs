use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use migrate_core::{Cause, CauseKind};
use rusqlite::{Connection, OpenFlags};

use crate::error::cause;

/// Where a SQLite database is: `sqlite:app.db`, `sqlite:/var/lib/app.db`, `sqlite::memory:`.
///
/// `sqlite://app.db` and `sqlite:///var/lib/app.db` are understood too, and `?mode=ro`, `?mode=rw` (must exist) and
/// `?mode=rwc` (the default: made when something is written).
///
/// ```
/// use migrate_sqlite::Url;
///
/// let url: Url = "sqlite:///var/lib/app.db?mode=rw".parse()?;
/// assert_eq!(url.to_string(), "sqlite:/var/lib/app.db?mode=rw");
/// assert!("postgres://localhost/app".parse::<Url>().is_err());
/// assert!("sqlite:file:app.db".parse::<Url>().is_err());
/// # Ok::<(), migrate_sqlite::UrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    place: Place,
    mode: OpenMode,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Memory,
    File(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenMode {
    ReadOnly,
    ReadWrite,
    Create,
}

/// Why a text is no SQLite URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError(String);

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UrlError {}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let rest = url.strip_prefix("sqlite:").ok_or_else(|| {
            UrlError("a SQLite URL begins with `sqlite:`, for instance sqlite:app.db or sqlite::memory:".into())
        })?;
        let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
        let mode = match query {
            None | Some("mode=rwc") => OpenMode::Create,
            Some("mode=rw") => OpenMode::ReadWrite,
            Some("mode=ro") => OpenMode::ReadOnly,
            // Not its value: in `?key=…` of an encrypting build that is the password.
            Some(other) => {
                let key = other.split('=').next().unwrap_or_default();
                return Err(UrlError(format!(
                    "`?{key}` in a SQLite URL: only mode=ro, mode=rw and mode=rwc are known"
                )));
            }
        };
        let place = match place.strip_prefix("//").unwrap_or(place) {
            "" => return Err(UrlError("a SQLite URL names a file: sqlite:app.db, or sqlite::memory:".into())),
            ":memory:" => Place::Memory,
            // Some builds of SQLite would take it as a URI and open another file than the one that we lock.
            path if path.starts_with("file:") => {
                return Err(UrlError("SQLite's own `file:` URIs are not understood here: write sqlite:PATH".into()));
            }
            path => Place::File(path.into()),
        };
        Ok(Url { place, mode })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Memory => f.write_str("sqlite::memory:")?,
            Place::File(path) => write!(f, "sqlite:{}", path.display())?,
        }
        f.write_str(match self.mode {
            OpenMode::ReadOnly => "?mode=ro",
            OpenMode::ReadWrite => "?mode=rw",
            OpenMode::Create => "",
        })
    }
}

impl Url {
    /// A database file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Url { place: Place::File(path.into()), mode: OpenMode::Create }
    }

    /// The file; `None` in memory.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Memory => None,
            Place::File(path) => Some(path),
        }
    }

    /// Whether there is nothing yet, and it may be made: a read then finds an empty history, and creates no file.
    pub(crate) fn is_yet_to_be_made(&self) -> bool {
        self.mode == OpenMode::Create && self.path().is_some_and(|path| !path.exists())
    }

    pub(crate) fn open(&self) -> Result<Connection, Cause> {
        let Place::File(path) = &self.place else { return Connection::open_in_memory().map_err(cause) };
        // `./file:x` is a file of this name, while `file:x` would be a URI.
        let literal = if path.is_relative() { Path::new(".").join(path) } else { path.clone() };
        if path.is_dir() {
            return Err(Cause::new(
                CauseKind::Access,
                format!("{} is a directory, not a database file", path.display()),
            ));
        }
        let flags = match self.mode {
            OpenMode::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
            OpenMode::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
            OpenMode::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        Connection::open_with_flags(literal, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|error| {
            let mut cause = cause(error);
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            if let Some(parent) = parent.filter(|parent| !parent.exists()) {
                cause.message = format!("there is no directory {}", parent.display());
                cause = cause.hint("make it, or correct the database URL");
            } else if !path.exists() && self.mode != OpenMode::Create {
                cause.message = format!("there is no database file {}", path.display());
            } else {
                cause.message = format!("{}: {}", path.display(), cause.message);
            }
            cause.kind = CauseKind::Access;
            cause
        })
    }
}
