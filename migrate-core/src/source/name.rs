//! What a file's name says, and what is wrong with it. Pure.

use crate::{Direction, Version, VersionError};

/// An instant that stands in examples: nothing here reads a clock.
const EXAMPLE: &str = "20260102030405";

/// What the name of a file, relative to the migrations directory and `/`-separated, says about it.
///
/// A name that ends in `/` is a directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// No migration, and not likely to be meant as one: `README.md`, `mod.rs`, dot files, backups that end in `~`.
    Ignored,
    /// A file of a migration.
    Part(Part<'a>),
    /// The directory of a migration in diesel's form. Its files are entries of their own.
    DieselDir(Version),
    /// Something that looks like a migration, in a directory that is not read.
    Elsewhere {
        /// The directory.
        dir: &'a str,
        /// What it holds.
        file: &'a str,
    },
    /// Meant as a migration, and misspelt.
    Wrong(BadName<'a>),
}

/// A file of a migration, as its name describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) version: Version,
    /// The words after the timestamp, `create_users`.
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    /// `.no-db-txn.` stands in the file's name.
    pub(super) no_transaction: bool,
}

/// What a file is to its migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `….up.sql` or `….down.sql`
    Pair(Direction),
    /// `….sql`: with sections, or up only; its text tells.
    Single,
    /// `…/up.sql` or `…/down.sql`
    Diesel(Direction),
    /// `…/metadata.toml`
    Metadata,
}

/// Why a name is not a migration's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadName<'a> {
    /// What to name in the message: the file, or its directory when that is what is misspelt.
    pub(super) file: &'a str,
    pub(super) problem: String,
    pub(super) help: Option<String>,
}

impl<'a> BadName<'a> {
    fn new(file: &'a str, problem: impl Into<String>, help: impl Into<String>) -> Self {
        BadName { file, problem: problem.into(), help: Some(help.into()) }
    }
}

/// Reads a name.
pub(super) fn entry(path: &str) -> Entry<'_> {
    match path.split_once('/') {
        None if hidden(path) || !like_a_migration(path) => Entry::Ignored,
        None => file(path).map_or_else(Entry::Wrong, Entry::Part),
        Some((dir, _)) if hidden(dir) => Entry::Ignored,
        Some((dir, file)) if starts_with_digit(dir) => in_diesel_dir(path, dir, file),
        Some((dir, "")) if like_a_migration(dir) => Entry::Wrong(BadName::new(
            dir,
            "is a directory, and its name is not that of a migration",
            format!("name it {EXAMPLE}_create_users, with an up.sql in it, or move it out of the directory"),
        )),
        Some((dir, file)) => {
            let (first, rest) = file.split_once('/').map_or((file, None), |(first, rest)| (first, Some(rest)));
            let migration = match rest {
                None => lower(first).ends_with(".sql"),
                Some(_) => diesel_dir(first).is_ok(),
            };
            if migration && !hidden(first) { Entry::Elsewhere { dir, file: first } } else { Entry::Ignored }
        }
    }
}

/// The digits that a name begins with: what a misspelt name most likely has right.
pub(super) fn digits(path: &str) -> &str {
    let end = path.find(|c: char| !c.is_ascii_digit()).unwrap_or(path.len());
    path.get(..end).unwrap_or_default()
}

/// The word of the list that is one insertion, deletion, replacement or swap away.
pub(super) fn near<'w>(word: &str, list: &[&'w str]) -> Option<&'w str> {
    list.iter().copied().find(|candidate| one_edit(word, candidate))
}

pub(super) fn hidden(name: &str) -> bool {
    name.is_empty() || name.starts_with('.') || name.ends_with('~')
}

fn like_a_migration(name: &str) -> bool {
    starts_with_digit(name) || lower(name).contains(".sql")
}

fn starts_with_digit(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn file(path: &str) -> Result<Part<'_>, BadName<'_>> {
    well_formed(path).ok_or_else(|| diagnosis(path))
}

/// `<14 digits>_<name>[.no-db-txn][.up|.down].sql`
fn well_formed(path: &str) -> Option<Part<'_>> {
    let stamp = digits(path);
    let version = stamp.parse().ok()?;
    let (name, ending) = split_ending(path.get(stamp.len()..)?.strip_prefix('_')?);
    let kind = match ending.replacen(".no-db-txn.", ".", 1).as_str() {
        ".sql" => Kind::Single,
        ".up.sql" => Kind::Pair(Direction::Up),
        ".down.sql" => Kind::Pair(Direction::Down),
        _ => return None,
    };
    let no_transaction = ending.contains(".no-db-txn.");
    (!name.is_empty() && name.chars().all(fits)).then_some(Part { version, name, kind, no_transaction })
}

