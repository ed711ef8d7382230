//! Routines, triggers and events of MySQL and MariaDB, written without `DELIMITER`.

use super::{TokenKind, is};

/// Follows blocks by the places where a statement may start: `IF`, `REPEAT` and `CASE` open a
/// block there and are functions or expressions elsewhere; `END` is a name where neither a
/// statement nor a `CASE` can end.
#[derive(Debug, Default)]
pub(in crate::sql) struct Compound {
    phase: Phase,
    blocks: Vec<Block>,
    parentheses: usize,
    before: Before,
    /// A statement may start here.
    fresh: bool,
    /// In a `DECLARE`.
    declare: bool,
    /// A stored program, or a block outside of one.
    program: Program,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Program {
    #[default]
    None,
    Stored,
    /// MariaDB's `CREATE PACKAGE`.
    Package,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Start,
    /// `BEGIN` came first: a transaction, unless `NOT ATOMIC` follows (MariaDB).
    Begin,
    /// Behind `CREATE`, perhaps with `OR REPLACE` and `DEFINER = …`.
    Create,
    Alter,
    Trigger,
    Event,
    Routine,
    /// The body comes next, or the action of a handler: a block or one statement.
    Seeking,
    Body,
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Begin,
    Case,
    If,
    Loop,
    While,
    Repeat,
    For,
    /// The condition of a `REPEAT`, which has no semicolon before `END`.
    Until,
    /// `CASE` in an expression.
    Expression,
}

/// The last token, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Other,
    Begin,
    End,
    /// What follows is a name, a type, or part of a user.
    Naming,
}

