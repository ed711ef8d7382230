//! The database itself: made, dropped, waited for.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use migrate_core::driver::LockAttempt;
pub use migrate_core::driver::Outcome;
use migrate_core::{Cause, CauseKind, Tables};

use crate::catalog;
use crate::connect::Url;
use crate::lock::SideLock;

/// Makes the file that the URL names: an empty one is an empty database.
///
/// ```
/// use migrate_sqlite::Url;
/// use migrate_sqlite::admin::{self, Outcome};
///
/// # let dir = tempfile::tempdir()?;
/// let url = Url::file(dir.path().join("app.db"));
/// assert_eq!(admin::create(&url)?, Outcome::Done);
/// assert_eq!(admin::create(&url)?, Outcome::AlreadySo);
/// assert_eq!(admin::drop(&url)?, Outcome::Done);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When it can't be made, or the URL names none.
pub fn create(url: &Url) -> Result<Outcome, Cause> {
    let path = path(url)?;
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(_) => Ok(Outcome::Done),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !path.is_dir() => Ok(Outcome::AlreadySo),
        // It says what is in the way: a directory, or none above it.
        Err(error) => Err(match url.open() {
            Err(cause) => cause,
            Ok(_) => Cause::new(CauseKind::Access, format!("{}: {error}", path.display())),
        }),
    }
}

/// The schema as SQL: tables, indexes, views and triggers as SQLite keeps them, by name, without those of the history.
///
/// ```
/// use migrate_sqlite::{Url, admin};
///
/// let dump = admin::dump(&"sqlite::memory:".parse()?, &migrate_core::Tables::default())?;
/// assert_eq!(dump, "");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When there is no such database, or it can't be read.
pub fn dump(url: &Url, history: &Tables) -> Result<String, Cause> {
    if url.is_yet_to_be_made() {
        let message = format!("there is no database {url}");
        return Err(Cause::new(CauseKind::Access, message).hint("correct the URL, or make it: `migrate create`"));
    }
    let connection = url.open()?;
    let texts = catalog::schema(&connection, [&history.history, &history.text, &history.journal])?;
    // A text may end in a comment, which would swallow the semicolon.
    let ended = |text: String| if text.contains("--") { format!("{text}\n;\n") } else { format!("{text};\n") };
    Ok(texts.into_iter().map(ended).collect())
}

/// Removes the file that the URL names, and those that SQLite and migrate have put beside it. Whoever has it open
/// keeps what is then a file without a name.
///
/// # Errors
/// When the file is no SQLite database, a run is under way on it, or one of the files can't be removed.
pub fn drop(url: &Url) -> Result<Outcome, Cause> {
    let named = path(url)?;
    let path = named.canonicalize().unwrap_or_else(|_| named.clone());
    is_ours_to_drop(&named)?;
    let mut lock = SideLock::for_database(&path);
    // Where there is no side file, nobody holds it.
    if beside(&path, "-miglock").exists()
        && let LockAttempt::Held(holder) = lock.attempt()?
    {
        return Err(Cause::new(CauseKind::Access, format!("a run is under way on it, by {holder}"))
            .hint("let it end, or end it, and drop again"));
    }
    let mut outcome = Outcome::AlreadySo;
    for suffix in ["", "-wal", "-shm", "-journal"] {
        if removed(&beside(&path, suffix))? == Outcome::Done && suffix.is_empty() {
            outcome = Outcome::Done;
        }
    }
    // Windows removes no file that is open.
    lock.release()?;
    removed(&beside(&path, "-miglock"))?;
    if named.is_symlink() {
        removed(&named)?;
    }
    Ok(outcome)
}

/// A mistaken path must not cost a file that is no database.
fn is_ours_to_drop(path: &Path) -> Result<(), Cause> {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Cause::new(CauseKind::Access, format!("{}: {error}", path.display()))),
        Ok(_) if head.is_empty() || head == *b"SQLite format 3\0" => Ok(()),
        Ok(_) => Err(Cause::new(CauseKind::Access, format!("{} is no SQLite database", path.display()))
            .hint("see that the URL names the right file; nothing was removed")),
    }
}

fn removed(file: &Path) -> Result<Outcome, Cause> {
    match fs::remove_file(file) {
        Ok(()) => Ok(Outcome::Done),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Outcome::AlreadySo),
        Err(error) => Err(Cause::new(CauseKind::Access, format!("{}: {error}", file.display()))),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut file = path.as_os_str().to_owned();
    file.push(suffix);
    file.into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_stands_beside_it_goes_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let url = Url::file(dir.path().join("app.db"));
        for name in ["app.db", "app.db-wal", "app.db-shm", "app.db-journal", "app.db-miglock", "app.db-mine"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(drop(&url).unwrap(), Outcome::Done);
        let left: Vec<_> = dir.path().read_dir().unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["app.db-mine"]);
        assert_eq!(drop(&url).unwrap(), Outcome::AlreadySo);
    }

    #[test]
    fn what_is_no_database_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        fs::write(&path, "SQLite format 2").unwrap();
        assert!(drop(&Url::file(&path)).unwrap_err().message.ends_with("is no SQLite database"));
        assert!(drop(&Url::file(dir.path())).is_err());
        assert!(path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_database_behind_a_link_goes_not_only_the_link() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real.db"), dir.path().join("link.db"));
        fs::write(&real, "").unwrap();
        fs::write(dir.path().join("real.db-wal"), "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(drop(&Url::file(&link)).unwrap(), Outcome::Done);
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }
}