/// What is wrong with the name of a file that is not well formed.
fn diagnosis(path: &str) -> BadName<'_> {
    let stamp = digits(path);
    if stamp.is_empty() {
        return without_stamp(path);
    }
    let after = path.get(stamp.len()..).unwrap_or_default();
    if let Err(error) = stamp.parse::<Version>() {
        return bad_stamp(path, after, &error);
    }
    let Some(words) = after.strip_prefix('_') else { return no_underscore(path, stamp, after) };
    let (name, ending) = split_ending(words);
    match check_words(path, stamp, name, ending) {
        Err(bad) if matches!(ending, ".sql" | ".up.sql" | ".down.sql") => bad,
        _ => bad_ending(path, stamp, words),
    }
}

/// At the first dot.
fn split_ending(name: &str) -> (&str, &str) {
    name.find('.').map_or((name, ""), |dot| name.split_at(dot))
}

fn fits(c: char) -> bool {
    // macOS keeps an `é` of a file name as two characters, the letter and its accent.
    c.is_alphanumeric() || matches!(c, '_' | '-' | '\u{300}'..='\u{36f}')
}

fn fitting(name: &str) -> String {
    name.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

fn in_diesel_dir<'a>(path: &'a str, dir: &'a str, file: &'a str) -> Entry<'a> {
    let (version, name) = match diesel_dir(dir) {
        Ok(found) => found,
        // Once, by the directory's own entry, and not for every file in it.
        Err(bad) if file.is_empty() => return Entry::Wrong(bad),
        Err(_) => return Entry::Ignored,
    };
    let kind = match file {
        "" => return Entry::DieselDir(version),
        "up.sql" => Kind::Diesel(Direction::Up),
        "down.sql" => Kind::Diesel(Direction::Down),
        "metadata.toml" => Kind::Metadata,
        _ => return stranger_in_diesel_dir(path, file),
    };
    Entry::Part(Part { version, name, kind, no_transaction: false })
}

fn stranger_in_diesel_dir<'a>(path: &'a str, file: &str) -> Entry<'a> {
    let known = ["up.sql", "down.sql", "metadata.toml"];
    let lower = lower(file);
    let meant = match lower.as_str() {
        // Prisma's
        "migration.sql" => Some("up.sql"),
        lower => near(lower, &known).or_else(|| known.into_iter().find(|known| *known == lower)),
    };
    if hidden(file) || (meant.is_none() && !like_a_migration(file)) {
        return Entry::Ignored;
    }
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "rename it, or move it away".into(),
    };
    Entry::Wrong(BadName::new(path, "is not one of up.sql, down.sql and metadata.toml", help))
}

/// `2023-03-14-095813_create_users`: the fourteen digits may have `-` or `_` between them.
fn diesel_dir(dir: &str) -> Result<(Version, &str), BadName<'_>> {
    let mut found = 0;
    let prefix = dir.find(|c: char| {
        let more = found < 14 && matches!(c, '-' | '_') || c.is_ascii_digit();
        found += usize::from(c.is_ascii_digit());
        !more
    });
    let (prefix, words) = dir.split_at(prefix.unwrap_or(dir.len()));
    let version = Version::from_diesel_prefix(prefix.trim_end_matches(['-', '_'])).map_err(|error| {
        BadName::new(dir, error.to_string(), {
            let words = words.trim_start_matches(['-', '_']);
            let shown = if words.is_empty() { "users" } else { words };
            format!("name it by the UTC time it was written, for instance 2026-01-02-030405_{shown}")
        })
    })?;
    let Some(name) = words.strip_prefix('_') else { return Err(no_underscore(dir, prefix, words)) };
    check_words(dir, prefix, name, "")?;
    Ok((version, name))
}

fn check_words<'a>(path: &'a str, stamp: &str, name: &str, ending: &str) -> Result<(), BadName<'a>> {
    if name.is_empty() {
        return Err(BadName::new(
            path,
            "has no name after its timestamp",
            format!("say in a few words what it does, for instance {stamp}_create_users{ending}"),
        ));
    }
    match name.chars().find(|c| !fits(*c)) {
        None => Ok(()),
        Some(found) => {
            let better = fitting(name);
            Err(BadName::new(
                path,
                format!("a migration's name is made of letters, digits, `_` and `-`, and this holds {found:?}"),
                format!("name it {stamp}_{better}{ending}"),
            ))
        }
    }
}

fn without_stamp(path: &str) -> BadName<'_> {
    let version = "a version is a UTC timestamp of 14 digits (YYYYMMDDhhmmss)";
    if let Some((letter, stamp, words)) = flyway(path) {
        let (words, ending) = split_ending(words);
        let ending = if letter == 'U' { ".down.sql" } else { ending };
        let help = match stamp.parse::<Version>() {
            Ok(version) => format!("name it {version}_{words}{ending}"),
            Err(_) => by_time(words, ending),
        };
        return BadName::new(path, format!("is a name for Flyway; here {version}"), help);
    }
    let rest = path.trim_start_matches(|c: char| !c.is_alphanumeric());
    let rest = lower(rest).find(".sql").and_then(|at| rest.get(..at + 4)).unwrap_or(rest);
    let better = match well_formed(rest) {
        Some(_) => format!("name it {rest}"),
        None => {
            let (words, ending) = split_ending(rest);
            by_time(words, ending)
        }
    };
    let help = format!("{better}; if it is no migration, move it out of the directory");
    BadName::new(path, format!("does not begin with a version; {version}"), help)
}

