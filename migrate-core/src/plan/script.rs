use super::resumable::not_resumable;
use super::{Location, Mode, Note, Piece, Reason, Refusal};
use crate::driver::Facts;
use crate::sql::{Dialect, InTransaction, Recognised, Role, Statement, split};
use crate::variables::Substituted;
use crate::{ForeignKeys, Script, TransactionMode, Variables};

/// A script as it will run, or everything that speaks against it.
pub(super) struct Reading {
    pub(super) pieces: Vec<Piece>,
    pub(super) mode: Mode,
    pub(super) note: Option<Note>,
}

/// Splits a script and decides whether it runs in a transaction.
pub(super) fn read(
    script: &Script,
    label: &str,
    facts: &Facts,
    reason: Reason,
    variables: &Variables,
) -> Result<Reading, Vec<Refusal>> {
    let sources = sources(script, label, facts)?;
    let substituted = substitute(script, &sources, variables)?;
    // What is sent decides what can be in a transaction.
    let statements: Vec<_> = sources.iter().zip(&substituted).map(|(source, put)| sent(source, put.as_ref())).collect();
    let mut pieces = Vec::with_capacity(statements.len());
    let mut ends_segment = false;
    let mut refused = Vec::new();
    for ((source, statement), put) in sources.iter().zip(&statements).zip(&substituted) {
        let known = statement.recognise_on(facts.version);
        // What lives in the session is taken away behind its file; the next one must not see it before.
        ends_segment |= known.ends_segment || known.role == Role::TemporaryObject || known.verb == "ATTACH";
        pieces.push(piece(script, source, known, put.clone()));
    }
    refused.extend(pieces.iter().filter(|piece| piece.role == Role::TransactionControl).map(|piece| {
        refuse(
            script,
            piece,
            format!("{} would end or disturb the migration's own transaction", piece.verb),
            "take it out: the runner opens the transaction and commits it together with the history row",
        )
    }));
    refused.extend(statements.iter().zip(&pieces).filter_map(|(statement, piece)| {
        let (problem, help) = statement.needs_client()?;
        Some(refuse(script, piece, format!("{} {problem}", piece.verb), help))
    }));
    refused.extend(check_foreign_keys(script, &pieces, facts.syntax.dialect()));
    refused.extend(check_resumed(script, reason));
    let mode = match decide(script, &pieces, facts, reason) {
        Ok(mode) => mode,
        Err(more) => {
            refused.extend(more);
            Mode::Transaction
        }
    };
    if mode == Mode::Journal {
        let all = statements.iter().zip(&pieces);
        refused.extend(all.filter_map(|(statement, piece)| not_resumable(script, statement, piece, facts)));
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let asked = script.options.transaction == TransactionMode::Outside || reason == Reason::Resume;
    let unasked = mode == Mode::Journal && !asked;
    let note = (unasked && facts.transactional_ddl).then(|| Note::OutsideTransaction { label: label.into() });
    let alone = ends_segment || script.options.foreign_keys == ForeignKeys::Off;
    let mode = if mode == Mode::Transaction && !alone { Mode::Segment } else { mode };
    Ok(Reading { pieces, mode, note })
}

/// The values of variables, put into each statement; or every place where that can't be.
fn substitute(
    script: &Script,
    sources: &[Statement<'_>],
    variables: &Variables,
) -> Result<Vec<Option<Substituted>>, Vec<Refusal>> {
    let mut refused = Vec::new();
    let mut put_in = |source: &Statement<'_>| {
        variables.put_into(source).unwrap_or_else(|misplaced| {
            let at = Location::in_script(script, source.offset + misplaced.offset);
            refused.push(Refusal::Script { at, problem: misplaced.problem, help: misplaced.help });
            None
        })
    };
    let substituted = sources.iter().map(&mut put_in).collect();
    if refused.is_empty() { Ok(substituted) } else { Err(refused) }
}

/// The statements of a script that is no migration.
pub(crate) fn pieces(script: &Script, facts: &Facts, variables: &Variables) -> Result<Vec<Piece>, Vec<Refusal>> {
    let sources = sources(script, &script.file, facts)?;
    let substituted = substitute(script, &sources, variables)?;
    let all = sources.iter().zip(substituted);
    let known = |source, put: &Option<Substituted>| sent(source, put.as_ref()).recognise_on(facts.version);
    Ok(all.map(|(source, put)| piece(script, source, known(source, &put), put)).collect())
}

fn sources<'s>(script: &'s Script, label: &str, facts: &Facts) -> Result<Vec<Statement<'s>>, Vec<Refusal>> {
    split(&script.text, facts.syntax).map_err(|error| {
        let at = Location::from_script(script, error.position);
        let help = format!("nothing of {label} can run until {} can read it to its end", facts.syntax.dialect());
        vec![Refusal::Script { at, problem: error.to_string(), help }]
    })
}

