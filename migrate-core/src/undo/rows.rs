//! Statements that change rows, or nothing at all, in any dialect.

use super::Inverse;
use super::scope::{Scope, Space};
use crate::sql::{Name, Words};

/// What takes such a statement back; `None` where it is another one.
pub(super) fn inverse(mut words: Words<'_>, scope: &Scope) -> Option<Inverse> {
    let idle = "VACUUM|ANALYZE|REINDEX|CHECKPOINT|OPTIMIZE|CHECK|REPAIR|FLUSH|CHECKSUM|SHOW|DESCRIBE|DESC|HELP";
    if words.is(idle) {
        return Some(Inverse::Nothing);
    }
    if words.eat("EXPLAIN") {
        let runs = words.has("ANALYZE") || words.has("ANALYSE");
        return Some(if runs { Inverse::none("EXPLAIN ANALYZE runs what it explains") } else { Inverse::Nothing });
    }
    if words.eat("LOCK TABLE") && scope.dialect == crate::sql::Dialect::Postgres {
        return Some(Inverse::Nothing);
    }
    if words.is("SELECT|VALUES|TABLE|WITH|(") {
        let has = |verb| words.has(verb);
        let changes = words.is("WITH|(") && (has("INSERT") || has("UPDATE") || has("DELETE") || has("MERGE"));
        let why = if changes { ROWS } else { "a query may call what changes something, and its text does not tell" };
        return Some(Inverse::none(why));
    }
    let table = changed_table(&mut words)?;
    let Some(table) = table else { return Some(Inverse::none(ROWS)) };
    // A trigger, or a query with changes in it, may reach other tables.
    let alone = !words.has("WITH") && !scope.has_on(Space::Trigger, &table.object);
    Some(match scope.made_table(&table.object) {
        Err(unclear) => unclear,
        Ok(Some(_)) if alone => Inverse::Nothing,
        Ok(_) => Inverse::none(ROWS),
    })
}

const ROWS: &str = "it changes rows, and what they were is not kept";

/// The only table whose rows the statement changes; `Some(None)` where that is not plain to see.
fn changed_table(words: &mut Words<'_>) -> Option<Option<Name>> {
    if words.eat("INSERT|REPLACE") {
        while words.eat("LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|OR|ABORT|FAIL|REPLACE|ROLLBACK") {}
        return Some(if words.eat("INTO") { words.name() } else { None });
    }
    if words.eat("UPDATE") {
        while words.eat("OR|ABORT|FAIL|IGNORE|REPLACE|ROLLBACK|LOW_PRIORITY|ONLY") {}
        let name = words.name();
        return Some(name.filter(|_| words.is("SET")));
    }
    if words.eat("DELETE") {
        while words.eat("LOW_PRIORITY|QUICK|IGNORE") {}
        let from = words.eat("FROM");
        words.eat("ONLY");
        let name = words.name().filter(|_| from);
        return Some(name.filter(|_| words.is_over() || words.is("WHERE")));
    }
    if words.eat("TRUNCATE") {
        while words.eat("TABLE|ONLY") {}
        let name = words.name();
        return Some(name.filter(|_| words.is_over()));
    }
    if words.eat("COPY") {
        let name = words.name();
        words.parentheses();
        return Some(name.filter(|_| words.is("FROM")));
    }
    words.is("MERGE|LOAD|IMPORT|HANDLER").then_some(None)
}

/// What lives in the session is taken away behind its file by the runner.
pub(super) fn temporary(mut words: Words<'_>, scope: &mut Scope) -> Inverse {
    if words.is("SELECT|WITH") && !words.has("INTO TEMP|TEMPORARY") {
        // MySQL's `SELECT … INTO @x` and its like.
        return Inverse::none("a query may call what changes something, and its text does not tell");
    }
    if words.eat("CREATE") {
        while words.eat("OR|REPLACE|GLOBAL|LOCAL|TEMP|TEMPORARY|RECURSIVE|TABLE|VIEW|SEQUENCE|TRIGGER|IF|NOT|EXISTS") {}
        if let Some(name) = words.name() {
            scope.make(Space::Relation, &name.object, None);
        }
    }
    Inverse::Nothing
}
