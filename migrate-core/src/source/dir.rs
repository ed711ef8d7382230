//! The only file of this crate that reads the disk.

use std::fs::{self, DirEntry, FileType};
use std::io;
use std::path::Path;

use super::mistake::Mistake;
use super::name::{self, Entry};

/// The directory as messages name it.
pub(super) fn label(path: &Path) -> String {
    let shown = path.display().to_string();
    if cfg!(windows) { shown.replace('\\', "/") } else { shown }
}

/// The names in a directory and in its sub-directories, relative to it and `/`-separated; that of a directory ends in
/// `/`. Nothing is read from deeper down. What can't be read goes to `mistakes`.
pub(super) fn names(path: &Path, label: &str, mistakes: &mut Vec<Mistake>) -> Vec<String> {
    let mut names = Vec::new();
    for (name, kind) in list(path, label, mistakes).unwrap_or_default() {
        if !kind.is_dir() {
            names.push(name);
        } else if !name::hidden(&name)
            && let Some(inside) = list(&path.join(&name), &super::join(label, &name), mistakes)
        {
            names.extend(inside.into_iter().map(|(file, kind)| match kind.is_dir() {
                true => format!("{name}/{file}/"),
                false => format!("{name}/{file}"),
            }));
            names.push(name + "/");
        }
    }
    names
}

/// The bytes of a file.
pub(super) fn bytes(path: &Path, name: &str) -> Result<Vec<u8>, String> {
    let path = path.join(name);
    let problem = |error: io::Error| format!("can't be read: {}", plain(&error));
    // A pipe would be waited for.
    if !fs::metadata(&path).map_err(problem)?.is_file() {
        return Err("is not a regular file".into());
    }
    fs::read(&path).map_err(problem)
}

fn list(path: &Path, label: &str, mistakes: &mut Vec<Mistake>) -> Option<Vec<(String, FileType)>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            mistakes.push(unreadable(label, &error));
            return None;
        }
    };
    for entry in entries {
        match entry.and_then(|entry| Ok((kind(&entry)?, entry.file_name()))) {
            Ok((kind, name)) => match name.into_string() {
                Ok(name) => found.push((name, kind)),
                Err(name) => {
                    let shown = name.to_string_lossy();
                    if name::entry(&shown) != Entry::Ignored {
                        let mistake = Mistake::new(super::join(label, &shown), "the file's name is not UTF-8");
                        mistakes.push(mistake.with_help("name it in letters, digits, `_` and `-`"));
                    }
                }
            },
            Err(error) => mistakes.push(unreadable(label, &error)),
        }
    }
    Some(found)
}

/// What an entry is, or what a link leads to; a link to nowhere stays a link, and fails when it is read.
fn kind(entry: &DirEntry) -> io::Result<FileType> {
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        return Ok(fs::metadata(entry.path()).map_or(kind, |target| target.file_type()));
    }
    Ok(kind)
}

fn unreadable(label: &str, error: &io::Error) -> Mistake {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => "there is no such directory".into(),
        io::ErrorKind::NotADirectory => "is a file, not a directory".into(),
        _ => format!("can't be read: {}", plain(error)),
    };
    let mistake = Mistake::new(label, problem);
    match error.kind() {
        io::ErrorKind::NotFound => mistake.with_help("make it, or give the path of the one you have"),
        io::ErrorKind::NotADirectory => mistake.with_help("give the directory that holds the migrations"),
        _ => mistake,
    }
}

/// The error's words, the same on every system where that is possible.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "no permission".into(),
        io::ErrorKind::NotFound => "it leads to nothing".into(),
        _ => error.to_string(),
    }
}
