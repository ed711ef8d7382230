//! Reading SQL: statements, their places, the comments that speak to this tool, and what a
//! statement does. No database and no file is touched here.
//!
//! There is one [lexer](tokens); a [`Dialect`]'s rules are data. Everything else walks over its
//! tokens, so that the run, the checksums and the checks agree where a statement ends.

mod body;
mod client;
mod dialect;
mod directive;
mod error;
mod follow;
mod hazard;
mod head;
mod lexer;
mod location;
mod normal;
mod parts;
mod scan;
mod split;
mod statement;
mod syntax;
mod verbs;
mod version;
mod words;

pub use dialect::{Dialect, UnknownDialect};
pub use directive::{Directive, directives};
pub use error::{SplitError, SplitErrorKind};
pub use lexer::{Token, TokenKind, Tokens, tokens};
pub use location::{Position, offset_of_char, offset_of_line, only_word, position};
pub use normal::normal_form;
pub use parts::Part;
pub use split::{Statement, Statements, split, statements};
pub use statement::{InTransaction, ObjectName, Recognised, Role};
pub use syntax::Syntax;
pub use version::{NotAVersion, ServerVersion};
pub(crate) use words::{Name, Words};
