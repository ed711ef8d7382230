//! Reads the corpus. `README.md` beside it says what the marks mean.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One script of the corpus.
#[derive(Debug)]
pub struct Script {
    /// `FILE:LINE` of its title, and the title.
    pub title: String,
    pub text: String,
    pub expected: Expected,
    pub sql_mode: Option<String>,
    pub standard_conforming_strings: bool,
    /// Why the client does otherwise.
    pub client: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Expected {
    /// Where each statement stands.
    Statements(Vec<Range<usize>>),
    /// `LINE:COLUMN MESSAGE`
    Refused(String),
}

/// All scripts of a dialect, by file and place.
///
/// # Panics
///
/// Where the corpus itself is wrong: nobody else has written it.
pub fn read(dialect: &str) -> Vec<Script> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find_map(|directory| {
        let corpus = directory.join("migrate-core/tests/corpus");
        corpus.is_dir().then_some(corpus)
    });
    let corpus = corpus.expect("the corpus stands in this repository");
    let mut files: Vec<PathBuf> = Vec::new();
    for directory in fs::read_dir(&corpus).expect("the corpus can be read") {
        let directory = directory.expect("an entry").path();
        let name = directory.file_name().expect("a name").to_string_lossy().into_owned();
        if directory.is_dir() && name.split('+').any(|part| part == dialect) {
            files.extend(fs::read_dir(&directory).expect("a directory").map(|file| file.expect("an entry").path()));
        }
    }
    files.sort();
    files.iter().flat_map(|file| parse(file, file.strip_prefix(&corpus).expect("below it"))).collect()
}

fn parse(file: &Path, label: &Path) -> Vec<Script> {
    let content = fs::read_to_string(file).expect("a file of the corpus is UTF-8");
    let mut scripts = Vec::new();
    let mut line = 1;
    let mut rest = content.strip_prefix("### ").unwrap_or_else(|| panic!("{}: no title", file.display()));
    loop {
        let (script, next) = match rest.split_once("\n### ") {
            Some((script, next)) => (script, Some(next)),
            None => (rest.strip_suffix('\n').unwrap_or(rest), None),
        };
        scripts.push(parse_one(script, &format!("{}:{line}", label.display())));
        line += script.matches('\n').count() + 1;
        match next {
            Some(next) => rest = next,
            None => return scripts,
        }
    }
}

fn parse_one(script: &str, place: &str) -> Script {
    let (title, mut body) = script.split_once('\n').unwrap_or((script, ""));
    let mut found = Script {
        title: format!("{place} {title}"),
        text: String::new(),
        expected: Expected::Statements(Vec::new()),
        sql_mode: None,
        standard_conforming_strings: true,
        client: None,
    };
    let mut refused = None;
    while let Some(line) = body.strip_prefix("#: ") {
        let (line, rest) = line.split_once('\n').unwrap_or((line, ""));
        body = rest;
        match line.split_once(' ').unwrap_or((line, "")) {
            ("refused", what) => refused = Some(what.to_owned()),
            ("sql_mode", names) => found.sql_mode = Some(names.to_owned()),
            ("standard_conforming_strings", "off") => found.standard_conforming_strings = false,
            ("client", why) => found.client = Some(why.to_owned()),
            _ => panic!("{}: what is {line:?}?", found.title),
        }
    }
    let mut ranges = Vec::new();
    let mut start = None;
    for c in body.chars() {
        let end = found.text.len();
        match c {
            '⟦' => assert!(start.replace(end).is_none(), "{}: ⟦ in a statement", found.title),
            '⟧' => {
                let start = start.take().unwrap_or_else(|| panic!("{}: ⟧ without ⟦", found.title));
                ranges.push(start..end);
            }
            '␍' => found.text.push('\r'),
            '␀' => found.text.push('\0'),
            '␂' => found.text.push('\u{feff}'),
            c => found.text.push(c),
        }
    }
    assert!(start.is_none(), "{}: ⟦ without ⟧", found.title);
    found.expected = match refused {
        Some(what) if ranges.is_empty() => Expected::Refused(what),
        Some(_) => panic!("{}: refused, and yet it has statements", found.title),
        None => Expected::Statements(ranges),
    };
    found
}
