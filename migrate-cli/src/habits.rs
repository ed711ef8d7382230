//! What one types in other tools, and here: a tip for those who come from there. `docs/coming-from.md` has all of it.

use std::ffi::OsString;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A word of another tool that is no command here, and what is. What takes more than one command here, or destroys, is not among them.
const COMMANDS: [(&str, &str); 14] = [
    ("add", "new"),
    ("apply", "up"),
    ("generate", "new"),
    ("goto", "up --to"),
    ("help", "--help"),
    ("info", "status"),
    ("list", "status"),
    ("migrate", "up"),
    ("pending", "plan"),
    ("revert", "down"),
    ("rollback", "down"),
    ("run", "up"),
    ("validate", "plan"),
    ("version", "status"),
];

/// Options of other tools. With one dash, as dbmigrate and golang-migrate have them, each is looked for as a whole, for to
/// clap it is several options of one letter.
const OPTIONS: [(&str, &str); 24] = [
    ("--all", "down --to 0"),
    ("--migration-dir", "--dir"),
    ("--migrations-dir", "--dir"),
    ("--migrations-table", "--table"),
    ("--path", "--dir"),
    ("--source", "--dir"),
    ("--target-version", "up --to"),
    ("--url", "--database-url"),
    ("--wait-timeout", "--wait"),
    ("-create", "new"),
    ("-create-db", "create"),
    ("-create-no-db-txn", "new --no-transaction"),
    ("-database", "--database-url"),
    ("-dir", "--dir"),
    ("-down", "down"),
    ("-lock-timeout", "--lock-timeout"),
    ("-n", "down"),
    ("-path", "--dir"),
    ("-server-ready", "--wait"),
    ("-u", "--database-url"),
    ("-up", "up"),
    ("-url", "--database-url"),
    ("-verbose", "--verbose"),
    ("-versions-pending", "plan"),
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
        let tip = format!("what is `{there}` elsewhere is `migrate {here}` here");
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
            assert!(told.contains(&format!("what is `{there}` elsewhere is `migrate {here}` here")), "{told}");
        }
        assert!(tip("migrate -dir db -up").contains("`migrate --dir`"));
        assert!(!tip("migrate new run --secton").contains("elsewhere"));
        assert!(tip("migrate staus").contains("'status'"));
    }

    /// What is advised is there.
    #[test]
    fn what_is_here() {
        let here = Args::command();
        for (_, advice) in COMMANDS.iter().chain(&OPTIONS) {
            let first = advice.split(' ').next().unwrap();
            let known = here.find_subcommand(first).is_some()
                || first == "--help"
                || here
                    .get_arguments()
                    .any(|arg| Some(first) == arg.get_long().map(|long| format!("--{long}")).as_deref());
            assert!(known, "{advice}");
        }
    }
}