impl Compound {
    pub(super) fn code(&mut self, kind: TokenKind, text: &str) {
        match text {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        let word = match kind {
            TokenKind::Word if self.before != Before::Naming => text,
            TokenKind::VersionedOpen | TokenKind::VersionedClose => return,
            _ => "",
        };
        let is = |name| is(TokenKind::Word, word, name);
        match self.phase {
            Phase::Start => self.start(word),
            Phase::Begin if is("NOT") => self.open(Block::Begin),
            Phase::Begin => {
                self.program = Program::Stored;
                self.phase = Phase::Plain;
            }
            Phase::Create | Phase::Alter => self.create(word),
            Phase::Trigger if is("ROW") => self.phase = Phase::Seeking,
            Phase::Event if is("DO") => self.phase = Phase::Seeking,
            Phase::Routine if text == ")" && self.parentheses == 0 => self.phase = Phase::Seeking,
            Phase::Seeking if self.parentheses == 0 => self.seek(word),
            Phase::Body => self.body(word, text),
            Phase::Trigger | Phase::Event | Phase::Routine | Phase::Seeking | Phase::Plain => {}
        }
        self.before = match () {
            () if is("BEGIN") => Before::Begin,
            () if is("END") => Before::End,
            () if text == "." || text == "@" => Before::Naming,
            () if text == "=" && matches!(self.phase, Phase::Create | Phase::Alter) => Before::Naming,
            () if self.phase != Phase::Body && NAMING.iter().any(|&name| is(name)) => Before::Naming,
            () => Before::Other,
        };
    }

    pub(super) fn semicolon(&mut self) -> bool {
        self.before = Before::Other;
        self.fresh = true;
        self.declare = false;
        if self.blocks.is_empty() {
            return true;
        }
        // A handler's action was one statement.
        self.phase = Phase::Body;
        false
    }

    /// Whether its end can't be found without a `DELIMITER`: in PL/SQL declarations stand before
    /// `BEGIN`, and a package holds programs.
    pub(super) fn needs_delimiter(&self, oracle: bool) -> bool {
        match self.program {
            Program::None => false,
            Program::Stored => oracle,
            Program::Package => true,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.blocks.is_empty()
    }

    fn start(&mut self, word: &str) {
        let is = |name| is(TokenKind::Word, word, name);
        match opener(word) {
            Some(Block::Begin) => self.phase = Phase::Begin,
            // MariaDB runs such blocks outside of routines as well.
            Some(block) => self.open(block),
            None if is("CREATE") => self.phase = Phase::Create,
            None if is("ALTER") => self.phase = Phase::Alter,
            None if is("DECLARE") => {
                self.program = Program::Stored;
                self.phase = Phase::Plain;
            }
            None => self.phase = Phase::Plain,
        }
    }

    fn create(&mut self, word: &str) {
        let is = |name| is(TokenKind::Word, word, name);
        let kept = ["OR", "REPLACE", "AGGREGATE", "DEFINER", "CURRENT_USER", "CURRENT_ROLE"];
        self.phase = match () {
            () if is("EVENT") => Phase::Event,
            // Quotes, signs, and the user behind them.
            () if word.is_empty() || kept.iter().any(|&name| is(name)) => self.phase,
            () if self.phase == Phase::Alter => Phase::Plain,
            () if is("TRIGGER") => Phase::Trigger,
            () if is("FUNCTION") || is("PROCEDURE") => Phase::Routine,
            () => Phase::Plain,
        };
        self.program = match self.phase {
            Phase::Event | Phase::Trigger | Phase::Routine => Program::Stored,
            Phase::Plain if is("PACKAGE") => Program::Package,
            _ => self.program,
        };
    }

    fn seek(&mut self, word: &str) {
        match opener(word) {
            Some(block) => self.open(block),
            None if SIMPLE.iter().any(|name| word.eq_ignore_ascii_case(name)) => {
                self.phase = match self.blocks.is_empty() {
                    true => Phase::Plain,
                    false => Phase::Body,
                };
                self.fresh = false;
            }
            None => {}
        }
    }

    fn body(&mut self, word: &str, text: &str) {
        let is = |name| is(TokenKind::Word, word, name);
        let fresh = std::mem::replace(&mut self.fresh, false);
        let top = self.blocks.last().copied();
        let in_expression = top == Some(Block::Expression);
        match opener(word) {
            // END IF, END CASE
            Some(_) if self.before == Before::End => {}
            Some(block) if fresh => self.open(block),
            Some(Block::Case) => self.open(Block::Expression),
            _ if is("END") && (fresh || in_expression || top == Some(Block::Until)) => {
                self.blocks.pop();
                if self.blocks.is_empty() {
                    self.phase = Phase::Plain;
                }
            }
            _ if is("THEN") || is("ELSE") => self.fresh = !in_expression,
            _ if is("DO") && !fresh => {
                self.fresh = matches!(top, Some(Block::While | Block::For));
            }
            _ if is("UNTIL") && fresh && top == Some(Block::Repeat) => {
                self.blocks.pop();
                self.blocks.push(Block::Until);
            }
            _ if is("DECLARE") && fresh => self.declare = true,
            _ if is("HANDLER") && self.declare => self.phase = Phase::Seeking,
            // BEGIN NOT ATOMIC
            _ if is("NOT") && self.before == Before::Begin => self.fresh = true,
            _ if is("ATOMIC") && fresh => self.fresh = true,
            // A label; `:=` takes it back with its second character.
            _ if text == ":" => self.fresh = true,
            _ => {}
        }
    }

    fn open(&mut self, block: Block) {
        self.blocks.push(block);
        self.phase = Phase::Body;
        self.fresh = matches!(block, Block::Begin | Block::Loop | Block::Repeat);
    }
}

fn opener(word: &str) -> Option<Block> {
    const OPENERS: [(&str, Block); 7] = [
        ("BEGIN", Block::Begin),
        ("CASE", Block::Case),
        ("IF", Block::If),
        ("LOOP", Block::Loop),
        ("WHILE", Block::While),
        ("REPEAT", Block::Repeat),
        ("FOR", Block::For),
    ];
    OPENERS.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, block)| block)
}

/// Behind these, in a header, stands no statement: `CREATE TRIGGER IF NOT EXISTS`,
/// `FOLLOWS other`, `RETURNS SET('a')`, `CHARACTER SET utf8mb4`, `HANDLER FOR NOT FOUND`.
const NAMING: [&str; 12] = [
    "PROCEDURE",
    "FUNCTION",
    "TRIGGER",
    "EVENT",
    "ON",
    "EXISTS",
    "FOLLOWS",
    "PRECEDES",
    "RETURNS",
    "CHARACTER",
    "CHARSET",
    "HANDLER",
];

/// First words of a body that is one statement.
const SIMPLE: [&str; 24] = [
    "ALTER", "ANALYZE", "CALL", "CREATE", "DELETE", "DO", "DROP", "EXECUTE", "GRANT", "INSERT", "KILL", "LOAD",
    "PREPARE", "RENAME", "REPLACE", "RESIGNAL", "RETURN", "REVOKE", "SELECT", "SET", "SIGNAL", "TRUNCATE", "UPDATE",
    "WITH",
];
