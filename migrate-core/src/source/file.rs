//! One file's content: its halves, and what its directives say. Pure.

use super::header::{self, Header, Settings};
use super::mistake::Mistake;
use super::name::{Kind, Part, near};
use super::script::{self, Content};
use super::text;
use crate::sql::{Dialect, Position};
use crate::{Direction, TransactionMode};

/// A file that can be run, as far as it goes by itself.
pub(super) struct File {
    /// As messages name it.
    pub(super) path: String,
    pub(super) up: Option<Half>,
    pub(super) down: Option<Half>,
    pub(super) header: Header,
    /// What stands outside of the SQL: `.no-db-txn.` in the name, `run_in_transaction` in `metadata.toml`.
    pub(super) transaction: Option<TransactionMode>,
}

/// The text of one direction.
pub(super) struct Half {
    /// Without the file's byte order mark.
    pub(super) text: String,
    /// Its first line in the file.
    pub(super) line: u32,
    /// What its marker says; the header holds what the file says.
    pub(super) settings: Settings,
    pub(super) content: Content,
}

impl File {
    /// `None` if there is any mistake in it.
    pub(super) fn read(
        path: String,
        part: &Part<'_>,
        bytes: &[u8],
        dialects: &[Dialect],
        mistakes: &mut Vec<Mistake>,
    ) -> Option<File> {
        let before = mistakes.len();
        let file = match text::decode(&path, bytes) {
            Ok(text) if part.kind == Kind::Metadata => {
                let transaction = metadata(&path, text, mistakes);
                Some(File { path, up: None, down: None, header: Header::default(), transaction })
            }
            Ok(text) => Self::parse(path, part, text, dialects, mistakes),
            Err(mistake) => {
                mistakes.push(mistake);
                None
            }
        };
        file.filter(|_| mistakes.len() == before)
    }

    fn parse(
        path: String,
        part: &Part<'_>,
        text: &str,
        dialects: &[Dialect],
        mistakes: &mut Vec<Mistake>,
    ) -> Option<File> {
        let directives = script::find_directives(text, &path, dialects, mistakes)?;
        let header = header::interpret(text, &directives, part.kind, &path, mistakes);
        let transaction = part.no_transaction.then_some(TransactionMode::Outside);
        let mut file = File { path, up: None, down: None, header, transaction };
        match part.kind {
            Kind::Pair(Direction::Down) | Kind::Diesel(Direction::Down) => {
                file.down = file.half(text, 1, Settings::default(), dialects, mistakes);
            }
            _ => file.sections(text, dialects, mistakes),
        }
        Some(file)
    }

    /// The up text goes from the file's start, where its options are, to the down marker's line.
    fn sections(&mut self, text: &str, dialects: &[Dialect], mistakes: &mut Vec<Mistake>) {
        if let (None, Some(down)) = (&self.header.up, &self.header.down) {
            let mistake = Mistake::new(&self.path, "`-- migrate:down` without a `-- migrate:up` before it");
            mistakes.push(mistake.at(down.position).with_help("write `-- migrate:up` first"));
            return;
        }
        let down = self.header.down.as_ref().map(|down| (down.offset, down.position.line, down.settings));
        let (up_text, down_text) = text.split_at_checked(down.map_or(text.len(), |(at, ..)| at)).unwrap_or((text, ""));
        let (body, settings) = match &self.header.up {
            Some(up) => (up_text.get(up.line_end..), up.settings),
            None => (Some(up_text), Settings::default()),
        };
        // Markers in the wrong order: that is told already.
        let Some(body) = body else { return };
        if body.trim().is_empty() {
            let mistake = match &self.header.up {
                Some(up) => Mistake::new(&self.path, "the up section is empty").at(up.position),
                None => Mistake::new(&self.path, "is empty"),
            };
            mistakes.push(mistake.with_help("write its statements, or remove the file"));
        }
        self.up = self.half(up_text, 1, settings, dialects, mistakes);
        if let Some((_, line, settings)) = down {
            self.down = self.half(down_text, line, settings, dialects, mistakes);
        }
    }

    fn half(
        &self,
        text: &str,
        line: u32,
        settings: Settings,
        dialects: &[Dialect],
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Half> {
        let options = settings.or(self.header.file).options(self.transaction);
        let content = script::check(text, line, &self.path, &options, dialects, mistakes)?;
        Some(Half { text: text.to_owned(), line, settings, content })
    }
}

/// diesel's `metadata.toml`: it has the key `run_in_transaction`, and others only for those who wrote their own
/// runner, which says something that we can't know.
fn metadata(path: &str, text: &str, mistakes: &mut Vec<Mistake>) -> Option<TransactionMode> {
    let mut transaction = None;
    for (line, number) in text.lines().zip(1..) {
        let content = line.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        let (key, value) = content.split_once('=').map_or((content, ""), |(key, value)| (key.trim(), value.trim()));
        let column = |part: &str| {
            let before = line.find(part).and_then(|at| line.get(..at)).unwrap_or_default();
            u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1)
        };
        let mut mistake = |at: &str, problem: String, help: &str| {
            let position = Position { line: number, column: column(at) };
            mistakes.push(Mistake::new(path, problem).at(position).with_help(help));
        };
        let mode = match value {
            "true" => TransactionMode::Inside,
            _ => TransactionMode::Outside,
        };
        if key != "run_in_transaction" {
            let help = match near(key, &["run_in_transaction"]) {
                Some(_) => "did you mean `run_in_transaction`?",
                None => "the only key is `run_in_transaction`",
            };
            mistake(key, format!("unknown key `{key}`"), help);
        } else if !matches!(value, "true" | "false") {
            mistake(key, format!("`{value}` is no value of `{key}`"), "it takes `true` or `false`");
        } else if transaction.is_some() {
            mistake(key, format!("a second `{key}`"), "keep one of them");
        } else {
            transaction = Some(mode);
        }
    }
    transaction
}
