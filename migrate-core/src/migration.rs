use std::borrow::Cow;

use crate::{Checksum, Meta, Options, Session, Store, Version};

/// Any error of a migration that is written in Rust.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One step of the schema's life: an SQL file, or Rust code where SQL is not enough.
///
/// `C` is the client library's own connection, `rusqlite::Connection` for instance. A [`SqlMigration`] implements
/// this for every `C`.
///
/// # Writing one in Rust
///
/// 1. Give it a version of its own, a UTC timestamp, and say with [`Meta`] what it is.
/// 2. Work with [`Session::connection`]; inside the migration's transaction do not call the client's own
///    `transaction()`: its `commit()` would commit *our* transaction. Use [`Session::transaction`], a savepoint.
/// 3. Code that must commit by itself says [`Meta::outside_transaction`], and stands to be run again from its start.
pub trait Migration<C>: Send + Sync {
    /// Who it is.
    fn meta(&self) -> &Meta;

    /// Does the work.
    ///
    /// # Errors
    /// Whatever the work fails with: the migration is rolled back where it is transactional.
    fn up(&self, db: &mut Session<'_, C>) -> Result<(), BoxError>;

    /// Takes it back.
    ///
    /// # Errors
    /// As `up`; by default that there is no way back.
    fn down(&self, db: &mut Session<'_, C>) -> Result<(), BoxError> {
        let _ = db;
        Err(format!("{} is irreversible", self.meta()).into())
    }

    /// The text, for a migration that is plain SQL: the loop then hands it to the driver as a whole, with its
    /// history row. Code leaves this alone.
    fn sql(&self) -> Option<&SqlMigration> {
        None
    }
}

/// The way of a migration, or of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Applying.
    Up,
    /// Reverting.
    Down,
}

impl Direction {
    /// `up` or `down`, as the history writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }

    /// From the history.
    pub fn parse(word: &str) -> Self {
        if word == "down" { Direction::Down } else { Direction::Up }
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The SQL of one direction, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Script {
    /// The bytes that run, as they are in the file (without a byte order mark).
    pub text: Cow<'static, str>,
    /// The file, as messages name it: the directory as it was given, and the name in it.
    pub file: Cow<'static, str>,
    /// The line of the file at which the text begins, from 1.
    pub line: u32,
    /// What its directives ask for.
    pub options: Options,
}

impl Script {
    /// A script from the start of a file.
    pub const fn new(file: Cow<'static, str>, text: Cow<'static, str>, line: u32, options: Options) -> Self {
        Script { text, file, line, options }
    }

    /// For the macro.
    #[doc(hidden)]
    pub const fn embedded(file: &'static str, line: u32, text: &'static str, options: Options) -> Self {
        Script { text: Cow::Borrowed(text), file: Cow::Borrowed(file), line, options }
    }
}

/// How a migration is reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Down {
    /// By this script.
    Script(Script),
    /// `-- migrate:options nothing-to-undo`: only its history row goes.
    NothingToUndo,
    /// It can't be.
    Irreversible,
}

/// A migration in plain SQL: from a file, from the macro, or from the history's stored text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqlMigration {
    /// Who it is.
    pub meta: Meta,
    /// What it does.
    pub up: Script,
    /// What takes it back.
    pub down: Down,
    /// Whether the history keeps its text.
    pub store: Store,
}

impl SqlMigration {
    /// A migration from its parts; its checksum is taken over the up text.
    pub fn new(version: Version, name: impl Into<Cow<'static, str>>, up: Script, down: Down, store: Store) -> Self {
        let checksum = Checksum::of_text(&up.text);
        Self::assemble(version, name.into(), checksum, up, down, store)
    }

    /// For the macro, which has taken the checksum at compile time.
    #[doc(hidden)]
    pub const fn embedded(
        version: i64,
        name: &'static str,
        checksum: [u8; 32],
        up: Script,
        down: Down,
        store: Store,
    ) -> Self {
        Self::assemble(Version::new(version), Cow::Borrowed(name), Checksum::Sha256(checksum), up, down, store)
    }

    const fn assemble(
        version: Version,
        name: Cow<'static, str>,
        checksum: Checksum,
        up: Script,
        down: Down,
        store: Store,
    ) -> Self {
        let transaction = up.options.transaction;
        let reversible = !matches!(down, Down::Irreversible);
        SqlMigration { meta: Meta { version, name, checksum, transaction, reversible }, up, down, store }
    }
}

impl<C> Migration<C> for SqlMigration {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn up(&self, db: &mut Session<'_, C>) -> Result<(), BoxError> {
        db.run(&self.up.text)
    }

    fn down(&self, db: &mut Session<'_, C>) -> Result<(), BoxError> {
        match &self.down {
            Down::Script(script) => db.run(&script.text),
            Down::NothingToUndo => Ok(()),
            Down::Irreversible => Err(format!("{} is irreversible", self.meta).into()),
        }
    }

    fn sql(&self) -> Option<&SqlMigration> {
        Some(self)
    }
}
