//! The parts of an `ALTER`: what it does to its object, one after the other.

use super::dialect::Dialect;
use super::head::{Head, code_tokens};
use super::lexer::Token;
use super::split::Statement;
use super::verbs::PARTS;

/// One part of an `ALTER TABLE t ADD a int, DROP COLUMN b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// As it stands in the statement.
    pub text: &'a str,
    /// Where it starts, in bytes from the start of the statement.
    pub offset: usize,
    /// What it does, in capitals: `ADD COLUMN`, also where `COLUMN` was left out. Its first word alone where no more
    /// is known.
    pub verb: String,
    /// The column, constraint or other thing that it names, as the dialect compares names.
    pub name: Option<String>,
}

/// Objects whose `ALTER` is a list. `ALTER ROLE r SET search_path = a, b` is none.
const LISTS: &str = "TABLE|VIEW|INDEX|TYPE|MATERIALIZED|FOREIGN";

impl<'a> Statement<'a> {
    /// The parts of an `ALTER` of a table, view or type, split at the commas outside of parentheses; nothing for any
    /// other statement.
    ///
    /// ```
    /// use migrate_core::sql::{Dialect, split};
    ///
    /// let statements = split("ALTER TABLE t ADD price numeric(10, 2), DROP COLUMN b", Dialect::Postgres)?;
    /// let parts = statements[0].parts();
    /// assert_eq!(parts[0].verb, "ADD COLUMN");
    /// assert_eq!(parts[0].text, "ADD price numeric(10, 2)");
    /// assert_eq!(parts[1].name.as_deref(), Some("b"));
    /// # Ok::<_, migrate_core::sql::SplitError>(())
    /// ```
    pub fn parts(&self) -> Vec<Part<'a>> {
        let head = Head::new(self.text, self.syntax);
        let Some(behind) = behind_object(&head, self.syntax.dialect()) else { return Vec::new() };
        let mut parts = Vec::new();
        let mut part: Option<(Token, Token)> = None;
        let mut depth = 0usize;
        // How many words of the part have been seen, and whether it takes the rest of the statement.
        let mut seen = 0usize;
        let mut greedy = false;
        for token in code_tokens(self.text, self.syntax).skip(behind) {
            let text = self.text.get(token.start..token.end).unwrap_or_default();
            match text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                "," if depth == 0 && !greedy => {
                    parts.extend(part.take().and_then(|part| self.part(part)));
                    seen = 0;
                    continue;
                }
                _ => {}
            }
            seen += 1;
            // `DROP PARTITION p0, p1` and MySQL's `ORDER BY a, b` are lists of their own, and stand last.
            greedy |= seen == 2 && (text.eq_ignore_ascii_case("PARTITION") || text.eq_ignore_ascii_case("BY"));
            part = Some((part.map_or(token, |(first, _)| first), token));
        }
        parts.extend(part.and_then(|part| self.part(part)));
        parts
    }

    fn part(&self, (first, last): (Token, Token)) -> Option<Part<'a>> {
        let text = self.text.get(first.start..last.end)?;
        let head = Head::new(text, self.syntax);
        let found = PARTS.iter().find_map(|(pattern, verb)| Some((head.matches(pattern)?, *verb)));
        let (verb, name) = match found {
            Some((found, verb)) => {
                let verb = if verb.is_empty() { found.verb } else { verb.to_owned() };
                (verb, found.objects.into_iter().next().map(|object| object.name))
            }
            None => (head.first_word(), None),
        };
        Some(Part { text, offset: first.start, verb, name })
    }
}