/// `V1.2__add_orders.sql`, `R__views.sql`: the letter, the version and the rest.
fn flyway(path: &str) -> Option<(char, &str, &str)> {
    let (kind, words) = path.split_once("__")?;
    let letter = kind.chars().next().filter(|c| matches!(c, 'V' | 'U' | 'B' | 'R'))?;
    let version = kind.get(1..)?;
    version.chars().all(|c| c.is_ascii_digit() || matches!(c, '_' | '.')).then_some((letter, version, words))
}

fn bad_stamp<'a>(path: &'a str, after: &str, error: &VersionError) -> BadName<'a> {
    let (stem, ending) = split_ending(path);
    if let Ok((version, name)) = diesel_dir(stem)
        && version.to_string().parse() == Ok(version)
    {
        let help = format!("name it {version}_{name}{ending}");
        return BadName::new(path, "only a directory may have `-` or `_` between the digits of its timestamp", help);
    }
    let words = after.trim_start_matches(|c: char| !c.is_alphanumeric());
    let words = by_time(words.split('.').next().unwrap_or_default(), ending);
    let help = match error {
        VersionError::NoSuchDay { .. } | VersionError::NoSuchTime { .. } => format!("correct it, or {words}"),
        _ => words,
    };
    BadName::new(path, error.to_string(), help)
}

fn by_time(words: &str, ending: &str) -> String {
    let shown = if words.is_empty() { "users" } else { words };
    let ending = if matches!(ending, ".up.sql" | ".down.sql") { ending } else { ".sql" };
    format!(
        "name it by the UTC time it was written, for instance {EXAMPLE}_{shown}{ending} (`migrate new {shown}` does it)"
    )
}

fn no_underscore<'a>(path: &'a str, stamp: &str, after: &str) -> BadName<'a> {
    let words = after.trim_start_matches(|c: char| c.is_ascii_punctuation() && c != '.' || c == ' ');
    match after.chars().next() {
        None | Some('.') => {
            let ending = if after.len() < 2 { ".sql" } else { after };
            BadName::new(
                path,
                "has no name after its timestamp",
                format!("say in a few words what it does, for instance {stamp}_create_users{ending}"),
            )
        }
        Some(found) => BadName::new(
            path,
            format!("`_` stands between timestamp and name, and here it is {found:?}"),
            format!("name it {stamp}_{words}"),
        ),
    }
}

/// The words are fine so far, what follows the first dot is not.
fn bad_ending<'a>(path: &'a str, stamp: &str, words: &str) -> BadName<'a> {
    let problem = "a migration's file name ends in `.up.sql`, `.down.sql` or `.sql`";
    let mut pieces: Vec<String> = words.split('.').map(str::to_owned).collect();
    if let [_, middle @ .., last] = pieces.as_mut_slice() {
        middle.iter_mut().for_each(|piece| correct(piece, &["up", "down", "no-db-txn"]));
        correct(last, &["sql"]);
    }
    let better = format!("{stamp}_{}", pieces.join("."));
    if better != path && well_formed(&better).is_some() {
        return BadName::new(path, problem, format!("did you mean `{better}`?"));
    }
    if let Some(upto) = lower(path).rfind(".sql").map(|at| at + 4)
        && upto < path.len()
        && let Some(better) = path.get(..upto)
        && well_formed(better).is_some()
    {
        return BadName::new(path, problem, format!("name it {better}, or move it out of the directory"));
    }
    if let Some(stem) = words.strip_suffix(".sql") {
        let (stem, direction) = stem
            .strip_suffix(".up")
            .map(|stem| (stem, ".up"))
            .or_else(|| stem.strip_suffix(".down").map(|stem| (stem, ".down")))
            .unwrap_or((stem, ""));
        let better = fitting(stem);
        return BadName::new(
            path,
            "a migration's name is made of letters, digits, `_` and `-`, and this holds '.'",
            format!("name it {stamp}_{better}{direction}.sql"),
        );
    }
    let first = fitting(words.split('.').next().unwrap_or_default());
    BadName::new(path, problem, format!("name it {stamp}_{first}.sql, or move it out of the directory"))
}

/// To the word that was meant, if one was.
fn correct(piece: &mut String, known: &[&str]) {
    let written = lower(piece);
    if let Some(meant) = known.iter().find(|word| **word == written).copied().or_else(|| near(&written, known)) {
        *piece = meant.into();
    }
}

fn one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(start..).unwrap_or_default(), b.get(start..).unwrap_or_default());
    match (a, b) {
        ([], []) => false,
        ([x, y, rest_a @ ..], [v, w, rest_b @ ..]) if x == w && y == v && rest_a == rest_b => true,
        ([_, rest @ ..], _) if rest == b => true,
        (_, [_, rest @ ..]) if rest == a => true,
        ([_, rest_a @ ..], [_, rest_b @ ..]) => rest_a == rest_b,
        _ => false,
    }
}
