//! `docs/testing.md` as a newcomer follows it: its files are written into a new crate, and its tests run there.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

const GUIDE: &str = include_str!("../docs/testing.md");

#[test]
fn the_tests_of_the_guide_pass() {
    let dir = tempfile::tempdir().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = Vec::new();
    for (file, text) in files() {
        let text = text.replace(r#"migrate = { version = "0.1""#, &format!("migrate = {{ path = {repository:?}"));
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &text).unwrap();
        let functions =
            text.split("fn ").skip(1).filter_map(|rest| rest.split_once('(').map(|(name, _)| name.to_owned()));
        tests.extend(functions.filter(|_| file.starts_with("tests/")));
    }
    assert!(tests.len() > 4, "{tests:?}");
    // The versions that everything else here is tested with.
    fs::copy(repository.join("Cargo.lock"), dir.path().join("Cargo.lock")).unwrap();

    let server = std::env::var("MIGRATE_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("MIGRATE_TEST_POSTGRES names no server: start the tests with scripts/test"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "--quiet", "--", "--format=pretty"]).current_dir(&dir);
    cargo.env("TEST_DATABASE_URL", server).env("CARGO_TARGET_DIR", repository.join("target/guide"));
    let output = cargo.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    for test in tests.iter().filter(|name| *name != "with_emma") {
        assert!(said.contains(&format!("test {test} ... ok")), "{test}: {said}");
    }
}

/// A block whose fence names a file is that file; every block of code does.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let blocks = GUIDE.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    blocks.filter(|(info, _)| *info != "text").map(|(info, text)| {
        let (_, file) = info.split_once(' ').unwrap_or_else(|| panic!("a block without a file: {text}"));
        (file, text)
    })
}
