//! One run at a time: an exclusive lock on a side file, which the operating system frees when its holder dies.

use std::path::{Path, PathBuf};
use std::time::Duration;

use migrate_core::driver::{Holder, LockAttempt};
use migrate_core::{Cause, CauseKind};
use rusqlite::Connection;

use crate::error::cause;

/// The lock of one database file. The side file is never unlinked: a second runner that opened it before would lock a
/// file that nobody else sees.
#[derive(Debug)]
pub(crate) struct SideLock {
    path: PathBuf,
    connection: Option<Connection>,
    held: bool,
}

impl SideLock {
    /// For this database; symbolic links resolved, so that two names of one file are one lock.
    pub(crate) fn for_database(path: &Path) -> Self {
        let mut side = resolved(path).into_os_string();
        side.push("-miglock");
        SideLock { path: side.into(), connection: None, held: false }
    }

    pub(crate) fn attempt(&mut self) -> Result<LockAttempt, Cause> {
        if self.held {
            return Ok(LockAttempt::Acquired);
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => match open(&self.path) {
                Ok(connection) => connection,
                Err(cause) => return Ok(self.unavailable(&cause)),
            },
        };
        let locked = connection.execute_batch("BEGIN EXCLUSIVE").map_err(cause);
        self.connection = Some(connection);
        match locked {
            Ok(()) => {
                self.held = true;
                Ok(LockAttempt::Acquired)
            }
            Err(cause) if cause.kind == CauseKind::LockTimeout => Ok(LockAttempt::Held(holder(&self.path))),
            Err(cause) if cause.kind == CauseKind::Access => Ok(self.unavailable(&cause)),
            Err(cause) => Err(cause),
        }
    }

    /// Who holds it, without an attempt: only where the operating system tells.
    pub(crate) fn holder(&self) -> Option<Holder> {
        Some(holder(&self.path)).filter(|holder| !holder.who.is_empty())
    }

    pub(crate) fn release(&mut self) -> Result<(), Cause> {
        self.held = false;
        match self.connection.take() {
            Some(connection) => connection.close().map_err(|(_, error)| cause(error)),
            None => Ok(()),
        }
    }

    fn unavailable(&self, cause: &Cause) -> LockAttempt {
        LockAttempt::Unavailable(format!("{} can't be locked: {}", self.path.display(), cause.message))
    }
}

fn open(path: &Path) -> Result<Connection, Cause> {
    let connection = Connection::open(path).map_err(cause)?;
    // The loop does the waiting.
    connection.busy_timeout(Duration::ZERO).map_err(cause)?;
    Ok(connection)
}

/// The file itself behind all names, also when it is yet to be made.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(resolved) = path.canonicalize() {
        return resolved;
    }
    // A link to a file that is yet to be made is that file already.
    if let Ok(target) = path.read_link()
        && target != path
    {
        return resolved(&path.parent().map_or(target.clone(), |parent| parent.join(&target)));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (parent.canonicalize(), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

/// Who holds the lock, from the kernel's own list; nobody is named unless device and inode are the file's.
#[cfg(target_os = "linux")]
fn holder(path: &Path) -> Holder {
    use std::os::unix::fs::MetadataExt;
    let find = || {
        // `metadata` does not open the file: closing it would drop the POSIX locks that this process has on it.
        let file = std::fs::metadata(path).ok()?;
        let (dev, inode) = (file.dev(), file.ino());
        let major = (dev >> 8) & 0xfff | (dev >> 32) & !0xfff;
        let minor = dev & 0xff | (dev >> 12) & !0xff;
        let place = format!("{major:02x}:{minor:02x}:{inode}");
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        let pid = locks.lines().find_map(|line| {
            let words: Vec<_> = line.split_whitespace().filter(|word| *word != "->").collect();
            match words.as_slice() {
                [_, _, _, "WRITE", pid, at, ..] if *at == place && *pid != "0" => Some((*pid).to_owned()),
                _ => None,
            }
        })?;
        let program = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let who = match program.trim() {
            "" => format!("process {pid}"),
            program => format!("process {pid} ({program})"),
        };
        Some(Holder { end: Some(format!("kill {pid}")), ..Holder::named(who) })
    };
    find().unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn holder(_: &Path) -> Holder {
    Holder::default()
}
