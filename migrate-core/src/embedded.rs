use std::env;
use std::mem;
use std::path::{Path, PathBuf};

use crate::source::{self, Read};
use crate::sql::Dialect;
use crate::{Down, Options, Script, SqlMigration, Stale, Store};

/// A migrations directory as it was when the program was compiled: the value of `embed_migrations!`.
///
/// It can stand in a `static`; its checksums were taken by the compiler, so a start hashes nothing.
#[derive(Debug)]
pub struct Embedded {
    dir: &'static str,
    root: Option<&'static str>,
    dialect: Option<Dialect>,
    files: &'static [&'static str],
    migrations: &'static [SqlMigration],
}

impl Embedded {
    /// For the macro. `root` is the crate's directory, in debug builds only: no path of the machine that built a
    /// release stands in it.
    #[doc(hidden)]
    pub const fn new(
        dir: &'static str,
        root: Option<&'static str>,
        dialect: Option<Dialect>,
        files: &'static [&'static str],
        migrations: &'static [SqlMigration],
    ) -> Self {
        Embedded { dir, root, dialect, files, migrations }
    }

    /// The database that the macro was told the files are for.
    pub const fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// The directory as the macro was given it.
    pub const fn dir(&self) -> &'static str {
        self.dir
    }

    /// The names of the files that were compiled in, relative to the directory, sorted.
    pub const fn files(&self) -> &'static [&'static str] {
        self.files
    }

    /// The migrations, in version order, each version once.
    pub const fn migrations(&self) -> &'static [SqlMigration] {
        self.migrations
    }

    /// Whether the directory holds files that are not compiled in. Every run does this in debug builds, where the
    /// compiler does not notice a new file by itself.
    ///
    /// A program that does not know its crate's directory, for it is a release build, or that runs where there is
    /// none, has nothing to compare with: that is no error. Only names are looked at; a test with
    /// [`assert_fresh`](Self::assert_fresh) sees more.
    ///
    /// # Errors
    /// Names the files.
    pub fn check_fresh(&self) -> Result<(), Stale> {
        let Some(root) = self.root else { return Ok(()) };
        let on_disk = source::list_dir(&Path::new(root).join(self.dir)).unwrap_or_default();
        self.not_compiled_in(on_disk).map_or(Ok(()), Err)
    }

    /// Everything in which the program differs from the directory that it was compiled from: what
    /// [`assert_fresh`](Self::assert_fresh) panics of, for those who go on where there is nothing to compare with.
    pub fn freshness(&self) -> Freshness {
        let Some(root) = self.root else { return Freshness::Unknown };
        let path = Path::new(root).join(self.dir);
        if source::list_dir(&path).is_err() {
            return Freshness::Unknown;
        }
        self.differences(&path).map_or_else(Freshness::Stale, |()| Freshness::Fresh)
    }

    /// For a test of the crate that embeds the migrations: what is compiled in is what is on the disk.
    ///
    /// ```ignore
    /// #[test]
    /// fn migrations_are_compiled_in() {
    ///     MIGRATIONS.assert_fresh();
    /// }
    /// ```
    ///
    /// # Panics
    /// When a file is not compiled in, is gone from the disk, or was edited since; when the directory has mistakes;
    /// and when it can't be found, for a test that can't fail is worth nothing.
    #[track_caller]
    pub fn assert_fresh(&self) {
        if let Err(stale) = self.compare(env::var("CARGO_MANIFEST_DIR").ok().as_deref()) {
            panic!("{stale}");
        }
    }

    /// Everything that differs. A release build does not know its root: `cargo test` tells it.
    fn compare(&self, told: Option<&str>) -> Result<(), String> {
        let looked_at: Vec<PathBuf> =
            [self.root, told].into_iter().flatten().map(|root| Path::new(root).join(self.dir)).collect();
        let Some(path) = looked_at.iter().find(|path| source::list_dir(path).is_ok()) else {
            return Err(format!(
                "{}: there is no such directory to compare with, looked at {looked_at:?}\n  \
                 = run this by `cargo test`, in the crate that embeds the migrations",
                self.dir
            ));
        };
        self.differences(path)
    }

    fn differences(&self, path: &Path) -> Result<(), String> {
        let disk = source::read_dir_labelled(path, self.dir, self.dialect).map_err(|mistakes| mistakes.to_string())?;
        let mut told: Vec<String> = self.gone(&disk).chain(self.edited(&disk)).collect();
        match self.not_compiled_in(disk.files) {
            Some(stale) => told.push(stale.to_string()),
            None if told.is_empty() => return Ok(()),
            None => told.push("  = build it again".into()),
        }
        Err(told.join("\n"))
    }

    fn not_compiled_in(&self, mut files: Vec<String>) -> Option<Stale> {
        files.retain(|file| self.files.binary_search(&file.as_str()).is_err());
        (!files.is_empty()).then(|| Stale { dir: self.dir.into(), files })
    }

    fn gone(&self, disk: &Read) -> impl Iterator<Item = String> {
        let gone = self.files.iter().filter(|file| !disk.files.iter().any(|there| there == *file));
        gone.map(|file| format!("{}/{file}: compiled into this program, but gone from the disk", self.dir))
    }

    /// The files that stand in both, and in which the reader finds something else now.
    fn edited(&self, disk: &Read) -> impl Iterator<Item = String> {
        let pairs = self.migrations.iter().filter_map(|compiled| {
            let at = disk.migrations.binary_search_by_key(&compiled.meta.version, |m| m.meta.version).ok()?;
            disk.migrations.get(at).map(|there| (compiled, there))
        });
        let in_both = |path: &String| {
            let name = path.strip_prefix(self.dir).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
            self.files.binary_search(&name).is_ok() && disk.files.iter().any(|file| file == name)
        };
        let files = pairs.filter_map(|(compiled, there)| differing(compiled, there)).filter(in_both);
        files.map(|file| format!("{file}: edited since this program was compiled"))
    }
}

