use std::path::Path;

use migrate_core::source::{self, Read};
use proc_macro2::TokenStream;
use syn::{Error, Result};

use crate::args::Args;
use crate::expand::expand;

/// Reads the directory, and writes the expression.
pub(crate) fn embed(args: &Args) -> Result<TokenStream> {
    let fail = |message: String| Error::new(args.span, message);
    let root = std::env::var_os("CARGO_MANIFEST_DIR")
        .ok_or_else(|| fail("CARGO_MANIFEST_DIR is not set: the directory is relative to it".into()))?;
    let path = Path::new(&root).join(&args.dir);
    let read = read(args, &path).map_err(fail)?;
    expand(args, &path, &read).map_err(|error| fail(format!("{}: can't be written as Rust: {error}", args.dir)))
}

fn read(args: &Args, path: &Path) -> std::result::Result<Read, String> {
    source::read_dir_labelled(path, &args.dir, args.dialect).map_err(|mistakes| match path.exists() {
        true => mistakes.to_string(),
        false => format!("{mistakes}\n  help: it is relative to this crate's Cargo.toml: looked at {}", path.display()),
    })
}
