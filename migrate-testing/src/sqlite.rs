//! SQLite: the migrated database is an image, made once in a process, and kept in a file for the next one.
//!
//! In memory a test's database is that image, deserialised. Where other clients must open it, it is a copy in a file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use migrate_core::Error;
use migrate_sqlite::cause;
use rusqlite::Connection;

use crate::held::{Database, Held};
use crate::{Template, refused};

/// A test's own database, in memory: gone with this value.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    /// The connection that it lives in.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The same, for what needs it alone: a transaction, migrations.
    pub fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// A test's own database in a file, removed with this value.
#[derive(Debug)]
pub struct SqliteFile {
    path: PathBuf,
    held: Kept,
}

struct Kept(Arc<Held>);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("_")
    }
}

impl SqliteFile {
    /// Its URL: `sqlite:/tmp/…/app.db`, as this crate and sqlx understand it.
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    /// Its file, for clients that take a path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A connection to it.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn connect(&self) -> Result<Connection, Error> {
        Connection::open(&self.path).map_err(database_error)
    }

    pub(crate) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held.0)
    }
}

impl Template<'_, Connection> {
    /// A database in memory for this test, with all that the template has.
    ///
    /// # Errors
    /// When a migration or a seed fails.
    pub fn sqlite(&self) -> Result<Sqlite, Error> {
        let image = self.image()?;
        let mut connection = Connection::open_in_memory().map_err(database_error)?;
        connection.deserialize_read_exact("main", &image[..], image.len(), false).map_err(database_error)?;
        Ok(Sqlite { connection })
    }

    /// A database in a file for this test.
    ///
    /// # Errors
    /// When a migration or a seed fails, or the file can't be written.
    pub fn sqlite_file(&self) -> Result<SqliteFile, Error> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let image = self.image()?;
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let write = || {
            let dir = directory()?;
            clean(&dir);
            let path = dir.join(format!("test-{}-{n}.db", std::process::id()));
            fs::write(&path, &**image)?;
            Ok::<_, io::Error>(path)
        };
        let path = write().map_err(no_place)?;
        let held = Held::new(File(path.clone()), self.options.on_failure);
        Ok(SqliteFile { path, held: Kept(held) })
    }

    /// Of this process, else of another one, else made.
    fn image(&self) -> Result<Arc<Vec<u8>>, Error> {
        static ALL: Mutex<BTreeMap<String, Arc<Vec<u8>>>> = Mutex::new(BTreeMap::new());
        let name = format!("template-{}-{}.db", self.fingerprint(), rusqlite::version());
        // Held while it is made: whoever else needs it has nothing better to do.
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = all.get(&name) {
            return Ok(Arc::clone(image));
        }
        // A machine without a place for the file is slower, and no worse.
        let file = directory().ok().map(|dir| dir.join(&name));
        let found = file.as_ref().and_then(|file| fs::read(file).ok());
        let image = match found {
            Some(image) => image,
            None => {
                let image = self.make()?;
                if let Some(file) = &file {
                    let _ = write_whole(file, &image);
                }
                image
            }
        };
        let image = Arc::new(image);
        all.insert(name, Arc::clone(&image));
        Ok(image)
    }

    fn make(&self) -> Result<Vec<u8>, Error> {
        let mut connection = Connection::open_in_memory().map_err(database_error)?;
        self.migrate(&mut migrate_sqlite::Sqlite::on(&mut connection))?;
        self.run_seeds(&mut connection, |connection, sql| connection.execute_batch(sql).map_err(cause))?;
        let mut image = connection.serialize("main").map_err(database_error)?.to_vec();
        // The versions of a WAL database's format; such an image can't be opened in memory.
        if let Some(versions) = image.get_mut(18..20) {
            versions.fill(1);
        }
        Ok(image)
    }
}

/// Nobody reads half of it: it gets its name when all is written.
fn write_whole(file: &Path, image: &[u8]) -> io::Result<()> {
    let new = file.with_extension(format!("{}.new", std::process::id()));
    fs::write(&new, image).and_then(|()| fs::rename(&new, file)).inspect_err(|_| _ = fs::remove_file(&new))
}

struct File(PathBuf);

impl Database for File {
    fn end(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal", "-miglock"] {
            let mut file = self.0.as_os_str().to_owned();
            file.push(suffix);
            let _ = fs::remove_file(file);
        }
    }

    fn keep(&mut self) {
        // Under a name by which it is no leftover.
        let name = self.0.file_name().map(|name| name.to_string_lossy().replacen("test-", "kept-", 1));
        let kept = self.0.with_file_name(name.unwrap_or_default());
        for suffix in ["-wal", "-journal", ""] {
            let with_suffix = |path: &Path| format!("{}{suffix}", path.display());
            let _ = fs::rename(with_suffix(&self.0), with_suffix(&kept));
        }
        self.0 = kept;
    }

    fn whereabouts(&self) -> String {
        format!("sqlite:{0}\n  = look: sqlite3 '{0}'\n  = it is removed after a day", self.0.display())
    }
}

/// `MIGRATE_TESTING_DIR`, else one below the temporary directory: this user's alone, or not used.
fn directory() -> io::Result<PathBuf> {
    let base = std::env::var_os("MIGRATE_TESTING_DIR").map(PathBuf::from);
    let base = base.unwrap_or_else(|| std::env::temp_dir().join("migrate-testing"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt};
        let uid = fs::metadata("/proc/self").map_or(0, |found| found.uid());
        let dir = match std::env::var_os("MIGRATE_TESTING_DIR") {
            Some(_) => base.join("sqlite"),
            None => base.with_file_name(format!("migrate-testing-{uid}")).join("sqlite"),
        };
        fs::DirBuilder::new().recursive(true).mode(0o755).create(&dir)?;
        let found = fs::symlink_metadata(&dir)?;
        let ours = found.is_dir() && found.uid() == uid && found.mode() & 0o022 == 0;
        if ours { Ok(dir) } else { Err(io::Error::other(format!("{} is not ours alone", dir.display()))) }
    }
    #[cfg(not(unix))]
    {
        let dir = base.join("sqlite");
        fs::create_dir_all(&dir)?;
        Ok(dir)
    }
}

/// Once in a process: what killed tests have left, failed ones a day ago, and templates that are a week old.
fn clean(dir: &Path) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    ONCE.call_once(|| {
        for entry in dir.read_dir().into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let limit = match () {
                () if name.starts_with("test-") && is_dead(&name) => Duration::ZERO,
                () if name.starts_with("test-") || name.starts_with("kept-") => DAY,
                () if name.starts_with("template-") => 7 * DAY,
                () => continue,
            };
            let written = entry.metadata().and_then(|found| found.modified());
            if written.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > limit)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    });
}

/// Whether the process of this file's test is gone, where that can be told: `test-PID-N.db`.
fn is_dead(name: &str) -> bool {
    let pid = name.split('-').nth(1).and_then(|pid| pid.parse::<u32>().ok());
    Path::new("/proc/self").exists() && pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
}

fn database_error(error: rusqlite::Error) -> Error {
    crate::failed(cause(error))
}

fn no_place(error: io::Error) -> Error {
    refused(format!("a file for the test's database: {error}"), "set MIGRATE_TESTING_DIR to a directory of yours")
}
