//! Outside a transaction: statement by statement, and on from where it stopped.

use migrate_core::{DownTarget, Migrator};

use super::{A, states};
use crate::{Subject, did, known, up};

fn outside(statements: &str) -> String {
    format!("-- migrate:options transaction:false\n{statements}")
}

/// What ran is not run again.
pub fn it_goes_on_where_it_failed<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let alone = S::samples().alone;
    let text = |third: &str| outside(&format!("UPDATE a SET n = n + 1;\n{alone};\n{third};\nUPDATE a SET n = n + 10;"));
    let wrong = text("UPDATE nosuch SET n = 1");
    let said = did(up::<S>(connection, &known::<S>(&[A, ("20260101000002_j.sql", &wrong)])));
    assert!(said.contains("2 of 4 statements of 20260101000002_j are committed"), "{said}");
    assert!(said.contains("20260101000002_j.sql:4:"), "{said}");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "1");
    let right = text("UPDATE a SET n = n + 100");
    let mended = known::<S>(&[A, ("20260101000002_j.sql", &right)]);
    assert_eq!(states::<S>(connection, &mended), "1 applied, 2 interrupted");
    assert_eq!(did(up::<S>(connection, &mended)), "+2");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "111");
    assert_eq!(S::value(connection, "SELECT count(*) FROM migrate_journal"), "0");
    assert_eq!(did(up::<S>(connection, &mended)), "");
}

/// Nobody may put another statement in the place of one that is done.
pub fn an_edited_prefix_is_refused<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let wrong = outside("UPDATE a SET n = n + 1;\nUPDATE nosuch SET n = 1;");
    assert!(up::<S>(connection, &known::<S>(&[A, ("20260101000002_j.sql", &wrong)])).is_err());
    let edited = outside("UPDATE a SET n = n + 2;\nUPDATE a SET n = n + 10;");
    let said = did(up::<S>(connection, &known::<S>(&[A, ("20260101000002_j.sql", &edited)])));
    assert!(said.contains("statement 1 is done already, and is not the same any more"), "{said}");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "1");
}

/// The same on the way down.
pub fn a_way_down_goes_on_too<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let up_text = ("20260101000002_j.up.sql", "UPDATE a SET n = n + 1000;");
    let down = |connection: &mut S::Connection, text: &str| {
        let set = known::<S>(&[A, up_text, ("20260101000002_j.down.sql", &outside(text))]);
        did(Migrator::new(&mut S::driver(connection)).down(&set, DownTarget::Count(1)))
    };
    let wrong = "UPDATE a SET n = n - 1000;\nUPDATE nosuch SET n = 1;";
    let set = known::<S>(&[A, up_text, ("20260101000002_j.down.sql", &outside(wrong))]);
    assert_eq!(did(up::<S>(connection, &set)), "+1 +2");
    let said = down(connection, wrong);
    assert!(said.contains("1 of 2 statements of 20260101000002_j are committed"), "{said}");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "0");
    assert_eq!(down(connection, "UPDATE a SET n = n - 1000;\nUPDATE a SET n = n + 5;"), "-2");
    assert_eq!(S::value(connection, "SELECT n FROM a"), "5");
}
