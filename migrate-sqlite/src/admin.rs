//! The database itself: made, dropped, waited for.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

pub use migrate_core::driver::Outcome;
use migrate_core::{Cause, CauseKind};

use crate::connect::Url;

/// Makes the file that the URL names: an empty one is an empty database.
///
/// # Errors
/// When it can't be made, or the URL names none.
pub fn create(url: &Url) -> Result<Outcome, Cause> {
    let path = path(url)?;
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(_) => Ok(Outcome::Done),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Outcome::AlreadySo),
        Err(error) => Err(Cause::new(CauseKind::Access, format!("{}: {error}", path.display()))),
    }
}

/// Removes the file that the URL names, and those that SQLite and migrate have put beside it.
///
/// # Errors
/// When one of them can't be removed.
pub fn drop(url: &Url) -> Result<Outcome, Cause> {
    let path = path(url)?;
    let mut outcome = Outcome::AlreadySo;
    for suffix in ["", "-wal", "-shm", "-journal", "-miglock"] {
        let mut file = path.clone().into_os_string();
        file.push(suffix);
        match fs::remove_file(PathBuf::from(&file)) {
            Ok(()) if suffix.is_empty() => outcome = Outcome::Done,
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Cause::new(CauseKind::Access, format!("{}: {error}", file.display()))),
        }
    }
    Ok(outcome)
}

/// A file is there, or it is not: there is nobody to wait for.
///
/// # Errors
/// When it can't be opened.
pub fn wait(url: &Url, _: Duration) -> Result<(), Cause> {
    if url.is_yet_to_be_made() { Ok(()) } else { url.open().map(|_| ()) }
}

fn path(url: &Url) -> Result<PathBuf, Cause> {
    let none = || Cause::new(CauseKind::Access, "a database in memory is made by whoever opens it");
    url.path().map(PathBuf::from).ok_or_else(none)
}
