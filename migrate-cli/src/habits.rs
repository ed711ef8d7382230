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

/// The same with one dash, as dbmigrate and golang-migrate have it. Such a word is looked for by itself, for to clap it is several
/// options of one letter.
const DASHED: [(&str, &str); 12] = [
    ("-create", "new"),
    ("-create-db", "create"),
    ("-create-no-db-txn", "new --no-transaction"),
    ("-database", "--database-url"),
    ("-dir", "--dir"),
    ("-down", "down"),
    ("-path", "--dir"),
    ("-server-ready", "--wait"),
    ("-up", "up"),
    ("-url", "--database-url"),
    ("-verbose", "--verbose"),
    ("-versions-pending", "plan"),
];

/// Adds the tip, where there is one, to an error about the words of a command line.
pub(crate) fn explain(mut error: Error, words: &[OsString]) -> Error {
    if !matches!(error.kind(), ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument) {
        return error;
    }
    let command = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => here(&COMMANDS, word),
        _ => None,
    };
    let dashed = || words.iter().skip(1).find_map(|word| here(&DASHED, word.to_str()?));
    if let Some((there, here)) = dashed().or(command) {
        let tip = format!("what is `{there}` elsewhere is `migrate {here}` here");
        // What sounds alike would lead astray.
        error.remove(ContextKind::SuggestedSubcommand);
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
        for (there, here) in COMMANDS.iter().chain(&DASHED) {
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
        for (_, advice) in COMMANDS.iter().chain(&DASHED) {
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
