//! A session is given back as it was found.

use super::{A, C};
use crate::{Subject, did, known, up};

/// Also when the file fails.
pub fn what_a_file_sets_reaches_neither_the_next_one_nor_the_caller<S: Subject>() {
    let db = S::fresh();
    let connection = &mut db.connect();
    let samples = S::samples();
    let before = S::value(connection, samples.setting);
    S::execute(connection, samples.set).unwrap_or_else(|error| panic!("{error}"));
    assert_ne!(S::value(connection, samples.setting), before, "the sample changes nothing");
    let connection = &mut db.connect();
    let looks = format!("CREATE TABLE seen (n TEXT);\nINSERT INTO seen {};", samples.setting);
    let sets = format!("{};\nUPDATE a SET n = n + 1;", samples.set);
    let files = [A, ("20260101000002_set.sql", sets.as_str()), ("20260101000004_seen.sql", looks.as_str())];
    assert_eq!(did(up::<S>(connection, &known::<S>(&files))), "+1 +2 +4");
    assert_eq!(S::value(connection, samples.setting), before);
    let seen = S::value(connection, &format!("SELECT count(*) FROM seen WHERE n = '{before}'"));
    assert_eq!(seen, "1", "the next file has seen the setting");
    let fails = format!("{};\nUPDATE nosuch SET n = 1;", samples.set);
    assert!(up::<S>(connection, &known::<S>(&[A, C, ("20260101000005_x.sql", &fails)])).is_err());
    assert_eq!(S::value(connection, samples.setting), before);
}
