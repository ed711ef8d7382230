//! A read creates nothing, and needs nothing.

use migrate_core::State;
use migrate_core::driver::{Driver, LockAttempt};

use super::{A, count, is_there, states};
use crate::{Subject, did, known, up};

/// Looking at an empty database makes no table.
pub fn a_read_creates_nothing<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    assert_eq!(states::<S>(connection, &known::<S>(&[A])), "1 pending");
    assert!(!is_there::<S>(connection, "migrate_history"), "a read has made the history's table");
    assert_eq!(count::<S>(connection, &known::<S>(&[A]), State::Pending), 1);
}

/// A start with nothing to do goes by without the lock that somebody else holds.
pub fn nothing_to_do_needs_no_lock<S: Subject>() {
    let db = S::fresh();
    let (first, second) = (&mut db.connect(), &mut db.connect());
    assert_eq!(did(up::<S>(first, &known::<S>(&[A]))), "+1");
    let mut holder = S::driver(first);
    assert_eq!(holder.try_lock().ok(), Some(LockAttempt::Acquired));
    assert_eq!(did(up::<S>(second, &known::<S>(&[A]))), "");
    assert!(holder.unlock().is_ok());
}
