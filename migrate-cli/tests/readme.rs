//! Every line of the README that can be run is run: its files are written, its commands typed, and what they print on
//! stdout is compared. Each chapter has a directory of its own, with the repository beside it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use snapbox::{Assert, Data};

const README: &str = include_str!("../../README.md");

#[test]
fn every_command_prints_what_the_readme_says() {
    let mut commands = 0;
    for chapter in README.split("\n## ") {
        let dir = tempfile::tempdir().unwrap();
        let (app, repository) = (dir.path().join("app"), repository());
        fs::create_dir(&app).unwrap();
        std::os::unix::fs::symlink(&repository, dir.path().join("migrate")).unwrap();
        let first = !chapter.contains("migrate init") && chapter.starts_with("# migrate");
        let at = if first { &repository } else { &app };
        for (info, text) in blocks(chapter) {
            match info.split_once(' ') {
                Some((_, file)) => write(&app.join(file), text),
                None if info == "console" => commands += session(dir.path(), at, text),
                None => {}
            }
        }
    }
    assert!(commands > 10, "{commands} commands were found");
}

#[test]
fn the_command_that_runs_the_tests_is_the_one_that_ci_calls() {
    assert!(README.contains("```sh\nscripts/test\n```"));
    let ci = fs::read_to_string(repository().join(".ci/run")).unwrap();
    assert!(ci.lines().any(|line| line == "scripts/test"));
}

#[test]
fn the_tests_that_it_names_exist() {
    let rows = README.lines().filter(|line| line.starts_with("| ") && line.contains("/tests/"));
    let mut count = 0;
    for row in rows {
        let mut names = row.split('`').skip(1).step_by(2).skip_while(|name| !name.contains("/tests/"));
        let file = fs::read_to_string(repository().join(names.next().unwrap())).unwrap();
        for name in names {
            assert!(file.contains(&format!("fn {name}()")), "{name}");
        }
        count += 1;
    }
    assert!(count > 3);
}

/// The code blocks: what stands behind the fence, and the text.
fn blocks(chapter: &str) -> impl Iterator<Item = (&str, &str)> {
    chapter.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("{text}\n")).unwrap();
}

/// Types the commands of a block into one shell, so that an `export` lasts, and compares. Says how many there were.
fn session(root: &Path, dir: &Path, text: &str) -> usize {
    let mut script = String::new();
    let mut count = 0;
    let server = std::env::var("MIGRATE_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("MIGRATE_TEST_POSTGRES names no server: start the tests with scripts/test"));
    let (server, _) = server.rsplit_once('/').unwrap();
    let mysql = std::env::var("MIGRATE_TEST_MYSQL")
        .unwrap_or_else(|_| panic!("MIGRATE_TEST_MYSQL names no server: start the tests with scripts/test"));
    for command in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
        count += 1;
        // The README's server is everybody's; the test has one of its own.
        let typed = command.replace("postgres://me@localhost/shop", &format!("{server}/shop_{}", std::process::id()));
        let typed = typed.replace("mysql://me@localhost/shop", &format!("{mysql}/shop_{}", std::process::id()));
        script.push_str(&format!(
            "cat <<'COMMAND'\n$ {command}\nCOMMAND\n{typed}\ncode=$?; [ $code = 0 ] || echo \"[$code]\"\n"
        ));
    }
    let binaries = Path::new(env!("CARGO_BIN_EXE_migrate")).parent().unwrap();
    let path = format!("{}:{}:{}", root.join("bin").display(), binaries.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(&script).current_dir(dir).env("PATH", path).env_remove("DATABASE_URL");
    // What is installed goes into the chapter's directory, built without the optimiser: the same code, sooner.
    shell.env("CARGO_INSTALL_ROOT", root).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
    shell.env("CARGO_TARGET_DIR", repository().join("target/readme"));
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Assert::new().eq(Data::text(titles(&said)), Data::text(titles(&format!("{text}\n"))));
    count
}

/// With one blank between the titles of a table: how long a migration took decides how far they stand apart.
fn titles(text: &str) -> String {
    let narrow = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = |line: &str| if line.starts_with("VERSION ") { narrow(line) } else { line.to_owned() };
    text.lines().map(|each| line(each) + "\n").collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}
