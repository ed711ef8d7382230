//! A dialect together with the settings of a session that move the ends of its literals.

use super::dialect::{Dialect, Rules, rules};

/// How a text is cut: its [`Dialect`], and what the session that will run it has set.
///
/// A [`Dialect`] converts into it, with the settings that its servers have by default. What a text
/// itself sets (`SET sql_mode = 'ANSI_QUOTES'`) is followed from there on.
///
/// ```
/// use migrate_core::sql::{Dialect, Syntax, split};
///
/// let text = r#"SELECT "a\"; SELECT 2 AS "b";"#;
/// assert!(split(text, Dialect::Mysql).is_err(), "a string that never ends");
/// assert_eq!(split(text, Syntax::mysql("ANSI_QUOTES"))?.len(), 2);
/// # Ok::<_, migrate_core::sql::SplitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Syntax {
    dialect: Dialect,
    pub(crate) mode: Mode,
}

/// The settings that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mode {
    /// A backslash in `'…'` hides the character behind it: MySQL without `NO_BACKSLASH_ESCAPES`,
    /// PostgreSQL without `standard_conforming_strings`.
    pub(crate) backslash: bool,
    /// `"…"` is a name in MySQL and MariaDB.
    pub(crate) ansi_quotes: bool,
    /// MariaDB's PL/SQL.
    pub(crate) oracle: bool,
    /// The text has set a mode that only the server can work out; the other fields are what it was
    /// before. The next literal whose end depends on it can't be read.
    pub(crate) unknown: bool,
}

impl Syntax {
    /// MySQL with this `sql_mode`, as `SELECT @@sql_mode` writes it.
    pub fn mysql(sql_mode: &str) -> Self {
        Syntax { dialect: Dialect::Mysql, mode: Mode::of_names(sql_mode, Dialect::Mysql) }
    }

    /// MariaDB with this `sql_mode`, as `SELECT @@sql_mode` writes it.
    pub fn mariadb(sql_mode: &str) -> Self {
        Syntax { dialect: Dialect::Mariadb, mode: Mode::of_names(sql_mode, Dialect::Mariadb) }
    }

    /// PostgreSQL with `standard_conforming_strings` on or off.
    pub const fn postgres(standard_conforming_strings: bool) -> Self {
        let mode = Mode { backslash: !standard_conforming_strings, ..Mode::of_dialect(Dialect::Postgres) };
        Syntax { dialect: Dialect::Postgres, mode }
    }

    /// With the settings that the dialect's servers have by default.
    pub const fn of(dialect: Dialect) -> Self {
        Syntax { dialect, mode: Mode::of_dialect(dialect) }
    }

    /// The dialect alone.
    pub const fn dialect(self) -> Dialect {
        self.dialect
    }

    pub(crate) const fn with(self, mode: Mode) -> Self {
        Syntax { mode, ..self }
    }

    pub(crate) fn rules(self) -> &'static Rules {
        rules(self.dialect, self.mode)
    }
}

impl From<Dialect> for Syntax {
    fn from(dialect: Dialect) -> Self {
        Syntax::of(dialect)
    }
}

impl Mode {
    const fn of_dialect(dialect: Dialect) -> Self {
        let backslash = matches!(dialect, Dialect::Mysql | Dialect::Mariadb);
        Mode { backslash, ansi_quotes: false, oracle: false, unknown: false }
    }

    /// The mode that a server takes from a list of names; unknown ones are `None` for a caller that
    /// must know.
    pub(crate) fn read(names: &str, dialect: Dialect) -> Option<Self> {
        let mut known = true;
        let mode = Mode::gather(names, dialect, &mut |_| known = false);
        known.then_some(mode)
    }

    /// The same for what a server says: it may know more names than this.
    fn of_names(names: &str, dialect: Dialect) -> Self {
        Mode::gather(names, dialect, &mut |_| {})
    }

    fn gather(names: &str, dialect: Dialect, unknown: &mut dyn FnMut(&str)) -> Self {
        let mut mode = Mode::of_dialect(dialect);
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let is = |known: &&str| known.eq_ignore_ascii_case(name);
            match dialect {
                _ if is(&"NO_BACKSLASH_ESCAPES") => mode.backslash = false,
                _ if is(&"ANSI_QUOTES") || is(&"ANSI") => mode.ansi_quotes = true,
                Dialect::Mariadb if ["DB2", "MAXDB", "MSSQL", "POSTGRESQL"].iter().any(is) => {
                    mode.ansi_quotes = true;
                }
                Dialect::Mariadb if is(&"ORACLE") => {
                    mode.ansi_quotes = true;
                    mode.oracle = true;
                }
                _ if OTHER_MODES.iter().any(is) => {}
                _ => unknown(name),
            }
        }
        mode
    }

    /// The mode of `SET sql_mode = 1048580`: the bits are the same in all servers.
    pub(crate) const fn of_bits(bits: u64, dialect: Dialect) -> Self {
        let mode = Mode::of_dialect(dialect);
        let oracle = matches!(dialect, Dialect::Mariadb) && bits & (1 << 9) != 0;
        Mode { ansi_quotes: bits & (1 << 2) != 0, backslash: bits & (1 << 20) == 0, oracle, ..mode }
    }
}

/// The names of modes that move no literal's end. A name that stands nowhere here may do so.
const OTHER_MODES: [&str; 28] = [
    "ALLOW_INVALID_DATES",
    "EMPTY_STRING_IS_NULL",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "HIGH_NOT_PRECEDENCE",
    "IGNORE_BAD_TABLE_OPTIONS",
    "IGNORE_SPACE",
    "MYSQL323",
    "MYSQL40",
    "NO_AUTO_CREATE_USER",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_DIR_IN_CREATE",
    "NO_ENGINE_SUBSTITUTION",
    "NO_FIELD_OPTIONS",
    "NO_KEY_OPTIONS",
    "NO_TABLE_OPTIONS",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_ZERO_DATE",
    "NO_ZERO_IN_DATE",
    "ONLY_FULL_GROUP_BY",
    "PAD_CHAR_TO_FULL_LENGTH",
    "PIPES_AS_CONCAT",
    "REAL_AS_FLOAT",
    "SIMULTANEOUS_ASSIGNMENT",
    "STRICT_ALL_TABLES",
    "STRICT_TRANS_TABLES",
    "TIME_ROUND_FRACTIONAL",
    "TIME_TRUNCATE_FRACTIONAL",
    "TRADITIONAL",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_servers_write_them() {
        let check = |names, backslash, ansi_quotes, oracle| {
            let expected = Mode { backslash, ansi_quotes, oracle, unknown: false };
            assert_eq!(Syntax::mariadb(names).mode, expected, "{names}");
        };
        check("", true, false, false);
        check("STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION", true, false, false);
        check("ansi_quotes , no_backslash_escapes", false, true, false);
        check("ORACLE", true, true, true);
        check("MSSQL", true, true, false);
        assert!(!Syntax::mysql("MSSQL").mode.ansi_quotes, "MySQL has no such mode");
        assert!(!Syntax::postgres(true).mode.backslash);
        assert!(Syntax::postgres(false).mode.backslash);
    }

    #[test]
    fn bits() {
        assert!(Mode::of_bits(4, Dialect::Mysql).ansi_quotes);
        assert!(!Mode::of_bits(1 << 20, Dialect::Mysql).backslash);
        assert!(Mode::of_bits(512, Dialect::Mariadb).oracle);
        assert_eq!(Mode::of_bits(0, Dialect::Mysql), Mode::of_dialect(Dialect::Mysql));
    }
}
