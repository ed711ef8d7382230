//! The history keeps the text of the way back.

use migrate_core::{DownTarget, Migrator};

use super::{A, is_there, states};
use crate::{Subject, did, known, up};

/// A cancelled branch: its file is gone, its table is not.
pub fn the_stored_text_runs_when_the_file_is_gone<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let pair = [
        A,
        ("20260101000002_x.up.sql", "CREATE TABLE x (n INTEGER);"),
        ("20260101000002_x.down.sql", "-- it's \\ back;\nDROP TABLE x;"),
    ];
    assert_eq!(did(up::<S>(connection, &known::<S>(&pair))), "+1 +2");
    let without = known::<S>(&[A]);
    assert_eq!(states::<S>(connection, &without), "1 applied, 2 ahead");
    let down = Migrator::new(&mut S::driver(connection)).down(&without, DownTarget::Absent);
    assert_eq!(did(down), "-2");
    assert!(!is_there::<S>(connection, "x"));
    assert_eq!(states::<S>(connection, &without), "1 applied");
}
