//! The files of one version into its migration. Pure.

use super::assemble::Group;
use super::file::{File, Half};
use super::header::Set;
use super::mistake::Mistake;
use super::name::Kind;
use super::script::Content;
use crate::{Direction, Down, Script, SqlMigration, Store, TransactionMode, Version};

/// The migration of a group whose files belong together, unless one of them is a mistake already. What they say
/// against each other goes to `mistakes`.
pub(super) fn migration(version: Version, group: &Group<'_>, mistakes: &mut Vec<Mistake>) -> Option<SqlMigration> {
    if group.members.iter().any(|member| member.file.is_none()) {
        return None;
    }
    let find = |kinds: &[Kind]| kinds.iter().find_map(|kind| group.find(*kind));
    let head = find(&[Kind::Single, Kind::Pair(Direction::Up), Kind::Diesel(Direction::Up)])?;
    let first = head.file.as_ref()?;
    let second = find(&[Kind::Pair(Direction::Down), Kind::Diesel(Direction::Down)]).and_then(|m| m.file.as_ref());
    let metadata = group.find(Kind::Metadata).and_then(|member| member.file.as_ref());

    let files = || [Some(first), second].into_iter().flatten();
    for file in files() {
        mistakes.extend(transaction_conflict(file, metadata));
    }
    let store = files().filter_map(|file| file.header.store.map(|set| (file, set))).collect::<Vec<_>>();
    if let [(one, Set { value: kept, .. }), (other, Set { value, position })] = store.as_slice()
        && kept != value
    {
        let problem = format!("`store` has another value in {}", one.path);
        mistakes.push(Mistake::new(&other.path, problem).at(*position).with_help("keep one of them"));
    }
    let up = first.up.as_ref()?;
    let down = second.map_or_else(|| first.down.as_ref().map(|half| (first, half)), |f| Some((f, f.down.as_ref()?)));
    let down = down.filter(|(_, half)| half.content == Content::Statements);
    let nothing = files().find_map(|file| file.header.nothing_to_undo.map(|position| (file, position)));
    let down = match (down, nothing) {
        (Some((file, _)), Some((said, position))) => {
            let problem = format!("`nothing-to-undo`, but there are statements in the down of {}", file.path);
            mistakes.push(Mistake::new(&said.path, problem).at(position).with_help("remove either"));
            return None;
        }
        (Some((file, half)), None) => Down::Script(script(file, half, metadata)),
        (None, Some(_)) => Down::NothingToUndo,
        (None, None) => Down::Irreversible,
    };
    let store = store.first().map_or(Store::default(), |(_, set)| set.value);
    Some(SqlMigration::new(version, head.part.name.to_owned(), script(first, up, metadata), down, store))
}

fn script(file: &File, half: &Half, metadata: Option<&File>) -> Script {
    let outside = metadata.and_then(|file| file.transaction).or(file.transaction);
    let options = half.settings.or(file.header.file).options(outside);
    Script::new(file.path.clone().into(), half.text.clone().into(), half.line, options)
}

/// `.no-db-txn.` or `metadata.toml` against `-- migrate:options`.
fn transaction_conflict(file: &File, metadata: Option<&File>) -> Option<Mistake> {
    let Set { value, position } = file.header.file.transaction?;
    let (said, by) = match metadata.and_then(|metadata| Some((metadata.transaction?, &metadata.path))) {
        Some((said, path)) => (said, path.as_str()),
        None => (file.transaction?, "the file's name"),
    };
    if value == said {
        return None;
    }
    let truth = |mode| mode == TransactionMode::Inside;
    let problem = format!("`transaction:{}`, and {by} says `transaction:{}`", truth(value), truth(said));
    Some(Mistake::new(&file.path, problem).at(position).with_help("keep one of them"))
}
