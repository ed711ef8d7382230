//! `dump`: the schema as SQL.

use std::fs;
use std::path::Path;

use super::Context;
use crate::args::Dump;
use crate::database;
use crate::exit::Exit;
use crate::output::Format;
use crate::problem::Problem;

pub(super) fn run(cx: &Context<'_>, args: &Dump) -> Result<Exit, Problem> {
    let dump = database::dump(cx)?;
    let Some(file) = &args.to else {
        return match cx.out.format {
            Format::Json => cx.sql(&dump),
            Format::Text => cx.out.data(&dump).map(|()| Exit::Done),
        };
    };
    replace(file, &dump).map_err(|error| Problem::failed(format!("{} can't be written: {error}", file.display())))?;
    cx.out.say(&format!("written: {}", file.display()));
    Ok(Exit::Done)
}

/// All of it or nothing: a reader never sees a part.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
