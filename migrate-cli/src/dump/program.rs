use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

use crate::problem::Problem;

/// What a program writes; `package` is where it comes from.
pub(super) fn output(command: &mut Command, package: &str) -> Result<String, Problem> {
    let name = command.get_program().to_string_lossy().into_owned();
    let run = command.stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } = run.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Problem::failed(format!("{name} is not installed, and only it writes a whole dump"))
            .note(format!("install it, on Debian and Ubuntu the package {package}, and let PATH lead to it")),
        _ => Problem::failed(format!("{name} can't be run: {error}")),
    })?;
    let said = String::from_utf8_lossy(&stderr);
    if !status.success() {
        let said = said.trim().lines().map(|line| line.strip_prefix(&format!("{name}: ")).unwrap_or(line));
        let problem = Problem::failed(format!("{name} could not write the dump, and nothing was written"));
        return Err(said.filter(|line| !line.is_empty()).fold(problem, |problem, line| problem.note(line)));
    }
    String::from_utf8(stdout).map_err(|_| {
        Problem::failed(format!("{name} wrote a dump that is not UTF-8, and nothing was written"))
            .note("a name or a text in the schema is in another encoding")
    })
}