/// Where a program stands to the directory that it was compiled from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// What is on the disk is compiled in, as it is.
    Fresh,
    /// There is nothing to compare with: a release build does not know its directory, and elsewhere than where it was built
    /// there may be none.
    Unknown,
    /// What differs, and what to do: a line for each file.
    Stale(String),
}

/// A migration as the macro writes it: literals only, so that the compiler has no call to follow for each of them.
#[doc(hidden)]
pub struct Row {
    pub version: i64,
    pub name: &'static str,
    pub checksum: &'static [u8; 32],
    pub up: RowScript,
    pub down: RowDown,
    pub store: Store,
}

/// A [`Script`] in a [`Row`].
#[doc(hidden)]
pub struct RowScript {
    pub file: &'static str,
    pub line: u32,
    pub text: &'static str,
    pub options: Options,
}

/// A [`Down`] in a [`Row`].
#[doc(hidden)]
pub enum RowDown {
    Script(RowScript),
    NothingToUndo,
    Irreversible,
}

impl Row {
    /// The rows as migrations, once, at compile time.
    pub const fn table<const N: usize>(rows: &'static [Row; N]) -> [SqlMigration; N] {
        const NONE: SqlMigration = Row {
            version: 0,
            name: "",
            checksum: &[0; 32],
            up: RowScript { file: "", line: 1, text: "", options: Options::NONE },
            down: RowDown::Irreversible,
            store: Store::Text,
        }
        .migration();
        let mut table = [NONE; N];
        let mut n = 0;
        while n < N {
            // Nothing can be dropped in a constant.
            mem::forget(mem::replace(&mut table[n], rows[n].migration()));
            n += 1;
        }
        table
    }

    const fn migration(&self) -> SqlMigration {
        let down = match &self.down {
            RowDown::Script(script) => Down::Script(script.script()),
            RowDown::NothingToUndo => Down::NothingToUndo,
            RowDown::Irreversible => Down::Irreversible,
        };
        SqlMigration::embedded(self.version, self.name, *self.checksum, self.up.script(), down, self.store)
    }
}

impl RowScript {
    const fn script(&self) -> Script {
        Script::embedded(self.file, self.line, self.text, self.options)
    }
}

