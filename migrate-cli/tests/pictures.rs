//! The pictures of the README: a real session on a terminal, drawn. `scripts/pictures` draws them anew; without that a
//! picture that the binary would not give any more is a failure.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/svg.rs"]
mod svg;

use std::fs;
use std::path::Path;

use common::Session;
use regex::Regex;

const README: &str = include_str!("../../README.md");

const COLUMNS: u16 = 92;

#[test]
fn the_pictures_of_the_readme() {
    let mut session = Session::new();
    session.pair("20260105093000_create_members", "members");
    let loans = "CREATE TABLE loans (\n  id INTEGER PRIMARY KEY,\n  member_id INTEGER NOT NULL,\n  due_on TEXT NOT NULL\n);\n\
                 INSERT INTO loans (member_id, due_on)\n  SELECT x, date('now', '+14 days') FROM membrs;\n";
    session.write("migrations/20260119110000_add_loans.up.sql", loans);
    session.write("migrations/20260119110000_add_loans.down.sql", "DROP TABLE loans;\n");
    let failure = typed(&session, "up");

    session.write("migrations/20260119110000_add_loans.up.sql", &loans.replace("membrs", "members"));
    assert!(session.command().args(["up", "-q"]).status().unwrap().success());
    session.pair("20260112141500_create_books", "books").pair("20260126080000_create_fines", "fines");
    let merged_late = ["plan", "up", "status"].map(|line| typed(&session, line)).join("\n");

    holds("failure", "A migration that fails: where, what, what is now true, and what to do", &failure);
    holds("merged-late", "A migration that was merged late is applied: plan, up, status", &merged_late);
}

/// A command, and what the terminal shows of it at the end.
fn typed(session: &Session, line: &str) -> String {
    let output = session.on_terminal(COLUMNS, line).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    // What the line at the bottom has shown meanwhile is erased.
    let lines = shown.lines().map(|line| line.rsplit("\u{1b}[2K").next().unwrap_or_default().trim_end_matches('\r'));
    format!("\u{1b}[2m$\u{1b}[0m \u{1b}[1mmigrate {line}\u{1b}[0m\n{}\n", lines.collect::<Vec<_>>().join("\n"))
}

/// Compares a picture with the one on record; `SNAPSHOTS=overwrite` draws it anew.
fn holds(name: &str, title: &str, shown: &str) {
    let file = format!("docs/pictures/{name}.svg");
    assert!(README.contains(&format!("]({file})")), "{file} is not shown");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&file);
    let drawn = svg::draw(title, shown.trim_end(), COLUMNS.into());
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    if redacted(&drawn) == redacted(&recorded) {
        return;
    }
    if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, drawn).unwrap();
    } else {
        panic!("{file} is not what the binary prints: run scripts/pictures\n\n{shown}");
    }
}

/// Without what differs from run to run: times, the blanks that they take, and the library's version.
fn redacted(picture: &str) -> String {
    let mut text = picture.to_owned();
    for (pattern, with) in [
        (r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", "[MOMENT]"),
        (r"[0-9]+ ms|[0-9]+\.[0-9] s", "[TIME]"),
        (r"SQLite 3\.[0-9.]+", "SQLite [VERSION]"),
        (r" +", " "),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, with).into_owned();
    }
    text
}
