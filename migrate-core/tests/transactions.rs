//! What is said of statements in transactions, against what servers did: the lists in `transactions/` were measured by
//! `proof/run transactions`.

use migrate_core::sql::{Dialect, InTransaction, Recognised, Role, ServerVersion, split};

// `pub`, because `proof/` reads the lists with the same file.
#[path = "transactions/format.rs"]
#[expect(unreachable_pub)]
mod format;

/// Whether what is known of a statement agrees with what happened to it.
fn agrees(known: &Recognised, outcome: &str) -> bool {
    let control = known.role == Role::TransactionControl;
    match (outcome, known.in_transaction) {
        // A script that disturbs the transaction is refused by the plan, whatever the server says to it.
        _ if control => matches!(outcome, "commits" | "refused" | "runs" | "-"),
        ("-", _) => true,
        // What such a statement does, its text does not tell.
        ("runs" | "commits", _) if known.role == Role::Opaque => true,
        ("runs", InTransaction::Runs | InTransaction::MayFail { .. }) => !known.commits,
        ("refused", InTransaction::Fails { .. } | InTransaction::MayFail { .. }) => true,
        ("no-effect", InTransaction::NoEffect { .. } | InTransaction::Fails { .. }) => true,
        ("commits", InTransaction::Runs) => known.commits,
        _ => false,
    }
}

fn check(dialect: Dialect, versions: &[u32]) {
    let list = format::read(dialect.name());
    let mut wrong = Vec::new();
    for fact in &list.facts {
        let statements = split(&fact.statement, dialect).expect(&fact.statement);
        let [statement] = statements.as_slice() else { panic!("{}: {} statements", fact.line, statements.len()) };
        let unknown = statement.recognise();
        if unknown.role == Role::Unknown {
            wrong.push(format!("{}: unknown: {}", fact.line, fact.statement));
        }
        for &major in versions {
            let known = statement.recognise_on(Some(ServerVersion::new(major, 0, 0)));
            let outcome = fact.on(major);
            if !agrees(&known, outcome) {
                wrong.push(format!("{}: on {major} it {outcome}, not {known:?}: {}", fact.line, fact.statement));
            }
            // What is said without a version must not be bolder than what is said with it.
            let bolder = unknown.in_transaction == InTransaction::Runs && outcome == "refused";
            if bolder && unknown.role != Role::TransactionControl {
                wrong.push(format!(
                    "{}: refused on {major}, and without a version it runs: {}",
                    fact.line, fact.statement
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), list.facts.len(), wrong.join("\n"));
    assert!(list.facts.len() > 50, "{dialect}: only {} facts", list.facts.len());
}

#[test]
fn postgres() {
    check(Dialect::Postgres, &[11, 12, 14, 15, 16, 17, 18]);
}

#[test]
fn mysql() {
    check(Dialect::Mysql, &[9]);
}

#[test]
fn mariadb() {
    check(Dialect::Mariadb, &[10]);
}

#[test]
fn sqlite() {
    check(Dialect::Sqlite, &[3]);
}
