//! What `-- migrate:` directives mean: words, keys and values. Pure.

use std::time::Duration;

use super::mistake::Mistake;
use super::name::{Kind, near};
use crate::sql::{Directive, Position};
use crate::{Direction, ForeignKeys, Options, Store, TransactionMode};

/// Those for people to write: `generated` is for the history alone.
const WORDS: [&str; 8] = ["up", "down", "options", "loses", "allow", "batch", "repeat", "verify"];
const KEYS: [&str; 6] = ["transaction", "foreign_keys", "lock_timeout", "retry_safe", "store", "nothing-to-undo"];

/// What the directives of one file say.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// `-- migrate:options`: for the whole file.
    pub(super) file: Settings,
    pub(super) store: Option<Set<Store>>,
    pub(super) nothing_to_undo: Option<Position>,
    pub(super) up: Option<Section>,
    pub(super) down: Option<Section>,
}

/// A section, from its marker on.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) offset: usize,
    /// Where the marker's line ends.
    pub(super) line_end: usize,
    pub(super) position: Position,
    pub(super) settings: Settings,
}

/// The keys that were given, each with its place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Settings {
    pub(super) transaction: Option<Set<TransactionMode>>,
    foreign_keys: Option<Set<ForeignKeys>>,
    lock_timeout: Option<Set<Duration>>,
    retry_safe: Option<Set<bool>>,
}

/// A value, and where it was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set<T> {
    pub(super) value: T,
    pub(super) position: Position,
}

impl Settings {
    /// These, and what they leave open from the other ones.
    pub(super) fn or(self, other: Settings) -> Settings {
        Settings {
            transaction: self.transaction.or(other.transaction),
            foreign_keys: self.foreign_keys.or(other.foreign_keys),
            lock_timeout: self.lock_timeout.or(other.lock_timeout),
            retry_safe: self.retry_safe.or(other.retry_safe),
        }
    }

    /// What a run obeys; `transaction` is what the file's name or `metadata.toml` says.
    pub(super) fn options(self, transaction: Option<TransactionMode>) -> Options {
        Options {
            transaction: self.transaction.map(|set| set.value).or(transaction).unwrap_or_default(),
            foreign_keys: self.foreign_keys.map(|set| set.value).unwrap_or_default(),
            lock_timeout: self.lock_timeout.map(|set| set.value),
            retry_safe: self.retry_safe.is_some_and(|set| set.value),
        }
    }
}

/// Reads the directives of a file. What is wrong with them goes to `mistakes`.
pub(super) fn interpret(
    text: &str,
    directives: &[Directive<'_>],
    kind: Kind,
    file: &str,
    mistakes: &mut Vec<Mistake>,
) -> Header {
    let mut reader = Reader { text, kind, file, mistakes, header: Header::default() };
    for directive in directives {
        reader.directive(directive);
    }
    reader.header
}

struct Reader<'r> {
    text: &'r str,
    kind: Kind,
    file: &'r str,
    mistakes: &'r mut Vec<Mistake>,
    header: Header,
}

