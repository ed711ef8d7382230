//! The databases whose SQL is read here, and their lexical rules as data.

use std::fmt;
use std::str::FromStr;

use super::syntax::Mode;

/// The SQL that a text is written in.
///
/// ```
/// use migrate_core::sql::Dialect;
///
/// assert_eq!("postgresql".parse(), Ok(Dialect::Postgres));
/// assert_eq!(Dialect::Sqlite.to_string(), "sqlite");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL, as `psql` cuts it.
    Postgres,
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// Every dialect, in the order in which messages list them.
    pub const ALL: [Dialect; 4] = [Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite];

    /// The name that [`Display`](fmt::Display) writes and [`FromStr`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Postgres => "postgres",
            Dialect::Mysql => "mysql",
            Dialect::Mariadb => "mariadb",
            Dialect::Sqlite => "sqlite",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if name == "postgresql" {
            return Ok(Dialect::Postgres);
        }
        Dialect::ALL.into_iter().find(|dialect| dialect.name() == name).ok_or_else(|| UnknownDialect(name.to_owned()))
    }
}

/// A name that is no [`Dialect`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDialect(String);

impl fmt::Display for UnknownDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown dialect {:?}; known are", self.0)?;
        for (n, dialect) in Dialect::ALL.into_iter().enumerate() {
            write!(f, "{} {dialect}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownDialect {}

/// The row of a dialect in a session's mode.
pub(crate) fn rules(dialect: Dialect, mode: Mode) -> &'static Rules {
    let row = usize::from(mode.ansi_quotes) * 2 + usize::from(mode.backslash);
    match dialect {
        Dialect::Postgres if mode.backslash => &POSTGRES_BACKSLASH,
        Dialect::Postgres => &POSTGRES,
        Dialect::Mysql => &MYSQL[row],
        Dialect::Mariadb => &MARIADB[row],
        Dialect::Sqlite => &SQLITE,
    }
}

/// What differs between the dialects below the level of statements: one row each.
#[derive(Debug)]
pub(crate) struct Rules {
    /// When `--` opens a comment.
    pub(crate) dashes: Dashes,
    /// `#` opens a comment.
    pub(crate) hash_comments: bool,
    /// A lone carriage return ends a line comment, as a newline does everywhere.
    pub(crate) cr_ends_comment: bool,
    /// `/* /* */ */` is one comment.
    pub(crate) nested_comments: bool,
    /// `/*+ … */` steers the optimizer: a comment that means something.
    pub(crate) hints: bool,
    /// What after `/*` makes the comment's content code.
    pub(crate) versioned: &'static [&'static str],
    /// Delimiters of strings and quoted names.
    pub(crate) quotes: &'static [Quote],
    /// Openings of literals that begin with letters.
    pub(crate) prefixes: &'static [Prefix],
    /// `$tag$ … $tag$` is a string.
    pub(crate) dollar_quotes: DollarQuotes,
    /// A word may begin with `$`.
    pub(crate) dollar_words: bool,
    /// Placeholders for values.
    pub(crate) variables: Variables,
    /// A semicolon inside parentheses does not end a statement.
    pub(crate) parentheses_hold: bool,
    /// Which statements contain semicolons of their own.
    pub(crate) bodies: Bodies,
    /// The command-line client whose own commands get into files.
    pub(crate) client: Client,
    /// How names are compared.
    pub(crate) fold: Fold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dashes {
    Always,
    /// Before white space, a control character or the end: `5--1` is arithmetic in MySQL.
    BeforeBlank,
}

#[derive(Debug)]
pub(crate) struct Quote {
    pub(crate) open: u8,
    pub(crate) close: u8,
    /// The closing character twice stands for itself.
    pub(crate) doubled: bool,
    pub(crate) backslash: bool,
    pub(crate) is_name: bool,
}

/// `opening` ends with the quote that also closes; compared without case.
#[derive(Debug)]
pub(crate) struct Prefix {
    pub(crate) opening: &'static str,
    pub(crate) backslash: bool,
    /// The closing quote twice stands for itself.
    pub(crate) doubled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DollarQuotes {
    None,
    /// With a name as tag, or none: `$1` is a placeholder.
    Name,
    /// With any word as tag, and not where a dot or `@` has begun a name: MySQL since 8.1, for routines in JavaScript.
    /// Before that `$$` was a name, which nobody has used.
    Word,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variables {
    None,
    /// `$1`
    Numbered,
    /// `?1`, `:a`, `@a`, `#a`, `$a`, and Tcl's `$a::b(c)`.
    Sqlite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// `CREATE FUNCTION … BEGIN ATOMIC … END`
    Atomic,
    /// Routines, triggers and events with `BEGIN`, `CASE`, `IF`, `LOOP`, `WHILE`, `REPEAT`.
    Compound,
    /// `CREATE TRIGGER … BEGIN … END`
    Trigger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Psql,
    Mysql,
    Sqlite3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Unquoted names become lower case, quoted ones stay.
    Unquoted,
    /// Case never counts, quoted or not.
    Always,
    /// Names stay as written: `lower_case_table_names` is the server's affair.
    Never,
}

const fn string(quote: u8, backslash: bool) -> Quote {
    Quote { open: quote, close: quote, doubled: true, backslash, is_name: false }
}

const fn name(open: u8, close: u8) -> Quote {
    Quote { open, close, doubled: open == close, backslash: false, is_name: true }
}

const fn prefix(opening: &'static str, backslash: bool) -> Prefix {
    Prefix { opening, backslash, doubled: true }
}

/// What has nothing but digits in it: `B'01''` ends before its last quote, which begins a string of its own.
const fn digits(opening: &'static str) -> Prefix {
    Prefix { opening, backslash: false, doubled: false }
}

const POSTGRES: Rules = Rules {
    dashes: Dashes::Always,
    hash_comments: false,
    cr_ends_comment: true,
    nested_comments: true,
    // pg_hint_plan reads them at the head of a query.
    hints: true,
    versioned: &[],
    quotes: &[string(b'\'', false), name(b'"', b'"')],
    prefixes: &[
        prefix("E'", true),
        prefix("U&'", false),
        prefix("U&\"", false),
        digits("B'"),
        digits("X'"),
        prefix("N'", false),
    ],
    dollar_quotes: DollarQuotes::Name,
    dollar_words: false,
    variables: Variables::Numbered,
    // CREATE RULE … DO (a; b)
    parentheses_hold: true,
    bodies: Bodies::Atomic,
    client: Client::Psql,
    fold: Fold::Unquoted,
};

/// `standard_conforming_strings = off`
const POSTGRES_BACKSLASH: Rules = Rules {
    quotes: &[string(b'\'', true), name(b'"', b'"')],
    prefixes: &[
        prefix("E'", true),
        // The server refuses it, and psql reads on behind it as ever.
        prefix("U&'", false),
        prefix("U&\"", false),
        digits("B'"),
        digits("X'"),
        prefix("N'", true),
    ],
    ..POSTGRES
};

/// By `ANSI_QUOTES` (2) and backslashes (1).
static MYSQL: [Rules; 4] = mysql_family(&["!"], DollarQuotes::Word);

/// `/*M!` is an ordinary comment to MySQL.
static MARIADB: [Rules; 4] = mysql_family(&["!", "M!"], DollarQuotes::None);

const fn mysql_family(versioned: &'static [&'static str], dollar_quotes: DollarQuotes) -> [Rules; 4] {
    const PLAIN: &[Quote] = &[string(b'\'', false), string(b'"', false), name(b'`', b'`')];
    const BACKSLASH: &[Quote] = &[string(b'\'', true), string(b'"', true), name(b'`', b'`')];
    const ANSI: &[Quote] = &[string(b'\'', false), name(b'"', b'"'), name(b'`', b'`')];
    const ANSI_BACKSLASH: &[Quote] = &[string(b'\'', true), name(b'"', b'"'), name(b'`', b'`')];
    let plain = Rules { versioned, dollar_quotes, ..MYSQL_FAMILY };
    [
        Rules { quotes: PLAIN, ..plain },
        Rules { quotes: BACKSLASH, ..plain },
        Rules { quotes: ANSI, ..plain },
        Rules { quotes: ANSI_BACKSLASH, ..plain },
    ]
}

const MYSQL_FAMILY: Rules = Rules {
    dashes: Dashes::BeforeBlank,
    hash_comments: true,
    cr_ends_comment: false,
    nested_comments: false,
    hints: true,
    versioned: &[],
    quotes: &[],
    prefixes: &[],
    dollar_quotes: DollarQuotes::None,
    dollar_words: true,
    variables: Variables::None,
    parentheses_hold: false,
    bodies: Bodies::Compound,
    client: Client::Mysql,
    fold: Fold::Never,
};

const SQLITE: Rules = Rules {
    dashes: Dashes::Always,
    hash_comments: false,
    cr_ends_comment: false,
    nested_comments: false,
    hints: false,
    versioned: &[],
    quotes: &[string(b'\'', false), name(b'"', b'"'), name(b'`', b'`'), name(b'[', b']')],
    prefixes: &[prefix("X'", false)],
    dollar_quotes: DollarQuotes::None,
    dollar_words: false,
    variables: Variables::Sqlite,
    parentheses_hold: false,
    bodies: Bodies::Trigger,
    client: Client::Sqlite3,
    fold: Fold::Always,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
        assert_eq!("postgresql".parse(), Ok(Dialect::Postgres));
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = "oracle".parse::<Dialect>().unwrap_err();
        assert_eq!(error.to_string(), "unknown dialect \"oracle\"; known are postgres, mysql, mariadb, sqlite");
    }
}
