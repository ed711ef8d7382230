//! What statements do that can't be told, or taken up, after a failure; and what only a client can do.

use super::dialect::Dialect;
use super::head::{code, code_tokens};
use super::lexer::TokenKind;
use super::split::Statement;

impl Statement<'_> {
    /// Whether it keeps tables locked for the session: `LOCK TABLES`, `FLUSH TABLES … WITH READ LOCK`.
    pub(crate) fn locks_tables(&self) -> bool {
        if !self.is_mysql() {
            return false;
        }
        let mut words = self.words();
        match words.next().as_deref() {
            Some("LOCK") => words.next().is_some_and(|word| word.starts_with("TABLE")),
            Some("FLUSH") => self.has_in_a_row("READ", "LOCK") || self.has_in_a_row("FOR", "EXPORT"),
            _ => false,
        }
    }

    /// The user variables of MySQL and MariaDB that it uses, `x` of `@x`. Bodies of routines do so when they are called,
    /// not when they are made.
    ///
    /// ```
    /// use migrate_core::sql::{Dialect, split};
    ///
    /// let statements = split("INSERT INTO t VALUES (@id, @@sql_mode)", Dialect::Mysql)?;
    /// assert_eq!(statements[0].user_variables(), ["id"]);
    /// # Ok::<_, migrate_core::sql::SplitError>(())
    /// ```
    pub fn user_variables(&self) -> Vec<String> {
        let routine = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"];
        let mut words = self.words();
        let makes = matches!(words.next().as_deref(), Some("CREATE" | "ALTER"));
        if !self.is_mysql() || (makes && words.take(12).any(|word| routine.contains(&word.as_str()))) {
            return Vec::new();
        }
        // In what changes data there is no account, whose host stands behind an `@` too: root@localhost.
        let data = ["INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "LOAD", "DO", "CALL"];
        let data = self.words().next().is_some_and(|first| data.contains(&first.as_str()));
        let mut found = Vec::new();
        let mut before = None;
        let mut end = 0;
        for token in code_tokens(self.text, self.syntax) {
            let text = self.text.get(token.start..token.end).unwrap_or_default();
            let up_to = self.text.get(..end).unwrap_or_default();
            if before == Some("@") && text != "@" && begins_variable(up_to, data) {
                found.push(text.trim_matches(['`', '\'', '"']).to_owned());
            }
            before = Some(text);
            end = token.end;
        }
        found
    }

    /// What it wants of a client that has files, and what to do instead. To `LOAD DATA LOCAL` the client library answers with
    /// an empty file, and nothing is loaded, without an error; `COPY … TO STDOUT` it takes for the end of the connection,
    /// while the server commits.
    pub(crate) fn needs_client(&self) -> Option<(&'static str, &'static str)> {
        let first = self.words().next();
        match (self.syntax.dialect(), first.as_deref()) {
            (Dialect::Mysql | Dialect::Mariadb, Some("LOAD")) if self.words().take(5).any(|word| word == "LOCAL") => {
                Some((
                    "LOCAL reads a file beside this program, which a migration does not bring along",
                    "write the rows as INSERT; or load the file on the server, without LOCAL",
                ))
            }
            (Dialect::Postgres, Some("COPY")) if self.has_in_a_row("TO", "STDOUT") => Some((
                "TO STDOUT sends rows to a client that keeps them, and a migration keeps none",
                "take it out; or let the server write the file, with COPY … TO 'file'",
            )),
            _ => None,
        }
    }

    /// Whether two tables may have changed places behind it that look alike.
    pub(crate) fn swaps_tables(&self) -> bool {
        let known = self.recognise();
        (known.verb.starts_with("RENAME TABLE") && known.objects.len() > 2)
            || (self.is_mysql() && self.has_in_a_row("EXCHANGE", "PARTITION"))
    }

    fn is_mysql(&self) -> bool {
        matches!(self.syntax.dialect(), Dialect::Mysql | Dialect::Mariadb)
    }

    fn words(&self) -> impl Iterator<Item = String> {
        let is_word = |(kind, text): (TokenKind, &str)| (kind == TokenKind::Word).then(|| text.to_ascii_uppercase());
        code(self.text, self.syntax).filter_map(is_word)
    }

    fn has_in_a_row(&self, first: &str, second: &str) -> bool {
        let mut found = false;
        self.words().any(|word| {
            let both = found && word == second;
            found = word == first;
            both
        })
    }
}

/// Whether the `@` at the end of this text begins a user variable.
fn begins_variable(text: &str, data: bool) -> bool {
    let Some(before) = text.strip_suffix('@') else { return false };
    // `@@sql_mode` is the server's.
    if before.ends_with('@') {
        return false;
    }
    let account = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '`' | '\'' | '"'));
    data || !account
}

#[cfg(test)]
mod tests {
    use crate::sql::{Dialect, split};

    #[test]
    fn variables() {
        for dialect in [Dialect::Mysql, Dialect::Mariadb] {
            let count = |text| split(text, dialect).expect("reads").remove(0).user_variables().len();
            for text in [
                "INSERT INTO t VALUES (@x)",
                "INSERT INTO t SELECT @`x`",
                "CREATE TABLE t AS SELECT @x AS x",
                "UPDATE t SET a = (@n := 1)",
                "SELECT 1, @'x'",
                "ALTER TABLE t COMMENT = @x",
            ] {
                assert_eq!(count(text), 1, "{text}");
            }
            for text in [
                "CREATE DEFINER=`root`@`localhost` VIEW v AS SELECT 1",
                "CREATE DEFINER = root@localhost PROCEDURE p() SET @x = 1",
                "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = NEW.a",
                "GRANT SELECT ON a.* TO 'me'@'%'",
                "INSERT INTO t VALUES ('@x', @@sql_mode, @@session.sql_mode)",
                "CREATE TABLE t (a INT) -- @x",
            ] {
                assert_eq!(count(text), 0, "{text}");
            }
        }
    }

    #[test]
    fn locks_and_swaps() {
        let first = |text| split(text, Dialect::Mysql).expect("reads").remove(0);
        assert!(first("lock tables a write").locks_tables());
        assert!(first("FLUSH TABLES WITH READ LOCK").locks_tables());
        assert!(first("FLUSH TABLES a FOR EXPORT").locks_tables());
        assert!(!first("FLUSH PRIVILEGES").locks_tables());
        assert!(!first("UNLOCK TABLES").locks_tables());
        assert!(first("RENAME TABLE a TO b, c TO a").swaps_tables());
        assert!(first("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u").swaps_tables());
        assert!(!first("RENAME TABLE a TO b").swaps_tables());
        assert!(first("LOAD DATA LOW_PRIORITY LOCAL INFILE 'x' INTO TABLE t").needs_client().is_some());
        assert!(first("LOAD DATA INFILE 'local' INTO TABLE t").needs_client().is_none());
        let copy = |text| split(text, Dialect::Postgres).expect("reads").remove(0).needs_client().is_some();
        assert!(copy("COPY (SELECT 1) TO STDOUT WITH (FORMAT csv)") && copy("copy t to stdout"));
        assert!(!copy("COPY t TO '/tmp/stdout'"));
    }
}
