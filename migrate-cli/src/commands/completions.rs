use clap::CommandFactory;

use crate::args::{Args, Completions};
use crate::exit::Exit;
use crate::output::Output;
use crate::problem::Problem;

/// To be sourced by the shell: `migrate completions bash > /etc/bash_completion.d/migrate`.
pub(super) fn run(args: &Completions, out: &Output) -> Result<Exit, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "migrate", &mut script);
    out.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
