//! Taking SQL back: from the statements of a script to a script that undoes them, or why there is none. Pure.
//!
//! What a text does not tell is a [`Question`] about a named object, which a database
//! can answer before the script runs. One statement without an inverse means no undo for the file: half an undo would be
//! worse than none.
//!
//! ```
//! use migrate_core::sql::Dialect;
//! use migrate_core::undo::Undo;
//! use migrate_core::{Options, Script};
//!
//! let text = "CREATE TABLE users (id bigint);\nALTER TABLE orders ADD COLUMN note text;";
//! let script = Script::new("x.up.sql".into(), text.into(), 1, Options::NONE);
//! let undo = Undo::of(&script, Dialect::Postgres.into(), None).unwrap();
//! let generated = undo.finish().unwrap();
//! assert!(generated.text.ends_with("ALTER TABLE orders DROP COLUMN note;\n\nDROP TABLE users;\n"));
//! ```

mod alter;
mod definition;
mod objects;
mod question;
mod rows;
mod scope;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::plan::Location;
use crate::sql::{InTransaction, Role, ServerVersion, Statement, Syntax, Words, directives, split};
use crate::{ForeignKeys, Script};

pub use question::{Answer, Asks, Object, ObjectKind, Question};

use scope::{Made, Scope};

/// What takes one statement back, or one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inverse {
    /// This SQL: one statement, or some with `;` between them.
    Sql(String),
    /// It depends on what was there before.
    NeedsCatalog(Box<Question>),
    /// This SQL brings the schema back, and not the data.
    LosesData {
        /// The SQL.
        sql: String,
        /// What does not come back, as the end of a sentence: `the rows of users`.
        loses: String,
    },
    /// Nothing has to be done: `ANALYZE`, or what another inverse of the same file takes along.
    Nothing,
    /// There is none.
    None {
        /// Why, as a sentence.
        why: String,
    },
}

impl Inverse {
    pub(crate) fn sql(sql: impl Into<String>) -> Self {
        Inverse::Sql(sql.into())
    }

    pub(crate) fn none(why: impl Into<String>) -> Self {
        Inverse::None { why: why.into() }
    }
}

/// What undoes a script, as far as it is known.
#[derive(Clone, Debug)]
pub struct Undo {
    pieces: Vec<Piece>,
    /// What the script sets before all else, and the way back needs as well.
    settings: Vec<String>,
    syntax: Syntax,
    version: Option<ServerVersion>,
    foreign_keys: ForeignKeys,
}

/// The inverse of one statement or of a part of it, in the order of the script.
#[derive(Clone, Debug)]
struct Piece {
    /// Which statement, from 0.
    statement: usize,
    at: Location,
    /// The beginning of the statement, for messages.
    shown: String,
    /// `ALTER TABLE t`, of which the inverse is a clause: several of one statement become one again.
    clause_of: Option<String>,
    inverse: Inverse,
}

/// A generated way back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// A down script, with its directives.
    pub text: String,
    /// What it does not bring back: which statement loses what.
    pub losses: Vec<String>,
}

/// Why a file has no undo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoInverse {
    /// Where the statement stands.
    pub at: Location,
    /// How it begins.
    pub statement: String,
    /// Why it can't be taken back, as a sentence.
    pub why: String,
    /// Who could tell.
    pub told_by: ToldBy,
}

/// Who can tell what takes a statement back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToldBy {
    /// Whoever wrote it.
    Author,
    /// The catalog, before the script runs.
    Catalog,
}

