//! From files to migrations: one reader for the macro, the library, the command line and the linter.
//!
//! Four forms, freely mixed in one directory:
//!
//! | files | |
//! |---|---|
//! | `20230314095813_create_users.up.sql`, `20230314095813_create_users.down.sql` | a pair; the down may be absent |
//! | `20230314095813_create_users.sql` with `-- migrate:up` and `-- migrate:down` | sections, as dbmate has them |
//! | `20230314095813_create_users.sql` without markers | up only, as sqlx has them |
//! | `2023-03-14-095813_create_users/up.sql`, `…/down.sql`, `…/metadata.toml` | a directory, as diesel has them |
//!
//! A down that is absent, empty or holds only comments means that the migration is irreversible, unless
//! `-- migrate:options nothing-to-undo` says that there is nothing to do.
//!
//! What is read: everything that begins with a digit or has `.sql` in its name. It must then be a proper migration,
//! so that a misspelt file is never passed over in silence; `README.md`, `mod.rs`, dot files and names that end in
//! `~` are. All mistakes of a directory are reported at once.
//!
//! ```
//! use migrate_core::source;
//!
//! let files = [("001_users.sql", "CREATE TABLE users (id INTEGER)"), ("20260102030405_empty.up.sql", "")];
//! let mistakes = source::read(files, None).unwrap_err();
//! assert_eq!(
//!     mistakes.to_string(),
//!     "2 mistakes in the migrations:\n\
//!      001_users.sql: a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss), but `001` has 3\n  \
//!        help: name it by the UTC time it was written, for instance 20260102030405_users.sql \
//!      (`migrate new users` does it)\n\
//!      20260102030405_empty.up.sql: is empty\n  \
//!        help: write its statements, or remove the file",
//! );
//! ```

mod assemble;
mod build;
mod dir;
mod file;
mod header;
mod mistake;
mod name;
mod script;
mod stored;
mod text;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

pub use self::mistake::{Mistake, Mistakes};
pub use self::text::decode;

use self::assemble::{Source, assemble};
use crate::sql::Dialect;
use crate::{SqlMigration, Version};

/// A directory of migrations, without a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// Sorted by version, each version once.
    pub migrations: Vec<SqlMigration>,
    /// The names of all files that were read, relative to the directory, sorted; each `metadata.toml` too.
    pub files: Vec<String>,
}

/// Reads migrations from names and contents. The names are relative and `/`-separated:
/// `2023-03-14-095813_create_users/up.sql`. Their order does not matter.
///
/// Without a dialect only that is a mistake which is one in every dialect, and a text whose meaning depends on the
/// dialect is one too.
///
/// # Errors
/// Everything that is wrong, in file order.
pub fn read<N, B>(files: impl IntoIterator<Item = (N, B)>, dialect: Option<Dialect>) -> Result<Read, Mistakes>
where
    N: Into<String>,
    B: AsRef<[u8]>,
{
    read_labelled("", files, dialect)
}

/// As [`read`], with the name of the directory as messages should put it before the files' names.
///
/// # Errors
/// As [`read`].
pub fn read_labelled<N, B>(
    label: &str,
    files: impl IntoIterator<Item = (N, B)>,
    dialect: Option<Dialect>,
) -> Result<Read, Mistakes>
where
    N: Into<String>,
    B: AsRef<[u8]>,
{
    let relative = |name: String| name.strip_prefix("./").map(str::to_owned).unwrap_or(name);
    let mut files: Vec<(String, B)> = files.into_iter().map(|(name, bytes)| (relative(name.into()), bytes)).collect();
    files.sort_by(|(a, x), (b, y)| (a, x.as_ref()).cmp(&(b, y.as_ref())));
    let mut mistakes = Vec::new();
    let mut contents: BTreeMap<String, B> = BTreeMap::new();
    for (name, bytes) in files {
        match contents.entry(name) {
            Entry::Occupied(taken) => mistakes.push(Mistake::new(join(label, taken.key()), "is given twice")),
            Entry::Vacant(free) => {
                free.insert(bytes);
            }
        }
    }
    let names = contents.keys().cloned().collect();
    let mut open = |name: &str| match contents.get(name) {
        Some(bytes) => Ok(Cow::Borrowed(bytes.as_ref())),
        None => Err("is a directory, not a file".to_owned()),
    };
    assemble(Source { label, names, open: &mut open, mistakes }, dialect)
}

