//! What one types in other tools, and here: a tip for those who come from there. `docs/coming-from.md` has all of it.

use std::ffi::OsString;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A word of another tool that is no command here, and what is. What takes more than one command here is not among
/// them.
const COMMANDS: [(&str, &str); 14] = [
    ("add", "migrate new"),
    ("apply", "migrate up"),
    ("generate", "migrate new"),
    ("goto", "migrate up --to"),
    ("help", "migrate --help"),
    ("info", "migrate status"),
    ("list", "migrate status"),
    ("migrate", "migrate up"),
    ("pending", "migrate plan"),
    ("revert", "migrate down"),
    ("rollback", "migrate down"),
    ("run", "migrate up"),
    ("validate", "migrate plan"),
    ("version", "migrate status"),
];

/// Options of other tools. With one dash, as dbmigrate and golang-migrate have them, each is looked for as a whole, for to
/// clap it is several options of one letter.
const OPTIONS: [(&str, &str); 23] = [
    ("--all", "migrate down --to 0"),
    ("--migration-dir", "--dir"),
    ("--migrations-dir", "--dir"),
    ("--migrations-table", "--table"),
    ("--path", "--dir"),
    ("--source", "--dir"),
    ("--target-version", "--to"),
    ("--url", "--database-url"),
    ("--wait-timeout", "--wait"),
    ("-create", "migrate new"),
    ("-create-db", "migrate create"),
    ("-create-no-db-txn", "migrate new --no-transaction"),
    ("-database", "--database-url"),
    ("-dir", "--dir"),
    ("-down", "migrate down"),
    ("-lock-timeout", "--lock-timeout"),
    ("-path", "--dir"),
    ("-server-ready", "--wait"),
    ("-u", "--database-url"),
    ("-up", "migrate up"),
    ("-url", "--database-url"),
    ("-verbose", "--verbose"),
    ("-versions-pending", "migrate plan"),
];

/// Adds the tip, where there is one, to an error about the words of a command line.
pub(crate) fn explain(mut error: Error, words: &[OsString]) -> Error {
    let kinds = [ErrorKind::InvalidSubcommand, ErrorKind::MissingSubcommand, ErrorKind::UnknownArgument];
    if !kinds.contains(&error.kind()) {
        return error;
    }
    let command = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => here(&COMMANDS, word),
        _ => None,
    };
    let option = words.iter().skip(1).find_map(|word| here(&OPTIONS, word.to_str()?.split('=').next()?));
    if let Some((there, here)) = option.or(command) {
        let tip = format!("what is `{there}` elsewhere is `{here}` here");
        // What sounds alike would lead astray: --allow-data-loss for --all.
        for kind in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::Usage] {
            error.remove(kind);
        }
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn here(table: &'static [(&str, &str)], word: &str) -> Option<(&'static str, &'static str)> {
    table.iter().find(|(there, _)| *there == word).copied()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::args::Args;

    fn tip(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
        explain(Args::try_parse_from(&words).unwrap_err(), &words).to_string()
    }

    #[test]
    fn the_words_of_other_tools() {
        for (there, here) in COMMANDS.iter().chain(&OPTIONS) {
            let told = tip(&format!("migrate {there}"));
            assert!(told.contains(&format!("what is `{there}` elsewhere is `{here}` here")), "{told}");
        }
        assert!(tip("migrate -dir db -up").contains("`--dir`"));
        assert!(!tip("migrate new run --secton").contains("elsewhere"));
        assert!(tip("migrate staus").contains("'status'"));
    }

    /// What is advised is there.
    #[test]
    fn what_is_here() {
        let root = Args::command();
        for (_, advice) in COMMANDS.iter().chain(&OPTIONS) {
            let option = |command: &clap::Command, name: &str| {
                command.get_arguments().any(|arg| arg.get_long().is_some_and(|long| name == format!("--{long}")))
            };
            let mut words = advice.trim_start_matches("migrate ").split(' ');
            let first = words.next().unwrap();
            let known = match root.find_subcommand(first) {
                Some(command) => words.filter(|word| word.starts_with("--")).all(|word| option(command, word)),
                None => first == "--help" || option(&root, first) || root.get_subcommands().any(|c| option(c, first)),
            };
            assert!(known, "{advice}");
        }
    }
}