/// How many tokens stand before the first part.
fn behind_object(head: &Head<'_>, dialect: Dialect) -> Option<usize> {
    // What all tables in a tablespace are moved by is no list, and names no table.
    if head.matches(&format!("ALTER {LISTS} [VIEW] [TABLE] ALL IN")).is_some() {
        return None;
    }
    let options = match dialect {
        Dialect::Mysql | Dialect::Mariadb => "[ONLINE] [OFFLINE] [IGNORE]",
        Dialect::Postgres | Dialect::Sqlite => "",
    };
    let waits = match dialect {
        Dialect::Mariadb => "[NOWAIT]",
        _ => "",
    };
    let pattern = format!("ALTER {options} {LISTS} [VIEW] [TABLE] [IF EXISTS] [ONLY] @ {waits}");
    let found = head.matches(&pattern)?;
    // PostgreSQL's `ALTER TABLE t *`.
    Some(found.next + usize::from(head.matches(&format!("{pattern} *")).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::split;

    #[track_caller]
    fn check(dialect: Dialect, text: &str, expected: &[&str]) {
        let statements = split(text, dialect).expect(text);
        let parts = statements[0].parts();
        let shown: Vec<String> = parts
            .iter()
            .map(|part| {
                assert_eq!(text.get(part.offset..part.offset + part.text.len()), Some(part.text));
                let name = part.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
                format!("{}{name}: {}", part.verb, part.text)
            })
            .collect();
        assert_eq!(shown, expected, "{dialect}: {text}");
    }

    #[test]
    fn every_dialect() {
        for dialect in Dialect::ALL {
            let check = |text, expected: &[&str]| check(dialect, text, expected);
            check("ALTER TABLE t ADD COLUMN a int", &["ADD COLUMN a: ADD COLUMN a int"]);
            check("alter table a.t add b numeric(10, 2)", &["ADD COLUMN b: add b numeric(10, 2)"]);
            check("ALTER TABLE t RENAME TO u", &["RENAME TO u: RENAME TO u"]);
            check("ALTER TABLE t RENAME COLUMN a TO b", &["RENAME COLUMN a: RENAME COLUMN a TO b"]);
            check("ALTER TABLE t /* , */ DROP a -- ,\n", &["DROP COLUMN a: DROP a"]);
            check("ALTER TABLE t", &[]);
            check("CREATE TABLE t (a int, b int)", &[]);
            check("INSERT INTO t VALUES (1), (2)", &[]);
        }
    }

    #[test]
    fn postgres() {
        let check = |text, expected: &[&str]| check(Dialect::Postgres, text, expected);
        check(
            "ALTER TABLE IF EXISTS ONLY t ADD a int DEFAULT f(1, 2), ADD CONSTRAINT \"C\" CHECK (a IN (1, 2)), \
             ALTER a SET NOT NULL, ALTER COLUMN b TYPE text USING x(b, ','), DROP CONSTRAINT IF EXISTS d CASCADE",
            &[
                "ADD COLUMN a: ADD a int DEFAULT f(1, 2)",
                "ADD CONSTRAINT C: ADD CONSTRAINT \"C\" CHECK (a IN (1, 2))",
                "ALTER COLUMN SET NOT NULL a: ALTER a SET NOT NULL",
                "ALTER COLUMN TYPE b: ALTER COLUMN b TYPE text USING x(b, ',')",
                "DROP CONSTRAINT d: DROP CONSTRAINT IF EXISTS d CASCADE",
            ],
        );
        check(
            "ALTER TABLE t * ADD \"unique\" int, ADD UNIQUE (a, b)",
            &["ADD COLUMN unique: ADD \"unique\" int", "ADD UNIQUE: ADD UNIQUE (a, b)"],
        );
        check(
            "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
            &["DETACH PARTITION p: DETACH PARTITION p CONCURRENTLY"],
        );
        check("ALTER TYPE t ADD VALUE IF NOT EXISTS 'x'", &["ADD VALUE: ADD VALUE IF NOT EXISTS 'x'"]);
        check(
            "ALTER TYPE t ADD ATTRIBUTE a int, DROP ATTRIBUTE b",
            &["ADD ATTRIBUTE a: ADD ATTRIBUTE a int", "DROP ATTRIBUTE b: DROP ATTRIBUTE b"],
        );
        check("ALTER TABLE ALL IN TABLESPACE a OWNED BY b, c SET TABLESPACE d", &[]);
        check("ALTER ROLE r SET search_path = a, b", &[]);
        check("ALTER MATERIALIZED VIEW v RENAME TO w", &["RENAME TO w: RENAME TO w"]);
    }

    #[test]
    fn mysql() {
        for dialect in [Dialect::Mysql, Dialect::Mariadb] {
            let check = |text, expected: &[&str]| check(dialect, text, expected);
            check(
                "ALTER TABLE `d`.`t` ADD COLUMN (a INT, b INT), ADD UNIQUE KEY `u` (a, b), MODIFY c ENUM('a,b', 'c'), \
                 CHANGE d e INT, DROP PRIMARY KEY, DROP FOREIGN KEY f, ALGORITHM=INPLACE, LOCK=NONE",
                &[
                    "ADD COLUMN: ADD COLUMN (a INT, b INT)",
                    "ADD UNIQUE u: ADD UNIQUE KEY `u` (a, b)",
                    "MODIFY COLUMN c: MODIFY c ENUM('a,b', 'c')",
                    "CHANGE COLUMN d: CHANGE d e INT",
                    "DROP PRIMARY KEY: DROP PRIMARY KEY",
                    "DROP FOREIGN KEY f: DROP FOREIGN KEY f",
                    "ALGORITHM: ALGORITHM=INPLACE",
                    "LOCK: LOCK=NONE",
                ],
            );
            check(
                "ALTER TABLE t ADD INDEX (a), ADD FULLTEXT INDEX f (b)",
                &["ADD INDEX: ADD INDEX (a)", "ADD FULLTEXT f: ADD FULLTEXT INDEX f (b)"],
            );
            check(
                "ALTER TABLE t ADD CONSTRAINT UNIQUE (a), ADD CONSTRAINT UNIQUE KEY u (a), ADD CONSTRAINT CHECK (a > 0), \
                 ADD CONSTRAINT FOREIGN KEY (a) REFERENCES p (a), ADD CONSTRAINT PRIMARY KEY (a), ADD CONSTRAINT `check` CHECK (b)",
                &[
                    "ADD UNIQUE: ADD CONSTRAINT UNIQUE (a)",
                    "ADD UNIQUE u: ADD CONSTRAINT UNIQUE KEY u (a)",
                    "ADD CHECK: ADD CONSTRAINT CHECK (a > 0)",
                    "ADD FOREIGN KEY: ADD CONSTRAINT FOREIGN KEY (a) REFERENCES p (a)",
                    "ADD PRIMARY KEY: ADD CONSTRAINT PRIMARY KEY (a)",
                    "ADD CONSTRAINT check: ADD CONSTRAINT `check` CHECK (b)",
                ],
            );
            check(
                "ALTER TABLE t ADD UNIQUE USING BTREE (a), ADD INDEX USING HASH (a), ADD KEY k USING BTREE (a), \
                 ADD UNIQUE INDEX IF NOT EXISTS u (a)",
                &[
                    "ADD UNIQUE: ADD UNIQUE USING BTREE (a)",
                    "ADD INDEX: ADD INDEX USING HASH (a)",
                    "ADD INDEX k: ADD KEY k USING BTREE (a)",
                    "ADD UNIQUE u: ADD UNIQUE INDEX IF NOT EXISTS u (a)",
                ],
            );
            check("ALTER TABLE t DROP PARTITION p0, p1", &["DROP PARTITION p0: DROP PARTITION p0, p1"]);
            check("ALTER TABLE t ADD a INT, ORDER BY b, c", &["ADD COLUMN a: ADD a INT", "ORDER BY: ORDER BY b, c"]);
            check("ALTER TABLE t ENGINE=InnoDB", &["ENGINE: ENGINE=InnoDB"]);
        }
    }
}
