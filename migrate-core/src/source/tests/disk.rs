//! Directories on the disk.

use std::fs;
use std::path::{Path, PathBuf};

use super::summary;
use crate::source::{list_dir, read_dir};

/// A directory that goes when the test ends, well or not.
struct Dir(PathBuf);

impl Dir {
    fn new(test: &str, files: &[(&str, &str)]) -> Dir {
        let dir = Dir(std::env::temp_dir().join(format!("migrate-source-{}-{test}", std::process::id())));
        let _ = fs::remove_dir_all(&dir.0);
        fs::create_dir_all(&dir.0).unwrap();
        for (name, text) in files {
            let path = dir.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    /// What reading says, with `DIR` for the directory.
    #[track_caller]
    fn check(&self, path: &Path, expected: &str) {
        let found = match read_dir(path, None) {
            Ok(read) => summary(&read),
            Err(mistakes) => mistakes.to_string(),
        };
        assert_eq!(found.replace(&self.0.display().to_string(), "DIR"), expected.trim_matches('\n'));
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const FILES: [(&str, &str); 8] = [
    ("20230314095813_b.up.sql", "SELECT 1;"),
    ("20230314095813_b.down.sql", "SELECT 2;"),
    ("20230314095812_a.sql", "\u{feff}SELECT 0;\r\n"),
    ("2023-03-14-095814_c/up.sql", "SELECT 3;"),
    ("2023-03-14-095814_c/metadata.toml", "run_in_transaction = false"),
    ("2023-03-14-095814_c/notes.txt", ""),
    ("README.md", ""),
    ("docs/drawing.svg", ""),
];

#[test]
fn a_directory() {
    let dir = Dir::new("good", &FILES);
    let table = r#"
20230314095812_a | DIR/20230314095812_a.sql:1 "SELECT 0;\r\n" | irreversible
20230314095813_b | DIR/20230314095813_b.up.sql:1 "SELECT 1;" | DIR/20230314095813_b.down.sql:1 "SELECT 2;"
20230314095814_c | DIR/2023-03-14-095814_c/up.sql:1 "SELECT 3;" outside | irreversible
"#;
    dir.check(&dir.0, table);
    // Neither a slash at the path's end nor what lies deeper changes anything.
    fs::create_dir_all(dir.0.join("docs/old/2022")).unwrap();
    fs::write(dir.0.join("docs/old/x.sql"), "").unwrap();
    dir.check(&PathBuf::from(format!("{}/", dir.0.display())), table);

    let names = [
        "2023-03-14-095814_c/metadata.toml",
        "2023-03-14-095814_c/up.sql",
        "20230314095812_a.sql",
        "20230314095813_b.down.sql",
        "20230314095813_b.up.sql",
    ];
    assert_eq!(read_dir(&dir.0, None).unwrap().files, names);
    assert_eq!(list_dir(&dir.0).unwrap(), names);
    fs::write(dir.0.join("20230314095815_d.upp.sql"), "").unwrap();
    assert_eq!(list_dir(&dir.0).unwrap().last().unwrap(), "20230314095815_d.upp.sql");
}

#[test]
fn no_migrations() {
    let dir = Dir::new("empty", &[]);
    dir.check(&dir.0, "");
    fs::create_dir(dir.0.join("2023-03-14-095814_c")).unwrap();
    dir.check(&dir.0, "DIR/2023-03-14-095814_c: holds no up.sql\n  help: write one, or remove the directory");
}

#[test]
fn what_is_no_directory() {
    let dir = Dir::new("none", &[("file", "")]);
    dir.check(
        &dir.0.join("absent"),
        "DIR/absent: there is no such directory\n  help: make it, or give the path of the one you have",
    );
    dir.check(
        &dir.0.join("file"),
        "DIR/file: is a file, not a directory\n  help: give the directory that holds the migrations",
    );
    assert!(list_dir(&dir.0.join("absent")).is_err());
}

#[cfg(unix)]
#[test]
fn what_can_not_be_read() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    let dir = Dir::new("unreadable", &[("20230314095812_a.sql", "SELECT 0;"), ("elsewhere.txt", "SELECT 1;")]);
    symlink(dir.0.join("elsewhere.txt"), dir.0.join("20230314095813_link.sql")).unwrap();
    symlink(dir.0.join("gone"), dir.0.join("20230314095814_broken.sql")).unwrap();
    let _socket = UnixListener::bind(dir.0.join("20230314095815_socket.sql")).unwrap();
    // macOS refuses to make such a name.
    if fs::write(dir.0.join(OsStr::from_bytes(b"20230314095816_\xff.sql")), "").is_ok() {
        dir.check(
            &dir.0,
            "
3 mistakes in the migrations:
DIR/20230314095814_broken.sql: can't be read: it leads to nothing
DIR/20230314095815_socket.sql: is not a regular file
DIR/20230314095816_\u{fffd}.sql: the file's name is not UTF-8
  help: name it in letters, digits, `_` and `-`
",
        );
        fs::remove_file(dir.0.join(OsStr::from_bytes(b"20230314095816_\xff.sql"))).unwrap();
    }
    fs::remove_file(dir.0.join("20230314095814_broken.sql")).unwrap();
    fs::remove_file(dir.0.join("20230314095815_socket.sql")).unwrap();
    let locked = dir.0.join("20230314095812_a.sql");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
    // Root may read everything; another suite does this as a user in a process of its own.
    if fs::read(&locked).is_ok() {
        return;
    }
    dir.check(&dir.0, "DIR/20230314095812_a.sql: can't be read: no permission");
    fs::set_permissions(&dir.0, fs::Permissions::from_mode(0o0)).unwrap();
    dir.check(&dir.0, "DIR: can't be read: no permission");
    fs::set_permissions(&dir.0, fs::Permissions::from_mode(0o700)).unwrap();
}

/// A thousand files must not be felt at a start.
#[test]
fn many_files() {
    let files: Vec<(String, String)> = (0..1000)
        .flat_map(|n| {
            let stem = format!("2023010100{:02}{:02}_x", n / 60, n % 60);
            let up = format!(
                "-- why\nCREATE TABLE t{n} (\n  id INTEGER PRIMARY KEY,\n  name TEXT NOT NULL DEFAULT 'it''s'\n);\n"
            );
            [(format!("{stem}.up.sql"), up), (format!("{stem}.down.sql"), format!("DROP TABLE t{n};\n"))]
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let dir = Dir::new("many", &files);
    let start = std::time::Instant::now();
    assert_eq!(read_dir(&dir.0, None).unwrap().migrations.len(), 1000);
    // About 0.1 s without optimisation; the limit is wide, for machines with other work to do.
    assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
}

#[cfg(feature = "include_dir")]
#[test]
fn an_embedded_directory() {
    use include_dir::{Dir, DirEntry, File};

    const FILES: &[DirEntry<'_>] = &[
        DirEntry::File(File::new("sqlite/20230314095813_b.sql", b"SELECT 1;")),
        DirEntry::Dir(Dir::new(
            "sqlite/2023-03-14-095812_a",
            &[DirEntry::File(File::new("sqlite/2023-03-14-095812_a/up.sql", b"SELECT 0;"))],
        )),
    ];
    // The names of a directory within one begin with the way to it.
    let read = crate::source::read_include_dir(&Dir::new("sqlite", FILES), None).unwrap();
    assert_eq!(read.files, ["2023-03-14-095812_a/up.sql", "20230314095813_b.sql"]);
    assert_eq!(read.migrations[0].up.file, "sqlite/2023-03-14-095812_a/up.sql");
    let root = [DirEntry::Dir(Dir::new("sqlite", FILES))];
    assert_eq!(
        crate::source::read_include_dir(&Dir::new("", &root), None).unwrap_err().to_string(),
        ".: holds no migration, but `sqlite` does\n  help: did you mean `sqlite`?"
    );
}
