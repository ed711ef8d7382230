//! Migrations whose file is gone: what was stored has to make the same way back.

use crate::source::{from_stored, read, stored_down};
use crate::sql::Dialect;
use crate::{Checksum, Down, Options, TransactionMode, Version};

const V: Version = Version::new(20230314095813);

/// Stores what the files say, makes it again, and compares.
#[track_caller]
fn round_trip(files: &[(&str, &str)], stored: &str) {
    let named = files.iter().map(|(name, text)| (format!("{V}{name}"), text));
    let before = read(named, Some(Dialect::Sqlite)).unwrap().migrations.remove(0);
    let down = stored_down(&before, Some(Dialect::Sqlite));
    assert_eq!(down, stored);
    let after = from_stored(V, "x", Some(&before.up.text), &down, Some(Dialect::Sqlite)).unwrap();
    assert_eq!(after.meta.checksum, before.meta.checksum);
    assert_eq!(after.store, before.store);
    match (&before.down, &after.down) {
        (Down::Script(before), Down::Script(after)) => {
            assert_eq!(after.options, before.options);
            assert!(after.text.ends_with(before.text.as_ref()));
            assert_eq!(after.file, "stored text of 20230314095813_x (down)");
        }
        (before, after) => assert_eq!(after, before),
    }
}

#[test]
fn the_same_way_back() {
    let up = ("_x.up.sql", "SELECT 1;");
    round_trip(&[up], "");
    round_trip(&[up, ("_x.down.sql", "-- none\n")], "");
    round_trip(&[up, ("_x.down.sql", "SELECT 2;\r\n")], "SELECT 2;\r\n");
    let down = "-- migrate:options transaction:false lock_timeout:5s\nSELECT 2;";
    round_trip(&[up, ("_x.down.sql", down)], down);
    round_trip(
        &[("_x.up.sql", "-- migrate:options transaction:false\nSELECT 1;"), ("_x.down.sql", "SELECT 2;")],
        "SELECT 2;",
    );
    round_trip(
        &[("_x.up.sql", "-- migrate:options nothing-to-undo store:false\nSELECT 1;")],
        "-- migrate:options nothing-to-undo\n",
    );
    round_trip(&[up, ("_x.down.sql", "-- migrate:options nothing-to-undo")], "-- migrate:options nothing-to-undo\n");
}

#[test]
fn sections_share_the_options_of_their_file() {
    let up = "-- migrate:options transaction:false\n-- migrate:up\nSELECT 1;\n";
    let down = "-- migrate:down lock_timeout:5s\nSELECT 2;\n-- migrate:options retry_safe:true\n";
    round_trip(&[("_x.sql", &format!("{up}{down}"))], down);
    let down = "-- migrate:down transaction:true\nSELECT 2;\n";
    round_trip(&[("_x.sql", &format!("{up}{down}"))], down);
}

#[test]
fn what_no_text_says() {
    let outside = "-- migrate:options transaction:false\nSELECT 2;";
    round_trip(&[("_x.up.sql", "SELECT 1;"), ("_x.no-db-txn.down.sql", "SELECT 2;")], outside);
    let toml = ("_x/metadata.toml", "run_in_transaction = false");
    round_trip(&[("_x/up.sql", "SELECT 1;"), ("_x/down.sql", "SELECT 2;"), toml], outside);
    let down = "-- migrate:down lock_timeout:5s\nSELECT 2;";
    round_trip(
        &[("_x.no-db-txn.sql", &format!("-- migrate:up\nSELECT 1;\n{down}"))],
        &format!("-- migrate:options transaction:false\n{down}"),
    );
}

#[test]
fn an_up_that_was_not_kept() {
    let found = from_stored(V, "x", None, "-- migrate:down transaction:false\nDROP TABLE x;", None).unwrap();
    assert_eq!(found.up.text, "");
    assert!(matches!(found.meta.checksum, Checksum::Unknown(_)));
    let Down::Script(down) = found.down else { panic!("{:?}", found.down) };
    assert_eq!(down.options, Options { transaction: TransactionMode::Outside, ..Options::NONE });
}

#[test]
fn a_text_that_can_not_be_run() {
    let mistakes = from_stored(V, "x", Some("SELECT 1;"), "DROP TABLE 'x;", None).unwrap_err();
    assert_eq!(
        mistakes.to_string(),
        "stored text of 20230314095813_x (down):1:12: unterminated string that starts here"
    );
    // Its up ran, as it was then: that it would be a mistake today is no reason to refuse the way back.
    assert!(from_stored(V, "x", Some("COMMIT"), "DROP TABLE x;", None).is_ok());
}
