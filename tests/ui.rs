//! What the compiler says of a directory with mistakes, and of wrong arguments.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the expected texts again.

use std::path::Path;
use std::{fs, io};

#[test]
fn mistakes_are_errors_of_the_compiler() {
    // The crate that `trybuild` compiles is in the target directory, and its migrations are relative to it.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp");
    let theirs = target.join("tests/trybuild").join(env!("CARGO_PKG_NAME")).join("migrations");
    copy(Path::new("tests/ui/migrations"), &theirs).expect("a copy of the migrations");
    let tests = trybuild::TestCases::new();
    for test in ["names", "texts", "directives", "arguments", "test_attribute", "test_source"] {
        tests.compile_fail(format!("tests/ui/{test}.rs"));
    }
    // It tells where it looked, and only in the workspace can that be compared.
    if target.starts_with(env!("CARGO_MANIFEST_DIR")) {
        tests.compile_fail("tests/ui/missing.rs");
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
