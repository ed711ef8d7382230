//! The set is recorded, never one "current version".

use migrate_core::{Migrator, Version};

use super::{A, B, C, is_there, states};
use crate::{Subject, did, known, up};

/// A branch that is merged late.
pub fn an_older_migration_that_comes_late_is_applied<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    assert_eq!(did(up::<S>(connection, &known::<S>(&[A, C]))), "+1 +3");
    assert_eq!(states::<S>(connection, &known::<S>(&[A, B, C])), "1 applied, 2 out-of-order, 3 applied");
    assert_eq!(did(up::<S>(connection, &known::<S>(&[A, B, C]))), "+2");
    // An older build starts, too.
    assert_eq!(did(up::<S>(connection, &known::<S>(&[A]))), "");
}

/// With a diff against the text that was stored.
pub fn a_changed_file_is_refused_until_it_is_accepted<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    assert_eq!(did(up::<S>(connection, &known::<S>(&[A, B]))), "+1 +2");
    let changed = known::<S>(&[A, ("20260101000002_b.sql", "UPDATE a SET n = n + 2;"), C]);
    let said = did(up::<S>(connection, &changed));
    assert!(said.contains("20260101000002_b has changed") && said.contains("- UPDATE a SET n = n + 1;"), "{said}");
    let version = Version::new(20260101000002);
    assert_eq!(did(Migrator::new(&mut S::driver(connection)).repair(&changed, version)), "a2");
    assert_eq!(did(up::<S>(connection, &changed)), "+3");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "11");
}

/// It is recorded, with all that is older.
pub fn a_baseline_records_and_runs_nothing<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let set = known::<S>(&[A, B, ("20260101000003_c.sql", "CREATE TABLE c (n INTEGER);")]);
    let version = Version::new(20260101000002);
    assert_eq!(did(Migrator::new(&mut S::driver(connection)).baseline(&set, version)), "r1 r2");
    assert!(!is_there::<S>(connection, "a"));
    assert_eq!(did(up::<S>(connection, &set)), "+3");
}
