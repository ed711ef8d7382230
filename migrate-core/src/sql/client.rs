//! What the command-line clients understand and no server does, at the level of statements.

use super::dialect::Client;
use super::error::SplitErrorKind;
use super::lexer::{Token, TokenKind};

/// How much of a client's command has been seen in a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Command {
    #[default]
    None,
    /// Right behind `COPY`.
    Copy,
    CopyInto,
    CopyFrom,
    /// Right behind `USE`.
    Use,
    /// Behind its name, which ends there.
    UseName(usize),
}

impl Command {
    /// Follows the code of a statement, and refuses it where it turns out to be the client's.
    pub(crate) fn code(
        &mut self,
        client: Client,
        token: Token,
        text: &str,
        is_first: bool,
    ) -> Result<(), SplitErrorKind> {
        let part = text.get(token.start..token.end).unwrap_or_default();
        let is = |word| token.kind == TokenKind::Word && part.eq_ignore_ascii_case(word);
        let rest = || text.get(token.start..).unwrap_or_default();
        *self = match (client, *self) {
            (Client::Psql, Command::None) if is_first && is("copy") => Command::Copy,
            // COPY (SELECT … FROM stdin) TO …: a table may be named so.
            (_, Command::Copy) if part == "(" => Command::None,
            (_, Command::Copy | Command::CopyInto | Command::CopyFrom) if is("from") => Command::CopyFrom,
            (_, Command::CopyFrom) if is("stdin") => return Err(SplitErrorKind::CopyData),
            (_, Command::Copy | Command::CopyInto | Command::CopyFrom) => Command::CopyInto,
            // Behind the end of another statement in the same line, or without a blank, it does nothing that anybody
            // wants.
            (Client::Mysql, _) if is_first && is("delimiter") => return Err(SplitErrorKind::BadDelimiter),
            (Client::Mysql, _) if is_first && MYSQL.iter().any(|word| is(word)) => {
                return Err(meta_command(rest()));
            }
            (Client::Mysql, _) if is_first && is("use") => Command::Use,
            (_, Command::Use) => Command::UseName(token.end),
            (_, Command::UseName(end)) => {
                match text.get(end..token.start).is_some_and(|between| between.contains('\n')) {
                    true => return Err(SplitErrorKind::UnendedUse),
                    false => Command::None,
                }
            }
            // `.read`, `.mode`: nothing in SQL starts with a dot.
            (Client::Sqlite3, _) if is_first && token.kind == TokenKind::Punct && part == "." => {
                return Err(meta_command(rest()));
            }
            (_, Command::None) => Command::None,
        };
        Ok(())
    }
}

/// The error for a client's command at the start of `text`.
pub(crate) fn meta_command(text: &str) -> SplitErrorKind {
    let ends = |(n, c): &(usize, char)| c.is_whitespace() || (*n > 1 && *c == ';');
    let what = text.chars().enumerate().take(30).take_while(|found| !ends(found)).map(|(_, c)| c).collect();
    SplitErrorKind::MetaCommand { what }
}

/// The commands of MySQL's and MariaDB's clients that can't begin a statement of the server. `USE` and `HELP` can.
const MYSQL: [&str; 24] = [
    "charset",
    "clear",
    "connect",
    "edit",
    "ego",
    "exit",
    "go",
    "nopager",
    "notee",
    "nowarning",
    "pager",
    "print",
    "prompt",
    "query_attributes",
    "quit",
    "rehash",
    "resetconnection",
    "sandbox",
    "source",
    "ssl_session_data_print",
    "status",
    "system",
    "tee",
    "warnings",
];