/// Reads a directory. [`Script::file`](crate::Script::file) is the path as it is given here, joined with the name.
///
/// A directory without any migration is not a mistake.
///
/// # Errors
/// As [`read`], and what the disk refuses.
pub fn read_dir(path: &Path, dialect: Option<Dialect>) -> Result<Read, Mistakes> {
    read_dir_labelled(path, &dir::label(path), dialect)
}

/// As [`read_dir`], with another name of the directory for messages: where it stands relative to a crate, for instance.
///
/// # Errors
/// As [`read_dir`].
pub fn read_dir_labelled(path: &Path, label: &str, dialect: Option<Dialect>) -> Result<Read, Mistakes> {
    let mut mistakes = Vec::new();
    let names = dir::names(path, label, &mut mistakes);
    let mut open = |name: &str| dir::bytes(path, name).map(Cow::Owned);
    assemble(Source { label, names, open: &mut open, mistakes }, dialect)
}

/// The names that [`read_dir`] would read, sorted, and those that it would refuse for being misspelt: to say which
/// file on the disk is not compiled in.
///
/// # Errors
/// What the disk refuses.
pub fn list_dir(path: &Path) -> Result<Vec<String>, Mistakes> {
    let mut mistakes = Vec::new();
    let mut names = dir::names(path, &dir::label(path), &mut mistakes);
    names.retain(|name| {
        !name.ends_with('/') && matches!(name::entry(name), name::Entry::Part(_) | name::Entry::Wrong(_))
    });
    names.sort_unstable();
    Mistakes::none_or(mistakes, names)
}

/// Reads a directory that `include_dir!` embedded, or a directory in one.
///
/// # Errors
/// As [`read`].
#[cfg(feature = "include_dir")]
pub fn read_include_dir(dir: &include_dir::Dir<'_>, dialect: Option<Dialect>) -> Result<Read, Mistakes> {
    fn collect<'d>(dir: &include_dir::Dir<'d>, root: &Path, files: &mut Vec<(String, &'d [u8])>) {
        for file in dir.files() {
            let path = file.path().strip_prefix(root).unwrap_or(file.path());
            let name: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            files.push((name.join("/"), file.contents()));
        }
        dir.dirs().for_each(|dir| collect(dir, root, files));
    }
    let mut files = Vec::new();
    collect(dir, dir.path(), &mut files);
    read_labelled(&dir::label(dir.path()), files, dialect)
}

/// Makes a migration again from the text that the history keeps, when its file is gone.
///
/// `up` is `None` where the text was not kept; such a migration can only be reverted. A `down` that has a
/// `-- migrate:down` line comes from a file with sections, whose options for the whole file then stand in `up`.
///
/// # Errors
/// As [`read`]: the text was right when it was applied, but perhaps for another dialect or another version of this
/// crate.
pub fn from_stored(
    version: Version,
    name: &str,
    up: Option<&str>,
    down: &str,
    dialect: Option<Dialect>,
) -> Result<SqlMigration, Mistakes> {
    stored::from_stored(version, name, up, down, dialect)
}

/// The down text that the history has to keep so that [`from_stored`] finds the same way back: as it stands in the
/// file, empty where there is none. What the file's name or `metadata.toml` said about transactions, and
/// `nothing-to-undo`, which may stand in either file of a pair, is added as a line of its own.
pub fn stored_down(migration: &SqlMigration, dialect: Option<Dialect>) -> Cow<'_, str> {
    stored::stored_down(migration, dialect)
}

/// A name behind the label of its directory.
fn join(label: &str, name: &str) -> String {
    match label {
        "" => name.to_owned(),
        label if label.ends_with('/') => format!("{label}{name}"),
        label => format!("{label}/{name}"),
    }
}