impl fmt::Display for NoInverse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` has no inverse: {}", self.at, self.statement, self.why)
    }
}

impl Undo {
    /// Of an up script, by its text alone.
    ///
    /// # Errors
    /// When the text can't be split.
    pub fn of(script: &Script, syntax: Syntax, version: Option<ServerVersion>) -> Result<Self, NoInverse> {
        let statements = split(&script.text, syntax).map_err(|error| NoInverse {
            at: Location::from_script(script, error.position),
            statement: String::new(),
            why: error.to_string(),
            told_by: ToldBy::Author,
        })?;
        let mut undo = Undo {
            pieces: Vec::new(),
            settings: Vec::new(),
            syntax,
            version,
            foreign_keys: script.options.foreign_keys,
        };
        let mut scope = Scope::new(syntax.dialect(), version);
        let mut leading = true;
        for (n, statement) in statements.iter().enumerate() {
            let known = statement.recognise_on(version);
            let parts = match known.role {
                Role::Session if leading => {
                    undo.settings.push(statement.text.to_owned());
                    scope.set(statement.text);
                    vec![Part::whole(Inverse::Nothing)]
                }
                Role::Session => vec![Part::whole(set_later(&known.verb, statement.text))],
                role => {
                    leading = false;
                    inverses(statement, role, &mut scope)
                }
            };
            let at = Location::from_script(script, statement.position);
            for part in parts {
                scope.keep(part.made, undo.pieces.len());
                undo.pieces.push(Piece {
                    statement: n,
                    at: at.clone(),
                    shown: shown(statement.text),
                    clause_of: part.clause_of,
                    inverse: part.inverse,
                });
            }
            for piece in scope.take_void() {
                if let Some(piece) = undo.pieces.get_mut(piece) {
                    piece.inverse = Inverse::Nothing;
                }
            }
        }
        Ok(undo)
    }

    /// What must be asked before the script runs; after the answers there may be more to ask.
    pub fn questions(&self) -> Vec<Object> {
        self.open().map(|question| question.object.clone()).collect()
    }

    fn open(&self) -> impl Iterator<Item = &Question> {
        self.pieces.iter().filter_map(|piece| match &piece.inverse {
            Inverse::NeedsCatalog(question) => Some(question.as_ref()),
            _ => None,
        })
    }

    /// Takes the answers to [`questions`](Self::questions), in their order.
    pub fn answer(&mut self, answers: Vec<Answer>) {
        let mut answers = answers.into_iter();
        for piece in &mut self.pieces {
            if let Inverse::NeedsCatalog(question) = &piece.inverse {
                let answer = answers.next().unwrap_or_else(|| Answer::CantTell("nobody answered".into()));
                piece.inverse = question.settle(answer, self.syntax);
            }
        }
    }

    /// The inverse of each statement, part by part, with its place.
    pub fn inverses(&self) -> impl Iterator<Item = (&Location, &Inverse)> {
        self.pieces.iter().map(|piece| (&piece.at, &piece.inverse))
    }

    /// The script that goes back.
    ///
    /// # Errors
    /// Every statement that has no inverse, or none without the catalog.
    pub fn finish(&self) -> Result<Generated, Vec<NoInverse>> {
        let mut refused = Vec::new();
        let mut losses = Vec::new();
        let mut sqls: Vec<(usize, Option<&str>, String)> = Vec::new();
        for piece in self.pieces.iter().rev() {
            let inverse = match &piece.inverse {
                Inverse::NeedsCatalog(question) => question.without_an_answer(),
                known => Ok(known),
            };
            let sql = match inverse {
                Err(why) => {
                    refused.push(piece.refusal(why, ToldBy::Catalog));
                    continue;
                }
                Ok(Inverse::Nothing | Inverse::NeedsCatalog(_)) => continue,
                Ok(Inverse::Sql(sql)) => sql,
                Ok(Inverse::LosesData { sql, loses }) => {
                    losses.push(format!("{loses} ({}: {})", piece.at.position, piece.shown));
                    sql
                }
                Ok(Inverse::None { why }) => {
                    refused.push(piece.refusal(why.clone(), ToldBy::Author));
                    continue;
                }
            };
            let clause_of = piece.clause_of.as_deref();
            match sqls.last_mut() {
                Some((statement, of, sqls)) if *statement == piece.statement && of.is_some() && *of == clause_of => {
                    sqls.push_str(",\n  ");
                    sqls.push_str(sql);
                }
                _ => sqls.push((piece.statement, clause_of, sql.clone())),
            }
        }
        if !refused.is_empty() {
            refused.reverse();
            // Of several parts of one statement with one reason.
            refused.dedup();
            return Err(refused);
        }
        losses.reverse();
        let sqls: Vec<String> = sqls
            .into_iter()
            .map(|(_, clause_of, sql)| clause_of.map_or_else(|| sql.clone(), |of| format!("{of} {sql}")))
            .filter(|sql| !sql.is_empty())
            .collect();
        Ok(Generated { text: self.text(&sqls, &losses), losses })
    }

    fn text(&self, sqls: &[String], losses: &[String]) -> String {
        if sqls.is_empty() {
            return "-- migrate:options nothing-to-undo\n".into();
        }
        let body: Vec<String> = self.settings.iter().chain(sqls).map(|sql| terminated(sql)).collect();
        let body = body.join("\n\n");
        let mut text = String::new();
        let outside = split(&body, self.syntax).unwrap_or_default().iter().any(|statement| {
            matches!(
                statement.recognise_on(self.version).in_transaction,
                InTransaction::Fails { .. } | InTransaction::NoEffect { .. }
            )
        });
        if outside {
            text.push_str("-- migrate:options transaction:false\n");
        }
        if self.foreign_keys == ForeignKeys::Off {
            text.push_str("-- migrate:options foreign_keys:off\n");
        }
        for loss in losses {
            text.push_str(&format!("-- migrate:loses {}\n", loss.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        text + &body + "\n"
    }
}

impl Piece {
    fn refusal(&self, why: String, told_by: ToldBy) -> NoInverse {
        NoInverse { at: self.at.clone(), statement: self.shown.clone(), why, told_by }
    }
}

impl Generated {
    /// The text as the history keeps it: marked, so that a later `down` knows that nobody wrote it.
    ///
    /// A program that does not know the mark reads the history as before, and refuses to run the text.
    pub fn stored(&self) -> String {
        format!("{GENERATED}{}", self.text)
    }
}

/// The first line of a stored text that nobody wrote.
const GENERATED: &str = "-- migrate:generated\n";

/// Whether a stored text is marked as [generated](Generated::stored).
pub fn is_generated(stored: &str) -> bool {
    stored.starts_with(GENERATED)
}

/// What a down script says that it does not bring back: its lines `-- migrate:loses …`.
///
/// ```
/// use migrate_core::sql::Dialect;
///
/// let down = "-- migrate:loses the rows of a (1:1: DROP TABLE a)\nCREATE TABLE a (x int);\n";
/// assert_eq!(migrate_core::undo::losses(down, Dialect::Postgres), ["the rows of a (1:1: DROP TABLE a)"]);
/// ```
pub fn losses(down: &str, syntax: impl Into<Syntax>) -> Vec<String> {
    // Nearly all have none.
    if !down.contains("-- migrate:loses") {
        return Vec::new();
    }
    let found = directives(down, syntax).unwrap_or_default();
    found.iter().filter(|line| line.word == "loses" && !line.spaced).map(|line| line.rest.to_owned()).collect()
}

