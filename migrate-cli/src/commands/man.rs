use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args::Args;
use crate::exit::Exit;
use crate::output::Output;
use crate::problem::Problem;

/// One page for all commands: `migrate man > /usr/local/share/man/man1/migrate.1`.
pub(super) fn run(out: &Output) -> Result<Exit, Problem> {
    let page = page().map_err(|error| Problem::failed(format!("the manual page can't be written: {error}")))?;
    out.data(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}

fn page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let mut all = Args::command();
    // Global options belong to every command, and stand on the page once.
    all.build();
    let man = Man::new(all.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    roff.to_writer(&mut page)?;
    for command in all.get_subcommands() {
        about(command, &mut page)?;
    }
    man.render_extra_section(&mut page)?;
    Ok(page)
}

/// A command with what is its own: its arguments, without the options that all have.
fn about(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = command.clone();
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let mut roff = Roff::new();
    roff.control("SS", [usage]);
    roff.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    for argument in command.get_arguments().filter(|argument| !argument.is_global_set() && argument.get_id() != "help")
    {
        roff.control("TP", []);
        roff.text([clap_mangen::roff::bold(argument.to_string())]);
        roff.text([roman(argument.get_help().map(ToString::to_string).unwrap_or_default())]);
    }
    roff.to_writer(page)
}