impl<'r> Reader<'r> {
    fn line(&self, found: &Directive<'r>) -> &'r str {
        self.text.get(found.offset..found.line_end).unwrap_or_default()
    }

    fn directive(&mut self, found: &Directive<'r>) {
        let word = found.word;
        if found.spaced {
            // Later in the file it is prose: "-- migrate: the old rows".
            if found.before_code {
                let help = format!("write `-- migrate:{}`, or start the comment with another word", line_of(found));
                self.mistake(found.position, "a blank stands between `-- migrate:` and its word", help);
            }
            return;
        }
        match word {
            "up" | "down" => self.section(found),
            "options" => {
                let mut settings = self.header.file;
                self.keys(found, &mut settings);
                self.header.file = settings;
            }
            "loses" | "generated" => self.of_a_way_back(found),
            // Read by the linter.
            "allow" => {}
            "batch" | "repeat" | "verify" => {
                let problem = format!("`-- migrate:{word}` is reserved, and this version can't run it yet");
                self.mistake(found.position, problem, "remove it, and write the statements out");
            }
            "" => self.mistake(found.position, "`-- migrate:` without a word", known(&WORDS)),
            _ => {
                let help = match near(&word.to_ascii_lowercase(), &WORDS).or(same_but_case(word, &WORDS)) {
                    Some(meant) => format!("did you mean `-- migrate:{meant}`?"),
                    None => known(&WORDS),
                };
                self.mistake(found.position, format!("unknown word `{word}` after `-- migrate:`"), help);
            }
        }
    }

    fn section(&mut self, found: &Directive<'r>) {
        let word = found.word;
        if self.kind != Kind::Single {
            let problem = format!("`-- migrate:{word}` divides a file that holds both ways, and this one holds one");
            let help = match found.rest {
                "" => "remove the line".into(),
                rest => format!("write `-- migrate:options {rest}`"),
            };
            return self.mistake(found.position, problem, help);
        }
        let mut settings = Settings::default();
        self.keys(found, &mut settings);
        let section = Section { offset: found.offset, line_end: found.line_end, position: found.position, settings };
        let first = if word == "up" { &self.header.up } else { &self.header.down };
        if let Some(first) = first {
            let problem = format!("a second `-- migrate:{word}`; the first one is in line {}", first.position.line);
            return self.mistake(found.position, problem, "one file holds one migration: write a file for each");
        }
        if word == "down" {
            self.header.down = Some(section);
            return;
        }
        match &self.header.down {
            Some(down) if down.position < found.position => {
                let problem = format!("`-- migrate:up` behind the `-- migrate:down` of line {}", down.position.line);
                self.mistake(found.position, problem, "put the up section first");
            }
            _ if !found.before_code => self.mistake(
                found.position,
                "statements before `-- migrate:up`",
                "put them behind it: only comments and `-- migrate:options` stand before it",
            ),
            _ => {}
        }
        self.header.up = Some(section);
    }

    /// What [`crate::undo`] reads: that a down does not bring back all, and that nobody wrote it.
    fn of_a_way_back(&mut self, found: &Directive<'r>) {
        let word = found.word;
        if matches!(self.kind, Kind::Pair(Direction::Up) | Kind::Diesel(Direction::Up)) {
            let problem = format!("`-- migrate:{word}` says something of a way back, and this file is a way up");
            self.mistake(found.position, problem, "put the line into the down file");
        } else if word == "loses" && found.rest.is_empty() {
            let help = "write for instance `-- migrate:loses the rows of users`";
            self.mistake(found.position, "`-- migrate:loses` does not say what is lost", help);
        }
    }

    /// The `key:value`s of a line.
    fn keys(&mut self, found: &Directive<'r>, settings: &mut Settings) {
        let mut at = found.position;
        let mut words = pieces(found, self.line(found)).peekable();
        while let Some((column, piece)) = words.next() {
            at.column = column;
            let Some((key, value)) = piece.split_once(':') else {
                self.bare(found.word, at, piece);
                continue;
            };
            if value.is_empty() && KEYS.contains(&key) {
                let next = words.next_if(|(_, next)| !next.contains(':')).map_or("…", |(_, next)| next);
                let help = format!("write `{key}:{next}`, without a blank");
                self.mistake(at, format!("`{key}:` has no value"), help);
                continue;
            }
            self.value(found.word, at, key, value, settings);
        }
    }

    fn bare(&mut self, word: &str, at: Position, piece: &str) {
        let key = piece.split_once('=').map_or(piece, |(key, _)| key);
        if piece == "nothing-to-undo" {
            if self.only_in_options(word, at, piece) {
                self.header.nothing_to_undo.get_or_insert(at);
            }
        } else if let (true, Some((key, value))) = (KEYS.contains(&key), piece.split_once('=')) {
            self.mistake(at, format!("`{piece}` is no `key:value`"), format!("write `{key}:{value}`"));
        } else if KEYS.contains(&piece) {
            self.mistake(at, format!("`{piece}` has no value"), format!("write `{}`", example(piece)));
        } else {
            self.unknown_key(at, piece);
        }
    }

    fn value(&mut self, word: &str, at: Position, key: &str, value: &str, settings: &mut Settings) {
        let bad = match key {
            "transaction" => match truth(value) {
                Some(true) => return self.set(&mut settings.transaction, key, TransactionMode::Inside, at),
                Some(false) => return self.set(&mut settings.transaction, key, TransactionMode::Outside, at),
                None => "`true` or `false`",
            },
            "foreign_keys" if value == "off" => {
                return self.set(&mut settings.foreign_keys, key, ForeignKeys::Off, at);
            }
            "foreign_keys" => "`off`",
            "lock_timeout" => match duration(value) {
                Some(wait) => return self.set(&mut settings.lock_timeout, key, wait, at),
                None => "a time such as `500ms`, `5s` or `1m`, more than nothing and at most 24 days",
            },
            "retry_safe" => match truth(value) {
                Some(safe) => return self.set(&mut settings.retry_safe, key, safe, at),
                None => "`true` or `false`",
            },
            "store" => match truth(value) {
                Some(keep) => {
                    let value = if keep { Store::Text } else { Store::ChecksumOnly };
                    if self.only_in_options(word, at, key) {
                        let mut store = self.header.store;
                        self.set(&mut store, key, value, at);
                        self.header.store = store;
                    }
                    return;
                }
                None => "`true` or `false`",
            },
            "nothing-to-undo" => {
                let problem = "`nothing-to-undo` takes no value";
                return self.mistake(at, problem, "write `-- migrate:options nothing-to-undo`");
            }
            _ => return self.unknown_key(at, key),
        };
        self.mistake(at, format!("`{value}` is no value of `{key}`"), format!("it takes {bad}"));
    }

    fn set<T: Copy + PartialEq>(&mut self, slot: &mut Option<Set<T>>, key: &str, value: T, position: Position) {
        match slot {
            Some(first) if first.value != value => {
                let problem = format!("`{key}` has another value at {}", first.position);
                self.mistake(position, problem, "keep one of them");
            }
            Some(_) => {}
            None => *slot = Some(Set { value, position }),
        }
    }

    fn only_in_options(&mut self, word: &str, at: Position, key: &str) -> bool {
        if word != "options" {
            let shown = example(key);
            let problem = format!("`{key}` is for the whole file, not for `-- migrate:{word}`");
            self.mistake(at, problem, format!("write `-- migrate:options {shown}`"));
        }
        word == "options"
    }

    fn unknown_key(&mut self, at: Position, key: &str) {
        let dashed = |word: &str| word.to_ascii_lowercase().replace('_', "-");
        let meant = near(key, &KEYS).or_else(|| KEYS.iter().copied().find(|known| dashed(known) == dashed(key)));
        let help = meant.map_or_else(|| known(&KEYS), |meant| format!("did you mean `{}`?", example(meant)));
        self.mistake(at, format!("unknown key `{key}`"), help);
    }

    fn mistake(&mut self, position: Position, problem: impl Into<String>, help: impl Into<String>) {
        self.mistakes.push(Mistake::new(self.file, problem).at(position).with_help(help));
    }
}

/// The words behind the directive's word, each with its column.
fn pieces<'d>(found: &Directive<'d>, line: &'d str) -> impl Iterator<Item = (u32, &'d str)> + use<'d> {
    let mut at = line.find(found.word).unwrap_or_default() + found.word.len();
    let column = found.position.column;
    found.rest.split_whitespace().map(move |piece| {
        at += line.get(at..).and_then(|tail| tail.find(piece)).unwrap_or_default();
        let before = line.get(..at).unwrap_or_default().chars().count();
        at += piece.len();
        (column.saturating_add(u32::try_from(before).unwrap_or(u32::MAX)), piece)
    })
}

fn line_of(found: &Directive<'_>) -> String {
    format!("{} {}", found.word, found.rest).trim_end().to_owned()
}

fn known(list: &[&str]) -> String {
    let quoted: Vec<String> = list.iter().map(|word| format!("`{word}`")).collect();
    format!("known are {}", quoted.join(", "))
}

fn same_but_case(word: &str, list: &[&'static str]) -> Option<&'static str> {
    list.iter().copied().find(|known| known.eq_ignore_ascii_case(word))
}

fn example(key: &str) -> &str {
    match key {
        "transaction" => "transaction:false",
        "foreign_keys" => "foreign_keys:off",
        "lock_timeout" => "lock_timeout:5s",
        "retry_safe" => "retry_safe:true",
        "store" => "store:false",
        other => other,
    }
}

fn truth(value: &str) -> Option<bool> {
    match value {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// `500ms`, `5s`, `1m`. PostgreSQL takes the number as milliseconds in 32 bits.
fn duration(value: &str) -> Option<Duration> {
    let unit = value.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = value.split_at(unit);
    let scale = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    let milliseconds = number.parse::<u64>().ok()?.checked_mul(scale)?;
    (1..=i32::MAX as u64).contains(&milliseconds).then(|| Duration::from_millis(milliseconds))
}
