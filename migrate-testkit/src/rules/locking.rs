//! One run at a time, by a lock that dies with its holder.

use std::time::Duration;

use migrate_core::driver::{Driver, LockAttempt};
use migrate_core::{Migrator, UpTarget};

use super::A;
use crate::{Subject, did, known, up};

/// A second one is told that there is a holder, waits as long as it was told to, and gets it afterwards.
pub fn one_holder_at_a_time<S: Subject>() {
    let db = S::fresh();
    let (first, second) = (&mut db.connect(), &mut db.connect());
    let mut holder = S::driver(first);
    assert_eq!(holder.try_lock().ok(), Some(LockAttempt::Acquired));
    assert_eq!(holder.try_lock().ok(), Some(LockAttempt::Acquired), "the one that has it has it");
    let mut other = S::driver(second);
    assert!(matches!(other.try_lock(), Ok(LockAttempt::Held(_))), "two have the lock");
    let waited = Migrator::new(&mut other).lock_wait(Duration::from_millis(20)).up(&known::<S>(&[A]), UpTarget::All);
    assert!(waited.is_err_and(|error| error.is_lock_timeout()), "it ran, although somebody else has the lock");
    assert!(holder.unlock().is_ok());
    assert_eq!(other.try_lock().ok(), Some(LockAttempt::Acquired));
    assert!(other.unlock().is_ok());
}

/// Nobody has to clean up behind a holder that is gone.
pub fn a_lock_dies_with_its_connection<S: Subject>() {
    let db = S::fresh();
    let mut first = db.connect();
    assert_eq!(S::driver(&mut first).try_lock().ok(), Some(LockAttempt::Acquired));
    drop(first);
    let second = &mut db.connect();
    let mut driver = S::driver(second);
    let ran = Migrator::new(&mut driver).lock_wait(Duration::from_secs(20)).up(&known::<S>(&[A]), UpTarget::All);
    assert_eq!(did(ran), "+1");
}

/// A run that fails leaves the lock to the next one.
pub fn an_error_gives_the_lock_back<S: Subject>() {
    let db = S::fresh();
    let (first, second) = (&mut db.connect(), &mut db.connect());
    assert!(up::<S>(first, &known::<S>(&[("20260101000001_a.sql", "CREATE TABL a (n INTEGER)")])).is_err());
    let mut driver = S::driver(second);
    assert_eq!(driver.try_lock().ok(), Some(LockAttempt::Acquired));
    assert!(driver.unlock().is_ok());
}

/// Each migration counts itself; eight runners at once count it once.
pub fn runners_at_once_apply_each_migration_once<S: Subject>() {
    let db = S::fresh();
    let alone = format!("-- migrate:options transaction:false\nUPDATE a SET n = n + 100;\n{};", S::samples().alone);
    let files = [A, super::B, super::C, ("20260101000004_d.sql", alone.as_str())];
    std::thread::scope(|scope| {
        let runners: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let known = known::<S>(&files);
                    up::<S>(&mut db.connect(), &known)
                        .map(|report| report.done.len())
                        .unwrap_or_else(|error| panic!("{error}"))
                })
            })
            .collect();
        let done: usize = runners.into_iter().map(|runner| runner.join().unwrap_or_default()).sum();
        assert_eq!(done, files.len(), "each migration is in one report");
    });
    assert_eq!(S::value(&mut db.connect(), "SELECT n FROM a"), "111");
}