fn piece(script: &Script, source: &Statement<'_>, known: Recognised, put: Option<Substituted>) -> Piece {
    Piece {
        range: source.offset..source.offset + source.text.len(),
        position: Location::from_script(script, source.position).position,
        verb: known.verb,
        role: known.role,
        in_transaction: known.in_transaction,
        commits: known.commits,
        substituted: put,
    }
}

fn sent<'s>(source: &Statement<'s>, put: Option<&'s Substituted>) -> Statement<'s> {
    put.map_or(*source, |put| Statement { text: &put.text, ..*source })
}

fn decide(script: &Script, pieces: &[Piece], facts: &Facts, reason: Reason) -> Result<Mode, Vec<Refusal>> {
    // What was begun statement by statement goes on so, also when its file has lost `transaction:false` since: in a
    // transaction it would begin at its first statement, and run those that are done once more.
    let outside = script.options.transaction == TransactionMode::Outside || reason == Reason::Resume;
    if outside {
        return Ok(Mode::Journal);
    }
    if !facts.transactional_ddl {
        return Ok(if pieces.iter().all(can_be_taken_back) { Mode::Transaction } else { Mode::Journal });
    }
    let mut failing = pieces.iter().filter(|piece| matches!(piece.in_transaction, InTransaction::Fails { .. }));
    let Some(first) = failing.next() else {
        return no_effect(script, pieces);
    };
    let neutral = |piece: &Piece| {
        matches!(piece.in_transaction, InTransaction::Fails { .. })
            || matches!(piece.role, Role::Session | Role::Neutral)
    };
    if pieces.iter().all(neutral) {
        return Ok(Mode::Journal);
    }
    let InTransaction::Fails { why } = first.in_transaction else { return Ok(Mode::Transaction) };
    Err(vec![refuse(
        script,
        first,
        format!("{} can't run in a transaction ({why}), while other statements of this file can", first.verb),
        "move it to a file of its own, which then runs outside a transaction; \
         or let the whole file run so, statement by statement: `-- migrate:options transaction:false`",
    )])
}

/// Where a change of the schema commits by itself: whether this is none, nor anything that may hide one.
fn can_be_taken_back(piece: &Piece) -> bool {
    let known = !matches!(piece.role, Role::Opaque | Role::Unknown | Role::TransactionControl);
    known && !piece.commits && piece.in_transaction == InTransaction::Runs
}

/// In a transaction these statements succeed and do nothing: the worst answer a database has.
fn no_effect(script: &Script, pieces: &[Piece]) -> Result<Mode, Vec<Refusal>> {
    let refused: Vec<_> = pieces
        .iter()
        .filter_map(|piece| match piece.in_transaction {
            InTransaction::NoEffect { why } => Some((piece, why)),
            _ => None,
        })
        .map(|(piece, why)| {
            let text = piece.shown(script);
            let help = if text.to_ascii_lowercase().contains("foreign_keys") {
                "take it out, and let the file begin with `-- migrate:options foreign_keys:off`: the runner then switches \
                 them off outside the transaction, checks them before it commits, and puts them back"
            } else {
                "move it to a file of its own with `-- migrate:options transaction:false`"
            };
            refuse(script, piece, format!("`{text}` has no effect inside a transaction ({why})"), help)
        })
        .collect();
    if refused.is_empty() { Ok(Mode::Transaction) } else { Err(refused) }
}

fn check_foreign_keys(script: &Script, pieces: &[Piece], dialect: Dialect) -> Option<Refusal> {
    if script.options.foreign_keys == ForeignKeys::AsTheyAre {
        return None;
    }
    let (problem, help) = if dialect != Dialect::Sqlite {
        ("`foreign_keys:off` is for SQLite".to_owned(), format!("take it out: this is {dialect}"))
    } else if script.options.transaction == TransactionMode::Outside {
        (
            "`foreign_keys:off` and `transaction:false` exclude each other".to_owned(),
            "leave `transaction:false` away: the foreign keys are checked before the transaction commits".to_owned(),
        )
    } else {
        let first = pieces.iter().find(|piece| matches!(piece.in_transaction, InTransaction::Fails { .. }))?;
        (
            format!("`foreign_keys:off` needs a transaction, and {} can't be in one", first.verb),
            "move it to a file of its own".to_owned(),
        )
    };
    Some(Refusal::Script { at: Location::in_script(script, 0), problem, help })
}

fn check_resumed(script: &Script, reason: Reason) -> Option<Refusal> {
    let keys_off = script.options.foreign_keys == ForeignKeys::Off;
    (reason == Reason::Resume && keys_off).then(|| Refusal::Script {
        at: Location::in_script(script, 0),
        problem: "`foreign_keys:off` needs a transaction, and this file was begun outside one".into(),
        help: "take it out again, and let the file say `-- migrate:options transaction:false` until it is through"
            .into(),
    })
}

pub(super) fn refuse(script: &Script, piece: &Piece, problem: String, help: &str) -> Refusal {
    let at = Location { file: script.file.to_string(), position: piece.position };
    Refusal::Script { at, problem, help: help.into() }
}
