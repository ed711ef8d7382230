//! What `embed_migrations!` makes is what the reader reads, wherever it stands.

use std::path::Path;

use migrate::{Down, Embedded, Store, TransactionMode, embed_migrations, source, sql::Dialect};

const DIR: &str = "tests/embed/migrations";

static MIGRATIONS: Embedded = embed_migrations!("tests/embed/migrations");
const CONSTANT: Embedded = embed_migrations!("tests/embed/migrations/", sqlite,);
const COUNT: usize = CONSTANT.migrations().len();

#[test]
fn the_same_as_the_reader() {
    // Tests run in the crate's directory, so that the reader names the files as the macro does.
    let read = source::read_dir(Path::new(DIR), None).expect("no mistake");
    assert_eq!(MIGRATIONS.migrations(), read.migrations);
    assert_eq!(MIGRATIONS.files(), read.files);
    assert_eq!(MIGRATIONS.dir(), DIR);
    assert_eq!(read.migrations.len(), 6);
    let read = source::read_dir(Path::new(DIR), Some(Dialect::Sqlite)).expect("no mistake");
    assert_eq!(CONSTANT.migrations(), read.migrations);
    assert_eq!(CONSTANT.dir(), DIR);
}

#[test]
fn every_form() {
    let names: Vec<_> = MIGRATIONS.migrations().iter().map(|m| m.meta.name.as_ref()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
    let [a, b, c, d, e, f] = MIGRATIONS.migrations() else { panic!("six") };
    assert!(matches!(&a.down, Down::Script(down) if down.file.ends_with("migrations/20260101030405_a.down.sql")));
    assert_eq!(b.meta.transaction, TransactionMode::Outside);
    assert!(matches!(&b.down, Down::Script(down) if down.line == 4 && down.file == b.up.file));
    assert!(b.up.text.contains("backslash \\, é 🦀 '' and a tab\t'"));
    assert!(c.up.text.ends_with("(1);\r\n") && c.down == Down::Irreversible);
    assert!(d.meta.transaction == TransactionMode::Outside && d.meta.reversible);
    assert!(e.store == Store::ChecksumOnly && e.down == Down::NothingToUndo);
    assert_ne!(f.up.options, a.up.options);
}

#[test]
fn fresh() {
    MIGRATIONS.assert_fresh();
    CONSTANT.assert_fresh();
    assert_eq!(MIGRATIONS.check_fresh(), Ok(()));
}

#[test]
fn in_every_position() {
    fn generic<T: Default>(_: T) -> usize {
        let embedded = embed_migrations!("tests/embed/migrations");
        embedded.migrations().len()
    }
    macro_rules! of_another_macro {
        ($dir:expr) => {
            embed_migrations!($dir)
        };
    }
    static FILES: &Embedded = &of_another_macro!("tests/embed/migrations");
    assert_eq!(COUNT, 6);
    assert_eq!(generic(0), COUNT);
    assert_eq!(FILES.migrations().len(), COUNT);
    assert_eq!(migrate::embed_migrations!("tests/embed/migrations").files().len(), 9);
}

#[test]
fn an_empty_directory() {
    static EMPTY: Embedded = embed_migrations!("tests/embed/empty");
    assert!(EMPTY.migrations().is_empty() && EMPTY.files().is_empty());
    EMPTY.assert_fresh();
}

/// The names that the expansion uses may mean anything here.
#[allow(dead_code, unused_macros, non_camel_case_types)]
mod other_names {
    struct Option;
    struct Some;
    struct None;
    struct str;
    struct u8;
    struct i64;
    struct Row;
    struct SqlMigration;
    struct Embedded;
    mod migrate_core {}
    macro_rules! env {
        () => {};
    }
    macro_rules! include_bytes {
        () => {};
    }
    pub(super) static OTHERS: ::migrate::Embedded = ::migrate::embed_migrations!("tests/embed/migrations");
}

#[test]
fn names_do_not_clash() {
    other_names::OTHERS.assert_fresh();
}