/// An inverse of a statement's part.
#[derive(Clone, Debug)]
struct Part {
    clause_of: Option<String>,
    inverse: Inverse,
    /// What of the script's own things goes with it: when that is taken away again, nothing is left to undo.
    made: Option<Made>,
}

impl Part {
    fn whole(inverse: Inverse) -> Self {
        Part { clause_of: None, inverse, made: None }
    }

    fn none(why: &str) -> Self {
        Part::whole(Inverse::none(why))
    }

    /// A clause of `ALTER TABLE t`.
    fn clause(of: &str, inverse: Inverse) -> Self {
        Part { clause_of: Some(of.to_owned()), ..Part::whole(inverse) }
    }

    fn of(self, made: Made) -> Self {
        Part { made: Some(made), ..self }
    }
}

fn inverses(statement: &Statement<'_>, role: Role, scope: &mut Scope) -> Vec<Part> {
    let words = Words::new(statement.text, statement.syntax);
    let one = |inverse| vec![Part::whole(inverse)];
    match role {
        Role::TransactionControl => one(Inverse::none("it would end the migration's own transaction")),
        Role::Opaque => one(Inverse::none("it runs code that can't be seen")),
        Role::TemporaryObject => one(rows::temporary(words, scope)),
        _ => match rows::inverse(words.clone(), scope) {
            Some(inverse) => one(inverse),
            None if words.is("ALTER TABLE") => alter::inverses(statement, words, scope),
            None => vec![objects::inverse(words, scope)],
        },
    }
}

/// What only steers how the rest runs need not be taken back, nor set on the way back.
fn set_later(verb: &str, text: &str) -> Inverse {
    const HARMLESS: [&str; 6] = [
        "lock_timeout",
        "statement_timeout",
        "lock_wait_timeout",
        "innodb_lock_wait_timeout",
        "client_min_messages",
        "work_mem",
    ];
    let text = text.to_ascii_lowercase();
    if HARMLESS.iter().any(|setting| text.contains(setting)) {
        return Inverse::Nothing;
    }
    Inverse::none(format!(
        "{verb} in the middle of a file changes what its statements mean; put it before all others, or into a file of its own"
    ))
}

fn terminated(sql: &str) -> String {
    let sql = sql.trim_end().trim_end_matches(';');
    // A comment at its end would swallow the semicolon.
    let newline =
        if sql.lines().last().is_some_and(|line| line.contains("--") || line.contains('#')) { "\n" } else { "" };
    format!("{sql}{newline};")
}

/// The beginning of a statement in one line, and nothing of a password.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = crate::driver::shown(&line, MOST);
    if line.chars().count() > MOST && !shown.ends_with('…') { format!("{} …", shown.trim_end()) } else { shown }
}
