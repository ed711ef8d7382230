//! What was read into a Rust expression.
//!
//! It is written as text, which the compiler's own lexer reads: that lexer is optimised, and a macro is not. To make
//! the tokens one by one takes longer than to read the files.

use std::fmt::Write;
use std::path::Path;

use migrate_core::source::Read;
use migrate_core::{Checksum, Down, ForeignKeys, Options, Script, SqlMigration, TransactionMode};
use proc_macro2::{Delimiter, Group, LexError, TokenStream, TokenTree};

use crate::args::Args;

/// A block with the list in a `static` of its own, so that each text stands once in the program, and the value can
/// stand in a `static`, in a `const` and in a `let`.
///
/// Names in it are resolved where the user stands: whatever they may mean there, each is given by its path.
pub(crate) fn expand(args: &Args, path: &Path, read: &Read) -> Result<TokenStream, LexError> {
    // `$crate` can't be written as text.
    let mut block: TokenStream = "use".parse()?;
    block.extend(args.private.clone());
    block.extend(body(args, path, read).parse::<TokenStream>()?);
    Ok(TokenTree::from(Group::new(Delimiter::Brace, block)).into())
}

fn body(args: &Args, path: &Path, read: &Read) -> String {
    let mut text = String::from(" as __migrate;\n");
    push_tracking(&mut text, path, read);
    let Args { dir, dialect, .. } = args;
    let _ = writeln!(text, "static FILES: [&::core::primitive::str; {}] = {:?};", read.files.len(), read.files);
    let count = read.migrations.len();
    let _ = writeln!(text, "static MIGRATIONS: [__migrate::SqlMigration; {count}] = __migrate::Row::table(&[");
    for migration in &read.migrations {
        push_row(&mut text, migration);
    }
    let dialect = dialect.map(|dialect| format!("__migrate::Dialect::{dialect:?}"));
    let _ = writeln!(
        text,
        "]);
         #[cfg(debug_assertions)]
         const ROOT: ::core::option::Option<&::core::primitive::str> =
             ::core::option::Option::Some(::core::env!(\"CARGO_MANIFEST_DIR\"));
         #[cfg(not(debug_assertions))]
         const ROOT: ::core::option::Option<&::core::primitive::str> = ::core::option::Option::None;
         __migrate::Embedded::new({dir:?}, ROOT, {}, &FILES, &MIGRATIONS)",
        option(dialect)
    );
    text
}

/// An edit of a file builds the crate again. An unnamed constant leaves none of its bytes in the program.
fn push_tracking(text: &mut String, path: &Path, read: &Read) {
    let _ = writeln!(text, "const _: [&[::core::primitive::u8]; {}] = [", read.files.len());
    for file in &read.files {
        let _ = writeln!(text, "::core::include_bytes!({:?}),", path.join(file));
    }
    text.push_str("];\n");
}

fn push_row(text: &mut String, migration: &SqlMigration) {
    let SqlMigration { meta, up, down, store, .. } = migration;
    let _ = write!(text, "__migrate::Row {{ version: {}, name: {:?}, checksum: b\"", meta.version, meta.name);
    if let Checksum::Sha256(bytes) = &meta.checksum {
        for byte in bytes {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text.push_str("\", up: ");
    push_script(text, up);
    text.push_str(", down: __migrate::RowDown::");
    match down {
        Down::Script(script) => {
            text.push_str("Script(");
            push_script(text, script);
            text.push(')');
        }
        Down::NothingToUndo => text.push_str("NothingToUndo"),
        Down::Irreversible => text.push_str("Irreversible"),
    }
    let _ = writeln!(text, ", store: __migrate::Store::{store:?} }},");
}

fn push_script(text: &mut String, script: &Script) {
    let Script { file, line, text: sql, options, .. } = script;
    let _ = write!(text, "__migrate::RowScript {{ file: {file:?}, line: {line}, text: {sql:?}, options: ");
    push_options(text, options);
    text.push_str(" }");
}

fn push_options(text: &mut String, options: &Options) {
    if *options == Options::NONE {
        text.push_str("__migrate::Options::NONE");
        return;
    }
    let outside = options.transaction == TransactionMode::Outside;
    let keys_off = options.foreign_keys == ForeignKeys::Off;
    let lock_timeout = option(options.lock_timeout.map(|wait| wait.as_millis().to_string()));
    let retry_safe = options.retry_safe;
    let _ = write!(text, "__migrate::Options::embedded({outside}, {keys_off}, {lock_timeout}, {retry_safe})");
}

fn option(value: Option<String>) -> String {
    match value {
        Some(value) => format!("::core::option::Option::Some({value})"),
        None => "::core::option::Option::None".into(),
    }
}
