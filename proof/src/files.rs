//! The files of a differential run.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// All `.sql` files below directories, sorted.
pub fn gather<S: AsRef<str>>(directories: &[S]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for directory in directories {
        walk(Path::new(directory.as_ref()), &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            walk(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "sql") {
        files.push(path.to_owned());
    }
    Ok(())
}