/// The file that makes the two differ, if they do.
fn differing(compiled: &SqlMigration, there: &SqlMigration) -> Option<String> {
    let down = |migration: &SqlMigration| match &migration.down {
        Down::Script(script) => Some(script.file.to_string()),
        Down::NothingToUndo | Down::Irreversible => None,
    };
    if compiled == there {
        None
    } else if compiled.up != there.up {
        Some(compiled.up.file.to_string())
    } else {
        down(compiled).or_else(|| down(there)).or_else(|| Some(compiled.up.file.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: (&str, &str) = ("20260102030405_a.up.sql", "CREATE TABLE a (id INTEGER);");
    const DOWN: (&str, &str) = ("20260102030405_a.down.sql", "DROP TABLE a;");
    const NEW: (&str, &str) = ("20260102030406_b.sql", "CREATE TABLE b (id INTEGER);");

    /// What a program into which the first list was compiled says of the second one on the disk.
    fn check(compiled: &[(&str, &str)], disk: &[(&str, &str)], expected: &[&str]) {
        let root = tempfile::tempdir().expect("a directory");
        let dir = root.path().join("migrations");
        std::fs::create_dir(&dir).expect("a directory");
        for (name, text) in disk {
            std::fs::write(dir.join(name), text).expect("a file");
        }
        let embedded = embed(compiled, Some(root.path().to_str().expect("UTF-8").to_owned().leak()));
        let told = embedded.compare(None).err().unwrap_or_default();
        assert_eq!(told.lines().collect::<Vec<_>>(), expected);
        let expected = if told.is_empty() { Freshness::Fresh } else { Freshness::Stale(told.clone()) };
        assert_eq!(embedded.freshness(), expected);
        let new = told.contains("not compiled in");
        assert_eq!(embedded.check_fresh().is_err(), new, "the check of a run sees new files, and only those");
    }

    fn embed(files: &[(&str, &str)], root: Option<&'static str>) -> Embedded {
        let read = source::read_labelled("migrations", files.iter().copied(), None).expect("no mistake");
        let names: Vec<&'static str> = read.files.into_iter().map(|name| &*name.leak()).collect();
        Embedded::new("migrations", root, None, names.leak(), read.migrations.leak())
    }

    const NOT_COMPILED_IN: &str = "migrations/20260102030406_b.sql: on disk, but not compiled into this program";
    const BUILD_LINE: &str = "  = build it again; if it was just built, the crate lacks its build.rs line: \
                              `println!(\"cargo::rerun-if-changed=migrations\");`";
    const BUILD: &str = "  = build it again";

    #[test]
    fn what_differs_from_the_disk() {
        check(&[UP, DOWN], &[UP, DOWN], &[]);
        check(&[UP, DOWN], &[UP, DOWN, ("README.md", "")], &[]);
        check(&[UP], &[UP, NEW], &[NOT_COMPILED_IN, BUILD_LINE]);
        let edited_up = "migrations/20260102030405_a.up.sql: edited since this program was compiled";
        check(&[UP, DOWN], &[(UP.0, "SELECT 1"), DOWN], &[edited_up, BUILD]);
        let edited_down = "migrations/20260102030405_a.down.sql: edited since this program was compiled";
        check(&[UP, DOWN], &[UP, (DOWN.0, "DROP TABLE a")], &[edited_down, BUILD]);
        let gone = "migrations/20260102030405_a.down.sql: compiled into this program, but gone from the disk";
        check(&[UP, DOWN], &[UP], &[gone, BUILD]);
        check(&[UP, DOWN], &[(UP.0, "SELECT 1"), NEW], &[gone, edited_up, NOT_COMPILED_IN, BUILD_LINE]);
    }

    #[test]
    fn a_new_down_is_not_an_edit_of_the_up() {
        let new = "migrations/20260102030405_a.down.sql: on disk, but not compiled into this program";
        check(&[UP], &[UP, DOWN], &[new, BUILD_LINE]);
    }

    #[test]
    fn the_halves_of_a_file_with_sections() {
        let file = |down: &'static str| ("20260102030405_a.sql", down);
        let edited = "migrations/20260102030405_a.sql: edited since this program was compiled";
        let (without, with) = ("-- migrate:up\nSELECT 1;\n", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n");
        check(&[file(without)], &[file(with)], &[edited, BUILD]);
        check(&[file(with)], &[file(without)], &[edited, BUILD]);
    }

    #[test]
    fn a_misspelt_file_is_told_by_both() {
        let root = tempfile::tempdir().expect("a directory");
        let dir = root.path().join("migrations");
        std::fs::create_dir(&dir).expect("a directory");
        std::fs::write(dir.join("001_users.sql"), "SELECT 1").expect("a file");
        let embedded = embed(&[], Some(root.path().to_str().expect("UTF-8").to_owned().leak()));
        assert_eq!(embedded.check_fresh().expect_err("stale").files, ["001_users.sql"]);
        let told = embedded.compare(None).expect_err("a mistake");
        assert!(told.starts_with("migrations/001_users.sql: "), "{told}");
    }

    #[test]
    fn nothing_to_compare_with() {
        let elsewhere = embed(&[UP], Some("/no/such/root"));
        for embedded in [&elsewhere, &embed(&[UP], None)] {
            assert_eq!(embedded.check_fresh(), Ok(()), "a run goes on");
            assert_eq!(embedded.freshness(), Freshness::Unknown);
            let told = embedded.compare(None).expect_err("a test can't go on");
            assert!(told.contains("no such directory to compare with"), "{told}");
        }
    }

    #[test]
    fn a_release_build_is_told_its_root() {
        let root = tempfile::tempdir().expect("a directory");
        let dir = root.path().join("migrations");
        std::fs::create_dir(&dir).expect("a directory");
        std::fs::write(dir.join(UP.0), UP.1).expect("a file");
        assert_eq!(embed(&[UP], None).compare(root.path().to_str()), Ok(()));
        assert!(embed(&[UP, DOWN], None).compare(root.path().to_str()).is_err());
    }

    #[test]
    #[should_panic(expected = "there is no such directory to compare with")]
    fn assert_fresh_panics() {
        Embedded::new("no/such/directory", None, None, &[], &[]).assert_fresh();
    }
}
