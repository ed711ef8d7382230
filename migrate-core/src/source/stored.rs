//! A migration whose file is gone, from the text that the history keeps. Pure.

use std::borrow::Cow;

use super::header::{self, Header};
use super::mistake::Mistakes;
use super::name::Kind;
use super::script::{self, Content};
use crate::sql::Dialect;
use crate::{Checksum, Direction, Down, Script, SqlMigration, Store, TransactionMode, Version};

/// What a file's name or `metadata.toml` said, which the text alone does not.
const OUTSIDE: &str = "-- migrate:options transaction:false\n";
const NOTHING_TO_UNDO: &str = "-- migrate:options nothing-to-undo\n";

pub(super) fn from_stored(
    version: Version,
    name: &str,
    up: Option<&str>,
    down: &str,
    dialect: Option<Dialect>,
) -> Result<SqlMigration, Mistakes> {
    let dialects = script::candidates(&dialect);
    let mut mistakes = Vec::new();
    let file = |way: Direction| format!("stored text of {version}_{name} ({way})");
    let (up_file, down_file) = (file(Direction::Up), file(Direction::Down));
    let up_text = up.unwrap_or_default();
    let mut header = |text: &str, file: &str| -> Header {
        let found = script::find_directives(text, file, dialects, &mut mistakes).unwrap_or_default();
        header::interpret(text, &found, Kind::Single, file, &mut mistakes)
    };
    let (up_header, down_header) = (header(up_text, &up_file), header(down, &down_file));
    // A file with sections: what its `options` say, they say for both ways.
    let (up_all, down_all) = match down_header.down {
        Some(_) => (up_header.file.or(down_header.file), down_header.file.or(up_header.file)),
        None => (up_header.file, down_header.file),
    };
    let marked = |section: Option<header::Section>| section.map(|found| found.settings).unwrap_or_default();
    let up_options = marked(up_header.up).or(up_all).options(None);
    let down_options = marked(down_header.down).or(down_all).options(None);
    let content = script::check(down, 1, &down_file, &down_options, dialects, &mut mistakes);
    let nothing_to_undo = up_header.nothing_to_undo.or(down_header.nothing_to_undo);
    let down = match content {
        Some(Content::Statements) => {
            Down::Script(Script::new(down_file.into(), down.to_owned().into(), 1, down_options))
        }
        _ if nothing_to_undo.is_some() => Down::NothingToUndo,
        _ => Down::Irreversible,
    };
    let store = up_header.store.or(down_header.store).map_or(Store::default(), |set| set.value);
    let script = Script::new(up_file.into(), up_text.to_owned().into(), 1, up_options);
    let mut migration = SqlMigration::new(version, name.to_owned(), script, down, store);
    if up.is_none() {
        migration.meta.checksum = Checksum::Unknown("no stored text".into());
    }
    Mistakes::none_or(mistakes, migration)
}

/// The text to keep for the way back, so that [`from_stored`] finds the same again.
pub(super) fn stored_down(migration: &SqlMigration, dialect: Option<Dialect>) -> Cow<'_, str> {
    let script = match &migration.down {
        Down::Script(script) if script.options.transaction == TransactionMode::Inside => {
            return script.text.as_ref().into();
        }
        Down::Script(script) => script,
        Down::NothingToUndo => return NOTHING_TO_UNDO.into(),
        Down::Irreversible => return "".into(),
    };
    let again =
        from_stored(migration.meta.version, &migration.meta.name, Some(&migration.up.text), &script.text, dialect);
    match again.map(|again| again.down) {
        Ok(Down::Script(read)) if read.options.transaction != script.options.transaction => {
            (OUTSIDE.to_owned() + &script.text).into()
        }
        _ => script.text.as_ref().into(),
    }
}
